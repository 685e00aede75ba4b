"""TIFF pages of samples that Pillow has no mode for: 10, 12, 14 or 32 bits, 16-bit Lab, 64-bit floats, extra samples.

The files of microscopes and scanners: raw or deflated strips, samples side by side. Source: TIFF 6.0, sections 3 to 8
and 23.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from matcher.errors import DecodeError
from matcher.imaging.colour import from_float, highest_bits
from matcher.imaging.failures import reasons
from matcher.imaging.formats.tiff_directory import Directory, byte_order, directories
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _COUNTS, _PLANAR = 273, 277, 278, 279, 284
_PREDICTOR, _COLOUR_MAP, _SAMPLE_FORMAT = 317, 320, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _LAB = 0, 1, 2, 3, 5, 8
_CHANNELS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _LAB: 3}
_RAW, _DEFLATED = 1, (8, 32946)
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_MOST_BYTES = 8
"""The most bytes a pixel, on the average of a page."""
_BAND = 1 << 20
"""How many samples are unpacked at a time."""

Samples = npt.NDArray[Any]


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of every page of such samples. It ends with a DecodeError where a page could not be read."""
    budget = Budget(limits)
    failed: DecodeError | None = None
    for number, page in enumerate(directories(data), 1):
        if number > limits.max_frames:
            raise DecodeError(Reason.TOO_MANY_FRAMES)
        try:
            with reasons():
                image = _page(data, page, budget, limits)
        except DecodeError as error:
            failed = failed or error
        else:
            yield Frame(number, image)
    if failed is not None:
        raise failed


def _page(data: bytes, page: Directory, budget: Budget, limits: Limits) -> Image.Image:
    width, height = (page.get(tag, (0,))[0] for tag in (_WIDTH, _HEIGHT))
    bits = page.get(_BITS, (1,))
    samples = page.get(_SAMPLES, (1,))[0]
    photometric = page.get(_PHOTOMETRIC, (-1,))[0]
    channels = _CHANNELS.get(photometric, 0)
    if not width or not height or not 0 < channels <= samples or len(set(bits)) != 1 or not 0 < bits[0] <= 64:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    if _OFFSETS not in page or _COUNTS not in page or page.get(_PLANAR, (1,))[0] != 1 or page.get(_PREDICTOR) == (2,):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    budget.take(width, height)
    row = (width * samples * bits[0] + 7) // 8
    if row * height > _MOST_BYTES * limits.max_pixels:
        raise DecodeError(Reason.TOO_MANY_PIXELS)
    rows = np.frombuffer(_strips(data, page, row, height), np.uint8).reshape(height, row)
    kind = page.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0]
    values = _values(rows, width * samples, bits[0], kind, byte_order(data))
    values = values.reshape(height, width, samples)[:, :, :channels]
    return _image(values, photometric, bits[0], page)


def _strips(data: bytes, page: Directory, row: int, height: int) -> bytes:
    """The bytes of all rows. DecodeError: truncated where there are fewer, unsupported for other compressions."""
    compression = page.get(_COMPRESSION, (_RAW,))[0]
    if compression != _RAW and compression not in _DEFLATED:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    each = min(height, page.get(_ROWS_PER_STRIP, (height,))[0]) * row
    parts = []
    missing = height * row
    for begin, count in zip(page[_OFFSETS], page[_COUNTS], strict=False):
        size = min(each, missing)
        if not size:
            break
        # strips may overlap: of each no more is copied than its rows need
        strip = data[begin : begin + min(count, size if compression == _RAW else 2 * size + 1024)]
        part = strip if compression == _RAW else zlib.decompressobj().decompress(strip, size)
        if len(part) < size:
            raise DecodeError(Reason.TRUNCATED)
        parts.append(part)
        missing -= size
    if missing:
        raise DecodeError(Reason.TRUNCATED)
    return b"".join(parts)


def _values(rows: npt.NDArray[np.uint8], columns: int, bits: int, kind: int, order: str) -> Samples:
    """The samples as numbers, (height, columns)."""
    letter = {_UNSIGNED: "u", _SIGNED: "i", _FLOAT: "f"}.get(kind)
    if letter is None or (kind == _FLOAT and bits not in (16, 32, 64)):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    if bits in (8, 16, 32, 64):
        return rows.view(f"{order}{letter}{bits // 8}")
    if kind != _UNSIGNED or bits > 32:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    weights = 1 << np.arange(bits - 1, -1, -1, dtype=np.uint32)
    values = np.empty((len(rows), columns), np.uint32)
    step = max(1, _BAND // columns)
    for top in range(0, len(rows), step):  # bits follow each other, the highest first, in either byte order
        single = np.unpackbits(rows[top : top + step], axis=1, count=columns * bits)
        values[top : top + step] = single.reshape(-1, columns, bits) @ weights
    return values


def _image(values: Samples, photometric: int, bits: int, page: Directory) -> Image.Image:
    """The picture of a page's samples, (height, width, channels)."""
    if photometric == _LAB:
        if values.dtype.kind == "f" or bits not in (8, 16):
            raise DecodeError(Reason.UNSUPPORTED_FORMAT)
        high = (values.astype(np.int32) >> (bits - 8)) & 0xFF
        return Image.merge(
            "LAB", [Image.fromarray((high[:, :, 0]).astype(np.uint8)), *map(_offset, (high[:, :, 1], high[:, :, 2]))]
        )
    if photometric == _PALETTE:
        table = np.array(page.get(_COLOUR_MAP, ()), np.uint32)
        if len(table) != 3 << bits or values.dtype.kind != "u":
            raise DecodeError(Reason.CORRUPT)
        return Image.fromarray((table.reshape(3, -1).T[values[:, :, 0]] >> 8).astype(np.uint8))
    if values.shape[2] == 1:
        values = values[:, :, 0]
    image = from_float(values) if values.dtype.kind == "f" else highest_bits(values)
    return ImageChops.invert(image) if photometric == _WHITE_IS_ZERO else image


def _offset(signed: npt.NDArray[np.int32]) -> Image.Image:
    """Channel a or b of Lab, from two's complement in eight bits to Pillow's 0 to 255 with grey at 128."""
    return Image.fromarray(((signed + 128) & 0xFF).astype(np.uint8))
