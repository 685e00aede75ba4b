"""Pictures inside of a picture file that are not its own: thumbnails, previews, gain maps, whole files behind its end.

Nothing is decoded here. What is found, where, and what is not looked at: docs/formats.md.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from matcher.imaging.embedded.extents import EXTENTS
from matcher.imaging.embedded.iso_parts import find_in_avif, find_in_boxes, find_in_heif
from matcher.imaging.embedded.jpeg_parts import find_in_jpeg
from matcher.imaging.embedded.photoshop import find_in_resources
from matcher.imaging.embedded.png_parts import find_in_png
from matcher.imaging.embedded.scanning import scan
from matcher.imaging.embedded.search import APPENDED, Embedded, Found, Search, SearchEndedError
from matcher.imaging.embedded.texts import find_in_text
from matcher.imaging.embedded.tiff_parts import find_in_tiff
from matcher.imaging.embedded.webp_parts import find_in_webp
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import Kind

__all__ = ["Embedded", "Found", "find"]

_SVG = "image/svg+xml"


def _find_in_photoshop(data: bytes, search: Search) -> None:
    """Add the pictures in the resources of a document."""
    colours = 30 + int.from_bytes(data[26:30])
    find_in_resources(data[colours + 4 : colours + 4 + int.from_bytes(data[colours : colours + 4])], search)


def _find_in_undecoded(data: bytes, kind: Kind, search: Search) -> None:
    """Add the pictures in a file that is recognised and not decoded: a raw file's previews, or those of an SVG."""
    if kind.media_type == _SVG:
        find_in_text(data, search)
    else:
        find_in_tiff(data, search, is_raw=True)


_FINDERS: dict[str, Callable[[bytes, Search], None]] = {
    "JPEG": find_in_jpeg,
    "PNG": find_in_png,
    "WEBP": find_in_webp,
    "HEIF": find_in_heif,
    "AVIF": find_in_avif,
    "JXL": find_in_boxes,
    "JPEG2000": find_in_boxes,
    "TIFF": find_in_tiff,
    "PSD": _find_in_photoshop,
}
"""The formats in which there is more to search than what is behind the picture's end."""


def find(data: bytes, kind: Kind, limits: Limits) -> Found:
    """The pictures inside of a file of this kind, as far as the limits permit."""
    search = Search(limits)
    with suppress(SearchEndedError):
        if kind.decoder is None:
            _find_in_undecoded(data, kind, search)
        elif kind.decoder in _FINDERS:
            _FINDERS[kind.decoder](data, search)
        elif kind.decoder in EXTENTS:
            end = EXTENTS[kind.decoder](data, 0, len(data), search)
            scan(data, end, len(data), search, what=APPENDED)
    return search.found()
