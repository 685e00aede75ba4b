"""One generation of an index: segments, each with an index of its own, without the rows that were removed.

An opened generation stays unchanged, whatever is added, removed or merged meanwhile: its files are never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.index.answers import Answer, merged, no_matches
from matcher.index.folder import HEADER, check
from matcher.index.generations import Generation, Rows, Segment, check_rows, newest, read_generation
from matcher.index.segment import Index, open_segment
from matcher.system.files import sha256_of

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """An open segment. Its codes have the rows from `first` on, or `rows` where that is not None."""

    index: Index
    first: int
    rows: Rows | None

    def rows_at(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The rows of codes by their places in this segment."""
        return places + self.first if self.rows is None else self.rows[places].astype(np.int64)

    def all_rows(self) -> npt.NDArray[np.int64]:
        """The row of each code of the segment, ascending."""
        return self.rows_at(np.arange(len(self.index.codes)))


class SegmentedIndex:
    """One generation of an index, opened. `rows`: how many rows were ever added. Safe to share between threads."""

    def __init__(self, folder: Path, generation: Generation) -> None:
        self.path = folder
        self.bits = generation.bits
        self.radius = generation.radius
        self.rows = generation.rows
        self.parts = tuple(_opened(folder, segment) for segment in generation.segments)
        self.removed: Rows = np.zeros(0, np.uint32) if generation.removed is None else generation.removed.open(folder)
        self.count = sum(part.index.count for part in self.parts) - len(self.removed)

    @cached_property
    def codes(self) -> npt.NDArray[np.uint8]:
        """(rows, width) uint8, a copy made at the first use; zeros for rows that were merged away."""
        codes = np.zeros((self.rows, self.bits // 8), np.uint8)
        for part in self.parts:
            codes[part.all_rows()] = part.index.codes
        return codes

    def range_search(self, queries: npt.NDArray[np.uint8], *, radius: int, threads: int = 1) -> Answer:
        if queries.ndim != 2 or queries.dtype != np.uint8 or queries.shape[1] * 8 != self.bits:
            raise IndexFileError(f"{self.path}: queries of shape {queries.shape} do not fit codes of {self.bits} bits")
        numbers = np.arange(len(queries))
        answers = []
        for part in self.parts:
            limits, distances, places = part.index.range_search(queries, radius=radius, threads=threads)
            if len(places):
                answers.append(((limits, distances, part.rows_at(places)), numbers))
        if not answers:
            return no_matches(len(queries))
        if len(answers) == 1 and len(self.removed) == 0:
            return answers[0][0]
        limits, distances, rows = merged(answers, len(queries)) if len(answers) > 1 else answers[0][0]
        return self._without_removed(limits, distances, rows)

    def _without_removed(
        self, limits: npt.NDArray[np.int64], distances: npt.NDArray[np.int32], rows: npt.NDArray[np.int64]
    ) -> Answer:
        if len(self.removed) == 0:
            return limits, distances, rows
        at = np.minimum(np.searchsorted(self.removed, rows), len(self.removed) - 1)
        kept = self.removed[at] != rows
        before = np.concatenate(([0], np.cumsum(kept)))
        return before[limits], distances[kept], rows[kept]


def _opened(folder: Path, segment: Segment) -> OpenSegment:
    index = open_segment(folder / segment.folder)
    if index.count != segment.count:
        raise IndexFileError(f"{folder / segment.folder}: has {index.count} codes, not {segment.count}")
    return OpenSegment(index, segment.first, None if segment.rows is None else segment.rows.open(folder))


def open_generation(folder: Path) -> Index:
    """Open the newest generation of an index. IndexFileError where it is missing or damaged."""
    opened = _of_newest(folder, SegmentedIndex)
    only = opened.parts[0] if len(opened.parts) == 1 else None
    if only is not None and only.first == 0 and only.rows is None and len(opened.removed) == 0:
        return only.index
    return opened


def check_generation(folder: Path) -> None:
    """Compare every byte of an index's newest generation with its digests. IndexFileError: the first difference."""
    _of_newest(folder, _check)


def _of_newest(folder: Path, work: Callable[[Path, Generation], Done]) -> Done:
    """The result of `work` on the newest generation. It is called again where that one was replaced and pruned."""
    while True:
        number = _current(folder)
        try:
            return work(folder, read_generation(folder, number))
        except IndexFileError:
            if _current(folder) == number:
                raise


def _check(folder: Path, generation: Generation) -> None:
    for segment in generation.segments:
        path = folder / segment.folder
        try:
            if sha256_of(path / HEADER) != segment.header:
                raise IndexFileError(f"{path / HEADER}: its bytes are not those that were published")
        except OSError as error:
            raise IndexFileError(f"{path / HEADER}: {error.strerror}") from error
        check(path)
    for listed in generation.files():
        check_rows(folder, listed)


def _current(folder: Path) -> int:
    number = newest(folder)
    if number == 0:
        raise IndexFileError(f"{folder}: not an index (it has no generation.N.json)")
    return number
