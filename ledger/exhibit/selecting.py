"""Selects the entries of a partial exhibit: the requested entries and their context. Pure.

What is notable is judged as it is now: after the relookups in the log, by the newest versions of the lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.entries.later import LaterChanges, LaterEntries, NamedList
from ledger.errors import LedgerError

ALWAYS = frozenset({"case.open", "key", "checkpoint.cosign", "checkpoint.time"})
"""Types that every part includes: such entries are few, and record who vouches for the log."""

_RANGE = re.compile(r"(0|[1-9][0-9]{0,15})(?:-(0|[1-9][0-9]{0,15}))?")


class SelectionError(LedgerError):
    """A selection is malformed, or names what is not in the log."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The requested entries: by index, of whole scans, of some types, and notable items. False if it is empty.

    An entry has to meet every criterion that is given. Several ranges are one criterion, and so are scans, and types.
    """

    ranges: tuple[range, ...] = ()
    scans: frozenset[int] = frozenset()
    types: frozenset[str] = frozenset()
    notable: bool = False

    def __bool__(self) -> bool:
        return self.criteria > 0

    @property
    def criteria(self) -> int:
        """The number of criteria that are given."""
        return sum(map(bool, (self.ranges, self.scans, self.types, self.notable)))


def parse_ranges(text: str) -> tuple[range, ...]:
    """The ranges of a text such as `5,7-9`, in which both ends are inclusive. Raises SelectionError."""
    ranges = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise SelectionError(f"{part!r:.40} is neither an index nor a range of them, such as 5 or 7-9")
        ranges.append(range(first, last + 1))
    return tuple(ranges)


class Selector:
    """Selects entries: call `add` with all entries in order, then `finish` for the indices of the part.

    A requested entry of a scan adds the self-test, lists, open, close and anomalies of the scan. A chosen item adds the
    `relookup` entries that name it, with the lists that these used. Decisions that cite a chosen entry are chosen too.
    Memory grows with the chosen entries, and with the number of scans, lists and later changes. `later` has all later
    entries of the log.
    """

    def __init__(self, selection: Selection, later: LaterEntries | None = None) -> None:
        self._selection = selection
        self._later = LaterEntries() if later is None else later
        self._chosen: set[int] = set()
        self._touched: set[int] = set()
        self._loads: dict[tuple[object, object, object], int] = {}
        self._profiles: dict[object, dict[str, Any]] = {}
        self._test: int | None = None
        self._context: dict[int, set[int]] = {}
        self._of_another: list[tuple[int, object]] = []
        """The entries that were asked for by index, each with its scan, where scans are named and this is none."""
        self._is_any_requested = False
        self._beyond = max((indices.stop for indices in selection.ranges), default=0)
        self._size = 0

    def add(self, index: int, entry: dict[str, Any]) -> None:
        """Examines the next entry."""
        self._size = index + 1
        self._remember(index, entry)
        if entry["type"] in ALWAYS or self._cites_chosen(entry):
            self._chosen.add(index)
        self._check_scan(index, entry)
        if self._is_requested(index, entry):
            self._is_any_requested = True
            self._chosen.add(index)
            self._add_relookups(index, entry)
            if type(entry.get("scan")) is int:
                self._touched.add(entry["scan"])

    def finish(self) -> tuple[int, ...]:
        """The indices, sorted. Raises SelectionError, see below.

        For an index beyond the entries, for an unknown scan, for an index of another scan where scans are named, and
        for several criteria that no entry meets together.
        """
        if self._beyond > self._size:
            raise SelectionError(f"entry {self._beyond - 1} was asked for, but only {self._size} entries are signed")
        unknown = self._selection.scans - set(self._context)
        if unknown:
            raise SelectionError(f"there is no scan {min(unknown)}")
        if self._of_another:
            index, scan = self._of_another[0]
            named = " or ".join(f"scan {number}" for number in sorted(self._selection.scans))
            raise SelectionError(
                f"entry {index} belongs to scan {scan}, not to {named}: leave the scan out to export single entries, "
                "or name those of that scan"
            )
        if self._selection.criteria > 1 and not self._is_any_requested:
            raise SelectionError(
                "no entry meets all of the options that select entries (scan, type, entry or path, notable), so "
                "there is nothing to export: leave one of these options out"
            )
        return tuple(sorted(self._chosen.union(*(self._context.get(scan, set()) for scan in self._touched))))

    def _remember(self, index: int, entry: dict[str, Any]) -> None:
        kind = entry["type"]
        if kind == "self.test":
            self._test = index
        elif kind == "list.load":
            self._loads[_list_key(entry)] = index
            if type(entry.get("profile")) is dict:
                self._profiles[entry.get("name")] = entry["profile"]
                self._profiles[f"{entry.get('name')}-{entry.get('version')}"] = entry["profile"]
        elif kind == "scan.open" and type(entry.get("scan")) is int:
            lists = (item for item in _objects(entry.get("lists")) if _list_key(item) in self._loads)
            context = {index, *(self._loads[_list_key(item)] for item in lists)}
            self._context[entry["scan"]] = context if self._test is None else context | {self._test}
        elif kind in {"scan.close", "scan.abandon", "anomaly"} and entry.get("scan") in self._context:
            self._context[entry["scan"]].add(index)

    def _is_requested(self, index: int, entry: dict[str, Any]) -> bool:
        selection, is_named = self._selection, self._is_named(index)
        scan = entry.get("scan")
        is_of_no_scan = is_named and not isinstance(scan, int)  # as a list, which scans have in common
        return (
            bool(selection)
            and (is_named or not selection.ranges)
            and (not selection.scans or is_of_no_scan or scan in selection.scans)
            and (not selection.types or entry["type"] in selection.types)
            and (not selection.notable or (entry["type"] == "item" and self._is_notable(entry)))
        )

    def _is_named(self, index: int) -> bool:
        return any(index in indices for indices in self._selection.ranges)

    def _check_scan(self, index: int, entry: dict[str, Any]) -> None:
        """Note an entry that was asked for by index, and is of another scan than those that are named."""
        scan, scans = entry.get("scan"), self._selection.scans
        is_of_another = bool(scans) and isinstance(scan, int) and scan not in scans
        if is_of_another and self._is_named(index):
            self._of_another.append((index, scan))

    def _add_relookups(self, index: int, entry: dict[str, Any]) -> None:
        """Choose the relookups that name a chosen item, and the lists of each relookup that is chosen."""
        changes = self._changes(entry)
        for relookup in [index] if changes is None else changes.entries:
            self._chosen.update((relookup, *self._later.loads_of(relookup)))

    def _changes(self, entry: dict[str, Any]) -> LaterChanges | None:
        """What relookups changed of an item; None for any other entry."""
        scan, seq = entry.get("scan"), entry.get("seq")
        if entry["type"] != "item" or type(scan) is not int or type(seq) is not int:
            return None
        return self._later.changes(scan, seq)

    def _is_notable(self, entry: dict[str, Any]) -> bool:
        """Whether an item is known, or has a match that its list's profile, if any, does not call otherwise.

        Where a relookup names the item, its current matches alone decide.
        """
        finding = entry.get("finding")
        if type(finding) is not dict:
            return False
        matches: Iterable[Mapping[str, Any]] = _objects(finding.get("matches"))
        changes = self._changes(entry)
        if changes is not None:
            matches = changes.applied(matches)
        elif finding.get("status") == "known":
            return True
        used = self._later.lists_known(entry["scan"]) if type(entry.get("scan")) is int else {}
        return any(
            self._disposition(match, used) == "notable"
            for match in matches
            if match.get("trivial") is not True and match.get("negative") is not True
        )

    def _disposition(self, match: Mapping[str, Any], used: Mapping[str, NamedList]) -> object:
        named = used.get(match.get("list", ""))
        profile = self._profiles.get(match.get("list"), {}) if named is None else named.profile or {}
        categories = profile.get("categories")
        other = profile.get("other", "notable")
        return categories.get(match.get("category"), other) if type(categories) is dict else other

    def _cites_chosen(self, entry: dict[str, Any]) -> bool:
        if entry["type"] != "decision":
            return False
        citations = [*_objects(entry.get("cites")), *_objects([entry.get("supersedes")])]
        return any(citation.get("index") in self._chosen for citation in citations)


def _list_key(value: dict[str, Any]) -> tuple[object, object, object]:
    return (str(value.get("name")), str(value.get("version")), str(value.get("digest")))


def _objects(value: object) -> Iterable[dict[str, Any]]:
    return [item for item in value if type(item) is dict] if type(value) is list else []
