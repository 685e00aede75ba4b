"""Thumbnails, gain maps, depth maps and other auxiliary pictures of a HEIC file, and its metadata, by libheif."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any

from PIL import Image

try:
    import pillow_heif
except ImportError:  # no wheel for this platform
    _INSTALLED = False
else:
    _INSTALLED = True


from matcher.errors import DecodeError
from matcher.imaging.embedded.exif import HEADER as EXIF
from matcher.imaging.embedded.exif import find_in_exif
from matcher.imaging.embedded.search import AUXILIARY, THUMBNAIL, Search
from matcher.imaging.embedded.texts import find_in_text
from matcher.imaging.failures import reasons
from matcher.imaging.formats.heif import as_displayed
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_ALPHA = ("urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:avc:2015:auxid:1")
"""Auxiliary pictures that libheif makes part of the picture."""


def find(data: bytes, search: Search) -> bytes:
    """Add the pictures of a file that libheif can open; nothing where it cannot. Returns the first Exif."""
    try:
        with reasons():
            pictures = [picture.info for picture in _opened(data)]
    except DecodeError:
        return b""  # its pictures are not read either, and the finding says why
    for place, info in enumerate(pictures):
        for number in range(len(info.get("thumbnails", ()))):
            _add(data, search, THUMBNAIL, partial(_thumbnail, place, number), partial(as_displayed, place=place))
        for number in range(len(info.get("depth_images", ()))):
            _add(data, search, AUXILIARY, partial(_depth, place, number))
        for kind, identifiers in info.get("aux", {}).items():
            for identifier in () if kind in _ALPHA else identifiers:
                _add(data, search, AUXILIARY, partial(_auxiliary, place, identifier))
    exifs = dict.fromkeys(bytes(info.get("exif") or b"").removeprefix(EXIF) for info in pictures)
    for exif in exifs:
        find_in_exif(exif, search)
    for xmp in dict.fromkeys(bytes(info.get("xmp") or b"") for info in pictures):
        find_in_text(xmp, search)
    return next(filter(None, exifs), b"")


def _opened(data: bytes) -> Any:
    if not _INSTALLED:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    return pillow_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=True)


def _thumbnail(place: int, number: int, opened: Any) -> Any:
    return opened[place].get_thumbnail(number)


def _depth(place: int, number: int, opened: Any) -> Any:
    return opened[place].info["depth_images"][number]


def _auxiliary(place: int, identifier: int, opened: Any) -> Any:
    return opened[place].get_aux_image(identifier)


def _unchanged(image: Image.Image, _data: bytes, _opened: Any) -> Image.Image:
    return image


def _add(
    data: bytes,
    search: Search,
    what: str,
    choose: Callable[[Any], Any],
    change: Callable[..., Image.Image] = _unchanged,
) -> None:
    search.copy(len(data))
    search.add(what, partial(bytes, data), partial(_frames, choose=choose, change=change))


def _frames(
    data: bytes, limits: Limits, *, choose: Callable[[Any], Any], change: Callable[..., Image.Image]
) -> Iterator[Frame]:
    """A generator of the one picture that `choose` takes out of the opened file, as `change` makes it."""
    with reasons():
        opened = _opened(data)
        picture = choose(opened)
        Budget(limits).take(*picture.size)
        image = change(picture.to_pillow(), data, opened)
    yield Frame(1, image, alone=True)
