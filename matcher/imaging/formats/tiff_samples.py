"""The rows of bytes of a TIFF's strips → samples: bits, byte order and predictors undone.

Source: TIFF 6.0, section 14; Adobe's technical note 3 (floating-point predictor); libtiff's tif_predict.c for what
the byte orders mean there.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from matcher.errors import DecodeError
from matcher.imaging.formats.tiff_bytes import Rows
from matcher.imaging.formats.tiff_layout import UNSIGNED, Layout
from matcher.model import Reason

SIGNED, FLOAT = 2, 3
_LETTERS = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f"}
_WHOLE = (8, 16, 32, 64)
_LARGEST = 1 << 53
"""The bound of whole numbers of 64 bits. ImageMagick fills all of them with what no reader shows as it was, nor itself;
other programs store small numbers so."""
_DIFFERENCES, FLOAT_DIFFERENCES = 2, 3
_BAND = 1 << 20
"""How many samples are unpacked at a time."""

Samples = npt.NDArray[Any]


def sample_type(page: Layout) -> np.dtype[Any]:
    """The type of a page's samples as `samples` gives them. DecodeError where such samples are not read."""
    letter = _LETTERS.get(page.sample_format)
    if letter == "u" and (page.bits <= 32 or page.bits == 64):
        return np.dtype(f"u{next(wide for wide in _WHOLE if page.bits <= wide) // 8}")
    if (letter == "i" and page.bits in _WHOLE) or (letter == "f" and page.bits in _WHOLE[1:]):
        return np.dtype(f"{letter}{page.bits // 8}")
    raise DecodeError(Reason.UNSUPPORTED_FORMAT)


def samples(rows: Rows, page: Layout, order: Literal["<", ">"]) -> Samples:
    """The samples of a segment's rows, (rows, columns, samples that follow each other), in the machine's byte order."""
    wanted = sample_type(page)
    across = page.columns * page.contiguous
    if page.predictor == FLOAT_DIFFERENCES:
        values = _from_float_differences(rows, page, wanted)
    elif page.bits in _WHOLE:
        values = rows.view(wanted.newbyteorder(order)).astype(wanted, copy=False)
        if page.predictor == _DIFFERENCES:
            values = _from_differences(values, page, wanted)
        elif page.predictor != 1:
            raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    elif page.predictor != 1:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    elif page.bits == 24:
        values = _three_bytes(rows, order)
    else:
        values = _unpacked(rows, across, page.bits, wanted)
    if wanted.itemsize == 8 and wanted.kind != "f" and (values.max() >= _LARGEST or values.min() <= -_LARGEST):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    return values.reshape(len(rows), page.columns, page.contiguous)


def _from_differences(values: Samples, page: Layout, wanted: np.dtype[Any]) -> Samples:
    """Each sample is the difference to that of the pixel to the left. Floats are added as whole numbers are."""
    whole = np.dtype(f"u{wanted.itemsize}")
    pixels = values.view(whole).reshape(len(values), page.columns, page.contiguous)
    return np.cumsum(pixels, axis=1, dtype=whole).view(wanted)


def _from_float_differences(rows: Rows, page: Layout, wanted: np.dtype[Any]) -> Samples:
    """The bytes of a row's floats lie in planes, the highest byte first, and are differences as bytes."""
    if wanted.kind != "f":
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    height, width = rows.shape
    pixels = rows.reshape(height, width // page.contiguous, page.contiguous)
    planes = np.cumsum(pixels, axis=1, dtype=np.uint8).reshape(height, wanted.itemsize, -1)
    return np.ascontiguousarray(planes.transpose(0, 2, 1)).view(wanted.newbyteorder(">")).astype(wanted)


def _three_bytes(rows: Rows, order: str) -> Samples:
    parts = rows.reshape(len(rows), -1, 3).astype(np.uint32)
    if order == ">":
        parts = parts[:, :, ::-1]
    return parts[:, :, 0] | parts[:, :, 1] << 8 | parts[:, :, 2] << 16


def _unpacked(rows: Rows, across: int, bits: int, wanted: np.dtype[Any]) -> Samples:
    """Samples of any number of bits. They follow each other, the highest bit first, in either byte order."""
    weights = (1 << np.arange(bits - 1, -1, -1, dtype=np.uint64)).astype(wanted)
    values = np.empty((len(rows), across), wanted)
    step = max(1, _BAND // across)
    for top in range(0, len(rows), step):
        single = np.unpackbits(rows[top : top + step], axis=1, count=across * bits)
        values[top : top + step] = single.reshape(-1, across, bits) @ weights
    return values
