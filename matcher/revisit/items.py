"""The items of a case that an examiner names, by the indexes of their entries or by their paths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger import items_to_cite, seqs_named
from matcher.errors import CaseError
from matcher.record.case import CaseReader


@dataclass(slots=True)
class NamedItem:
    """An item of a case: its leaf index, scan and path, and the decisions that cite it and stand, oldest first.

    `decisions` are pairs of a decision's leaf index and the number of items that it cites.
    """

    index: int
    scan: int
    path: str
    decisions: list[tuple[int, int]] = field(default_factory=list)


def named_items(
    reader: CaseReader, *, indexes: Iterable[int] = (), paths: Iterable[str] = (), scan: int | None = None
) -> list[NamedItem]:
    """The items with these leaf indexes and paths, each once, in the order of the ledger.

    A path is compared as it stands in the findings, else in Unicode's form NFC. CaseError for an index that is no
    item's, a path that no finding has, and one that occurs in several scans, unless `scan` names one of them.
    """
    wanted, sought = set(indexes), tuple(dict.fromkeys(paths))
    normal = {_normal(path) for path in sought}
    by_index: dict[int, NamedItem] = {}
    by_path: dict[str, list[NamedItem]] = {}
    standing: dict[int, list[int]] = {}
    for index, entry in reader.entries():
        if entry.get("type") == "decision":
            _add_decision(standing, index, entry)
        elif entry.get("type") == "item" and scan in (None, entry.get("scan")):
            path = str(entry["finding"].get("path"))
            item = NamedItem(index, entry["scan"], path)
            if index in wanted:
                by_index[index] = item
            if normal and _normal(path) in normal:
                by_path.setdefault(path, []).append(item)
    check_scan(reader, wanted - set(by_index), scan)
    for missing in sorted(wanted - set(by_index)):
        raise CaseError(
            f"{reader.folder}: entry {missing} is no item{_of(scan)}: only items can be named{_about(reader, missing)}"
        )
    chosen = dict(by_index)
    for path in sought:
        item = _the_one(reader, path, by_path, scan)
        chosen.setdefault(item.index, item)
    for decision, cited in standing.items():
        for index in cited:
            if index in chosen:
                chosen[index].decisions.append((decision, len(cited)))
    return [chosen[index] for index in sorted(chosen)]


def check_scan(reader: CaseReader, indexes: Iterable[int], scan: int | None) -> None:
    """CaseError where the entry of one of these leaf indexes belongs to another scan than `scan`, if that is given."""
    wanted = set() if scan is None else set(indexes)
    if not wanted:
        return
    for index, entry in reader.entries(items=lambda index, _body: index in wanted):
        if index in wanted and entry.get("scan", scan) != scan:
            raise CaseError(f"{reader.folder}: entry {index} belongs to scan {entry['scan']}, not to scan {scan}")


def _the_one(reader: CaseReader, path: str, by_path: dict[str, list[NamedItem]], scan: int | None) -> NamedItem:
    """The only item with a path. CaseError where there is none, or more than one."""
    items = by_path.get(path) or [
        item for other, same in by_path.items() if _normal(other) == _normal(path) for item in same
    ]
    if not items:
        raise CaseError(f"{reader.folder}: no finding{_of(scan)} has the path {path!r}: `matcher findings` prints them")
    if len(items) > 1:
        where = ", ".join(f"{item.index} (scan {item.scan})" for item in items[:5])
        raise CaseError(f"{path}: is the path of several items, entries {where}: name one by --scan or --index")
    return items[0]


def _about(reader: CaseReader, index: int) -> str:
    """What to name in place of a relookup: the entries of the items that it names. Empty for any other entry."""
    wanted: set[tuple[int, int]] = set()
    for at, entry in reader.entries(items=lambda _index, _body: False):
        if at == index and entry["type"] == "relookup":
            wanted = {(entry["scan"], seq) for seq in seqs_named(entry)}
    if not wanted:
        return ""
    items = (
        str(at) for at, entry in reader.entries() if entry["type"] == "item" and (entry["scan"], entry["seq"]) in wanted
    )
    return items_to_cite([*items])


def _add_decision(standing: dict[int, list[int]], index: int, entry: dict[str, object]) -> None:
    """Add a decision to those that stand, and take out the one that it supersedes."""
    cites, superseded = entry.get("cites"), entry.get("supersedes")
    if isinstance(cites, list):
        standing[index] = [cited["index"] for cited in cites if isinstance(cited, dict) and "index" in cited]
    if isinstance(superseded, dict):
        standing.pop(superseded.get("index", -1), None)


def _normal(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _of(scan: int | None) -> str:
    return "" if scan is None else f" of scan {scan}"


def known_examiner(reader: CaseReader) -> str | None:
    """The examiner of a case, where its entries name exactly one; else None."""
    names: Sequence[str] = sorted(
        {
            entry["examiner"]
            for _index, entry in reader.entries()
            if entry.get("type") in ("case.open", "scan.open") and isinstance(entry.get("examiner"), str)
        }
    )
    return names[0] if len(names) == 1 else None
