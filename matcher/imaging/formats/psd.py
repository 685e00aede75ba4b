"""Photoshop documents: the merged picture that follows the layers, in every colour mode and depth.

Pillow reads the 8-bit modes only. Source: Adobe's *Photoshop File Formats Specification*: a header of 26 bytes, three
sections with their lengths before them (colour table, resources, layers), then the merged picture, planar, raw or
PackBits by rows. A document that was saved without a merged picture holds a blank one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops

from matcher.errors import DecodeError
from matcher.imaging.colour import eight_bits
from matcher.imaging.failures import reasons
from matcher.imaging.formats.photoshop_resources import resources
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_HEADER = struct.Struct(">4sH6xHIIHH")
_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTICHANNEL, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
_COLOURS = {_BITMAP: 1, _GREY: 1, _INDEXED: 1, _RGB: 3, _CMYK: 4, _DUOTONE: 1, _LAB: 3}
_DEPTHS = (1, 8, 16, 32)
_ICC_PROFILE, _VERSION_INFO = 1039, 1057
_RAW, _PACKBITS = 0, 1


@dataclass(frozen=True, slots=True)
class _Document:
    """The contents of the header and of the sections before the merged picture."""

    version: int
    channels: int
    width: int
    height: int
    depth: int
    mode: int
    colours: bytes
    profile: bytes | None
    transparency: bool
    is_merged: bool | None
    """Whether the document says that it has a merged picture; None where it does not say."""
    has_layers: bool
    begin: int

    @property
    def row(self) -> int:
        """The bytes of a row of one channel."""
        return (self.width * self.depth + 7) // 8

    @property
    def picture_channels(self) -> int:
        """The number of channels that make up the picture."""
        if self.mode == _MULTICHANNEL:
            return min(self.channels, 4)
        extra = 1 if self.transparency and self.mode in (_GREY, _RGB) else 0
        return min(self.channels, _COLOURS[self.mode] + extra)


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the merged picture. Missing rows are black, and it then ends with a DecodeError (truncated).

    It ends with one (skipped-parts, layers) where only the layers show the picture: the document says that it has no
    merged picture, or that picture has one colour, and there are layers.
    """
    with reasons():
        document = _parse(data)
        Budget(limits).take(document.width, document.height)
        bands, whole = _bands(data, document)
        image = _merged(document, bands)
    is_blank = image.size != (1, 1) and all(low == high for low, high in (band.getextrema() for band in bands))
    yield Frame(1, image, alone=True)
    if not whole:
        raise DecodeError(Reason.TRUNCATED)
    if document.has_layers and (document.is_merged is False or (is_blank and not document.is_merged)):
        raise DecodeError(Reason.SKIPPED_PARTS, ("layers",))


def _parse(data: bytes) -> _Document:
    _magic, version, channels, height, width, depth, mode = _HEADER.unpack_from(data)
    if depth not in _DEPTHS or (mode not in _COLOURS and mode != _MULTICHANNEL) or (depth == 1) != (mode == _BITMAP):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    if not width or not height or channels < _COLOURS.get(mode, 1):
        raise DecodeError(Reason.CORRUPT)
    colours, at = _section(data, _HEADER.size, ">I")
    block, at = _section(data, at, ">I")
    layers, at = _section(data, at, ">I" if version == 1 else ">Q")
    # a negative count of layers means that the first channel after the colours is the merged picture's transparency
    skipped = 4 if version == 1 else 8
    count = struct.unpack_from(">h", layers, skipped)[0] if len(layers) >= skipped + 2 else 0
    found = {number: bytes(body) for number, body in resources(block) if number in (_ICC_PROFILE, _VERSION_INFO)}
    merged = found.get(_VERSION_INFO, b"")[4:5]
    return _Document(
        *(version, channels, width, height, depth, mode, bytes(colours), found.get(_ICC_PROFILE), count < 0),
        is_merged=merged != b"\0" if merged else None,
        has_layers=count != 0,
        begin=at,
    )


def _section(data: bytes, at: int, length: str) -> tuple[memoryview, int]:
    """A section and its end. struct.error where the file ends before its length, DecodeError where it ends inside."""
    (size,) = struct.unpack_from(length, data, at)
    begin = at + struct.calcsize(length)
    if begin + size > len(data):
        raise DecodeError(Reason.TRUNCATED)
    return memoryview(data)[begin : begin + size], begin + size


def _bands(data: bytes, document: _Document) -> tuple[list[Image.Image], bool]:
    """The picture's channels, eight bits each (one in a bitmap), and whether all of their bytes are in the file."""
    (compression,) = struct.unpack_from(">H", data, document.begin)
    begin = document.begin + 2
    if compression not in (_RAW, _PACKBITS):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    size = document.row * document.height
    if compression == _RAW:
        spans = [(begin + size * place, begin + size * (place + 1)) for place in range(document.picture_channels)]
    else:
        spans = _packed_spans(data, begin, document)
    bands = []
    for start, end in spans:
        part = data[start:end]
        if compression == _PACKBITS:
            # zeros decode as literal zeros: a truncated channel ends in black
            part = part + bytes(2 * size) if end > len(data) else part
            plane = Image.frombytes("L", (document.row, document.height), part, "packbits", "L").tobytes()
        else:
            plane = part.ljust(size, b"\0")
        bands.append(_band(plane, document))
    return bands, spans[-1][1] <= len(data)


def _packed_spans(data: bytes, begin: int, document: _Document) -> list[tuple[int, int]]:
    """Where each channel begins and ends: the byte counts of all rows of all channels come first."""
    rows = document.channels * document.height
    width = 2 if document.version == 1 else 4
    if begin + rows * width > len(data):
        raise DecodeError(Reason.TRUNCATED)
    counts = np.frombuffer(data, f">u{width}", rows, begin).reshape(document.channels, document.height)
    ends = begin + rows * width + np.cumsum(counts.sum(axis=1, dtype=np.int64))
    starts = [begin + rows * width, *ends[:-1].tolist()]
    return list(zip(starts, ends.tolist(), strict=True))[: document.picture_channels]


def _band(plane: bytes, document: _Document) -> Image.Image:
    size = (document.width, document.height)
    if document.depth == 1:
        return Image.frombytes("1", size, plane, "raw", "1;I")
    if document.depth == 8:
        return Image.frombytes("L", size, plane)
    if document.depth == 16:  # the high byte comes first
        return Image.fromarray(np.frombuffer(plane, np.uint8).reshape(document.height, document.width, 2)[:, :, 0])
    values = np.frombuffer(plane, ">f4").reshape(document.height, document.width)
    return eight_bits(Image.fromarray(np.clip(np.nan_to_num(values), 0, 1).astype(np.float32)))


def _merged(document: _Document, bands: list[Image.Image]) -> Image.Image:
    """The picture of the document's channels."""
    alpha = document.picture_channels > _COLOURS.get(document.mode, 4)
    if document.mode == _INDEXED:
        image = bands[0].copy()
        table = np.frombuffer(document.colours[:768].ljust(768, b"\0"), np.uint8).reshape(3, 256)
        image.putpalette(table.T.tobytes())
        return image
    if document.mode in (_CMYK, _MULTICHANNEL):  # 255 is no ink
        blank = Image.new("L", (document.width, document.height))
        inks = [ImageChops.invert(band) for band in bands]
        image = Image.merge("CMYK", [*inks, *[blank] * (4 - len(inks))])
        if document.profile is not None and document.mode == _CMYK:
            image.info["icc_profile"] = document.profile
        return image
    if document.mode == _LAB:
        return Image.merge("LAB", bands[:3])
    if len(bands) == 1:
        return bands[0]
    return Image.merge({(2, True): "LA", (3, False): "RGB", (4, True): "RGBA"}[len(bands), alpha], bands)
