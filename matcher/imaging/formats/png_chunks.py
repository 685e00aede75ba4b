"""The parts of a PNG file: its chunks, its inflated scanlines, and a file made of them anew.

Source: PNG specification, third edition, sections 5 (chunks), 7 (scanlines), 8 (interlacing), 10 (compression).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from matcher.errors import DecodeError
from matcher.imaging.limits import Limits
from matcher.model import Reason

MAGIC = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">IIBBBBB")
"""Width, height, bits a sample, colour type, compression, filtering, interlacing."""
_RAW = -15
"""The window of a deflate stream without zlib's header, as zlib's functions are told of it."""
_SLICE = 1 << 12
"""How many bytes are inflated at a time: to four megabytes at most."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column, first row, step in columns, step in rows."""


@dataclass(frozen=True, slots=True)
class Scanlines:
    """Filtered scanlines of one length: their place in the inflated data, the bytes of each, their number."""

    begin: int
    stride: int
    rows: int


def chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """A generator of (name, body), to the end of the file or the first bytes that are no chunk. The last may be cut.

    IEND is not among them.
    """
    view = memoryview(data)
    at = len(MAGIC)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        if not name.isalpha() or name == b"IEND":
            return
        yield name, view[at + 8 : at + 8 + length]
        at += length + 12


def chunk(name: bytes, body: bytes | memoryview) -> bytes:
    """The bytes of one chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def joined(parts: Iterable[tuple[bytes, bytes | memoryview]]) -> bytes:
    """A file of chunks, given as (name, body)."""
    return MAGIC + b"".join(chunk(name, body) for name, body in parts)


def scanlines(head: bytes | memoryview, limits: Limits) -> list[Scanlines]:
    """The scanlines of each pass. DecodeError where the header is invalid or states too large a picture."""
    if len(head) != HEADER.size:
        raise DecodeError(Reason.CORRUPT)
    width, height, depth, colour, _, _, interlaced = HEADER.unpack(head)
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise DecodeError(Reason.CORRUPT)
    if width * height > limits.max_pixels or max(width, height) > limits.max_pixels:
        raise DecodeError(Reason.TOO_MANY_PIXELS)
    bits = depth * _CHANNELS[colour]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    result: list[Scanlines] = []
    begin = 0
    for left, top, across, down in passes:
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        if columns > 0 and rows > 0:
            result.append(Scanlines(begin, 1 + (columns * bits + 7) // 8, rows))
            begin += result[-1].stride * rows
    return result


def inflated(bodies: Iterable[memoryview], most: int, *, raw: bool = False) -> Iterator[bytes]:
    """A generator of the inflated data, `most` bytes at most, up to the first byte that does not inflate.

    `raw`: the data has no zlib header and no checksum.
    """
    inflater = zlib.decompressobj(_RAW if raw else zlib.MAX_WBITS)
    for body in bodies:
        for at in range(0, len(body), _SLICE):
            before = inflater.copy()
            part = body[at : at + _SLICE]
            try:
                pieces = [inflater.decompress(part)]
                sound = True
            except zlib.error:
                pieces, sound = _by_bytes(before, part), False
            for piece in pieces:
                yield piece[:most]
                most -= len(piece[:most])
            if not sound or not most or inflater.eof:
                return


def _by_bytes(inflater: zlib._Decompress, part: memoryview) -> list[bytes]:
    """The data that the bytes before the faulty one inflate to."""
    pieces = []
    for at in range(len(part)):
        try:
            pieces.append(inflater.decompress(part[at : at + 1]))
        except zlib.error:
            break
    return pieces
