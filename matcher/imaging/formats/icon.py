"""Windows icons and cursors: every picture, the largest first.

Sizes are read from each picture's own header: those of the directory may be wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

from PIL import IcoImagePlugin, Image

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats import pillow, png
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_PNG = b"\x89PNG\r\n\x1a\n"
_DIRECTORY = struct.Struct("<BBBBHHII")


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the pictures of an icon: the largest first (among equals the one with most bits a pixel, then the
    first), then the others in the directory's order.

    It ends with a DecodeError where one could not be read, or the directory lists one beyond the end of the file.
    """
    order = _order(data)
    budget = Budget(limits)
    failed: DecodeError | None = None
    for number, entry in enumerate(order, 1):
        if number > limits.max_frames:
            raise DecodeError(Reason.TOO_MANY_FRAMES)
        try:
            for frame in _picture(data, entry, budget, limits):
                yield Frame(number, frame.image, alone=len(order) == 1)
        except DecodeError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    if not _has_all(data):
        raise DecodeError(Reason.TRUNCATED)


def _picture(data: bytes, entry: int, budget: Budget, limits: Limits) -> Iterator[Frame]:
    """A generator of one picture. It ends with a DecodeError where only a part of it could be read."""
    (*_, bits, length, at) = _DIRECTORY.unpack_from(data, 6 + 16 * entry)
    if data[at : at + 8] == _PNG:
        with reasons():
            budget.take(*struct.unpack_from(">II", data, at + 16))
        for frame in png.frames(data[at : at + length], limits):
            if frame.number == 1:
                yield frame
        return
    with reasons():
        header = pillow.open_by("DIB", BytesIO(data[at:]))
        budget.take(header.width, header.height // 2)
        image = _bitmap(data, entry, bits)
    yield Frame(1, image)


def _has_all(data: bytes) -> bool:
    """Whether every picture of the directory begins and ends inside the file."""
    (count,) = struct.unpack_from("<H", data, 4)
    if 6 + 16 * count > len(data):
        return False
    entries = (_DIRECTORY.unpack_from(data, 6 + 16 * entry) for entry in range(count))
    return all(at + length <= len(data) for *_, length, at in entries)


def _order(data: bytes) -> list[int]:
    """The numbers of the directory's entries, the largest picture first. DecodeError where none is inside the file."""
    (count,) = struct.unpack_from("<H", data, 4)
    found: dict[int, tuple[int, int, int]] = {}
    for entry in range(count):
        if 6 + 16 * (entry + 1) > len(data):
            break
        (*_, bits, _length, at) = _DIRECTORY.unpack_from(data, 6 + 16 * entry)
        pixels = _pixels(data, at)
        if pixels and at not in found:
            found[at] = (pixels, bits, -entry)
    if not found:
        raise DecodeError(Reason.TRUNCATED)
    largest = -max(found.values())[2]
    return [largest, *(-entry for *_, entry in found.values() if -entry != largest)]


def _pixels(data: bytes, at: int) -> int:
    """Width times height according to the picture's own header; 0 where it has none."""
    try:
        if data[at : at + 8] == _PNG:
            width, height = struct.unpack_from(">II", data, at + 16)
        else:
            width, height = struct.unpack_from("<ii", data, at + 4)
            height = abs(height) // 2  # colours, then as many rows of mask
    except struct.error:
        return 0
    return max(0, int(width) * int(height))


def _bitmap(data: bytes, entry: int, bits: int) -> Image.Image:
    """A bitmap of the directory with its mask as alpha, by Pillow's icon reader."""
    at = 6 + 16 * entry
    (*begin, _bits, length, offset) = _DIRECTORY.unpack_from(data, at)
    # a directory of this one entry, which the reader then takes; a cursor has its hot spot where an icon has its bits
    (depth,) = struct.unpack_from("<H", data, offset + 14)
    head = b"\0\0\1\0\1\0" + _DIRECTORY.pack(*begin, depth if depth <= 32 else bits, length, offset)
    image = IcoImagePlugin.IcoFile(BytesIO(head + data[len(head) :])).frame(0)
    image.load()
    return image
