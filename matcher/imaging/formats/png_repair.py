"""A damaged PNG → the same picture in sound chunks, as far as its pixels inflate."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from matcher.errors import DecodeError
from matcher.imaging.limits import Limits
from matcher.model import Reason

_PIECE = 1 << 20
_SLICE = 1 << 12
"""How many bytes are inflated at a time: to four megabytes at most."""
_MAGIC = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS")
"""The chunks that decoding needs besides the pixels, in the order of the file."""
_LAST_FILTER = 4
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column, first row, step in columns, step in rows."""


def repair(data: bytes, limits: Limits) -> tuple[bytes, bool]:
    """Write the picture in sound chunks. Returns the new file, and whether every pixel is the old one's.

    Pixels are copied as far as they inflate; zeros follow. Wrong CRCs are ignored.
    """
    first: dict[bytes, bytes | memoryview] = {}
    for name, body in _chunks(data):
        if name in _KEPT:
            first.setdefault(name, body)
    head = first.get(b"IHDR", b"")
    if len(head) != 13:
        raise DecodeError(Reason.CORRUPT)
    scanlines = _scanlines(head, limits)
    length = sum(lines.stride * lines.rows for lines in scanlines)
    compressor = zlib.compressobj(1)
    parts = []
    done = 0
    for piece in _inflated((body for name, body in _chunks(data) if name == b"IDAT"), length):
        sound = piece[: _first_invalid_filter(piece, done, scanlines)]
        parts.append(compressor.compress(sound))
        done += len(sound)
        if len(sound) < len(piece):
            break
    if not done:
        raise DecodeError(Reason.CORRUPT)
    whole = done == length
    while done < length:
        piece = bytes(min(length - done, _PIECE))
        parts.append(compressor.compress(piece))
        done += len(piece)
    parts.append(compressor.flush())
    made = [*((name, first[name]) for name in _KEPT if name in first), (b"IDAT", b"".join(parts)), (b"IEND", b"")]
    return _MAGIC + b"".join(_chunk(name, body) for name, body in made), whole


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """A generator of (name, body), to the end of the file or the first bytes that are no chunk. The last may be cut."""
    view = memoryview(data)
    at = len(_MAGIC)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        if not name.isalpha() or name == b"IEND":
            return
        yield name, view[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, body: bytes | memoryview) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


@dataclass(frozen=True, slots=True)
class _Scanlines:
    """Filtered scanlines of one length: their place in the inflated data, the bytes of each, their number."""

    begin: int
    stride: int
    rows: int


def _scanlines(head: bytes | memoryview, limits: Limits) -> list[_Scanlines]:
    """The scanlines of each pass. DecodeError where the header is invalid or states too large a picture."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise DecodeError(Reason.CORRUPT)
    if width * height > limits.max_pixels or max(width, height) > limits.max_pixels:
        raise DecodeError(Reason.TOO_MANY_PIXELS)
    bits = depth * _CHANNELS[colour]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    result: list[_Scanlines] = []
    begin = 0
    for left, top, across, down in passes:
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        if columns > 0 and rows > 0:
            result.append(_Scanlines(begin, 1 + (columns * bits + 7) // 8, rows))
            begin += result[-1].stride * rows
    return result


def _first_invalid_filter(piece: bytes, begin: int, scanlines: list[_Scanlines]) -> int:
    """The first place in `piece`, which begins at `begin`, of a filter type that does not exist; else its length."""
    values = np.frombuffer(piece, np.uint8)
    for lines in scanlines:
        end = lines.begin + lines.stride * lines.rows
        if end <= begin or lines.begin >= begin + len(piece):
            continue
        first = max(lines.begin - begin, -(begin - lines.begin) % lines.stride)
        filters = values[first : end - begin : lines.stride]
        invalid = np.flatnonzero(filters > _LAST_FILTER)
        if len(invalid):
            return first + int(invalid[0]) * lines.stride
    return len(piece)


def _inflated(bodies: Iterable[memoryview], most: int) -> Iterator[bytes]:
    """A generator of the inflated data, `most` bytes at most, up to the first byte that does not inflate."""
    inflater = zlib.decompressobj()
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
