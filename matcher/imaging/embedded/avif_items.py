"""Thumbnails of an AVIF file, and its metadata.

libavif reads the file's primary item only, so that a thumbnail is read from a copy in which it is the primary one.
Source: ISO/IEC 14496-12, sections 8.11.4 (`pitm`) and 8.11.12 (`iref`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from io import BytesIO

from matcher.errors import DecodeError
from matcher.imaging.embedded.boxes import Box, boxes
from matcher.imaging.embedded.exif import HEADER as EXIF
from matcher.imaging.embedded.exif import find_in_exif
from matcher.imaging.embedded.search import THUMBNAIL, Search
from matcher.imaging.embedded.texts import find_in_text
from matcher.imaging.failures import reasons
from matcher.imaging.formats import pillow

_FULL = 4
"""The bytes of a box's version and flags."""


def find(data: bytes, search: Search) -> bytes:
    """Add the thumbnails of a file, and the pictures in its metadata. Returns its Exif."""
    for meta in boxes(data, 0, len(data), search):
        if meta.name == b"meta":
            inner = {box.name: box for box in boxes(data, meta.body + _FULL, meta.end, search)}
            if b"pitm" in inner and b"iref" in inner:
                for item in _thumbnails(data, inner[b"iref"], search):
                    search.copy(len(data))
                    load = partial(_with_primary, data, inner[b"pitm"], item)
                    search.add(THUMBNAIL, load, partial(pillow.frames, decoder="AVIF"))
    try:
        with reasons():
            info = pillow.open_by("AVIF", BytesIO(data)).info
    except DecodeError:
        return b""  # the picture is not read either, and the finding says why
    exif, xmp = (body if isinstance(body := info.get(name), bytes) else b"" for name in ("exif", "xmp"))
    find_in_exif(exif.removeprefix(EXIF), search)
    find_in_text(xmp, search)
    return exif.removeprefix(EXIF)


def _thumbnails(data: bytes, references: Box, search: Search) -> Iterator[int]:
    """A generator of the items that are thumbnails of others."""
    width = 4 if data[references.body] else 2
    for box in boxes(data, references.body + _FULL, references.end, search):
        if box.name == b"thmb":
            yield int.from_bytes(data[box.body : box.body + width])


def _with_primary(data: bytes, primary: Box, item: int) -> bytes:
    """The file with another primary item."""
    begin = primary.body + _FULL
    width = 4 if data[primary.body] else 2
    return data[:begin] + item.to_bytes(4)[-width:] + data[begin + width :]
