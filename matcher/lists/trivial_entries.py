"""The entries of a list that have digests of trivial content and no other hash that is looked up.

Whatever their category, such entries cannot make a file notable (lists/trivial.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matcher.lists.trivial import trivial_digests

if TYPE_CHECKING:
    from matcher.lists.opened import OpenList
    from matcher.lists.part import Kind

MAX_READ = 50_000
"""The most records with a trivial digest that are read. In a list with more, all of whose hashes are not trivial, their
entries count by their categories."""


@dataclass(frozen=True, slots=True)
class TrivialEntries:
    """`are_all`: no hash that is looked up is any other than a trivial digest. Else `categories` counts the entries."""

    are_all: bool = False
    categories: Counter[str | None] = field(default_factory=Counter)


def trivial_entries(opened: OpenList) -> TrivialEntries:
    """The entries of a list that have trivial digests only; an entry of two categories counts in both."""
    hits = _records(opened)
    if not len(hits):
        return TrivialEntries()
    if len(hits) == sum(opened.facts.counts["hashes"].values()):
        return TrivialEntries(are_all=True)
    records, counts = np.unique(hits, return_counts=True)
    if len(records) > MAX_READ:
        return TrivialEntries()
    kinds: dict[int, list[Kind]] = {}
    trivial: dict[int, tuple[str, str | None]] = {}
    for number, count in zip(records.tolist(), counts.tolist(), strict=True):
        entry, kind = opened.line(number)
        part = opened.part_of(number)
        hashes, _kept = kinds.setdefault(part.first, part.kinds() if part.first not in kinds else [])[kind]
        if sum(hashes.values()) == count:
            trivial[number] = entry.id, entry.category
    ids = sorted({entry_id for entry_id, _category in trivial.values()})
    if not ids:
        return TrivialEntries()
    places, every = opened.records_of(ids)
    mixed = {ids[place] for place, number in zip(places.tolist(), every.tolist(), strict=True) if number not in trivial}
    pairs = {(entry_id, category) for entry_id, category in trivial.values() if entry_id not in mixed}
    return TrivialEntries(categories=Counter(category for _id, category in pairs))


def _records(opened: OpenList) -> npt.NDArray[np.uint32]:
    """The record of each hash that is a trivial digest, (n,)."""
    found = [np.empty(0, np.uint32)]
    for name in opened.algorithms:
        if digests := list(trivial_digests(name)):
            codes = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)
            found.append(opened.find_digests(name, codes)[1])
    return np.concatenate(found)
