"""A case's ledger, read once → its summary (summary.py), which every report states.

Memory grows with the number of scans and lists, not with the items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger import NamedList
from matcher.record.case import CaseReader
from matcher.record.current import MALFORMED, CurrentState, malformed, state_of
from matcher.record.shortfall import Shortfall, is_told
from matcher.record.strength import counts as strength_counts
from matcher.reports.classify import ClassifiedFinding, Lists, LoadedList, whole
from matcher.reports.summary import CaseSummary, ScanSummary
from matcher.reports.tally import Tally, by_count


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
        for name, what in (
            ("trivial", "trivial items"),
            ("negative", "negative items"),
            ("pictures", "compared pictures"),
        ):
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
            negative=now.negative,
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
