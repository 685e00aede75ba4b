"""What later entries say of an item: relookups add and withdraw matches of it, decisions judge it. Pure.

An item's entry is never changed. Its current matches are those of its entry, without those that a `relookup` entry of
its scan withdrew, and with those that one found, or found to mean something else, in the order of the ledger. Its
current decision is the newest `decision` entry that cites it and that no other decision supersedes. Decisions of
earlier versions may cite any entry: one that cites a `relookup` that names a single item is a decision on that item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.entries.entry import canonical

Json = Mapping[str, Any]

_NOT_IDENTITY = frozenset({"threshold", "chance", "doubtful", "trivial", "negative", "negative_by"})
_KINDS = ("withdrawn", "new", "changed", "unconfirmed")


def match_identity(match: Json) -> bytes:
    """The identity of a match: all fields but those that depend on the lists' length and the number of queries.

    Without `doubtful` and `trivial` too: they follow from the hashes, and earlier versions did not record them; and
    without `negative` and `negative_by`, which say what the match means beside the others.
    """
    return canonical({key: value for key, value in match.items() if key not in _NOT_IDENTITY})


@dataclass(frozen=True, slots=True)
class NamedList:
    """A version of a list as an entry names it. `index` and `profile` are of its `list.load`, None without any."""

    name: Any
    version: Any
    digest: Any
    index: int | None = None
    profile: Json | None = None


@dataclass(slots=True)
class LaterChanges:
    """What relookups changed of one item.

    `entries` are the leaf indexes of the `relookup` entries that name it, in order; `counts` its changes by kind.
    `unconfirmed` are the reasons why the newest relookup could not confirm matches that there may be.
    """

    entries: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0))
    unconfirmed: list[str] = field(default_factory=list)
    _matches: dict[bytes, Json | None] = field(default_factory=dict)
    """By identity, a match that was found or means something else now, or None for one that was withdrawn."""

    def applied(self, matches: Iterable[Json]) -> list[Json]:
        """The current matches, by distance, of an item whose entry has `matches`."""
        current = {match_identity(match): match for match in matches}
        for identity, match in self._matches.items():
            if match is None:
                current.pop(identity, None)
            else:
                current[identity] = match
        return sorted(current.values(), key=_order)

    def add(self, index: int, kind: str, change: Json) -> None:
        """Take one change that the `relookup` entry at `index` has among those of its `kind`."""
        if self.entries[-1:] != [index]:
            self.entries.append(index)
        self.counts[kind] += 1
        if kind == "unconfirmed":
            self.unconfirmed.append(change["reason"])
        else:
            match = change["match"]
            self._matches[match_identity(match)] = None if kind == "withdrawn" else match


class LaterEntries:
    """Collects later entries: call `add` with every entry that is no item, in the order of the ledger.

    Memory grows with the number of changes and decisions, not with the items. KeyError, TypeError, ValueError or
    AttributeError for an entry that is malformed.
    """

    def __init__(self) -> None:
        self._loaded: dict[bytes, NamedList] = {}
        self._of_scan: dict[int, dict[str, NamedList]] = {}
        self._changes: dict[int, dict[int, LaterChanges]] = {}
        self._decisions: dict[int, Json] = {}
        self._deciding: dict[int, list[int]] = {}
        """By the leaf index of what is judged, the indexes of the decisions, the newest last."""
        self._through: dict[tuple[int, int], list[int]] = {}
        """The same of decisions that cite a relookup of one item, by the scan and seq of that item."""
        self._of_no_item: list[int] = []
        self._kinds: dict[int, str] = {}
        """By leaf index, the types of the entries so far."""
        self._only: dict[int, tuple[int, int]] = {}
        """By the leaf index of a relookup that names one item, the scan and seq of that item."""
        self._superseded: set[int] = set()
        self._loads_of: dict[int, tuple[int, ...]] = {}
        self.relookups: dict[int, list[tuple[int, Json]]] = {}
        """By scan, (leaf index, entry) of the first part of each of its relookups."""

    def add(self, index: int, entry: Json) -> None:
        """Take the next entry and its leaf index."""
        kind = entry["type"]
        self._kinds[index] = str(kind)
        if kind == "list.load":
            loaded = NamedList(entry["name"], entry.get("version"), entry.get("digest"), index, entry.get("profile"))
            self._loaded[_key(entry)] = loaded
        elif kind == "scan.open":
            self._of_scan.setdefault(entry["scan"], self._named(entry.get("lists", ())))
        elif kind == "relookup":
            self._relookup(index, entry)
        elif kind == "decision":
            self._decision(index, entry)

    def lists(self, scan: int) -> Mapping[str, NamedList]:
        """The lists by which the current matches of a scan were found: of its newest relookup, else of its opening."""
        if not (relookups := self.relookups.get(scan)):
            return self._of_scan.get(scan, {})
        return self._named(relookups[-1][1]["lists"])

    def lists_known(self, scan: int) -> Mapping[str, NamedList]:
        """The newest version of every list that the scan or any of its relookups used."""
        return self._of_scan.get(scan, {})

    def loads_of(self, relookup: int) -> tuple[int, ...]:
        """The leaf indexes of the `list.load` entries of the lists of a relookup; empty for any other entry."""
        return self._loads_of.get(relookup, ())

    def changes(self, scan: int, seq: int) -> LaterChanges | None:
        """What relookups changed of an item; None where that is nothing."""
        return self._changes.get(scan, {}).get(seq)

    def decision(self, index: int, place: tuple[int, int] | None = None) -> tuple[int, Json] | None:
        """The index and the entry of the current decision on the entry at leaf index `index`; None without any.

        `place` are the scan and the seq of an item: then decisions on a relookup of it alone are decisions on it too.
        """
        deciding: Iterable[int] = self._deciding.get(index, ())
        if place is not None and place in self._through:
            deciding = sorted((*deciding, *self._through[place]))
        for decided in reversed(tuple(deciding)):
            if decided not in self._superseded:
                return decided, self._decisions[decided]
        return None

    @property
    def decided(self) -> frozenset[int]:
        """The leaf indexes of all entries that have a current decision."""
        return frozenset(index for index in self._deciding if self.decision(index) is not None)

    @property
    def of_no_item(self) -> tuple[tuple[int, Json], ...]:
        """The index and the entry of every current decision that cites no item, and no relookup of a single one."""
        return tuple((at, self._decisions[at]) for at in self._of_no_item if at not in self._superseded)

    def kind(self, index: int) -> str | None:
        """The type of the entry at a leaf index; None for an item, and for what is no entry so far."""
        return self._kinds.get(index)

    def _relookup(self, index: int, entry: Json) -> None:
        scan = entry["scan"]
        of_scan = self._changes.setdefault(scan, {})
        used = self._named(entry["lists"])
        self._loads_of[index] = tuple(named.index for named in used.values() if named.index is not None)
        if entry.get("part", 1) == 1:
            self.relookups.setdefault(scan, []).append((index, _without_changes(entry)))
            self._of_scan.setdefault(scan, {}).update(used)
            for changes in of_scan.values():
                changes.unconfirmed.clear()
        for kind in _KINDS:
            for change in entry.get(kind, ()):
                of_scan.setdefault(change["seq"], LaterChanges()).add(index, kind, change)
        if len(named := seqs_named(entry)) == 1:
            self._only[index] = (scan, *named)

    def _decision(self, index: int, entry: Json) -> None:
        self._decisions[index] = entry
        has_item = False
        for citation in entry.get("cites") or ():
            cited = citation["index"]
            self._deciding.setdefault(cited, []).append(index)
            if cited in self._only:
                self._through.setdefault(self._only[cited], []).append(index)
            has_item = has_item or cited not in self._kinds or cited in self._only
        if not has_item:
            self._of_no_item.append(index)
        if (superseded := entry.get("supersedes")) is not None:
            self._superseded.add(superseded["index"])

    def _named(self, lists: Iterable[Json]) -> dict[str, NamedList]:
        return {
            one["name"]: self._loaded.get(_key(one), NamedList(one["name"], one.get("version"), one.get("digest")))
            for one in lists
        }


def seqs_named(entry: Json) -> frozenset[int]:
    """The seq of every item that a `relookup` entry names: new and withdrawn matches, and what changed otherwise."""
    return frozenset(change["seq"] for kind in _KINDS for change in entry.get(kind, ()))


def _without_changes(entry: Json) -> Json:
    return {key: value for key, value in entry.items() if key not in _KINDS}


def _key(named: Json) -> bytes:
    return canonical([named["name"], named.get("version"), named.get("digest")])


def _order(match: Json) -> tuple[Any, ...]:
    """The order of a finding's matches: distance, list, entry, then the other fields that make it total."""
    return (
        *(match["distance"], match["list"], match["entry"], match["algorithm"], match["category"] or ""),
        *(match["transform"], match["region"] or [], match["value"], match["entry_value"]),
    )
