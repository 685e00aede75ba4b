"""PNG samples of sixteen bits in full, of which Pillow keeps the high byte only where there is more than one channel.

A PNG's filters treat every byte by itself: it depends on bytes of the same rank in the pixels to its left and above.
So the low bytes of a picture's scanlines, with the same filter types, are the scanlines of a picture of eight bits,
which Pillow decodes. Source: PNG specification, third edition, sections 9 (filters) and 11.3.1.1 (transparency).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging import colour
from matcher.imaging.failures import reasons
from matcher.imaging.formats import png_chunks as png
from matcher.imaging.formats import png_repair
from matcher.imaging.formats.pillow import open_by
from matcher.imaging.formats.png_chunks import HEADER, Scanlines
from matcher.imaging.limits import Limits
from matcher.model import Reason

_GREY, _RGB = 0, 2
_MODES = {_RGB: "RGB", 4: "LA", 6: "RGBA"}
"""Colour types of more than one channel, and the mode of such a picture of eight bits."""
_ALPHA = "A"
_PIECE = 1 << 20
_BAND = 1 << 16
"""How many pixels are computed at a time."""


def is_deep(data: bytes) -> bool:
    """Whether this is a PNG of sixteen bits."""
    return data[12:16] == b"IHDR" and data[24:25] == b"\x10"


def is_cut(high: Image.Image, data: bytes) -> bool:
    """Whether Pillow, which decoded `high` of `data`, lost more than the lowest bits of the picture."""
    if data[25] == _GREY:  # Pillow keeps sixteen bits there, and colour.py takes the highest
        return _transparent(data) is not None
    return _missing(high, _colours(high)) > 0 or _transparent(data) is not None


def eight_bits(high: Image.Image, data: bytes, limits: Limits) -> Image.Image:
    """The picture in eight bits, with what Pillow cut off. It may be `high` itself, changed.

    Of each sample the highest eight of those bits are taken that the greatest sample uses: a gain does not change a
    perceptual hash, missing bits would. The colours are treated together, alpha by itself, and only where the colours
    do not use all bits. A colour that is stated to be transparent is compared in all of its bits. DecodeError where the
    low bytes cannot be decoded.
    """
    key = _transparent(data)
    if data[25] == _GREY:
        values = np.asarray(high)
        image = colour.highest_bits(values)
        if key is not None:
            image.putalpha(Image.fromarray(np.where(values == key[0], np.uint8(0), np.uint8(255))))
        return image
    try:
        with reasons():
            low = _low_bytes(data, limits)
    except DecodeError:
        with reasons():  # a damaged file, of which `high` is the readable part
            low = _low_bytes(png_repair.repair(data, limits)[0], limits)
    missing = _missing(high, _colours(high))
    each = [_missing(high, [name]) if missing and name == _ALPHA else missing for name in high.getbands()]
    shifts = np.array(each, np.uint16)
    alpha = Image.new("L", high.size, 255) if key is not None else None
    rows = max(1, _BAND // high.width)
    for top in range(0, high.height, rows):
        box = (0, top, high.width, min(high.height, top + rows))
        above = np.asarray(high.crop(box)).astype(np.uint16)
        values = (above << 8) | np.asarray(low.crop(box).convert(high.mode))
        high.paste(Image.fromarray(((values << shifts) >> 8).astype(np.uint8)), box)
        if alpha is not None:
            is_key = (values == key).all(axis=2)
            alpha.paste(Image.fromarray(np.where(is_key, np.uint8(0), np.uint8(255))), box)
    if alpha is not None:
        high.info.pop("transparency", None)
        high.putalpha(alpha)
    return high


def _transparent(data: bytes) -> tuple[int, ...] | None:
    """The colour that is stated to be transparent, in sixteen bits; None where there is none."""
    count = {_GREY: 1, _RGB: 3}.get(data[25], 0)
    for name, body in png.chunks(data):
        if name == b"IDAT" or not count:
            break
        if name == b"tRNS" and len(body) >= 2 * count:
            return tuple(int.from_bytes(body[at : at + 2]) for at in range(0, 2 * count, 2))
    return None


def _colours(image: Image.Image) -> list[str]:
    return [band for band in image.getbands() if band != _ALPHA]


def _missing(high: Image.Image, bands: list[str]) -> int:
    """How many of the high byte's bits, from the top, no sample in `bands` uses: 0 to 8."""
    greatest = (high.getchannel(band).getextrema()[1] for band in bands)
    return 8 - max(int(value).bit_length() for value in greatest)  # type: ignore[arg-type] # of one band: a number


def _low_bytes(data: bytes, limits: Limits) -> Image.Image:
    """The low bytes of every sample, in a picture without transparent colour."""
    head = next((body for name, body in png.chunks(data) if name == b"IHDR"), b"")
    scanlines = png.scanlines(head, limits)
    width, height, _, colour_type, _, _, interlaced = HEADER.unpack(head)
    compressor = zlib.compressobj(1)
    parts = [compressor.compress(piece) for piece in _low_scanlines(data, scanlines)]
    parts.append(compressor.flush())
    eight = HEADER.pack(width, height, 8, colour_type, 0, 0, interlaced)
    image = open_by("PNG", BytesIO(png.joined([(b"IHDR", eight), (b"IDAT", b"".join(parts)), (b"IEND", b"")])))
    image.load()
    if image.mode != _MODES[colour_type]:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    return image


def _low_scanlines(data: bytes, scanlines: list[Scanlines]) -> Iterator[bytes]:
    """A generator of the filter types and low bytes of some scanlines at a time, zeros where the data ends early."""
    length = sum(lines.stride * lines.rows for lines in scanlines)
    pieces = png.inflated((body for name, body in png.chunks(data) if name == b"IDAT"), length)
    waiting = bytearray()
    for lines in scanlines:
        left = lines.rows
        while left:
            count = min(left, len(waiting) // lines.stride)
            rows = np.frombuffer(bytes(waiting[: count * lines.stride]), np.uint8).reshape(count, lines.stride)
            del waiting[: count * lines.stride]
            yield np.ascontiguousarray(rows[:, ::2]).tobytes()  # in a sample, the high byte comes first
            left -= count
            if left:
                waiting += next(pieces, b"") or bytes(max(_PIECE, lines.stride))
