"""The pictures inside a WebP file: in its metadata, and behind its end. Source: RFC 9649, section 2.7."""

from __future__ import annotations

from matcher.imaging.embedded.exif import HEADER as EXIF
from matcher.imaging.embedded.exif import find_in_exif
from matcher.imaging.embedded.extents import riff_chunks, riff_end
from matcher.imaging.embedded.scanning import METADATA, scan
from matcher.imaging.embedded.search import APPENDED, PREVIEW, Search
from matcher.imaging.embedded.texts import find_in_text

_OWN = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"})


def find_in_webp(data: bytes, search: Search) -> None:
    """Add the pictures inside a WebP file."""
    for chunk in riff_chunks(data, 0, len(data), search):
        if chunk.name in _OWN:
            continue
        body = data[chunk.begin : chunk.end]
        if chunk.name == b"EXIF":
            find_in_exif(body.removeprefix(EXIF), search)
        elif chunk.name == b"XMP ":
            find_in_text(body, search)
        else:
            scan(body, 0, len(body), search, what=PREVIEW, signatures=METADATA)
    scan(data, riff_end(data, 0, len(data), search), len(data), search, what=APPENDED)
