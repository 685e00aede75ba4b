"""Damaged files, as carving often recovers them → files that a decoder can read in part.

The reason why the file could not be read whole stays, however much of it is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from matcher.errors import DecodeError
from matcher.imaging.formats import gif_blocks as gif
from matcher.imaging.formats import png_repair as png
from matcher.imaging.limits import Limits
from matcher.model import Reason

_PIECE = 1 << 20
_MOST_BYTES = 8
"""The most bytes a pixel."""
_END_OF_IMAGE = b"\xff\xd9"


_ROW_BY_ROW = frozenset({"TIFF", "BMP", "TGA", "SGI", "SUN", "PPM", "PCX", "FITS"})
"""Formats whose pixels follow each other. Files of other formats must not be lengthened: OpenJPEG aborts the process,
and the decoders of DDS and QOI are slow Python."""


class ZeroTail(BytesIO):
    """A stream of `data` and then of up to `most` zeros, for formats whose pixels follow each other."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._left = most

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size is None or size < 0 or len(data) == size:
            return data
        zeros = min(size - len(data), self._left)
        self._left -= zeros
        return data + bytes(zeros)


def repair(data: bytes, decoder: str, size: tuple[int, int] | None, limits: Limits) -> tuple[BytesIO, bool]:
    """Repair a file by its format's method, else append zeros for as many pixels as its header states.

    The second value says whether every pixel is the file's own. `size` is None where the header could not be read.
    DecodeError where the file cannot be repaired.
    """
    if decoder in _REPAIRS:
        repaired, whole = _REPAIRS[decoder](data, limits)
        return BytesIO(repaired), whole
    if size is None or decoder not in _ROW_BY_ROW:
        raise DecodeError(Reason.CORRUPT)
    return ZeroTail(data, _PIECE + _MOST_BYTES * size[0] * size[1]), False


def _jpeg(data: bytes, _limits: Limits) -> tuple[bytes, bool]:
    """Append end-of-image markers: libjpeg fills the missing part with grey."""
    return data + 8 * _END_OF_IMAGE, False


def _gif(data: bytes, limits: Limits) -> tuple[bytes, bool]:
    return gif.padded(data, limits.max_pixels), False


def _webp(data: bytes, _limits: Limits) -> tuple[bytes, bool]:
    """Append zeros up to the length that the header states, but no more than `data` has: most must be its own."""
    missing = int.from_bytes(data[4:8], "little") + 8 - len(data)
    return data + bytes(max(0, min(missing, len(data)))), False


_REPAIRS: dict[str, Callable[[bytes, Limits], tuple[bytes, bool]]] = {
    "JPEG": _jpeg,
    "GIF": _gif,
    "WEBP": _webp,
    "PNG": png.repair,
}
