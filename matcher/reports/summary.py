"""A case's ledger, read once → the summary that every report states: facts, scans, counts.

Memory grows with the number of scans and lists, not with the items. This module verifies nothing, but it does not
call a scan complete whose items contradict its `scan.close`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from matcher.model import Disposition, Reason, Status
from matcher.reasons import NOT_OPENED
from matcher.record.case import CaseReader
from matcher.record.shortfall import Shortfall, is_told
from matcher.reports.classify import MALFORMED, ClassifiedFinding, Kind, Lists, LoadedList, malformed, whole


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """One scan. `opened`, `self_test`, `closed`, `anomalies`, `relookups` and `abandoned` are entries as recorded.

    `notable` and `conflicts` count items; they are the counts of `scan.close` where those are larger than the listed
    matches show (`notable_listed`). `notable_identical` of them match a notable entry by digest; `notable_duplicates`
    repeat the content of another item, and `notable_doubtful` match only by hashes of low quality. `trivial` items
    match by a digest of trivial content. `cut` counts items with more matches than are listed, none of the listed ones
    notable. `undecoded` counts items that are known by a digest and could not be decoded as a picture, or were not
    opened. `skipped` has the rules that skipped items, by reason, but for the reasons of NOT_OPENED: `shortfall` counts
    these, parts that were not looked at, and pictures that were not compared. Of the last the close of the scan has the
    number: it is 0 for a scan that was never closed. `told` is False where an earlier version closed the scan, which
    did not tell containers from other files. `problems` describes each contradiction in words.
    """

    number: int
    opened: Mapping[str, Any]
    lists: tuple[LoadedList, ...]
    self_test: Mapping[str, Any] | None
    closed: Mapping[str, Any] | None
    anomalies: tuple[Mapping[str, Any], ...]
    relookups: tuple[Mapping[str, Any], ...]
    items: int
    bytes: int
    counts: Mapping[str, int]
    unreadable: Mapping[str, int]
    skipped: Mapping[str, int]
    shortfall: Shortfall
    told: bool
    matches: int
    undecoded: int
    notable: int
    notable_listed: int
    notable_identical: int
    notable_duplicates: int
    notable_doubtful: int
    trivial: int
    conflicts: int
    cut: int
    problems: tuple[str, ...]
    abandoned: Mapping[str, Any] | None = None

    @property
    def complete(self) -> bool:
        """Whether the scan was closed and its close agrees with its items."""
        return self.closed is not None and not self.problems


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case. `opened` is its `case.open`; `decisions` counts `decision` entries, which no report evaluates yet.

    `size` and `root` are the ledger's tree size and root hash; `checkpoint` is its latest checkpoint, which covers
    `checkpoint_size` entries.
    """

    opened: Mapping[str, Any]
    scans: tuple[ScanSummary, ...]
    anomalies: tuple[Mapping[str, Any], ...]
    decisions: int
    origin: str
    size: int
    root: str
    checkpoint: str
    checkpoint_size: int

    def total(self, status: Status) -> int:
        """The number of items with that status in all scans."""
        return sum(scan.counts[status.value] for scan in self.scans)

    @property
    def items(self) -> int:
        return sum(scan.items for scan in self.scans)

    @property
    def notable(self) -> int:
        return sum(scan.notable for scan in self.scans)

    @property
    def unreadable(self) -> Mapping[str, int]:
        """Reason → number of items that could not be read, in all scans."""
        return _summed(scan.unreadable for scan in self.scans)

    @property
    def skipped(self) -> Mapping[str, int]:
        """Reason → number of items that a rule skipped, in all scans, but for those that were not opened."""
        return _summed(scan.skipped for scan in self.scans)

    @property
    def not_opened(self) -> Mapping[str, int]:
        """Reason → number of items that were not opened, in all scans."""
        return _summed(scan.shortfall.not_opened for scan in self.scans)

    @property
    def skipped_parts(self) -> Mapping[str, int]:
        """Kind of part → number of items with such a part that was not looked at, in all scans."""
        return _summed(scan.shortfall.skipped_parts for scan in self.scans)

    @property
    def not_compared(self) -> int:
        """The number of pictures that no perceptual algorithm looked up, in all scans that were closed."""
        return sum(scan.shortfall.not_compared for scan in self.scans)

    @property
    def not_compared_by(self) -> Mapping[str, int]:
        """Algorithm → number of pictures that were not looked up by it, in all scans."""
        return _summed(scan.shortfall.not_compared_by for scan in self.scans)


@dataclass(slots=True)
class _Scan:
    """The summary of a scan while its entries are being read."""

    number: int
    opened: Mapping[str, Any] = field(default_factory=dict)
    lists: tuple[LoadedList, ...] = ()
    self_test: Mapping[str, Any] | None = None
    closed: Mapping[str, Any] | None = None
    anomalies: list[Mapping[str, Any]] = field(default_factory=list)
    relookups: list[Mapping[str, Any]] = field(default_factory=list)
    items: int = 0
    bytes: int = 0
    counts: Counter[str] = field(default_factory=lambda: Counter({status.value: 0 for status in Status}))
    unreadable: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    shortfall: Shortfall = field(default_factory=Shortfall)
    matches: int = 0
    undecoded: int = 0
    notable: int = 0
    notable_identical: int = 0
    notable_duplicates: int = 0
    notable_doubtful: int = 0
    trivial: int = 0
    notable_stated: int = 0
    conflicts: int = 0
    conflicts_stated: int = 0
    cut: int = 0
    abandoned: Mapping[str, Any] | None = None
    problems: dict[str, None] = field(default_factory=dict)

    def problem(self, text: str) -> None:
        self.problems[text] = None

    def add(self, classified_finding: ClassifiedFinding) -> None:
        finding = classified_finding.finding
        if self.closed is not None:
            self.problem("items were recorded after its close")
        if classified_finding.seq != self.items:
            self.problem("the numbering of its items has a gap or a repeat")
        self.items += 1
        self.bytes += finding.size or 0
        self.counts[finding.status.value] += 1
        reason = "not stated" if finding.reason is None else finding.reason.value
        if finding.status is Status.UNREADABLE:
            self.unreadable[reason] += 1
        elif finding.status is Status.SKIPPED:
            if finding.reason not in NOT_OPENED:
                self.skipped[reason] += 1
        elif finding.reason not in (None, Reason.SKIPPED_PARTS):
            self.undecoded += 1
        self.shortfall.add_finding(finding)
        self.matches += finding.matches_total
        self.trivial += finding.trivial
        if classified_finding.notable:
            self.notable += 1
            self.notable_identical += any(
                match.kind is Kind.IDENTICAL and match.disposition is Disposition.NOTABLE
                for match in classified_finding.matches
            )
            self.notable_duplicates += finding.status is Status.DUPLICATE
            self.notable_doubtful += classified_finding.doubtful
            self.conflicts += classified_finding.conflict
        elif finding.matches_total > len(finding.matches):
            self.cut += 1

    def close(self, entry: Mapping[str, Any]) -> None:
        if self.closed is not None:
            self.problem("it was closed more than once")
            return
        self.closed = entry
        self.notable_stated, self.conflicts_stated = whole(entry["notable"]), whole(entry["conflicts"])
        counts = {status: count for status, count in entry["counts"].items() if count}
        if entry["items"] != self.items or counts != {status: count for status, count in self.counts.items() if count}:
            self.problem("the counts of its close are not those of its items")
        if whole(entry.get("trivial", self.trivial)) != self.trivial:
            self.problem("its close states another number of trivial items than it has")
        if is_told(entry):
            stated = Shortfall.of_facts(entry)
            self.shortfall.not_compared = stated.not_compared
            if stated != self.shortfall:
                self.problem("the counts of its close of what was not examined are not those of its items")

    def abandon(self, entry: Mapping[str, Any]) -> None:
        if self.closed is not None or self.abandoned is not None:
            self.problem("it was abandoned after its end")
            return
        self.abandoned = entry

    def finished(self) -> ScanSummary:
        return ScanSummary(
            number=self.number,
            opened=self.opened,
            lists=self.lists,
            self_test=self.self_test,
            closed=self.closed,
            anomalies=tuple(self.anomalies),
            relookups=tuple(self.relookups),
            items=self.items,
            bytes=self.bytes,
            counts=dict(self.counts),
            unreadable=_by_count(self.unreadable),
            skipped=_by_count(self.skipped),
            shortfall=self.shortfall,
            told=self.closed is None or is_told(self.closed),
            matches=self.matches,
            undecoded=self.undecoded,
            notable=max(self.notable, self.notable_stated),
            notable_listed=self.notable,
            notable_identical=self.notable_identical,
            notable_duplicates=self.notable_duplicates,
            notable_doubtful=self.notable_doubtful,
            trivial=self.trivial,
            conflicts=max(self.conflicts, self.conflicts_stated),
            cut=self.cut,
            problems=tuple(self.problems),
            abandoned=self.abandoned,
        )


class _Reading:
    """The summary of a case while its entries are being read."""

    def __init__(self) -> None:
        self.opened: Mapping[str, Any] = {}
        self.scans: dict[int, _Scan] = {}
        self.anomalies: list[Mapping[str, Any]] = []
        self.decisions = 0
        self._lists = Lists()
        self._self_test: Mapping[str, Any] | None = None
        self._by_type = {
            "case.open": self._case_open,
            "self.test": self._tested,
            "scan.open": self._scan_open,
            "scan.close": lambda entry: self._scan(whole(entry["scan"])).close(entry),
            "scan.abandon": lambda entry: self._scan(whole(entry["scan"])).abandon(entry),
            "anomaly": self._anomaly,
            "relookup": lambda entry: self._scan(whole(entry["scan"])).relookups.append(entry),
            "decision": self._decision,
        }

    def add(self, index: int, entry: Mapping[str, Any]) -> None:
        """Take the next entry and its leaf index."""
        self._lists.add(entry)
        if entry["type"] == "item":
            classified_finding = self._lists.classify(index, entry)
            self._scan(classified_finding.scan).add(classified_finding)
        elif (read := self._by_type.get(entry["type"])) is not None:
            read(entry)

    def _scan(self, number: int) -> _Scan:
        scan = self.scans.get(number)
        if scan is None:
            scan = self.scans[number] = _Scan(number)
            scan.problem("the ledger does not say how it was opened")
        return scan

    def _case_open(self, entry: Mapping[str, Any]) -> None:
        self.opened = self.opened or entry

    def _tested(self, entry: Mapping[str, Any]) -> None:
        self._self_test = entry

    def _scan_open(self, entry: Mapping[str, Any]) -> None:
        number = entry["scan"]
        if number in self.scans:
            self.scans[number].problem("it was opened more than once")
            return
        scan = self.scans[number] = _Scan(number, entry, self._lists.of_scan(number), self._self_test)
        for used in scan.lists:
            if used.facts is None:
                scan.problem(f"list {used.name} version {used.version} was not loaded before it; it counts as notable")

    def _anomaly(self, entry: Mapping[str, Any]) -> None:
        scan = self.scans.get(entry.get("scan", 0))
        (self.anomalies if scan is None else scan.anomalies).append(entry)

    def _decision(self, _entry: Mapping[str, Any]) -> None:
        self.decisions += 1


def summarize(case: CaseReader) -> CaseSummary:
    """The summary of a case. It reads every entry once. CaseError where an entry is malformed."""
    reading = _Reading()
    for index, entry in case.entries():
        try:
            reading.add(index, entry)
        except MALFORMED as error:
            raise malformed(index, entry) from error
    checkpoint = case.checkpoint
    return CaseSummary(
        opened=reading.opened,
        scans=tuple(reading.scans[number].finished() for number in sorted(reading.scans)),
        anomalies=tuple(reading.anomalies),
        decisions=reading.decisions,
        origin=case.origin,
        size=case.size,
        root=case.root(),
        checkpoint=checkpoint,
        checkpoint_size=int(checkpoint.split("\n", 2)[1]),
    )


def _by_count(counts: Mapping[str, int]) -> dict[str, int]:
    """The same counts, the largest first, without those of 0."""
    counted = ((name, count) for name, count in counts.items() if count)
    return dict(sorted(counted, key=lambda item: (-item[1], item[0])))


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    summed: Counter[str] = Counter()
    for part in parts:
        summed.update(part)
    return _by_count(summed)
