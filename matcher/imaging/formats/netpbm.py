"""Netpbm in its raw forms (PBM, PGM, PPM) and PFM in grey and colour, every picture of the file; plain forms by Pillow.

A raw file may hold several pictures, one after the other; each is a frame. What follows that is no netpbm header ends
the file. Sources: netpbm's pbm(5), pgm(5), ppm(5) and pfm(5).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.colour import from_float, highest_bits
from matcher.imaging.failures import reasons
from matcher.imaging.formats import pillow
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.imaging.padding import is_flat
from matcher.model import Reason

_PLAIN = (b"P1", b"P2", b"P3")
_SAMPLES = {b"P4": 1, b"P5": 1, b"P6": 3, b"Pf": 1, b"PF": 3}
_MAGIC = re.compile(rb"\s*(P[1-6fF])(?=[\s#])")
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_TOKEN = re.compile(_GAP + rb"([^\s#]{1,32})")
_END = re.compile(rb"(?:#[^\r\n]*[\r\n])?\s")
"""The one white space after the last number of a header; a comment may stand before it."""
_LARGEST_VALUE = 65535


@dataclass(frozen=True, slots=True)
class _Raster:
    """A picture's facts: `maximum` is the value of white, and the scale of floats, below 0 for little-endian ones."""

    magic: bytes
    width: int
    height: int
    maximum: float
    begin: int

    @property
    def row(self) -> int:
        """The bytes of a row."""
        if self.magic == b"P4":
            return (self.width + 7) // 8
        each = 4 if self.magic in (b"Pf", b"PF") else 1 if self.maximum < 256 else 2
        return self.width * _SAMPLES[self.magic] * each

    @property
    def end(self) -> int:
        """Where the picture ends in the file."""
        return self.begin + self.row * self.height


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the pictures of a netpbm file. It ends with a DecodeError where one could not be read."""
    if data[:2] in _PLAIN:
        yield from pillow.frames(data, limits, decoder="PPM")
        return
    budget = Budget(limits)
    failed: DecodeError | None = None
    at, number = 0, 0
    while (found := _MAGIC.match(data, at)) is not None:
        number += 1
        if number > limits.max_frames:
            raise DecodeError(Reason.TOO_MANY_FRAMES)
        if found[1] in _PLAIN:  # plain forms stand alone
            raise DecodeError(Reason.FRAMES_NOT_READ)
        with reasons():
            raster = _header(data, found)
        try:
            with reasons():
                budget.take(raster.width, raster.height)
                image, is_whole = _read(data, raster)
        except DecodeError as error:
            failed = failed or error
        else:
            if not is_whole:
                failed = failed or DecodeError(Reason.TRUNCATED)
            if is_whole or not is_flat(image):
                yield Frame(number, image)
        at = raster.end
    if failed is not None:
        raise failed


def _header(data: bytes, found: re.Match[bytes]) -> _Raster:
    at = found.end()
    tokens = []
    for _ in range(2 if found[1] == b"P4" else 3):
        token = _TOKEN.match(data, at)
        if token is None:
            raise DecodeError(Reason.TRUNCATED if len(data) - at < 512 else Reason.CORRUPT)
        tokens.append(token[1])
        at = token.end()
    end = _END.match(data, at)
    if end is None:
        raise DecodeError(Reason.TRUNCATED if at == len(data) else Reason.CORRUPT)
    width, height = int(tokens[0]), int(tokens[1])
    maximum = 1.0 if len(tokens) == 2 else float(tokens[2])
    is_float = found[1] in (b"Pf", b"PF")
    if min(width, height) < 1 or maximum == 0 or not math.isfinite(maximum):
        raise DecodeError(Reason.CORRUPT)
    if not is_float and not (maximum.is_integer() and maximum > 0):
        raise DecodeError(Reason.CORRUPT)
    if not is_float and maximum > _LARGEST_VALUE:  # ImageMagick writes these, and no other program
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    return _Raster(found[1], width, height, maximum, end.end())


def _read(data: bytes, raster: _Raster) -> tuple[Image.Image, bool]:
    """The picture, and whether all of it is in the file; what is missing is zero."""
    size = raster.row * raster.height
    found = data[raster.begin : raster.end]
    if not found:
        raise DecodeError(Reason.TRUNCATED)
    is_whole = len(found) == size
    return _image(found if is_whole else found.ljust(size, b"\0"), raster), is_whole


def _image(pixels: bytes, raster: _Raster) -> Image.Image:
    width, height, maximum = raster.width, raster.height, raster.maximum
    shape = (height, width, 3)[: 2 if _SAMPLES[raster.magic] == 1 else 3]
    if raster.magic == b"P4":
        return Image.frombytes("1", (width, height), pixels, "raw", "1;I")
    if raster.magic in (b"Pf", b"PF"):  # the first row is at the bottom; the scale is a gain
        values = np.frombuffer(pixels, "<f4" if maximum < 0 else ">f4").reshape(shape)[::-1]
        return from_float(values.astype(np.float32))
    if maximum == 255:
        return Image.frombytes("L" if len(shape) == 2 else "RGB", (width, height), pixels)
    whole = np.frombuffer(pixels, ">u1" if maximum < 256 else ">u2").reshape(shape)
    # as Pillow does: grey of more than eight bits keeps sixteen, colours become eight
    most = _LARGEST_VALUE if maximum > 255 and len(shape) == 2 else 255
    table = np.minimum(np.rint(np.arange(int(whole.max(initial=0)) + 1) / maximum * most), most)
    if most == 255:
        return Image.fromarray(table.astype(np.uint8)[whole])
    return highest_bits(table.astype(np.uint16)[whole])
