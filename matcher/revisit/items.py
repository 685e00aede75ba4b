"""The items of a case that an examiner names, by the indexes of their entries or by their paths."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import canonical, is_sealed, items_to_cite, seqs_named
from matcher.errors import CaseError
from matcher.record.case import CaseReader

_PATHS = re.compile(rb'"path":("(?:[^"\\]|\\.)*")')
"""The paths in the canonical bytes of an item's entry, each as a JSON string."""


@dataclass(slots=True)
class NamedItem:
    """An item of a case: its leaf index, scan and path, and the decisions that cite it and stand, oldest first.

    `decisions` are pairs of a decision's leaf index and the number of items that it cites.
    """

    index: int
    scan: int
    path: str
    decisions: list[tuple[int, int]] = field(default_factory=list)


class ItemSearch:
    """A search of a case's ledger for the items that an examiner names. Each entry of the ledger is read once.

    A path is compared as it stands in the findings, else in Unicode's form NFC. Memory grows with the decisions and
    with the items found.
    """

    def __init__(self, *, indexes: Iterable[int] = (), paths: Iterable[str] = (), scan: int | None = None) -> None:
        self.size = 0
        """The number of entries that were read."""
        self._indexes, self._paths, self._scan = set(indexes), tuple(dict.fromkeys(paths)), scan
        self._normal = {_normal(path) for path in self._paths}
        self._bytes = {canonical(path) for path in self._normal}
        self._by_index: dict[int, NamedItem] = {}
        self._by_path: dict[str, list[NamedItem]] = {}
        self._standing: dict[int, list[int]] = {}
        self._examiners: set[str] = set()
        self._of_other_scans: dict[int, int] = {}
        self._relookups: dict[int, set[tuple[int, int]]] = {}

    def read_on(self, reader: CaseReader) -> None:
        """Read the entries that the ledger has had since the last call; at the first, all of them."""
        for index, entry in reader.entries(start=self.size, items=self._may_be_named):
            kind = entry.get("type")
            if index in self._indexes:
                self._add_named(index, entry)
            if kind == "decision":
                self._add_decision(index, entry)
            elif kind in ("case.open", "scan.open") and isinstance(entry.get("examiner"), str):
                self._examiners.add(entry["examiner"])
            elif kind == "item" and self._scan in (None, entry.get("scan")):
                item = NamedItem(index, entry["scan"], str(entry["finding"].get("path")))
                if index in self._indexes:
                    self._by_index[index] = item
                if _normal(item.path) in self._normal:
                    self._by_path.setdefault(item.path, []).append(item)
        self.size = max(self.size, reader.size)

    def items(self, case: Path) -> list[NamedItem]:
        """The named items among the entries that were read, each once, in the order of the ledger.

        CaseError, which begins with `case`, for an index that is no item's and for a path that no finding has; also
        for a path that occurs in several scans, unless one of them was named.
        """
        for missing in sorted(self._indexes - set(self._by_index)):
            if missing in self._of_other_scans:
                raise CaseError(_of_another(case, missing, self._of_other_scans[missing], self._scan))
            about = _about(case, self._relookups.get(missing, set()))
            raise CaseError(f"{case}: entry {missing} is no item{self._of_scan()}: only items can be named{about}")
        chosen = dict(self._by_index)
        for path in self._paths:
            item = self._the_one(case, path)
            chosen.setdefault(item.index, item)
        for item in chosen.values():
            item.decisions.clear()
        for decision, cited in self._standing.items():
            for index in cited:
                if index in chosen:
                    chosen[index].decisions.append((decision, len(cited)))
        return [chosen[index] for index in sorted(chosen)]

    @property
    def examiner(self) -> str | None:
        """The examiner of the case, where the entries that were read name exactly one; else None."""
        return next(iter(self._examiners)) if len(self._examiners) == 1 else None

    def _may_be_named(self, index: int, body: bytes) -> bool:
        """Whether an item's entry must be parsed, judged by its bytes. False is certain; True may be mistaken."""
        if index in self._indexes or is_sealed(body):
            return True
        for path in _PATHS.findall(body) if self._normal else ():
            if path in self._bytes or ((not path.isascii() or b"\\" in path) and self._is_sought(path)):
                return True
        return False

    def _is_sought(self, path: bytes) -> bool:
        try:
            return _normal(json.loads(path)) in self._normal
        except ValueError:
            return True  # reading the whole entry tells what is wrong with it

    def _the_one(self, case: Path, path: str) -> NamedItem:
        """The only item with a path. CaseError where there is none, or more than one."""
        items = self._by_path.get(path) or [
            item for other, same in self._by_path.items() if _normal(other) == _normal(path) for item in same
        ]
        if not items:
            where = self._of_scan()
            raise CaseError(f"{case}: no finding{where} has the path {path!r}: `matcher findings` prints them")
        if len(items) > 1:
            where = ", ".join(f"{item.index} (scan {item.scan})" for item in items[:5])
            raise CaseError(f"{path}: is the path of several items, entries {where}: name one by --scan or --index")
        return items[0]

    def _add_named(self, index: int, entry: dict[str, Any]) -> None:
        """Remember why an entry that was named by its index is no item that can be named."""
        if self._scan is not None and entry.get("scan", self._scan) != self._scan:
            self._of_other_scans[index] = entry["scan"]
        elif entry.get("type") == "relookup":
            self._relookups[index] = {(entry["scan"], seq) for seq in seqs_named(entry)}

    def _add_decision(self, index: int, entry: dict[str, object]) -> None:
        """Add a decision to those that stand, and take out the one that it supersedes."""
        cites, superseded = entry.get("cites"), entry.get("supersedes")
        if isinstance(cites, list):
            self._standing[index] = [cited["index"] for cited in cites if isinstance(cited, dict) and "index" in cited]
        if isinstance(superseded, dict):
            self._standing.pop(superseded.get("index", -1), None)

    def _of_scan(self) -> str:
        return "" if self._scan is None else f" of scan {self._scan}"


def check_scan(reader: CaseReader, indexes: Iterable[int], scan: int | None) -> None:
    """CaseError where the entry of one of these leaf indexes belongs to another scan than `scan`, if that is given."""
    wanted = set() if scan is None else set(indexes)
    if not wanted:
        return
    for index, entry in reader.entries(items=lambda index, _body: index in wanted):
        if index in wanted and entry.get("scan", scan) != scan:
            raise CaseError(_of_another(reader.folder, index, entry["scan"], scan))


def _of_another(case: Path, index: int, own: int, scan: int | None) -> str:
    return f"{case}: entry {index} belongs to scan {own}, not to scan {scan}"


def _about(case: Path, wanted: set[tuple[int, int]]) -> str:
    """What to name in place of a relookup: the entries of the items that it names. Empty where it names none."""
    if not wanted:
        return ""
    with CaseReader(case) as reader:
        items = [
            str(at)
            for at, entry in reader.entries()
            if entry["type"] == "item" and (entry["scan"], entry["seq"]) in wanted
        ]
    return items_to_cite(items)


def _normal(path: str) -> str:
    return unicodedata.normalize("NFC", path)
