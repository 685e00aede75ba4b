"""PNG as Apple's tools rewrite it for telephones (CgBI): pixels without zlib's header, blue first, premultiplied.

A chunk CgBI stands before the header. The colours of eight bits are in the order blue, green, red, and are multiplied
by their alpha. Palettes and grey are as in any PNG. Source: theapplewiki.com/wiki/PNG_Images; four bytes in CgBI are a
CGBitmapInfo (CoreGraphics' CGImage.h), in which 0x2000 says that the order is that of 32 bits, the lowest first.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats import png_chunks as png
from matcher.imaging.formats.pillow import open_by
from matcher.imaging.formats.png_repair import repair
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_ORDER, _LOWEST_FIRST = 0x7000, 0x2000


def is_cgbi(data: bytes) -> bool:
    """Whether a PNG is of this kind."""
    return data[12:16] == b"CgBI"


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the picture. It ends with a DecodeError where a part of the file is damaged or missing."""
    with reasons():
        made, whole = repair(data, limits, raw=True)
        image: Image.Image = open_by("PNG", BytesIO(made))
        Budget(limits).take(*image.size)
        if image.mode in ("RGB", "RGBA"):
            _check_order(data, made)
        image.load()
    if image.mode == "RGB":
        red, green, blue = image.split()
        image = Image.merge("RGB", (blue, green, red))
    elif image.mode == "RGBA":
        red, green, blue, alpha = image.split()
        image = Image.merge("RGBa", (blue, green, red, alpha)).convert("RGBA")
    yield Frame(1, image, alone=True)
    if not whole or not _is_sound(data):
        raise DecodeError(Reason.CORRUPT if b"IEND" in data[-16:] else Reason.TRUNCATED)


def _check_order(data: bytes, made: bytes) -> None:
    """DecodeError (unsupported-format) where the order of the colours is not the known one."""
    information = int.from_bytes(data[16:20])
    if information & _ORDER != _LOWEST_FIRST or made[24] != 8:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)


def _is_sound(data: bytes) -> bool:
    """Whether every chunk to the last has the right CRC: the pixels have no checksum of their own."""
    at = len(png.MAGIC)
    name = b""
    while name != b"IEND":
        if at + 12 > len(data):
            return False
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data) or zlib.crc32(memoryview(data)[at + 4 : end]) != int.from_bytes(data[end : end + 4]):
            return False
        at = end + 4
    return True
