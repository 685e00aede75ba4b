"""Where a file of a known format ends, told by its structure. No pixel is read.

Each function takes the place where the file begins and the end of the bytes that it may take, and returns the place
behind its last byte: that end where the file is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from matcher.imaging.embedded.boxes import boxes_end
from matcher.imaging.embedded.jpeg_extent import jpeg_extent
from matcher.imaging.embedded.search import Search

Extent = Callable[[bytes, int, int, Search], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a PNG or of a RIFF file: its name, and where its body lies, half-open."""

    name: bytes
    begin: int
    end: int


def png_chunks(data: bytes, begin: int, end: int, search: Search) -> Iterator[Chunk]:
    """A generator of a PNG's chunks, up to and including IEND. It ends at the first bytes that are no chunk.

    Source: PNG (third edition), section 5.3.
    """
    at = begin + 8
    while at + 12 <= end:
        search.step()
        length, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if not name.isalpha() or at + 12 + length > end:
            return
        yield Chunk(name, at + 8, at + 8 + length)
        if name == b"IEND":
            return
        at += 12 + length


def png_end(data: bytes, begin: int, end: int, search: Search) -> int:
    """Where a PNG ends: behind IEND, or where its chunks end."""
    last = begin + 8
    for chunk in png_chunks(data, begin, end, search):
        last = chunk.end + 4
    return min(last, end)


def riff_chunks(data: bytes, begin: int, end: int, search: Search) -> Iterator[Chunk]:
    """A generator of the chunks of the RIFF file at `begin`. Source: RFC 9649, section 2.3."""
    at, end = begin + 12, riff_end(data, begin, end, search)
    while at + 8 <= end:
        search.step()
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield Chunk(data[at : at + 4], at + 8, min(at + 8 + length, end))
        at += 8 + length + length % 2


def riff_end(data: bytes, begin: int, end: int, _search: Search) -> int:
    """Where a RIFF file ends, by its own length."""
    length = int.from_bytes(data[begin + 4 : begin + 8], "little")
    return min(begin + 8 + length + length % 2, end)


def gif_end(data: bytes, begin: int, end: int, search: Search) -> int:
    """Where a GIF ends: behind its trailer, or at the first bytes that are no block. Source: GIF89a, section 12."""
    at = begin + 13 + _colours(data[begin + 10])
    while at < end:
        search.step()
        introducer = data[at]
        if introducer == 0x21:
            at += 2
        elif introducer == 0x2C and at + 11 <= end:
            at += 11 + _colours(data[at + 9])
        else:
            return at + (introducer == 0x3B)
        while at < end and data[at]:
            search.step()
            at += data[at] + 1
        at += 1
    return min(at, end)


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def bmp_end(data: bytes, begin: int, end: int, _search: Search) -> int:
    """Where a bitmap ends, by the length in its header; where that is too small, at `end`."""
    length, pixels = (int.from_bytes(data[begin + at : begin + at + 4], "little") for at in (2, 10))
    return min(begin + length, end) if length > pixels else end


def jpeg_end(data: bytes, begin: int, end: int, search: Search) -> int:
    """Where a JPEG ends."""
    return jpeg_extent(data, begin, end, search).end


EXTENTS: dict[str, Extent] = {
    "JPEG": jpeg_end,
    "PNG": png_end,
    "GIF": gif_end,
    "WEBP": riff_end,
    "BMP": bmp_end,
    "HEIF": boxes_end,
    "AVIF": boxes_end,
}
"""The formats whose end is known, by the name of the decoder."""
