"""How many entries of a list have each category, and so how many are notable, known-good or information.

Each folder of a version counts its own entries when it is built, and those that it removes. A list adds these counts
up, so that opening one costs nothing, however long it is. Folders of earlier versions of this tool have no such counts:
their entries are read, unless there are too many.

An entry that a list has in two categories counts in both.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from matcher.lists import version as layout
from matcher.lists.part import Part
from matcher.lists.trivial_entries import TrivialEntries
from matcher.model import CategoryProfile, Disposition

Category = str | None
"""None stands for entries without a category."""

Counted = list[tuple[Category, int]]
"""Categories with their numbers of entries."""

NotRemoved = Callable[[npt.NDArray[np.uint32]], npt.NDArray[np.bool_]]

MAX_CATEGORIES = 1000
"""The most categories that are counted. A list with more has free text in place of categories, or very long ones."""
MAX_CHARACTERS = 100_000
"""The most characters of the counted categories together."""
MAX_READ = 200_000
"""The most records that are read to count the categories of a list whose folders did not."""

_FILE = "entries.categories"


class CategoryCounter:
    """Counts the categories of a folder that is being built. Memory is bounded by MAX_CATEGORIES."""

    def __init__(self, folder: Path, opened: Callable[[str], IO[bytes]]) -> None:
        """`opened(name)` opens a file of the folder for writing; the caller closes it."""
        self._path = folder / _FILE
        self._stream = opened(_FILE)
        self._numbers: dict[Category, int] = {}
        self._room = MAX_CHARACTERS

    def add(self, category: Category) -> None:
        """Count the next record."""
        number = self._numbers.get(category)
        if number is None:
            number = len(self._numbers)
            if number <= MAX_CATEGORIES:  # one more shows that there are too many
                self._numbers[category] = number
                self._room -= len(category or "")
        self._stream.write(number.to_bytes(4, "little"))

    def finish(self, ids: npt.NDArray[np.uint64]) -> Counted | None:
        """The number of entries of each category; None for too many. `ids`: (n,) uint64, by record. Deletes the file.

        The stream must be closed.
        """
        numbers = np.fromfile(self._path, "<u4")
        self._path.unlink()
        if len(self._numbers) > MAX_CATEGORIES or self._room < 0:
            return None
        order = np.lexsort((numbers, ids))
        ids, numbers = ids[order], numbers[order]
        first = np.ones(len(ids), bool)
        first[1:] = (ids[1:] != ids[:-1]) | (numbers[1:] != numbers[:-1])
        counts = np.bincount(numbers[first], minlength=len(self._numbers)).tolist()
        return in_order(dict(zip(self._numbers, counts, strict=True)))


def in_order(counts: Mapping[Category, int]) -> Counted:
    """Categories and numbers of entries, the most frequent first, without those of 0."""
    some = ((category, count) for category, count in counts.items() if count)
    return sorted(some, key=lambda pair: (-pair[1], pair[0] or ""))


def categories_of(parts: Sequence[Part], not_removed: NotRemoved) -> Counted | None:
    """The number of entries of each category of a list, the most frequent first.

    `not_removed` says which records, (n,), were not removed by a later part. None where the counts are not known: too
    many categories, or a long list that an earlier version of this tool imported.
    """
    counts: Counter[Category] = Counter()
    if all(part.facts.holds.get("categories") is not None for part in parts):
        for part in parts:
            counts.update(dict(part.facts.holds["categories"]))
            counts.subtract(dict(part.facts.holds["removed_categories"]))
        return in_order(counts)
    if sum(part.records for part in parts) > MAX_READ:
        return None
    counts.update(category for _id, category in _read(parts, not_removed))
    return in_order(counts) if len(counts) <= MAX_CATEGORIES else None


def _read(parts: Sequence[Part], not_removed: NotRemoved) -> set[tuple[str, Category]]:
    """The ids and categories of all entries."""
    pairs = set()
    for part in parts:
        remains = not_removed(np.arange(part.first, part.first + part.records, dtype=np.uint32)).tolist()
        with (part.folder / layout.ENTRIES).open("rb") as lines:
            for line, remained in zip(lines, remains, strict=True):
                if remained:
                    entry_id, category, *_rest = json.loads(line)
                    pairs.add((entry_id, category))
    return pairs


def meanings_of(categories: Counted | None, profile: CategoryProfile, trivial: TrivialEntries) -> dict[str, int] | None:
    """The number of entries by the meaning of their category, by `Disposition.value`; None for unknown categories.

    A notable entry that is among the trivial ones counts as information.
    """
    if categories is None:
        return None
    counts = dict.fromkeys((meaning.value for meaning in Disposition if meaning is not Disposition.NEGATIVE), 0)
    if profile.other is Disposition.NEGATIVE:
        counts[Disposition.NEGATIVE.value] = 0
    for category, count in categories:
        meaning = profile.disposition(category)
        of_trivial = count if trivial.are_all else trivial.categories[category]
        counts[profile.meaning(category, trivial=True).value] += of_trivial
        counts[meaning.value] += count - of_trivial
    return counts
