"""TIFF by Pillow, or by our own code where Pillow has no mode for the samples. Camera raw files are recognised.

In a camera raw file with a TIFF structure the pages are previews, and Pillow does not read the picture itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from matcher.errors import DecodeError
from matcher.imaging.formats import deep_tiff, pillow
from matcher.imaging.formats.tiff_directory import Directory, directories
from matcher.imaging.frame import Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_COMPRESSION = 259
_UNREAD = frozenset({34676, 34677, 34712, 33003, 33004, 33005, 34887, 50001, 50002, 52546})
"""LogLuv, JPEG 2000, LERC, WebP and JPEG XL in a TIFF: sound files that Pillow's libtiff does not decode."""
_SUB_IFDS = 330
_DNG_VERSION = 50706
_NEW_SUBFILE_TYPE = 254
_REDUCED = 1


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of every page.

    It ends with a DecodeError where a page could not be read, or where the pages are a raw file's previews.
    """
    has_frames = False
    try:
        for frame in pillow.frames(data, limits, decoder="TIFF"):
            has_frames = True
            yield frame
    except DecodeError as error:
        if has_frames or error.reason not in (Reason.UNSUPPORTED_FORMAT, Reason.CORRUPT):
            raise
        if error.reason is Reason.CORRUPT:
            if next(directories(data), {}).get(_COMPRESSION, (0,))[0] in _UNREAD:
                raise DecodeError(Reason.UNSUPPORTED_FORMAT) from error
            raise
        yield from deep_tiff.frames(data, limits)
    if _only_previews(data):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)


def _only_previews(data: bytes) -> bool:
    """Whether the file is a DNG, a Canon CR2, or begins with a reduced picture that has others below it."""
    if data[8:10] == b"CR":
        return True
    first: Directory = next(directories(data), {})
    reduced = first.get(_NEW_SUBFILE_TYPE, (0,))[0] & _REDUCED
    return _DNG_VERSION in first or (_SUB_IFDS in first and bool(reduced))
