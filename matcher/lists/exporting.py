"""An open list → its hashes, one after the other, or as lines of our own format. Removed entries are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from matcher.lists.opened import OpenList
from matcher.lists.part import Column, Part
from matcher.lists.version import NO_QUALITY
from matcher.model import ListedHash
from matcher.system.text import json_line

_BLOCK = 1 << 16
"""The number of records whose hashes are held in memory at a time."""

_Value = tuple[str, bytes | str, int | None]


def listed_hashes(opened: OpenList, *, parts: Sequence[Part] | None = None) -> Iterator[ListedHash]:
    """Generator of the hashes of every entry that was not removed, in the order of the records; of all parts, or these.

    Within a record they are sorted by the algorithm's name, and those that are not looked up come last. `line` is the
    number of the record.
    """
    for part in opened.parts if parts is None else parts:
        columns = {algorithm: part.column(algorithm) for algorithm in sorted(part.attributes)}
        kept = _Kept(part)
        for start in range(0, part.records, _BLOCK):
            end = min(start + _BLOCK, part.records)
            of_records: list[list[_Value]] = [[] for _ in range(end - start)]
            for algorithm, column in columns.items():
                _take(of_records, algorithm, column, start=start, end=end)
            kept.take(of_records, start=start, end=end)
            numbers = np.arange(part.first + start, part.first + end, dtype=np.uint32)
            for place in np.flatnonzero(opened.not_removed(numbers)).tolist():
                entry = part.line(start + place)[0]
                for algorithm, value, quality in of_records[place]:
                    yield ListedHash(int(numbers[place]), entry, algorithm, value, quality)


def exported_lines(opened: OpenList) -> Iterator[bytes]:
    """Generator of the list as JSON lines that can be imported (lists/formats/jsonl.py)."""
    for listed in listed_hashes(opened):
        value, entry = listed.value, listed.entry
        fields = {
            "id": entry.id,
            "algorithm": listed.algorithm,
            "value": value if isinstance(value, str) else value.hex(),
            "quality": listed.quality,
            "category": entry.category,
            "note": entry.note,
        }
        yield json_line(fields).encode() + b"\n"


def _take(of_records: list[list[_Value]], algorithm: str, column: Column, *, start: int, end: int) -> None:
    first, last = np.searchsorted(column.records, np.array([start, end], np.uint32)).tolist()
    places = column.places[first:last]
    width = column.values.shape[1]
    values = column.values[places].tobytes()
    records, qualities = column.records[first:last].tolist(), column.quality[places].tolist()
    for row, (record, quality) in enumerate(zip(records, qualities, strict=True)):
        value = values[row * width : (row + 1) * width]
        of_records[record - start].append((algorithm, value, None if quality == NO_QUALITY else quality))


class _Kept:
    """The hashes of a part that are not looked up, read along with its records."""

    def __init__(self, part: Part) -> None:
        self._lines = part.kept()
        self._next = next(self._lines, None)

    def take(self, of_records: list[list[_Value]], *, start: int, end: int) -> None:
        while self._next is not None and self._next[0] < end:
            record, algorithm, value, quality = self._next
            of_records[record - start].append((algorithm, value, quality))
            self._next = next(self._lines, None)
