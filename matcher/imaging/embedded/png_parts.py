"""The pictures inside a PNG file: in its metadata, and behind its end.

Sources: PNG (third edition), section 11.3.4 (eXIf); Adobe's XMP specification, part 3; C2PA 2.1 (caBX); ImageMagick's
"Raw profile type" texts, which have metadata in hexadecimal digits.
"""

from __future__ import annotations

import zlib

from matcher.imaging.embedded.exif import HEADER as EXIF
from matcher.imaging.embedded.exif import find_in_exif
from matcher.imaging.embedded.extents import png_chunks
from matcher.imaging.embedded.photoshop import find_in_resources
from matcher.imaging.embedded.scanning import METADATA, scan
from matcher.imaging.embedded.search import APPENDED, PREVIEW, Search
from matcher.imaging.embedded.texts import find_in_text

_MOST_TEXT = 1 << 24
"""The most bytes that a compressed text is inflated to."""
_OWN = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fdAT", b"fcTL", b"acTL", b"iCCP", b"tRNS"})
_XMP = b"XML:com.adobe.xmp"
_RAW_PROFILE = b"Raw profile type "
_PHOTOSHOP = b"Photoshop 3.0\0"


def find_in_png(data: bytes, search: Search) -> None:
    """Add the pictures inside a PNG file."""
    end = 8
    for chunk in png_chunks(data, 0, len(data), search):
        end = chunk.end + 4
        if chunk.name in _OWN:
            continue
        body = data[chunk.begin : chunk.end]
        if chunk.name == b"eXIf":
            find_in_exif(body.removeprefix(EXIF), search)
        elif chunk.name in (b"tEXt", b"zTXt", b"iTXt"):
            _find_in_texts(chunk.name, body, search)
        else:
            scan(body, 0, len(body), search, what=PREVIEW, signatures=METADATA)
    scan(data, end, len(data), search, what=APPENDED)


def _find_in_texts(name: bytes, body: bytes, search: Search) -> None:
    keyword, _separator, rest = body.partition(b"\0")
    if keyword != _XMP and not keyword.startswith(_RAW_PROFILE):
        return
    compressed, text = name == b"zTXt", rest[1:] if name == b"zTXt" else rest
    if name == b"iTXt":
        compressed, text = rest[:1] == b"\1", b"\0".join(rest[2:].split(b"\0")[2:])
    if compressed:
        text = _inflated(text)
    if keyword == _XMP:
        find_in_text(text, search)
        return
    profile = _unhexed(text)
    if profile.startswith(EXIF):
        find_in_exif(profile[len(EXIF) :], search)
    elif keyword.endswith((b" 8bim", b" iptc")):
        find_in_resources(profile.removeprefix(_PHOTOSHOP), search)
    else:
        find_in_text(profile, search)


def _inflated(compressed: bytes) -> bytes:
    """The text, cut at _MOST_TEXT, or nothing where it is damaged."""
    try:
        return zlib.decompressobj().decompress(compressed, _MOST_TEXT)
    except zlib.error:
        return b""


def _unhexed(text: bytes) -> bytes:
    """The bytes of a raw profile: a line with its name, one with its length, then hexadecimal digits."""
    digits = b"".join(text.split(b"\n", 3)[3:]).replace(b"\n", b"")
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""
