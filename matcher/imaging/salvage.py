"""Damaged files → files that a decoder shows in part. Carved files are a forensic laboratory's daily bread.

Nothing here judges: the reason for which the file could not be read whole stands, whatever is shown of it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

from matcher.errors import DecodeError
from matcher.imaging import gif
from matcher.imaging.limits import Limits
from matcher.model import Reason

_PIECE = 1 << 20
_MOST_BYTES = 8
"""Of a pixel."""
_MAGIC = b"\x89PNG\r\n\x1a\n"
_END_OF_IMAGE = b"\xff\xd9"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column, first row, step in columns, step in rows."""


_ROW_BY_ROW = frozenset({"TIFF", "BMP", "TGA", "SGI", "SUN", "PPM", "PCX", "FITS"})
"""Formats whose pixels follow each other. Others must not be given more than there is: OpenJPEG aborts the process,
and the decoders of DDS and QOI are slow Python."""


class ZeroTail(BytesIO):
    """`data`, and after it up to `most` zeros: for formats that lay pixels out one after the other."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._left = most

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if size is None or size < 0 or len(found) == size:
            return found
        zeros = min(size - len(found), self._left)
        self._left -= zeros
        return found + bytes(zeros)


def mended(data: bytes, decoder: str, size: tuple[int, int] | None, limits: Limits) -> tuple[BytesIO, bool]:
    """The file mended in the way of its format, else with zeros for as many pixels as its header states.

    Second comes whether every pixel is the file's own. `size` is None where the header could not be read. DecodeError
    where nothing can be done.
    """
    if decoder in _REPAIRS:
        repaired, whole = _REPAIRS[decoder](data, limits)
        return BytesIO(repaired), whole
    if size is None or decoder not in _ROW_BY_ROW:
        raise DecodeError(Reason.CORRUPT)
    return ZeroTail(data, _PIECE + _MOST_BYTES * size[0] * size[1]), False


def _jpeg(data: bytes, _limits: Limits) -> tuple[bytes, bool]:
    """libjpeg fills with grey what it does not find before an end-of-image marker."""
    return data + 8 * _END_OF_IMAGE, False


def _gif(data: bytes, limits: Limits) -> tuple[bytes, bool]:
    return gif.padded(data, limits.max_pixels), False


def _webp(data: bytes, _limits: Limits) -> tuple[bytes, bool]:
    """Zeros up to the length that the header states, but no more than was there: most of a picture is no picture."""
    missing = int.from_bytes(data[4:8], "little") + 8 - len(data)
    return data + bytes(max(0, min(missing, len(data)))), False


def _png(data: bytes, limits: Limits) -> tuple[bytes, bool]:
    """The same picture in sound chunks: pixels as far as they inflate, then zeros. Wrong CRCs are passed over."""
    chunks = list(_chunks(data))
    head = next((body for name, body in chunks if name == b"IHDR"), b"")
    if len(head) != 13:
        raise DecodeError(Reason.CORRUPT)
    length = _scanline_bytes(head, limits)
    compressor = zlib.compressobj(1)
    parts = []
    for piece in _inflated([body for name, body in chunks if name == b"IDAT"], length):
        parts.append(compressor.compress(piece))
        length -= len(piece)
    if not parts:
        raise DecodeError(Reason.CORRUPT)
    whole = not length
    while length:
        piece = bytes(min(length, _PIECE))
        parts.append(compressor.compress(piece))
        length -= len(piece)
    parts.append(compressor.flush())
    kept = [(name, body) for name, body in chunks if name in (b"PLTE", b"tRNS")]
    sound = [(b"IHDR", head), *kept, (b"IDAT", b"".join(parts)), (b"IEND", b"")]
    return _MAGIC + b"".join(_chunk(name, body) for name, body in sound), whole


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """A generator of (name, body), to the end of the file or the first thing that is no chunk. The last may be cut."""
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


def _scanline_bytes(head: bytes | memoryview, limits: Limits) -> int:
    """Bytes of all filtered scanlines. DecodeError where the header makes no sense or is too large."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise DecodeError(Reason.CORRUPT)
    if width * height > limits.max_pixels or max(width, height) > limits.max_pixels:
        raise DecodeError(Reason.TOO_MANY_PIXELS)
    bits = depth * _CHANNELS[colour]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _inflated(bodies: list[memoryview], most: int) -> Iterator[bytes]:
    """A generator of what inflates, `most` bytes at most, a megabyte at a time."""
    inflater = zlib.decompressobj()
    for body in bodies:
        waiting: bytes | memoryview = body
        while waiting and most and not inflater.eof:
            try:
                piece = inflater.decompress(waiting, min(most, _PIECE))
            except zlib.error:
                return
            waiting = inflater.unconsumed_tail
            most -= len(piece)
            yield piece


_REPAIRS: dict[str, Callable[[bytes, Limits], tuple[bytes, bool]]] = {
    "JPEG": _jpeg,
    "GIF": _gif,
    "WEBP": _webp,
    "PNG": _png,
}
