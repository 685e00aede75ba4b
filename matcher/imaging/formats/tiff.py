"""TIFF: each page by Pillow where that is known to be exact, else by our own code. Camera raw files are recognised.

In a camera raw file with a TIFF structure the pages are previews, and Pillow does not read the picture itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import islice

from PIL import ImageFile

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats import deep_tiff, pillow
from matcher.imaging.formats.tiff_directory import Directory, directories, whole_chain
from matcher.imaging.formats.tiff_known import is_known
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.imaging.padding import is_flat
from matcher.model import Reason

_SUB_IFDS = 330
_DNG_VERSION = 50706
_NEW_SUBFILE_TYPE = 254
_REDUCED = 1
_BIG_AND_BIG_ENDIAN = b"MM\0+"
"""BigTIFF in the byte order in which Pillow does not recognise it."""


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of every page.

    It ends with a DecodeError where a page could not be read, or where the pages are a raw file's previews.
    """
    if all(_is_for_pillow(data, page) for page in islice(directories(data), limits.max_frames)):
        yield from pillow.frames(data, limits, decoder="TIFF")
    else:
        yield from _page_by_page(data, limits)
    if _only_previews(data):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)


def _page_by_page(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the pages of a file that Pillow does not read alone. An unreadable page does not end it."""
    budget = Budget(limits)
    failed: DecodeError | None = None
    opened: ImageFile.ImageFile | None = None
    for number, page in enumerate(whole_chain(data), 1):
        if number > limits.max_frames:
            raise DecodeError(Reason.TOO_MANY_FRAMES)
        try:
            with reasons():
                if _is_for_pillow(data, page):
                    opened = opened or pillow.open_by("TIFF", BytesIO(data))
                    found = _by_pillow(opened, number, budget)
                else:
                    found = deep_tiff.read(data, page, budget, limits)
        except DecodeError as error:
            failed = failed or error
            continue
        if not found.is_whole:
            failed = failed or DecodeError(Reason.TRUNCATED)
        if found.is_whole or not is_flat(found.image):
            yield Frame(number, found.image)
    if failed is not None:
        raise failed


def _is_for_pillow(data: bytes, page: Directory) -> bool:
    return is_known(page) and not data.startswith(_BIG_AND_BIG_ENDIAN)


def _by_pillow(opened: ImageFile.ImageFile, number: int, budget: Budget) -> deep_tiff.Page:
    opened.seek(number - 1)
    budget.take(*opened.size)
    opened.load()
    return deep_tiff.Page(opened, is_whole=True)


def _only_previews(data: bytes) -> bool:
    """Whether the file is a DNG, a Canon CR2, or begins with a reduced picture that has others below it."""
    if data[8:10] == b"CR":
        return True
    first: Directory = next(directories(data), {})
    reduced = first.get(_NEW_SUBFILE_TYPE, (0,))[0] & _REDUCED
    return _DNG_VERSION in first or (_SUB_IFDS in first and bool(reduced))
