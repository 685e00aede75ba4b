"""An ordinary, sound PNG → the grey means of its blocks, in less time than its pixels could be decoded.

The selection is strict: a file that is unusual, or at which Pillow might fail, is left to Pillow. So a result of None
implies nothing about the file, and no file that Pillow refuses is read here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np
import numpy.typing as npt
from PIL import PngImagePlugin
from zlib_ng import zlib_ng

from matcher.imaging.formats.png import stated_coding
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.picture import MOST_FINE, Reduced, is_small, nothing_finer, scale_for, view_scale
from matcher.imaging.reduced.png_kernel import (
    GREY,
    GREY_ALPHA_ON_GROUND,
    PALETTE,
    RGB,
    RGBA,
    RGBA_ON_GROUND,
    block_means,
)
from matcher.imaging.renderings import ALPHA_DROPPED, ON_BLACK

MAX_INFLATED = 64 << 20
"""The most bytes of scanlines of a picture: they are held in memory at once."""

MAX_WIDTH = 1 << 16
"""The most pixels in a row: the sums of a scanline's grey fit in 31 bits, those of a group of scanlines in a few MB."""

_MAGIC = b"\x89PNG\r\n\x1a\n"
_KINDS = {0: (GREY, 1), 2: (RGB, 3), 3: (PALETTE, 1), 4: (GREY_ALPHA_ON_GROUND, 2), 6: (RGBA, 4)}
"""Colour type, of 8 bits a sample → its kind in the kernel, and its number of channels."""

_LAST_FILTER = 4
_MOST_FROM_ONE = 1032
"""The most bytes that one byte of deflate can inflate to: 258 from two bits."""

_LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9}
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_MAX_TEXT = 1 << 20
"""The most bytes of all text, inflated, and of a colour profile: Pillow refuses more in one chunk."""

_KEYWORDS = frozenset({b"parameters", b"prompt", b"workflow"})
"""Keywords of text chunks, written by programs in use, that begin with a small letter."""

_CHECKED = frozenset({*_LENGTHS, *_TEXTS, b"iCCP", b"eXIf"})
_READ_BY_PILLOW = frozenset(name[6:].encode() for name in dir(PngImagePlugin.PngStream) if name.startswith("chunk_"))
"""The chunks that Pillow reads. It ignores all others, and so does this module."""


_DAMAGED: type[Exception] = zlib_ng.error  # type: ignore[assignment] # zlib-ng's stub calls the class an instance


class _NotOrdinary(Exception):
    """The file is not read here, and is left to Pillow."""


def builds() -> dict[str, str]:
    """Name → version of the libraries that inflate PNGs here."""
    return {"zlib-ng": version("zlib-ng"), "libz-ng": str(zlib_ng.ZLIBNG_RUNTIME_VERSION)}


def reduced(data: bytes, limits: Limits) -> list[Reduced] | None:
    """The grey means in blocks of each rendering of a PNG, of the same pixels as Pillow decodes; None if left to it.

    It reads 8-bit pictures of one frame of any colour type which are not interlaced, have no transparent colour and no
    high dynamic range, and in which every chunk up to IEND has the right CRC.
    """
    try:
        coding = stated_coding(data)
        _require(coding is None or not coding.is_hdr)
        return _reduced(data, limits, None)
    except _NotOrdinary:
        return None


@dataclass(frozen=True, slots=True)
class _Scanlines:
    """The inflated pixels of a picture: `kind` is the kernel's, for pixels whose alpha channel is ignored."""

    bytes: npt.NDArray[np.uint8]
    kind: int
    width: int
    height: int
    palette: npt.NDArray[np.int32]
    """(n, 4) int32: red, green, blue and alpha by index; empty where there is no palette."""

    def means(self, rendering: str, scale: int) -> tuple[npt.NDArray[np.float32], int]:
        """What `block_means` returns of one rendering."""
        kind = RGBA_ON_GROUND if self.kind == RGBA and rendering != ALPHA_DROPPED else self.kind
        table = np.zeros(256, np.int32)
        if self.kind == PALETTE:
            table[: len(self.palette)] = _grey(self.palette, rendering)
        else:
            table[:2] = _GROUNDS[rendering], 255 if rendering == ALPHA_DROPPED else 0
        return block_means(self.bytes, table, kind, self.width, self.height, scale)

    def is_opaque(self, summary: int) -> bool:
        """Whether all pixels are opaque. `summary` is of the pixels whose alpha channel is ignored."""
        if self.kind == PALETTE:
            if (self.palette[:, 3] == 255).all():
                return True
            alphas = np.zeros(256, np.int32)
            alphas[: len(self.palette)] = self.palette[:, 3]
            means, _summary = block_means(self.bytes, alphas, PALETTE, self.width, self.height, 1)
            return bool((means == 255).all())
        return self.kind in (GREY, RGB) or (summary >> (24 if self.kind == RGBA else 8)) & 255 == 255


def _finer(data: bytes, limits: Limits, rendering: str) -> Reduced:
    """The grey of a file at full size. `reduced` has read the file before."""
    return next(each for each in _reduced(data, limits, 1) if each.rendering == rendering)


def _require(condition: bool) -> None:
    if not condition:
        raise _NotOrdinary


def _reduced(data: bytes, limits: Limits, scale: int | None) -> list[Reduced]:
    _require(data.startswith(_MAGIC))
    chunks = _chunks(data)
    name, head = next(chunks, (b"", memoryview(b"")))
    _require(name == b"IHDR" and len(head) == 13)
    width, height, depth, colour, compression, filtering, interlaced = struct.unpack(">IIBBBBB", head)
    _require(depth == 8 and colour in _KINDS and not (compression or filtering or interlaced))
    kind, channels = _KINDS[colour]
    _require(0 < width <= MAX_WIDTH and height > 0)
    _require(width * height <= min(limits.max_pixels, limits.max_total_pixels))
    stride = 1 + channels * width
    coarse = scale_for(width, height)
    scale = scale or coarse
    _require(stride * height <= MAX_INFLATED and is_small(width, height, coarse))
    palette, parts = _content(chunks, colour)
    inflated = _inflated(parts, stride * height)
    _require(int(inflated[::stride].max()) <= _LAST_FILTER)
    scanlines = _Scanlines(inflated, kind, width, height, palette)
    grey, summary = scanlines.means(ALPHA_DROPPED, scale)
    if kind == PALETTE:
        _require(summary < len(palette))
    names = ("",) if scanlines.is_opaque(summary) else ("", ALPHA_DROPPED, ON_BLACK)
    finer = scale > 1 and width * height <= MOST_FINE
    return [
        Reduced(
            grey if len(names) == 1 or name == ALPHA_DROPPED else scanlines.means(name, scale)[0],
            width,
            height,
            scale,
            name,
            finer=partial(_finer, data, limits, name) if finer else nothing_finer,
            larger=partial(_larger, scanlines, name) if scale > 1 else nothing_finer,
        )
        for name in names
    ]


def _larger(scanlines: _Scanlines, rendering: str) -> Reduced:
    """The grey means at the scale at which regions are detected, from scanlines that are known to be sound."""
    scale = view_scale(scanlines.width, scanlines.height)
    grey, _summary = scanlines.means(rendering, scale)
    return Reduced(grey, scanlines.width, scanlines.height, scale, rendering)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """A generator of (name, body) of sound chunks, the last of them IEND."""
    view = memoryview(data)
    at, end = len(_MAGIC), len(data) - 12
    name = b""
    while name != b"IEND":
        _require(at <= end)
        (length,) = struct.unpack_from(">I", data, at)
        _require(length <= end - at)
        name = data[at + 4 : at + 8]
        after = at + 8 + length
        _require(zlib_ng.crc32(view[at + 4 : after]) == struct.unpack_from(">I", data, after)[0])
        yield name, view[at + 8 : after]
        at = after + 4


def _content(chunks: Iterator[tuple[bytes, memoryview]], colour: int) -> tuple[npt.NDArray[np.int32], list[memoryview]]:
    """The palette, (n, 4) int32, empty where there is none, and the compressed pixels, from what follows the header."""
    palette = alphas = memoryview(b"")
    parts: list[memoryview] = []
    text = 0
    last = b""
    for name, body in chunks:
        if name == b"IDAT":
            _require(not parts or last == b"IDAT")
            parts.append(body)
        elif name == b"PLTE":
            _require(colour in (2, 3, 6) and not palette and not parts)
            _require(3 <= len(body) <= 768 and len(body) % 3 == 0)
            palette = body
        elif name == b"tRNS":
            _require(colour == 3 and not alphas and not parts and 0 < len(body) <= len(palette) // 3)
            alphas = body
        elif name == b"IEND":
            _require(not body)
        else:
            text += _ignored_text(name, body)
            _require(text <= _MAX_TEXT)
        last = name
    _require(len(parts) > 0 and (colour == 3) <= bool(palette))
    table = np.full((len(palette) // 3, 4), 255, np.int32)
    table[:, :3] = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    table[: len(alphas), 3] = np.frombuffer(alphas, np.uint8)
    return table, parts


def _ignored_text(name: bytes, body: memoryview) -> int:
    """The length of the text in a chunk that the pixels do not depend on, and that Pillow accepts."""
    _require(name.isalpha() and name[:1].islower() and (name in _CHECKED or name not in _READ_BY_PILLOW))
    if name in _LENGTHS:
        _require(len(body) == _LENGTHS[name])
    if name == b"iCCP":
        label, separator, profile = bytes(body).partition(b"\0")
        _require(bool(label and separator) and profile[:1] == b"\0")
        _inflatable(profile[1:])
    if name not in _TEXTS:
        return 0
    keyword, separator, text = bytes(body).partition(b"\0")
    # Pillow stores texts among the properties of the picture: a text called `transparency` would count as one
    _require(bool(separator) and (keyword[:1].isupper() or b":" in keyword or keyword in _KEYWORDS))
    if name == b"zTXt":
        _require(text[:1] == b"\0")
        return _inflatable(text[1:])
    if name == b"iTXt" and text[:1] != b"\0":
        _require(text[:2] == b"\1\0" and text.count(b"\0", 2) >= 2)
        return _inflatable(text[2:].split(b"\0", 2)[2])
    return len(text)


def _inflatable(compressed: bytes) -> int:
    """The inflated length, or an upper bound of it. Pillow refuses text that is too long, and ignores damaged text."""
    most = len(compressed) * _MOST_FROM_ONE
    if most <= 1 << 16:
        return most
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(compressed, _MAX_TEXT)
    except zlib.error:
        raise _NotOrdinary from None
    _require(not inflater.unconsumed_tail)
    return len(text)


def _inflated(parts: list[memoryview], length: int) -> npt.NDArray[np.uint8]:
    """The scanlines, if they are sound and exactly `length` bytes (1 or more). No more than these are inflated."""
    compressed = b"".join(parts)
    _require(len(compressed) > 6 and length <= len(compressed) * _MOST_FROM_ONE)
    window = compressed[0] >> 4
    # a reference beyond a window that is too small is refused by some builds of zlib, and accepted by others
    _require(window == 7 or length <= 256 << window)
    inflater = zlib_ng.decompressobj()
    try:
        scanlines = inflater.decompress(compressed, length)
    except _DAMAGED:
        raise _NotOrdinary from None
    # at the end of the stream its Adler-32 was right; a stream of more than `length` bytes does not reach its end
    _require(inflater.eof and not inflater.unused_data and len(scanlines) == length)
    return np.frombuffer(scanlines, np.uint8)


_GROUNDS = {"": 255, ALPHA_DROPPED: 255, ON_BLACK: 0}
"""The grey behind a transparent picture, by rendering."""


def _grey(colours: npt.NDArray[np.int32], rendering: str) -> npt.NDArray[np.int32]:
    """The grey that Pillow computes for each colour of a palette, (n,) int32, in one rendering."""
    alpha = colours[:, 3:] if rendering != ALPHA_DROPPED else np.int32(255)
    total = colours[:, :3] * alpha + _GROUNDS[rendering] * (255 - alpha) + 128
    blended = ((total >> 8) + total) >> 8
    grey: npt.NDArray[np.int32] = (blended @ np.array([19595, 38470, 7471], np.int32) + 32768) >> 16
    return grey
