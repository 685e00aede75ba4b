"""Checks that every scan is complete: no item is missing between its open and its close, and the counts are right.

A scan that was abandoned is not complete; its items so far, their counts and the reason are what its entry states.
"""

from __future__ import annotations

from typing import Any, Union

from ledger.exhibit.verifier.canonical import canonical, digest_of, list_of, size_of, text_of
from ledger.exhibit.verifier.report import Refused, Step, many
from ledger.exhibit.verifier.tree import Tree, leaf_hash

ListKey = tuple[str, Union[str, int], str]


class Scan:
    """The state of one scan after the entries so far."""

    def __init__(self) -> None:
        self.findings = Tree()
        self.counts: dict[str, int] = {}
        self.closed_at: int | None = None
        self.abandoned_at: int | None = None
        self.reason = ""


class Scans:
    """Checks all scans, from entries in order. Memory grows with the number of scans and lists, not of items."""

    def __init__(self) -> None:
        self._scans: dict[int, Scan] = {}
        self._lists: set[ListKey] = set()

    def list_load(self, _index: int, entry: dict[str, Any]) -> None:
        """Records a loaded list of known material."""
        self._lists.add(list_key(entry))

    def scan_open(self, _index: int, entry: dict[str, Any]) -> None:
        """Opens a scan. Refuses one without settings, or with a list (name, version, digest) not loaded before."""
        number = size_of(entry, "scan")
        if number in self._scans:
            raise Refused(f"it opens scan {number} again")
        self._scans[number] = Scan()
        if type(entry.get("settings")) is not dict:
            raise Refused(f"it does not tell the settings of scan {number}")
        for loaded in list_of(entry, "lists", dict):
            if list_key(loaded) not in self._lists:
                raise Refused(f"scan {number} used list {loaded['name']} {loaded['version']}, not loaded before it")

    def item(self, _index: int, entry: dict[str, Any]) -> None:
        """Adds an item. Refuses one whose `seq` is not the next of its scan."""
        number, seq, finding = size_of(entry, "scan"), size_of(entry, "seq"), entry.get("finding")
        scan = self._opened(number)
        if type(finding) is not dict:
            raise Refused("it has no finding")
        status = text_of(finding, "status")
        expected = scan.findings.size
        scan.findings.add(leaf_hash(canonical(finding)))
        scan.counts[status] = scan.counts.get(status, 0) + 1
        if seq != expected:
            raise Refused(f"it is item {seq} of scan {number} where item {expected} must be")

    def scan_close(self, index: int, entry: dict[str, Any]) -> None:
        """Closes a scan. Refuses unless number of items, counts and findings root are those of its items."""
        number = size_of(entry, "scan")
        scan = self._opened(number)
        scan.closed_at = index
        check_end(scan, number, entry, "closed")

    def scan_abandon(self, index: int, entry: dict[str, Any]) -> None:
        """Ends a scan that was given up. Refuses unless it has a reason, and states what the items so far are."""
        number = size_of(entry, "scan")
        scan = self._opened(number)
        scan.abandoned_at, scan.reason = index, text_of(entry, "reason")
        check_end(scan, number, entry, "abandoned")

    def finish(self, signed: int, step: Step) -> None:
        """Checks that every scan is closed or abandoned, by one of the first `signed` entries."""
        for number, scan in sorted(self._scans.items()):
            counts = ", ".join(f"{count} {status}" for status, count in sorted(scan.counts.items())) or "none"
            items = many(scan.findings.size, "item")
            step.say(f"scan {number}: {items} ({counts}), findings root {scan.findings.root().hex()}")
            end, ended_at = "close", scan.closed_at
            if scan.abandoned_at is not None:
                step.note(f"scan {number} was ABANDONED, so it is NOT complete: {scan.reason}")
                end, ended_at = "abandonment", scan.abandoned_at
            if ended_at is None:
                step.problem(f"scan {number} was never closed: it is not complete")
            elif ended_at >= signed:
                step.problem(f"the {end} of scan {number}, entry {ended_at}, is signed by no known key")
        if not self._scans:
            step.say("there is no scan")

    def _opened(self, number: int) -> Scan:
        scan = self._scans.get(number)
        if scan is None:
            raise Refused(f"scan {number} was not opened before it")
        if scan.closed_at is not None:
            raise Refused(f"scan {number} was closed before it")
        if scan.abandoned_at is not None:
            raise Refused(f"scan {number} was abandoned before it")
        return scan


class PartScan:
    """One scan as far as a part of the log holds it. `whole` tells whether its items follow each other so far."""

    def __init__(self) -> None:
        self.scan = Scan()
        self.opened = False
        self.whole = True
        self.closed = False


class PartScans:
    """Finds the scans that a part of a log holds whole, from its open and every item to its close."""

    def __init__(self) -> None:
        self._scans: dict[int, PartScan] = {}

    def scan_open(self, _index: int, entry: dict[str, Any]) -> None:
        """Opens a scan."""
        self._scans.setdefault(size_of(entry, "scan"), PartScan()).opened = True

    def item(self, _index: int, entry: dict[str, Any]) -> None:
        """Adds an item. A gap is no problem in a part, but the scan is not whole in it."""
        part = self._scans.setdefault(size_of(entry, "scan"), PartScan())
        finding = entry.get("finding")
        if type(finding) is not dict:
            raise Refused("it has no finding")
        status, scan = text_of(finding, "status"), part.scan
        if not part.opened or part.closed or size_of(entry, "seq") != scan.findings.size:
            part.whole = False
        scan.findings.add(leaf_hash(canonical(finding)))
        scan.counts[status] = scan.counts.get(status, 0) + 1

    def scan_close(self, _index: int, entry: dict[str, Any]) -> None:
        """Closes a scan. Refuses where the part has all of its items, and they are not those that the close states."""
        number = size_of(entry, "scan")
        part = self._scans.setdefault(number, PartScan())
        if part.whole and part.opened and size_of(entry, "items") == part.scan.findings.size:
            check_end(part.scan, number, entry, "closed")
            part.closed = True

    def finish(self, step: Step) -> None:
        """Names the scans that are whole."""
        for number, part in sorted(self._scans.items()):
            if part.whole and part.closed:
                items = many(part.scan.findings.size, "item")
                step.say(f"scan {number} is complete: {items}, findings root {part.scan.findings.root().hex()}")
        if not any(part.whole and part.closed for part in self._scans.values()):
            step.note("a part cannot show that a scan is complete: this one does not hold all items of any")


def check_end(scan: Scan, number: int, entry: dict[str, Any], ended: str) -> None:
    """Refuses unless number of items, counts and findings root of the entry that ends a scan are those of its items."""
    if size_of(entry, "items") != scan.findings.size:
        raise Refused(f"scan {number} {ended} with {entry['items']} items, but there are {scan.findings.size}")
    counts = entry.get("counts")
    if type(counts) is not dict or any(type(count) is not int for count in counts.values()):
        raise Refused(f"scan {number} {ended} without counts")
    if {status: count for status, count in counts.items() if count} != scan.counts:
        raise Refused(f"the counts of scan {number} are not those of its items")
    if digest_of(entry, "findings_root") != scan.findings.root():
        raise Refused(f"the findings root of scan {number} is not that of its items")


def list_key(entry: dict[str, Any]) -> ListKey:
    """The name, version and digest that identify a version of a list; a version is a number or a text."""
    version = entry.get("version")
    if type(version) is not int:
        version = text_of(entry, "version")
    return (text_of(entry, "name"), version, text_of(entry, "digest"))
