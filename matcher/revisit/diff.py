"""Two scans → their differences: in the facts of opening and closing, and every item whose finding differs. Pure.

Items are merged as streams, in the order in which sources list them: by the bytes of the path. A recorded path is not
those bytes (some are escaped, a long path is cut), so only as many bytes are compared as every recorded path is sure
to contain; items that agree in them are held in memory and distinguished by their whole path. Scans whose items are
in another order are compared by a digest of each item instead, which takes some 300 bytes of memory an item.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from matcher.errors import CaseError

Json = dict[str, Any]
Name = tuple[str, int]
"""An item: its path, and the number of earlier items with that path in its scan."""
Findings = Callable[[], Iterable[Json]]
"""Called to read the findings of one scan from the beginning."""

SURE_BYTES = 660
"""The number of compared bytes of a path.

`%XX` takes three characters, and a path that is cut has 2,000 before the cut.
"""
_SURE_CHARACTERS = 3 * SURE_BYTES
_ESCAPED = re.compile(rb"%([0-9A-F]{2})")
_CUT_ESCAPE = re.compile(r"%[0-9A-F]?\Z")

_OF_THE_ENTRY = {"v", "type", "time", "monotonic_us", "scan", "name", "after_checkpoint"}
_OF_THE_PLACE = {("source", "path"), ("platform", "host"), ("retried",)}
_OF_THE_RUN = {"hashes", "executor"}
"""Facts that differ between any two scans, or that describe the run and not its results."""


def order_key(path: str) -> bytes:
    """The first bytes, at most SURE_BYTES, of the path that recorded_path() turned into `path`.

    They are in ascending order within a scan of an ordered source.
    """
    shown = _CUT_ESCAPE.sub("", path[:_SURE_CHARACTERS]) if len(path) > _SURE_CHARACTERS else path
    raw = shown.encode("utf-8", "surrogatepass")
    return _ESCAPED.sub(lambda escape: bytes([int(escape[1], 16)]), raw)[:SURE_BYTES]


@dataclass(slots=True)
class ScanRecord:
    """One scan of a case: its `scan.open`, the `list.load` of each list that it names, and its `scan.close`.

    `abandoned`: it was ended by a `scan.abandon`.
    """

    number: int
    opened: Json
    loads: dict[str, Json]
    closed: Json | None = None
    abandoned: bool = False
    ordered: bool = True
    _last: bytes = field(default=b"", repr=False)

    @property
    def exhibit(self) -> str | None:
        """The exhibit in the scan's findings."""
        exhibit: str | None = self.opened.get("exhibit")
        return exhibit

    def add_item(self, path: str) -> None:
        """Add the path of the next item, to learn whether the items are ordered."""
        key = order_key(path)
        self.ordered = self.ordered and self._last <= key
        self._last = key

    def facts(self) -> Json:
        """The facts in which the scan is compared with another one."""
        lists = {name: _facts(load) for name, load in self.loads.items()}
        return {**_facts(self.opened), "lists": lists, "closed": self.closed is not None, **_facts(self.closed or {})}


def _facts(entry: Json) -> Json:
    return {key: value for key, value in entry.items() if key not in _OF_THE_ENTRY}


def scans_of(entries: Iterable[tuple[int, Json]]) -> dict[int, ScanRecord]:
    """Every scan of a case by its number, from the entries of its ledger. CaseError for an entry of another tool."""
    scans: dict[int, ScanRecord] = {}
    loaded: dict[str, Json] = {}
    for index, entry in entries:
        try:
            kind = entry["type"]
            if kind == "list.load":
                loaded[_text([entry["name"], entry["version"], entry["digest"]])] = entry
            elif kind == "scan.open":
                loads = {
                    str(named["name"]): loaded.get(_text([named["name"], named["version"], named["digest"]]), named)
                    for named in entry["lists"]
                }
                scans[entry["scan"]] = ScanRecord(entry["scan"], entry, loads)
            elif kind == "item":
                scans[entry["scan"]].add_item(entry["finding"]["path"])
            elif kind == "scan.close":
                scans[entry["scan"]].closed = entry
            elif kind == "scan.abandon":
                scans[entry["scan"]].abandoned = True
        except (KeyError, TypeError, AttributeError) as error:
            raise CaseError(f"entry {index} is not one of this tool") from error
    return scans


def fact_differences(first: ScanRecord, second: ScanRecord) -> Iterator[Json]:
    """A generator of the facts that differ: `fact` (the names of its path), and `a` and `b` where each has a value."""
    one, other = dict(_leaves(first.facts())), dict(_leaves(second.facts()))
    for name in sorted(one.keys() | other.keys()):
        differs = _sides(one, other, name)
        if differs and name not in _OF_THE_PLACE and name[0] not in _OF_THE_RUN:
            yield {"fact": list(name), **differs}


def _leaves(value: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A generator of the names and values of a nested object; named elements of an array are keyed by their names."""
    if isinstance(value, list) and value and all(isinstance(part, dict) and "name" in part for part in value):
        value = {str(part["name"]): {key: part[key] for key in part if key != "name"} for part in value}
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _leaves(part, (*name, key))
    else:
        yield name, value


def _sides(one: Any, other: Any, name: Any) -> Json:
    """The values `a` and `b` where they differ in `name`; empty where they do not."""
    if name in one and name in other and one[name] == other[name]:
        return {}
    return {side: values[name] for side, values in (("a", one), ("b", other)) if name in values}


def item_differences(first: Findings, second: Findings, *, ordered: bool) -> Iterator[Json]:
    """A generator of every item whose finding differs, with the differences.

    Each has `path` and either `only` ("a" or "b") with the whole `finding`, or `differs`: each field that differs,
    with `a` and `b`; for `hashes` and `matches` the elements `only_a` and `only_b`, and for matches with the same entry
    by the same algorithm the fields that `differ`. `occurrence` counts from 2 where a path occurs more than once.

    Without `ordered`, the findings of a scan need not be in the order of their paths.
    """
    for name, one, other in _merged(first(), second()) if ordered else _paired_by_digest(first, second):
        path, before = name
        item = {"path": path, **({"occurrence": before + 1} if before else {})}
        if one is None or other is None:
            yield {**item, "only": "b" if one is None else "a", "finding": other if one is None else one}
        elif differs := finding_differences(one, other):
            yield {**item, "differs": differs}


Pair = tuple[Name, Json | None, Json | None]


def _merged(first: Iterable[Json], second: Iterable[Json]) -> Iterator[Pair]:
    """A generator of every item with its two findings; holds the items of one order key at a time."""
    one, other = _groups(first), _groups(second)
    left, right = next(one, None), next(other, None)
    while left is not None or right is not None:
        take_left = right is None or (left is not None and left[0] <= right[0])
        take_right = left is None or (right is not None and right[0] <= left[0])
        ours = left[1] if left is not None and take_left else {}
        theirs = right[1] if right is not None and take_right else {}
        for name in dict.fromkeys([*ours, *theirs]):
            yield name, ours.get(name), theirs.get(name)
        left = next(one, None) if take_left else left
        right = next(other, None) if take_right else right


def _groups(findings: Iterable[Json]) -> Iterator[tuple[bytes, dict[Name, Json]]]:
    """A generator of the findings of each order key."""
    for key, group in groupby(findings, key=lambda finding: order_key(finding["path"])):
        yield key, dict(_named(group))


def _named(findings: Iterable[Json]) -> Iterator[tuple[Name, Json]]:
    """A generator of the findings with the names of their items."""
    occurrences: Counter[str] = Counter()
    for finding in findings:
        path = finding["path"]
        yield (path, occurrences[path]), finding
        occurrences[path] += 1


def _paired_by_digest(first: Findings, second: Findings) -> Iterator[Pair]:
    """A generator of the items whose findings differ, for findings in any order; those in `first` come first."""
    digests = {_short(name): _short(finding) for name, finding in _named(first())}
    differing: dict[Name, Json] = {}
    same: set[bytes] = set()
    for name, finding in _named(second()):
        if digests.get(_short(name)) == _short(finding):
            same.add(_short(name))
        else:
            differing[name] = finding
    for name, finding in _named(first()):
        if _short(name) not in same:
            yield name, finding, differing.pop(name, None)
    for name, finding in differing.items():
        yield name, None, finding


def _short(value: Any) -> bytes:
    return hashlib.blake2b(_text(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def finding_differences(one: Json, other: Json) -> Json:
    """The differences between two findings of one item, by field; empty where they are equal."""
    differs: Json = {}
    one, other = _completed(one), _completed(other)
    for key in dict.fromkeys([*one, *other]):
        if key in ("hashes", "matches") and key in one and key in other:
            if one[key] != other[key] and (differences := _list_differences(one[key], other[key])):
                differs[key] = differences
        elif sides := _sides(one, other, key):
            differs[key] = sides
    return differs


def _completed(finding: Json) -> Json:
    """A finding, or a part of one, with the fields that earlier versions did not record, as they would have been."""
    if "matches_total" not in finding:
        return finding
    return {"not_compared": {}, "skipped_parts": [], **finding}


_IDENTITY = ("list", "entry", "algorithm")


def _compared(part: Json) -> Json:
    """A match without its chance, which depends on the lists' length: that is compared in the facts of the scans.

    Without `doubtful` and `trivial` too, which follow from the qualities and the digest, and which earlier versions did
    not record.
    """
    return {key: value for key, value in part.items() if key not in ("chance", "doubtful", "trivial")}


def _list_differences(one: list[Json], other: list[Json]) -> Json:
    """The elements of only one of two arrays. Matches with one entry by one algorithm are compared field by field."""
    only_a, only_b = _without(one, other), _without(other, one)
    differ = []
    for match in [match for match in only_a if "entry" in match]:
        identity = {key: match[key] for key in _IDENTITY}
        twin = next((part for part in only_b if all(part.get(key) == match[key] for key in _IDENTITY)), None)
        if twin is not None:
            only_a.remove(match)
            only_b.remove(twin)
            differ.append({**identity, "differs": finding_differences(_compared(match), _compared(twin))})
    differences = {"only_a": only_a, "only_b": only_b, "differ": differ}
    return {name: values for name, values in differences.items() if values}


def _without(parts: list[Json], others: list[Json]) -> list[Json]:
    """`parts` without those that are equal to one among `others`, each of which removes one."""
    taken = Counter(_text(_compared(part)) for part in others)
    left = []
    for part in parts:
        text = _text(_compared(part))
        if taken[text]:
            taken[text] -= 1
        else:
            left.append(part)
    return left
