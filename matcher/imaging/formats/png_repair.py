"""A damaged PNG → the same picture in sound chunks, as far as its pixels inflate."""

from __future__ import annotations

import zlib

import numpy as np

from matcher.errors import DecodeError
from matcher.imaging.formats import png_chunks as png
from matcher.imaging.formats.png_chunks import Scanlines
from matcher.imaging.limits import Limits
from matcher.model import Reason

_PIECE = 1 << 20
_KEPT = (b"IHDR", b"PLTE", b"tRNS")
"""The chunks that decoding needs besides the pixels, in the order of the file."""
_LAST_FILTER = 4


def repair(data: bytes, limits: Limits, *, raw: bool = False) -> tuple[bytes, bool]:
    """Write the picture in sound chunks. Returns the new file, and whether every pixel is the old one's.

    Pixels are copied as far as they inflate; zeros follow. Wrong CRCs are ignored. `raw`: the pixels are compressed
    without zlib's header. DecodeError where there are no pixels.
    """
    first: dict[bytes, bytes | memoryview] = {}
    for name, body in png.chunks(data):
        if name in _KEPT:
            first.setdefault(name, body)
    scanlines = png.scanlines(first.get(b"IHDR", b""), limits)
    length = sum(lines.stride * lines.rows for lines in scanlines)
    compressor = zlib.compressobj(1)
    parts = []
    done = 0
    for piece in png.inflated((body for name, body in png.chunks(data) if name == b"IDAT"), length, raw=raw):
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
    kept = ((name, first[name]) for name in _KEPT if name in first)
    return png.joined([*kept, (b"IDAT", b"".join(parts)), (b"IEND", b"")]), whole


def _first_invalid_filter(piece: bytes, begin: int, scanlines: list[Scanlines]) -> int:
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
