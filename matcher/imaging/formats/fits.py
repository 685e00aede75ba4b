"""FITS: every image of the file, in physical values, the first row at the bottom.

Primary data and image extensions are read. A cube of three planes is a colour picture, and its planes are frames of
their own after it, since nothing in the file says which it is; the planes of other cubes are frames. Compressed images
(tables with ZIMAGE) and random groups are `unsupported-format`; other tables are no pictures.
Source: FITS Standard 4.0, sections 3.1 to 3.4, 4.4.1, 4.4.2, 5.2, 5.3 and 7.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.colour import from_float, highest_bits
from matcher.imaging.failures import reasons
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.imaging.padding import is_flat
from matcher.model import Reason

_BLOCK, _CARD = 2880, 80
_MOST_CARDS = 36 * 1000
"""The most cards of one header."""
_MOST_AXES = 999
_TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_COLOURS = 3
_LARGEST = 2**62
"""A bound of BZERO below which sums fit into 64 bits."""

Header = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A picture: where its values begin, where the unit's end, their type, and the array's shape.

    `colours` is the axis of the colours, None for grey.
    """

    header: Header
    begin: int
    end: int
    kind: np.dtype[np.generic]
    shape: tuple[int, ...]
    colours: int | None = None


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the pictures in a FITS file. It ends with a DecodeError where one could not be read."""
    budget = Budget(limits)
    failed: DecodeError | None = None
    number = 0
    try:
        for number, part in enumerate(_parts(data), 1):
            if number > limits.max_frames:
                raise DecodeError(Reason.TOO_MANY_FRAMES)
            try:
                with reasons():
                    image, is_whole = _read(data, part, budget)
            except DecodeError as error:
                failed = failed or error
                continue
            if not is_whole:
                failed = failed or DecodeError(Reason.TRUNCATED)
            if is_whole or not is_flat(image):
                yield Frame(number, image)
    except DecodeError as error:
        failed = failed or error
    if failed is not None:
        raise failed
    if not number:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)


def _parts(data: bytes) -> Iterator[_Part]:
    """A generator of the pictures of all units. It ends with a DecodeError where a header is damaged, or where units
    were passed that are not read.
    """
    at, passed = 0, False
    with reasons():
        while at < len(data) and (not at or data[at : at + 8] == b"XTENSION"):
            header, begin = _header(data, at)
            axes = _axes(header)
            is_groups = header.get("GROUPS") == "T"
            count = prod(axes[1:] if is_groups else axes) if axes else 0
            values = int(header.get("GCOUNT", "1")) * (int(header.get("PCOUNT", "0")) + count)
            size = abs(int(header["BITPIX"])) // 8 * values
            if size < 0:
                raise DecodeError(Reason.CORRUPT)
            at = begin + -(-size // _BLOCK) * _BLOCK
            if is_groups or header.get("ZIMAGE") == "T":
                passed = True
            elif header.get("XTENSION", "IMAGE") == "IMAGE" and count and len(axes) > 1:
                yield from _planes(header, begin, begin + size, axes)
    if passed:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)


def _planes(header: Header, begin: int, end: int, axes: list[int]) -> Iterator[_Part]:
    """A generator of the pictures of one unit."""
    name = _TYPES.get(int(header["BITPIX"]))
    if name is None:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    kind = np.dtype(name)
    if len(axes) == _COLOURS and axes[0] == _COLOURS < axes[2]:  # colours side by side
        yield _Part(header, begin, end, kind, (axes[2], axes[1], _COLOURS), 2)
        return
    width, height, planes = axes[0], axes[1], prod(axes[2:])
    if planes == _COLOURS:
        yield _Part(header, begin, end, kind, (_COLOURS, height, width), 0)
    for plane in range(planes):
        yield _Part(header, begin + plane * width * height * kind.itemsize, end, kind, (height, width))


def _header(data: bytes, at: int) -> tuple[Header, int]:
    """The first value of each keyword, as text without quotes and comment, and the place of the data."""
    header: Header = {}
    for card in range(at, at + _CARD * _MOST_CARDS, _CARD):
        text = data[card : card + _CARD].decode("latin-1")
        if len(text) < _CARD:
            raise DecodeError(Reason.TRUNCATED)
        keyword = text[:8].strip()
        if keyword == "END":
            used = card + _CARD - at
            return header, at + -(-used // _BLOCK) * _BLOCK
        if text[8:10] == "= ":
            value = text[10:].strip()
            value = value[1:].partition("'")[0] if value.startswith("'") else value.partition("/")[0]
            header.setdefault(keyword, value.strip())
    raise DecodeError(Reason.CORRUPT)


def _axes(header: Header) -> list[int]:
    number = int(header["NAXIS"])
    if not 0 <= number <= _MOST_AXES:
        raise DecodeError(Reason.CORRUPT)
    axes = [int(header[f"NAXIS{axis}"]) for axis in range(1, number + 1)]
    if any(axis < 0 for axis in axes):
        raise DecodeError(Reason.CORRUPT)
    return axes


def _read(data: bytes, part: _Part, budget: Budget) -> tuple[Image.Image, bool]:
    """The picture, and whether all its values are in the file; those that are missing at its end are zeros."""
    shape = list(part.shape)
    if part.colours is not None:
        shape.pop(part.colours)
    budget.take(shape[1], shape[0])
    size = prod(part.shape) * part.kind.itemsize
    found = data[part.begin : min(part.begin + size, part.end)]
    if not found:
        raise DecodeError(Reason.TRUNCATED)
    is_whole = len(found) == size
    values = np.frombuffer(found if is_whole else found.ljust(size, b"\0"), part.kind).reshape(part.shape)
    if part.colours is not None:
        values = np.moveaxis(values, part.colours, 2)
    with np.errstate(all="ignore"):  # on hostile numbers
        return _image(values, part.header), is_whole


def _image(values: npt.NDArray[np.generic], header: Header) -> Image.Image:
    """The picture of stored values, (height, width) or (height, width, 3), the first row at the bottom.

    A gain and an offset do not change perceptual hashes, so of BSCALE only the sign matters, and BZERO where it makes
    signed numbers unsigned. With others, numbers would only lose digits.
    """
    scale, zero = float(header.get("BSCALE") or 1), float(header.get("BZERO") or 0)
    if not np.isfinite((scale, zero)).all() or scale == 0:
        raise DecodeError(Reason.CORRUPT)
    values = values[::-1]
    if values.dtype.kind == "f":
        native = values.astype(values.dtype.newbyteorder("="))
        return from_float(native if scale > 0 else -native)
    whole = values.astype(np.int64)
    if "BLANK" in header:
        _darken(whole, int(header["BLANK"]))
    if values.dtype.itemsize < whole.itemsize and zero.is_integer() and abs(zero) < _LARGEST and abs(scale) == 1:
        return highest_bits(whole * int(scale) + int(zero))
    return highest_bits(whole if scale > 0 else -whole)


def _darken(values: npt.NDArray[np.int64], blank: int) -> None:
    """Set the undefined values to the least of the others."""
    is_blank = values == blank
    if is_blank.any() and not is_blank.all():
        values[is_blank] = values[~is_blank].min()
