"""Damaged files → files that a decoder shows in part. Carved files are a forensic laboratory's daily bread.

Nothing here judges: the reason for which the file could not be read whole stands, whatever is shown of it.
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
"""Of a pixel."""
_END_OF_IMAGE = b"\xff\xd9"


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


_REPAIRS: dict[str, Callable[[bytes, Limits], tuple[bytes, bool]]] = {
    "JPEG": _jpeg,
    "GIF": _gif,
    "WEBP": _webp,
    "PNG": png.mended,
}
