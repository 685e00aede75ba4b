"""The segments of a JPEG file, from its first to its last marker, and the headers of its frame and its scans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
QUANTISATION, HUFFMAN = 0xDB, 0xC4
JFIF, MULTIPLE_PICTURES, ADOBE = 0xE0, 0xE2, 0xEE
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15, except the markers of tables and extensions among them."""

_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
"""The marker that ends a scan's data, which holds only restart markers and 0xFF followed by 0."""
_MOST = 4096
"""The most segments of an ordinary file."""


class NotOrdinaryError(Exception):
    """The file is not ordinary. The reduced decoding catches this error, and the file is decoded in full."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its marker, and its bytes from 0xFF to its end, half-open; a scan's includes its data."""

    marker: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the frame: its identifier and its sampling factors."""

    identifier: int
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The contents of a frame header."""

    marker: int
    width: int
    height: int
    components: tuple[Component, ...]
    has_others: bool = False
    """Whether the file declares other pictures after this one."""


@dataclass(frozen=True, slots=True)
class ScanHeader:
    """The components of a scan, their Huffman tables (DC, AC), and the scan's part of the progression."""

    components: tuple[int, ...]
    tables: tuple[tuple[int, int], ...]
    first: int
    last: int
    high: int
    low: int


def segments(data: bytes, *, scans: bool) -> Iterator[Segment]:
    """A generator of the segments after the start of the image; with `scans` to its end, else to the first scan.

    NotOrdinaryError where there are other bytes between segments, or one is cut.
    """
    at = 2
    for _ in range(_MOST):
        if at + 4 > len(data) or data[at] != 0xFF:
            if data[at : at + 2] == b"\xff\xd9":
                yield Segment(END_OF_IMAGE, at, at + 2)
                return
            raise NotOrdinaryError
        marker = data[at + 1]
        if marker == END_OF_IMAGE:
            yield Segment(marker, at, at + 2)
            return
        if marker in (0x00, 0x01, 0xFF, 0xD8) or 0xD0 <= marker <= 0xD7:
            raise NotOrdinaryError
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end < at + 4 or end > len(data):
            raise NotOrdinaryError
        if marker == START_OF_SCAN:
            if not scans:
                yield Segment(marker, at, end)
                return
            next_marker = _MARKER.search(data, end)
            if next_marker is None:
                raise NotOrdinaryError
            end = next_marker.start()
        yield Segment(marker, at, end)
        at = end
    raise NotOrdinaryError


def frame_header(data: bytes, segment: Segment) -> FrameHeader:
    """The frame header in `segment`, of eight bits a sample. NotOrdinaryError for any other."""
    body = data[segment.begin + 4 : segment.end]
    count = body[5] if len(body) > 5 else 0
    if not count or len(body) != 6 + 3 * count or body[0] != 8:
        raise NotOrdinaryError
    components = tuple(Component(body[at], body[at + 1] >> 4, body[at + 1] & 15) for at in range(6, len(body), 3))
    return FrameHeader(data[segment.begin + 1], int.from_bytes(body[3:5]), int.from_bytes(body[1:3]), components)


def scan_header(data: bytes, segment: Segment) -> ScanHeader:
    """The header of the scan in `segment`. NotOrdinaryError where it is malformed."""
    length = int.from_bytes(data[segment.begin + 2 : segment.begin + 4])
    body = data[segment.begin + 4 : segment.begin + 2 + length]
    count = body[0] if body else 0
    if not 1 <= count <= 4 or len(body) != 4 + 2 * count:
        raise NotOrdinaryError
    pairs = [(body[at], body[at + 1]) for at in range(1, 1 + 2 * count, 2)]
    first, last, precision = body[1 + 2 * count :]
    return ScanHeader(
        tuple(identifier for identifier, _tables in pairs),
        tuple((tables >> 4, tables & 15) for _identifier, tables in pairs),
        first,
        last,
        precision >> 4,
        precision & 15,
    )


def huffman_tables(data: bytes, segment: Segment) -> set[tuple[int, int]]:
    """(class, number) of each table that the segment defines. NotOrdinaryError where libjpeg would refuse one."""
    tables = set()
    at = segment.begin + 4
    while at < segment.end:
        kind, number = data[at] >> 4, data[at] & 15
        counts = data[at + 1 : at + 17]
        end = at + 17 + sum(counts)
        symbols = data[at + 17 : end]
        if len(counts) != 16 or end > segment.end or kind > 1 or number > 3 or not 0 < len(symbols) <= 256:
            raise NotOrdinaryError
        if not _is_code(counts) or (kind == 0 and max(symbols) > 15):
            raise NotOrdinaryError
        tables.add((kind, number))
        at = end
    return tables


def _is_code(counts: bytes) -> bool:
    """Whether a prefix code can have `counts` codes of 1, 2, … 16 bits, of which none is all ones."""
    code = 0
    for bits, count in enumerate(counts.rstrip(b"\0"), 1):
        code += count
        if code >= 1 << bits:
            return False
        code <<= 1
    return True
