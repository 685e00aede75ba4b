"""JPEG by Pillow, and the names of the JPEG processes that its libjpeg does not decode."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.errors import DecodeError
from matcher.imaging import pillow
from matcher.imaging.frame import Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15, but for the markers of tables and extensions among them."""
_LOSSLESS_OR_HIERARCHICAL = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the picture, or of each picture of an MPO. Whatever could not be read ends it."""
    try:
        yield from pillow.frames(data, limits, decoder="JPEG")
    except DecodeError as error:
        if error.reason in (Reason.CORRUPT, Reason.UNSUPPORTED_FORMAT):
            raise DecodeError(_process(data) or error.reason) from error
        raise


def _process(data: bytes) -> Reason | None:
    """Why a sound file of this kind is refused, by its frame header; None where the process is an ordinary one."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return None
        elif marker in _FRAME_HEADERS:
            if at + 5 <= len(data) and data[at + 4] == 12:
                return Reason.TWELVE_BIT_JPEG
            return Reason.LOSSLESS_JPEG if marker in _LOSSLESS_OR_HIERARCHICAL else None
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
