"""Checks that scans are complete, in one pass over the entries. Pure.

A scan is complete when

1. its `scan.open` has its settings, and names only lists for which an earlier `list.load` has the same version and
   digest,
2. the `seq` of its items runs 0, 1, 2, ... without gap or repeat, between its open and its close,
3. `scan.close` has the number of items, the counts by status, and the findings root: the RFC 6962 root over
   the canonical bytes of the `finding` objects in the order of `seq`.

A scan that was given up has a `scan.abandon` in place of its close, with a reason, and the number, counts and findings
root of the items so far. It is not complete, and nothing of it is wrong. A scan with neither entry is open.

Scans may interleave. Memory grows with the number of scans and lists, not with the items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ledger.entries.entry import canonical
from ledger.tree.merkle import TreeHasher, leaf_hash

MAX_PROBLEMS = 20
"""The most problems that are reported of one scan."""


@dataclass(frozen=True, slots=True)
class ScanCheck:
    """The result for one scan. `items`, `counts` and `findings_root` are computed from the items."""

    scan: int
    items: int
    counts: dict[str, int]
    findings_root: bytes
    complete: bool
    closed_at: int | None
    """The index of its `scan.close`; None if it was not closed."""
    hashes: dict[str, Any] | None
    """The `hashes` of its end, on the file with its hashes: `file` (relative to the case), `bytes`, `sha256`."""
    problems: tuple[str, ...]
    abandoned_at: int | None = None
    """The index of its `scan.abandon`; None if it was not abandoned."""
    reason: str | None = None
    """Why it was abandoned."""

    @property
    def is_open(self) -> bool:
        """Whether the scan has no end: it was neither closed nor abandoned."""
        return self.closed_at is None and self.abandoned_at is None

    @property
    def ended_at(self) -> int | None:
        """The index of the entry that ends it; None while it is open."""
        return self.abandoned_at if self.closed_at is None else self.closed_at

    @property
    def other_problems(self) -> tuple[str, ...]:
        """The problems apart from the one that the scan is open."""
        return tuple(problem for problem in self.problems if problem != _never_closed(self.scan))


@dataclass(slots=True)
class _Scan:
    number: int
    next_seq: int = 0
    closed_at: int | None = None
    abandoned_at: int | None = None
    reason: str | None = None
    hashes: dict[str, Any] | None = None
    counts: Counter[str] = field(default_factory=Counter)
    findings: TreeHasher = field(default_factory=TreeHasher)
    problems: list[str] = field(default_factory=list)
    more: int = 0

    @property
    def end(self) -> str | None:
        """What ended the scan, in words."""
        if self.closed_at is not None:
            return "close"
        return None if self.abandoned_at is None else "abandonment"

    def problem(self, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"scan {self.number}: {text}")
        else:
            self.more += 1

    def out_of_order(self, index: int, seq: int) -> None:
        if seq < self.next_seq:
            self.problem(f"entry {index} repeats item {seq}")
        else:
            last = seq - 1
            missing = f"item {last} is" if last == self.next_seq else f"items {self.next_seq} to {last} are"
            self.problem(f"{missing} missing before entry {index}")


class ScanChecker:
    """Checks all scans of a ledger: call `add` with every entry in order, then `finish`."""

    def __init__(self) -> None:
        self._scans: dict[int, _Scan] = {}
        self._lists: set[bytes] = set()
        self._by_type: dict[str, Callable[[int, dict[str, Any]], None]] = {
            "list.load": self._list_load,
            "scan.open": self._scan_open,
            "item": self._item,
            "scan.close": self._scan_close,
            "scan.abandon": self._scan_abandon,
        }

    def add(self, index: int, entry: dict[str, Any]) -> None:
        """Checks the next parsed entry; entries of other types are ignored."""
        check = self._by_type.get(entry["type"])
        if check is not None:
            check(index, entry)

    def finish(self) -> tuple[ScanCheck, ...]:
        """The result of every scan, by number, also of one that has items or a close but no open."""
        return tuple(_finished(self._scans[number]) for number in sorted(self._scans))

    def _list_load(self, _index: int, entry: dict[str, Any]) -> None:
        self._lists.add(_list_key(entry))

    def _scan_open(self, index: int, entry: dict[str, Any]) -> None:
        number = _number(entry)
        if number in self._scans:
            self._scans[number].problem(f"entry {index} opens it again")
            return
        scan = self._scans[number] = _Scan(number)
        if type(entry.get("settings")) is not dict:
            scan.problem(f"entry {index} does not say its settings")
        lists = entry.get("lists")
        if type(lists) is not list or not all(type(item) is dict for item in lists):
            scan.problem(f"entry {index} does not say its lists")
            return
        for item in lists:
            if _list_key(item) not in self._lists:
                name, version = (str(item.get(key))[:80] for key in ("name", "version"))
                scan.problem(f"list {name} {version} was not loaded before it")

    def _item(self, index: int, entry: dict[str, Any]) -> None:
        seq, finding = entry.get("seq"), entry.get("finding")
        if type(seq) is int and type(finding) is dict and type(finding.get("status")) is str:
            self.add_item(index, _number(entry), seq, finding["status"], canonical(finding))
        else:
            scan = self._opened(index, _number(entry), "item")
            scan.problem(f"entry {index} is not an item with a seq and a finding")

    def add_item(self, index: int, number: int, seq: int, status: str, finding: bytes) -> None:
        """Checks the next item, whose parts are parsed already; `finding` is in canonical form."""
        scan = self._opened(index, number, "item")
        if scan.end is not None:
            scan.problem(f"entry {index} is an item after its {scan.end}")
            return
        if seq != scan.next_seq:
            scan.out_of_order(index, seq)
        scan.next_seq = max(scan.next_seq, seq + 1)
        scan.counts[status] += 1
        scan.findings.append(leaf_hash(finding))

    def _scan_close(self, index: int, entry: dict[str, Any]) -> None:
        scan = self._opened(index, _number(entry), "close")
        if scan.end is not None:
            again = "again" if scan.closed_at is not None else "after its abandonment"
            scan.problem(f"entry {index} closes it {again}")
            return
        scan.closed_at = index
        _compare(scan, entry, "closed", "close")

    def _scan_abandon(self, index: int, entry: dict[str, Any]) -> None:
        scan = self._opened(index, _number(entry), "abandonment")
        if scan.end is not None:
            scan.problem(f"entry {index} abandons it after its {scan.end}")
            return
        scan.abandoned_at = index
        reason = entry.get("reason")
        if type(reason) is str and reason.strip():
            scan.reason = reason
        else:
            scan.problem(f"entry {index} abandons it without a reason")
        _compare(scan, entry, "abandoned", "abandonment")

    def _opened(self, index: int, number: int, what: str) -> _Scan:
        scan = self._scans.get(number)
        if scan is None:
            scan = self._scans[number] = _Scan(number)
            scan.problem(f"entry {index}: {what} of a scan that was not opened")
        return scan


def _compare(scan: _Scan, entry: dict[str, Any], ended: str, end: str) -> None:
    """Compares what the entry that ends a scan states with the items."""
    if type(entry.get("hashes")) is dict:
        scan.hashes = entry["hashes"]
    items = entry.get("items")
    if type(items) is not int or items != scan.findings.size:
        scan.problem(f"{ended} with {items!s:.40} items, but there are {scan.findings.size}")
    if not _same_counts(entry.get("counts"), scan.counts):
        scan.problem(f"the counts by status of its {end} are not those of its items")
    if entry.get("findings_root") != scan.findings.root().hex():
        scan.problem(f"the findings root of its {end} is not that of its items")


def _number(entry: dict[str, Any]) -> int:
    """The scan's number; -1, which no scan has, if it is not valid."""
    number = entry.get("scan")
    return number if type(number) is int and number >= 0 else -1


def _list_key(entry: dict[str, Any]) -> bytes:
    return canonical([entry.get("name"), entry.get("version"), entry.get("digest")])


def _same_counts(counts: object, counted: Counter[str]) -> bool:
    if type(counts) is not dict or any(type(count) is not int for count in counts.values()):
        return False
    return {status: count for status, count in counts.items() if count != 0} == dict(counted)


def _never_closed(number: int) -> str:
    return f"scan {number} was never closed: incomplete"


def _finished(scan: _Scan) -> ScanCheck:
    if scan.number < 0:
        scan.problem("entries name a scan without a number")
    if scan.end is None:
        scan.more += len(scan.problems[MAX_PROBLEMS - 1 :])
        scan.problems[MAX_PROBLEMS - 1 :] = []
        scan.problems.append(_never_closed(scan.number))
    if scan.more:
        scan.problems.append(f"scan {scan.number}: {scan.more} more problems")
    return ScanCheck(
        scan=scan.number,
        items=scan.findings.size,
        counts=dict(sorted(scan.counts.items())),
        findings_root=scan.findings.root(),
        complete=not scan.problems and scan.closed_at is not None,
        closed_at=scan.closed_at,
        hashes=scan.hashes,
        problems=tuple(scan.problems),
        abandoned_at=scan.abandoned_at,
        reason=scan.reason,
    )
