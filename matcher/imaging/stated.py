"""The number of pixels that a file's header states, without decoding: it distinguishes a lack of memory from damage."""

from __future__ import annotations

from io import BytesIO

from matcher.imaging.formats.pillow import open_by
from matcher.imaging.sniff import Kind

_PIXELS_OF_A_BYTE = 200
"""The pixels for each byte of a very well compressed picture."""
_HEAD = 1 << 16


def stated_pixels(data: bytes, kind: Kind, most: int) -> int:
    """Width times height according to the header; an estimate from the length where the header cannot be read.

    0 where the header states more than `most` pixels, the limit: nothing is decoded then.
    """
    if kind.decoder == "WEBP":  # to read the size, Pillow's class would decode the whole file
        sizes = [_webp(data)]
    else:
        sizes = [_ispe(data, at) for at in _places(data[:_HEAD])] or [_by_pillow(data, kind, most)]
    return max((size for size in sizes if size <= most), default=0)


def _by_pillow(data: bytes, kind: Kind, most: int) -> int:
    try:
        width, height = open_by(str(kind.decoder), BytesIO(data)).size
    except Exception:  # noqa: BLE001 - on hostile bytes Pillow's format classes raise exceptions of any type
        return min(_PIXELS_OF_A_BYTE * len(data), most)
    return int(width * height)


def _webp(data: bytes) -> int:
    """The pixels of a WebP file. Source: RFC 9649, sections 2.5 to 2.7."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        return (1 + int.from_bytes(data[24:27], "little")) * (1 + int.from_bytes(data[27:30], "little"))
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (1 + (bits & 0x3FFF)) * (1 + (bits >> 14 & 0x3FFF))
    return (int.from_bytes(data[26:28], "little") & 0x3FFF) * (int.from_bytes(data[28:30], "little") & 0x3FFF)


def _places(head: bytes) -> list[int]:
    """The places of the `ispe` boxes, which state a picture's extent in HEIF and AVIF."""
    places, at = [], head.find(b"ispe")
    while at >= 0:
        places.append(at)
        at = head.find(b"ispe", at + 4)
    return places if head[4:8] == b"ftyp" else []


def _ispe(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 8 : at + 12]) * int.from_bytes(data[at + 12 : at + 16])
