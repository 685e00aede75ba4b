"""The directories of a TIFF, the chained ones and those below them. Source: TIFF 6.0, section 2; Exif 2.32, 4.6.3.

The block of Exif metadata is such a file too. BigTIFF is not read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from matcher.imaging.embedded.search import Search

WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC = 256, 257, 259, 262
STRIPS, STRIP_BYTES, TILES, TILE_BYTES = 273, 279, 324, 325
SUB_DIRECTORIES, JPEG_BEGIN, JPEG_BYTES = 330, 513, 514
EXIF, MAKER_NOTE = 34665, 37500

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 13: 4}
"""The bytes of a value, by its type: those of texts, whole numbers and places."""
_MAGICS = {b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"}

Order = Literal["little", "big"]
Span = tuple[int, int]
"""Where bytes lie in a file, half-open."""


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: where it begins, whether it is in the chain from the header, its tags → where their values lie.

    A value is (bytes of one, how many, place of the first). The TIFF lies in `data` from `begin` to `end`: places in
    it count from `begin`, those of values and spans from the beginning of `data`.
    """

    at: int
    is_page: bool
    tags: dict[int, tuple[int, int, int]]
    data: bytes
    begin: int
    end: int
    order: Order

    def __contains__(self, tag: int) -> bool:
        return tag in self.tags

    def numbers(self, tag: int, search: Search) -> list[int]:
        """The values of a tag; none where it is not there, or lies outside of the file."""
        size, count, at = self.tags.get(tag, (1, 0, 0))
        if at + size * count > self.end:
            return []
        search.step(count)
        data, order = self.data, self.order
        return [int.from_bytes(data[place : place + size], order) for place in range(at, at + size * count, size)]

    def number(self, tag: int, otherwise: int = 0) -> int:
        """The first value of a tag; `otherwise` where it has none."""
        size, count, at = self.tags.get(tag, (1, 0, 0))
        if not count or at + size > self.end:
            return otherwise
        return int.from_bytes(self.data[at : at + size], self.order)

    def span(self, tag: int) -> Span:
        """Where the value of a tag lies; of no length where it is not there, or lies outside of the file."""
        size, count, at = self.tags.get(tag, (1, 0, 0))
        return (at, at + size * count) if at + size * count <= self.end else (0, 0)

    def pixels(self, search: Search) -> list[Span]:
        """Where the strips and tiles lie, cut at the end of the file."""
        spans = []
        for begins, lengths in ((STRIPS, STRIP_BYTES), (TILES, TILE_BYTES)):
            for at, length in zip(self.numbers(begins, search), self.numbers(lengths, search), strict=False):
                spans.append(self._cut(at, length))
        return spans

    def jpeg(self) -> Span:
        """Where the JPEG of the tags 513 and 514 lies, cut at the end of the file; of no length where there is none."""
        begin, length = self.number(JPEG_BEGIN), self.number(JPEG_BYTES)
        return self._cut(begin, length) if begin and length else (0, 0)

    def _cut(self, at: int, length: int) -> Span:
        return min(self.begin + at, self.end), min(self.begin + at + length, self.end)


def directories(data: bytes, search: Search, begin: int = 0, end: int | None = None) -> Iterator[Directory]:
    """A generator of every directory of the TIFF that lies there, each once: a chain before what is below it."""
    end = len(data) if end is None else end
    if data[begin : begin + 4] not in _MAGICS:
        return
    order: Order = "little" if data[begin : begin + 2] == b"II" else "big"
    waiting = deque([(int.from_bytes(data[begin + 4 : begin + 8], order), True)])
    visited = set()
    while waiting:
        place, is_page = waiting.popleft()
        at = begin + place
        count = int.from_bytes(data[at : at + 2], order)
        after = at + 2 + 12 * count
        search.step()
        if place < 8 or at in visited or not count or after > end:
            continue
        search.step(count)
        visited.add(at)
        tags = dict(_tags(data, at + 2, after, begin, order))
        directory = Directory(at, is_page, tags, data, begin, end, order)
        yield directory
        waiting.append((int.from_bytes(data[after : after + 4], order), is_page))
        for tag in (SUB_DIRECTORIES, EXIF):
            waiting.extend((below, False) for below in directory.numbers(tag, search))


def _tags(data: bytes, first: int, after: int, begin: int, order: Order) -> Iterator[tuple[int, tuple[int, int, int]]]:
    for at in range(first, after, 12):
        size = _SIZES.get(int.from_bytes(data[at + 2 : at + 4], order))
        if size is not None:
            count = int.from_bytes(data[at + 4 : at + 8], order)
            place = at + 8 if size * count <= 4 else begin + int.from_bytes(data[at + 8 : at + 12], order)
            yield int.from_bytes(data[at : at + 2], order), (size, count, place)
