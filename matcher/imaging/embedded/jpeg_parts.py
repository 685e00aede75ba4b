"""The pictures inside a JPEG file: in its metadata, and behind its end.

Sources: JFIF 1.02 (thumbnails in APP0); Exif 2.32 (APP1, and FlashPix streams in APP2); Adobe's XMP specification, part
3 (APP1, long packets in pieces); CIPA DC-007 (APP2); ISO/IEC 19566-5 (APP11, boxes in pieces).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby

from matcher.imaging.embedded import multi_picture
from matcher.imaging.embedded.exif import HEADER as EXIF
from matcher.imaging.embedded.exif import find_in_exif
from matcher.imaging.embedded.jpeg_extent import JpegExtent, Segment, jpeg_extent
from matcher.imaging.embedded.photoshop import find_in_resources
from matcher.imaging.embedded.scanning import METADATA, scan
from matcher.imaging.embedded.search import APPENDED, AUXILIARY, PREVIEW, THUMBNAIL, Search
from matcher.imaging.embedded.texts import find_in_text
from matcher.imaging.formats import jpeg, pillow

_MOST_PAGES = 1000
_JFIF, _JFXX = b"JFIF\0", b"JFXX\0"
_XMP, _LONG_XMP = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_LONG_XMP_HEADER = len(_LONG_XMP) + 32 + 4 + 4
_PHOTOSHOP = b"Photoshop 3.0\0"
_FLASHPIX, _FLASHPIX_HEADER = b"FPXR\0", 13
_PROFILE = b"ICC_PROFILE\0"
_JUMBF, _JUMBF_HEADER, _BOX_HEADER = b"JP", 8, 8


def find_in_jpeg(data: bytes, search: Search) -> None:
    """Add the pictures inside a JPEG file."""
    extent = jpeg_extent(data, 0, len(data), search)
    for _marker, run in groupby(extent.segments, lambda segment: segment.marker):
        _find_in_segments([(segment, data[segment.begin : segment.end]) for segment in run], search)
    if extent.end < len(data) or (extent.scans and not extent.is_whole):
        _find_behind(data, extent, search)


def _find_in_segments(run: list[tuple[Segment, bytes]], search: Search) -> None:
    """Look into segments of one marker that follow each other: a picture, or a text, may be spread over them."""
    rest: list[bytes] = []
    long_texts: list[bytes] = []
    resources: list[bytes] = []
    boxes: list[bytes] = []
    for _segment, body in run:
        if body.startswith(EXIF):
            find_in_exif(body[len(EXIF) :], search)
        elif body.startswith(_XMP):
            find_in_text(body[len(_XMP) :], search)
        elif body.startswith(_LONG_XMP):
            long_texts.append(body[_LONG_XMP_HEADER:])
        elif body.startswith(_PHOTOSHOP):
            resources.append(body[len(_PHOTOSHOP) :])
        elif body.startswith(_JUMBF):
            is_first = int.from_bytes(body[4:8]) == 1
            boxes.append(body[_JUMBF_HEADER + (0 if is_first else _BOX_HEADER) :])
        elif body.startswith((_JFIF, _JFXX)):
            _find_in_jfif(body, search)
        elif body.startswith(_FLASHPIX):
            rest.append(body[_FLASHPIX_HEADER:])
        elif not body.startswith((_PROFILE, multi_picture.HEADER)):
            rest.append(body)
    find_in_text(b"".join(long_texts), search)
    find_in_resources(b"".join(resources), search)
    for joined in (b"".join(boxes), b"".join(rest)):
        scan(joined, 0, len(joined), search, what=PREVIEW, signatures=METADATA)


def _find_in_jfif(body: bytes, search: Search) -> None:
    """Add the thumbnail of a JFIF or JFXX segment: a JPEG, or pixels in RGB or with a palette."""
    if body.startswith(_JFIF):
        width, height, pixels = body[12:13], body[13:14], body[14:]
    else:
        code, width, height, pixels = body[5:6], body[6:7], body[7:8], body[8:]
        if code == b"\x10":
            search.add(THUMBNAIL, partial(bytes, body[6:]), jpeg.frames)
            return
        if code == b"\x11":
            pixels = b"".join(pixels[3 * index : 3 * index + 3] for index in pixels[768:])
    size = int.from_bytes(width), int.from_bytes(height)
    if size[0] * size[1] and len(pixels) >= 3 * size[0] * size[1]:
        search.add(THUMBNAIL, partial(_pixmap, size, pixels), partial(pillow.frames, decoder="PPM"))


def _pixmap(size: tuple[int, int], pixels: bytes) -> bytes:
    return b"P6 %d %d 255\n" % size + pixels


def _find_behind(data: bytes, extent: JpegExtent, search: Search) -> None:
    """Look behind the picture's end; where nothing says where that is, for pictures behind the beginning of its pixels.

    What Pillow reads as another page is no part of its own.
    """
    declared: set[int] = set()
    for begin, end in _indexes(data, extent):
        declared |= multi_picture.declared(data, begin, end, search)
    known = multi_picture.pages(data, _MOST_PAGES) if declared else set()

    def label(at: int) -> str | None:
        if at in known:
            return None
        return AUXILIARY if at in declared else APPENDED

    if extent.end < len(data):
        scan(data, extent.end, len(data), search, what=label)
    else:
        scan(data, extent.pixels, len(data), search, what=label, signatures=METADATA)


def _indexes(data: bytes, extent: JpegExtent) -> Iterator[tuple[int, int]]:
    for segment in extent.segments:
        if data.startswith(multi_picture.HEADER, segment.begin):
            yield segment.begin + len(multi_picture.HEADER), segment.end
