"""A case's ledger, read once → the summary that every report states: facts, scans, counts.

Memory grows with the number of scans and lists, not with the items. This module verifies nothing, but it does not
call a scan complete whose items contradict its `scan.close`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger import NamedList
from matcher.model import Status
from matcher.record.case import CaseReader
from matcher.record.current import MALFORMED, CurrentState, malformed, state_of
from matcher.record.shortfall import Shortfall, is_told
from matcher.record.strength import counts as strength_counts
from matcher.reports.classify import ClassifiedFinding, Lists, LoadedList, whole
from matcher.reports.tally import Tally, by_count, summed


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """One scan. `opened`, `self_test`, `closed`, `anomalies`, `relookups` and `abandoned` are entries as recorded.

    `notable` and `conflicts` count items; they are the counts of `scan.close` where those are larger than the listed
    matches show (`notable_listed`). `notable_identical` of them match a notable entry by digest; `notable_duplicates`
    repeat the content of another item, and `notable_doubtful` match only by hashes of low quality. `trivial` items
    match by a digest of trivial content. `pictures` were compared, each content counted once; by that number `strength`
    counts the notable items in groups (matcher/record/strength.py). `cut` counts items with more matches than are
    listed, none of the listed ones notable. `undecoded` counts items that are known by a digest and could not be
    decoded as a picture, or were not opened. `skipped` has the rules that skipped items, by reason, but for the reasons
    of NOT_OPENED: `shortfall` counts these, parts that were not looked at, and pictures that were not compared. Of the
    last the close of the scan has the number: it is 0 for a scan that was never closed. `told` is False where an
    earlier version closed the scan, which did not tell containers from other files. `problems` describes each
    contradiction in words.

    The counts are of the current findings, or as scanned. `lists` are those that the scan opened with, `lists_now`
    those by which its matches hold. `gained` and `lost` count items that are notable now and were not as scanned, and
    the reverse; `unconfirmed` those that may match and that the newest relookup could not confirm. `decisions` counts
    items by the verdict of their current decision, `outdated` those whose decision is older than a relookup that
    changed them and counts as none, `undecided` notable items without a decision.
    """

    number: int
    opened: Mapping[str, Any]
    lists: tuple[LoadedList, ...]
    lists_now: tuple[NamedList, ...]
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
    pictures: int
    strength: Mapping[str, int]
    conflicts: int
    cut: int
    gained: int
    lost: int
    unconfirmed: int
    undecided: int
    outdated: int
    decisions: Mapping[str, int]
    problems: tuple[str, ...]
    abandoned: Mapping[str, Any] | None = None

    @property
    def relookups_made(self) -> int:
        """The number of relookups; one may take several entries."""
        return sum(entry["part"] == 1 for entry in self.relookups)

    @property
    def complete(self) -> bool:
        """Whether the scan was closed and its close agrees with its items."""
        return self.closed is not None and not self.problems


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case. `opened` is its `case.open`; `decisions` counts `decision` entries, and `of_no_item`
    says which of those that stand cite no item.

    `as_scanned` is whether relookups and decisions are left out of the counts. `size` and `root` are the ledger's tree
    size and root hash; `checkpoint` is its latest checkpoint, which covers `checkpoint_size` entries.
    """

    opened: Mapping[str, Any]
    scans: tuple[ScanSummary, ...]
    anomalies: tuple[Mapping[str, Any], ...]
    decisions: int
    of_no_item: tuple[str, ...]
    origin: str
    size: int
    root: str
    checkpoint: str
    checkpoint_size: int
    as_scanned: bool

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
    def strength(self) -> Mapping[str, int]:
        """Strength → number of notable items, in all scans."""
        return summed(scan.strength for scan in self.scans)

    @property
    def unreadable(self) -> Mapping[str, int]:
        """Reason → number of items that could not be read, in all scans."""
        return summed(scan.unreadable for scan in self.scans)

    @property
    def skipped(self) -> Mapping[str, int]:
        """Reason → number of items that a rule skipped, in all scans, but for those that were not opened."""
        return summed(scan.skipped for scan in self.scans)

    @property
    def not_opened(self) -> Mapping[str, int]:
        """Reason → number of items that were not opened, in all scans."""
        return summed(scan.shortfall.not_opened for scan in self.scans)

    @property
    def skipped_parts(self) -> Mapping[str, int]:
        """Kind of part → number of items with such a part that was not looked at, in all scans."""
        return summed(scan.shortfall.skipped_parts for scan in self.scans)

    @property
    def not_compared(self) -> int:
        """The number of pictures that no perceptual algorithm looked up, in all scans that were closed."""
        return sum(scan.shortfall.not_compared for scan in self.scans)

    @property
    def not_compared_by(self) -> Mapping[str, int]:
        """Algorithm → number of pictures that were not looked up by it, in all scans."""
        return summed(scan.shortfall.not_compared_by for scan in self.scans)


@dataclass(slots=True)
class _Scan:
    """The summary of a scan while its entries are being read.

    `recorded` counts the findings as recorded; `now` is what must be added for the current ones.
    """

    number: int
    opened: Mapping[str, Any] = field(default_factory=dict)
    lists: tuple[LoadedList, ...] = ()
    self_test: Mapping[str, Any] | None = None
    closed: Mapping[str, Any] | None = None
    anomalies: list[Mapping[str, Any]] = field(default_factory=list)
    relookups: list[Mapping[str, Any]] = field(default_factory=list)
    items: int = 0
    bytes: int = 0
    shortfall: Shortfall = field(default_factory=Shortfall)
    recorded: Tally = field(default_factory=Tally)
    now: Tally = field(default_factory=Tally)
    gained: int = 0
    lost: int = 0
    listed_now: int = 0
    unconfirmed: int = 0
    undecided: int = 0
    outdated: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    abandoned: Mapping[str, Any] | None = None
    notable_stated: int = 0
    conflicts_stated: int = 0
    problems: dict[str, None] = field(default_factory=dict)

    def problem(self, text: str) -> None:
        self.problems[text] = None

    def add(self, item: ClassifiedFinding) -> None:
        """Count a finding, current or as scanned."""
        recorded = item.recorded or item
        if self.closed is not None:
            self.problem("items were recorded after its close")
        if item.seq != self.items:
            self.problem("the numbering of its items has a gap or a repeat")
        self.items += 1
        self.bytes += item.finding.size or 0
        self.recorded.add(recorded)
        if item.recorded is not None:
            self.now.add(recorded, -1)
            self.now.add(item)
            self.gained += item.notable and not recorded.notable
            self.lost += recorded.notable and not item.notable
            self.listed_now += recorded.is_cut and not item.is_cut
        self.shortfall.add_finding(item.finding)
        self.unconfirmed += bool(item.relookup and item.relookup["unconfirmed"])
        if item.decision is not None and item.decision["before_relookup"]:
            self.outdated += 1
        elif item.decision is not None:
            self.decisions[str(item.decision["verdict"])] += 1
        self.undecided += item.notable and item.decision is None

    def close(self, entry: Mapping[str, Any]) -> None:
        if self.closed is not None:
            self.problem("it was closed more than once")
            return
        self.closed = entry
        self.notable_stated, self.conflicts_stated = whole(entry["notable"]), whole(entry["conflicts"])
        counts = {status: count for status, count in entry["counts"].items() if count}
        if entry["items"] != self.items or counts != {
            status: count for status, count in self.recorded.counts.items() if count
        }:
            self.problem("the counts of its close are not those of its items")
        for name, what in (("trivial", "trivial items"), ("pictures", "compared pictures")):
            counted = getattr(self.recorded, name)
            if whole(entry.get(name, counted)) != counted:
                self.problem(f"its close states another number of {what} than it has")
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

    def finished(self, lists_now: tuple[NamedList, ...]) -> ScanSummary:
        """The summary; `lists_now` are the lists by which the matches hold."""
        now = self.recorded.plus(self.now)
        relisted = self._relisted(lists_now)
        unlisted = max(0, self.notable_stated - self.recorded.notable - relisted)
        return ScanSummary(
            number=self.number,
            opened=self.opened,
            lists=self.lists,
            lists_now=lists_now,
            self_test=self.self_test,
            closed=self.closed,
            anomalies=tuple(self.anomalies),
            relookups=tuple(self.relookups),
            items=self.items,
            bytes=self.bytes,
            counts=dict(now.counts),
            unreadable=by_count(now.unreadable),
            skipped=by_count(now.skipped),
            shortfall=self.shortfall,
            told=self.closed is None or is_told(self.closed),
            matches=now.matches,
            undecoded=now.undecoded,
            notable=now.notable + unlisted,
            notable_listed=now.notable,
            notable_identical=now.notable_identical,
            notable_duplicates=now.notable_duplicates,
            notable_doubtful=now.notable_doubtful,
            trivial=now.trivial,
            pictures=self.recorded.pictures,
            strength=strength_counts(now.nearest, self.recorded.pictures, unlisted=unlisted),
            conflicts=now.conflicts + max(0, self.conflicts_stated - self.recorded.conflicts - relisted),
            cut=now.cut,
            gained=self.gained,
            lost=self.lost,
            unconfirmed=self.unconfirmed,
            undecided=self.undecided,
            outdated=self.outdated,
            decisions=by_count(self.decisions),
            problems=tuple(self.problems),
            abandoned=self.abandoned,
        )

    def _relisted(self, lists_now: tuple[NamedList, ...]) -> int:
        """How many items, at most, match beyond their listed matches as scanned and no longer do so now.

        A relookup lists all matches with a list that changed. So where every list did, nothing is unlisted.
        """
        if not self.relookups:
            return 0
        kept = {
            used.name
            for used in lists_now
            if (used.name, used.digest) in {(one.name, one.digest) for one in self.lists}
        }
        return self.listed_now if kept else self.items


class _Reading:
    """The summary of a case while its entries are being read."""

    def __init__(self, state: CurrentState | None) -> None:
        self._state = state
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
            "relookup": self._relookup,
            "decision": self._decision,
        }

    def add(self, index: int, entry: Mapping[str, Any]) -> None:
        """Take the next entry and its leaf index."""
        self._lists.add(entry)
        if entry["type"] == "item":
            classified_finding = self._lists.classified(index, entry, self._state)
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

    def _relookup(self, entry: Mapping[str, Any]) -> None:
        self._scan(whole(entry["scan"])).relookups.append(entry)

    def _decision(self, _entry: Mapping[str, Any]) -> None:
        self.decisions += 1

    def finished(self) -> tuple[ScanSummary, ...]:
        """The summaries of the scans, by number."""
        return tuple(self.scans[number].finished(self._lists_now(number)) for number in sorted(self.scans))

    def _lists_now(self, number: int) -> tuple[NamedList, ...]:
        if self._state is not None:
            return tuple(self._state.later.lists(number).values())
        return tuple(NamedList(used.name, used.version, used.digest) for used in self.scans[number].lists)


def summarize(case: CaseReader, *, as_scanned: bool = False, state: CurrentState | None = None) -> CaseSummary:
    """The summary of a case, of its findings as they are now, or as scanned. It parses every entry once.

    `state` is the current state of the case, where it was read already. CaseError where an entry is malformed.
    """
    state = state_of(case, as_scanned=as_scanned, state=state)
    reading = _Reading(state)
    for index, entry in case.entries():
        try:
            reading.add(index, entry)
        except MALFORMED as error:
            raise malformed(index, entry) from error
    checkpoint = case.checkpoint
    return CaseSummary(
        opened=reading.opened,
        scans=reading.finished(),
        anomalies=tuple(reading.anomalies),
        decisions=reading.decisions,
        of_no_item=() if state is None else tuple(state.decisions_of_no_item()),
        origin=case.origin,
        size=case.size,
        root=case.root(),
        checkpoint=checkpoint,
        checkpoint_size=int(checkpoint.split("\n", 2)[1]),
        as_scanned=as_scanned,
    )
