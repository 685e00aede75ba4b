"""The pictures inside a TIFF that are not its pages: previews below its pages, in raw files and in metadata.

In a camera's raw file the camera's own previews are JPEGs of the tags 513 and 514, the only strip of a directory below
another (tag 330), or lie where only the maker's notes say: those are found by their signature, between everything else.
Sources: TIFF 6.0; TIFF Technical Note 1 (SubIFDs); Adobe's DNG 1.7.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import partial

from matcher.imaging.embedded.exif import single_page
from matcher.imaging.embedded.jpeg_extent import jpeg_extent
from matcher.imaging.embedded.photoshop import find_in_resources
from matcher.imaging.embedded.scanning import JPEG_FILE, PNG_FILE, scan
from matcher.imaging.embedded.search import AUXILIARY, PREVIEW, Search
from matcher.imaging.embedded.texts import find_in_text
from matcher.imaging.embedded.tiff_tree import (
    COMPRESSION,
    HEIGHT,
    MAKER_NOTE,
    PHOTOMETRIC,
    STRIPS,
    SUB_DIRECTORIES,
    WIDTH,
    Directory,
    Span,
    directories,
)
from matcher.imaging.formats import jpeg, jxl, tiff

_RESOURCES, _XMP = 34377, 700
_DNG_VERSION = 50706
_RAW_PIXELS = frozenset({32803, 34892})
"""Photometric interpretations of what a sensor saw: no picture yet."""
_NEW_SUBFILE_TYPE, _MASKS = 254, 0x4
_JPEG_XL = 52546
_PICTURES = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34676, 34677, 34712, 34887, 34925, 50000, 50001, 50002})
"""Compressions of pictures; other ones are a maker's own, for what a sensor saw."""


def find_in_tiff(data: bytes, search: Search, *, is_raw: bool = False) -> None:
    """Add the pictures inside a TIFF beside its pages; of a raw file every JPEG and PNG, wherever it lies."""
    found = list(directories(data, search))
    known: list[Span] = []
    for directory in found:
        known += directory.pixels(search)
        known.append(_add_jpeg(data, directory, search))
        if directory.is_page:
            _find_in_metadata(data, directory, search)
        elif WIDTH in directory and HEIGHT in directory:
            _add_directory(data, directory, search)
    signs = (SUB_DIRECTORIES, MAKER_NOTE, _DNG_VERSION)
    if is_raw or any(tag in directory for directory in found for tag in signs):
        _find_unknown(data, search, known)


def _find_unknown(data: bytes, search: Search, known: list[Span]) -> None:
    """Add the JPEGs and PNGs that begin in none of the `known` places."""
    spans = sorted(span for span in known if span[0] < span[1])
    begins = [begin for begin, _end in spans]
    furthest = [0]
    for _begin, end in spans:
        furthest.append(max(furthest[-1], end))

    def label(at: int) -> str | None:
        return None if at < furthest[bisect_right(begins, at)] else PREVIEW

    scan(data, 0, len(data), search, what=label, signatures=(JPEG_FILE, PNG_FILE))


def _add_jpeg(data: bytes, directory: Directory, search: Search) -> Span:
    """Add the JPEG that the tags 513 and 514 declare. Returns where it lies.

    Where a page has strips as well, these may be parts of that JPEG, and it only their header.
    """
    begin, end = directory.jpeg()
    if data[begin : begin + 2] != b"\xff\xd8" or not jpeg_extent(data, begin, end, search).is_picture:
        return 0, 0
    is_page = directory.is_page and STRIPS in directory
    search.add(PREVIEW, partial(_piece, data, begin, end), jpeg.frames, is_doubtful=is_page)
    return begin, end


def _find_in_metadata(data: bytes, directory: Directory, search: Search) -> None:
    for tag, look in ((_RESOURCES, find_in_resources), (_XMP, find_in_text)):
        begin, end = directory.span(tag)
        if begin < end:
            look(data[begin:end], search)


def _add_directory(data: bytes, directory: Directory, search: Search) -> None:
    """Add the picture of a directory below a page; nothing where it is not yet a picture."""
    compression = directory.number(COMPRESSION, 1)
    if directory.number(PHOTOMETRIC) in _RAW_PIXELS or directory.jpeg()[1]:
        return
    if compression not in _PICTURES and compression != _JPEG_XL:
        return
    what = AUXILIARY if directory.number(_NEW_SUBFILE_TYPE) & _MASKS else PREVIEW
    strips = directory.pixels(search)
    head = data[strips[0][0] : strips[0][0] + 3] if len(strips) == 1 else b""
    if head == b"\xff\xd8\xff" or (compression == _JPEG_XL and len(strips) == 1):
        search.add(what, partial(_piece, data, *strips[0]), jxl.frames if compression == _JPEG_XL else jpeg.frames)
    elif strips:
        search.copy(len(data))
        search.add(what, partial(single_page, data, directory), tiff.frames)


def _piece(data: bytes, begin: int, end: int) -> bytes:
    return data[begin:end]
