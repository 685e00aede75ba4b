"""JPEG by Pillow, and the names of the JPEG processes that its libjpeg does not decode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from matcher.errors import DecodeError
from matcher.imaging.formats import pillow
from matcher.imaging.frame import Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15, except the markers of tables and extensions among them."""
_LOSSLESS_OR_HIERARCHICAL = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF})
_ARITHMETIC = frozenset({0xC9, 0xCA})
"""Sequential and progressive. libjpeg's arithmetic decoder fails at the end of the bytes that it is given."""
_JPEG_LS = 0xF7
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_SCAN = b"\xff\xda"
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)


MOST_STEPS = 1 << 16
"""The most segments, and bytes between them, before the first scan. Pillow has no limit, at half a microsecond each."""


@dataclass(frozen=True, slots=True)
class _Header:
    """The picture's size, the reason why it cannot be decoded, and the place in the file after which its scans lie."""

    pixels: int = 0
    refused: Reason | None = None
    behind: int = 0
    is_arithmetic: bool = False


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the picture, or of each picture of an MPO. It ends with a DecodeError where one could not be read.

    A progressive picture is decoded once for each of its scans, so its pixels count once for each scan.
    """
    header = _header(data)
    if 0 < header.pixels <= limits.max_pixels and header.pixels * data.count(_SCAN) > limits.max_total_pixels:
        # a thumbnail, and a film after the picture, have such bytes too: count the scans of the picture itself
        most = limits.max_total_pixels // header.pixels
        if _has_more_scans(data, header.behind, most):
            raise DecodeError(Reason.TOO_MANY_PIXELS)
    try:
        yield from pillow.frames(data, limits, decoder="JPEG", at_once=header.is_arithmetic)
    except DecodeError as error:
        if error.reason in (Reason.CORRUPT, Reason.UNSUPPORTED_FORMAT):
            raise DecodeError(header.refused or error.reason) from error
        raise


def _header(data: bytes) -> _Header:
    """The frame header; an empty one where there is none. DecodeError where more than MOST_STEPS come before it."""
    at = 2
    for _ in range(MOST_STEPS):
        if at + 4 > len(data):
            return _Header()
        marker = data[at + 1]
        if data[at] != 0xFF or marker == 0xFF:
            at += 1
        elif marker in _ALONE or marker == 0:
            at += 2
        elif marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return _Header()
        elif marker == _JPEG_LS:
            return _Header(refused=Reason.UNSUPPORTED_FORMAT)
        elif marker in _FRAME_HEADERS:
            pixels = int.from_bytes(data[at + 5 : at + 7]) * int.from_bytes(data[at + 7 : at + 9])
            return _Header(pixels, _refused(marker, data[at + 4 : at + 5]), at, marker in _ARITHMETIC)
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    raise DecodeError(Reason.CORRUPT)


def _has_more_scans(data: bytes, at: int, most: int) -> bool:
    """Whether the picture whose frame header is at `at` has more than `most` scans, or too many segments."""
    for _ in range(most + MOST_STEPS):
        marker = _MARKER.search(data, at)
        if marker is None or marker[1] == b"\xd9":
            return False
        most -= marker[1] == b"\xda"
        if most < 0:
            return True
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    return True


def _refused(marker: int, precision: bytes) -> Reason | None:
    """The reason why a sound file of this JPEG process is refused; None for a process that libjpeg decodes."""
    if precision == b"\x0c":
        return Reason.TWELVE_BIT_JPEG
    return Reason.LOSSLESS_JPEG if marker in _LOSSLESS_OR_HIERARCHICAL else None
