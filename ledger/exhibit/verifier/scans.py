"""Checks that every scan is complete: no item is missing between its open and its close, and the counts are right."""

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
        if size_of(entry, "items") != scan.findings.size:
            raise Refused(f"scan {number} closed with {entry['items']} items, but there are {scan.findings.size}")
        counts = entry.get("counts")
        if type(counts) is not dict or any(type(count) is not int for count in counts.values()):
            raise Refused(f"scan {number} closed without counts")
        if {status: count for status, count in counts.items() if count} != scan.counts:
            raise Refused(f"the counts of scan {number} are not those of its items")
        if digest_of(entry, "findings_root") != scan.findings.root():
            raise Refused(f"the findings root of scan {number} is not that of its items")

    def finish(self, signed: int, step: Step) -> None:
        """Checks that every scan is closed, and that its close is among the first `signed` entries."""
        for number, scan in sorted(self._scans.items()):
            counts = ", ".join(f"{count} {status}" for status, count in sorted(scan.counts.items())) or "none"
            items = many(scan.findings.size, "item")
            step.say(f"scan {number}: {items} ({counts}), findings root {scan.findings.root().hex()}")
            if scan.closed_at is None:
                step.problem(f"scan {number} was never closed: it is not complete")
            elif scan.closed_at >= signed:
                step.problem(f"the close of scan {number}, entry {scan.closed_at}, is signed by no known key")
        if not self._scans:
            step.say("there is no scan")

    def _opened(self, number: int) -> Scan:
        scan = self._scans.get(number)
        if scan is None:
            raise Refused(f"scan {number} was not opened before it")
        if scan.closed_at is not None:
            raise Refused(f"scan {number} was closed before it")
        return scan


def list_key(entry: dict[str, Any]) -> ListKey:
    """The name, version and digest that identify a version of a list; a version is a number or a text."""
    version = entry.get("version")
    if type(version) is not int:
        version = text_of(entry, "version")
    return (text_of(entry, "name"), version, text_of(entry, "digest"))
