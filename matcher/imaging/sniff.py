"""What a file is, told by its first bytes and never by its name.

A format that is recognised and not decoded is still named: such a file is unreadable, not passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

HEAD = 512
"""How many of a file's first bytes `sniff` wants to see."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A picture format: its media type, and Pillow's name for the decoder, None where we have none."""

    media_type: str
    decoder: str | None = None


def _starts(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _is_bmp(head: bytes) -> bool:
    # "BM" alone begins many a text: a known size of the header that follows makes it a bitmap
    return head[:2] == b"BM" and len(head) >= 18 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_brand(*brands: bytes) -> Callable[[bytes], bool]:
    """An ISO base media file with one of `brands`, major or compatible."""

    def test(head: bytes) -> bool:
        if head[4:8] != b"ftyp":
            return False
        end = min(int.from_bytes(head[:4], "big"), len(head))
        found = {head[8:12]} | {head[at : at + 4] for at in range(16, end, 4)}
        return not found.isdisjoint(brands)

    return test


def _is_icon(head: bytes) -> bool:
    return head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and 0 < int.from_bytes(head[4:6], "little") < 256 and len(head) >= 22


def _is_netpbm(head: bytes) -> bool:
    return _NETPBM.match(head) is not None


def _is_svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!DOCTYPE svg")) and b"<svg" in text)


_NETPBM = re.compile(
    rb"P[1-6fF](#|[ \t\r\n]+(#|-?[0-9]+[ \t\r\n]+[-0-9#]))|P7[ \n](332|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE|#)"
)
"""A netpbm header and not just a text that begins with P and a digit."""
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}

_KINDS: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (_starts(b"\xff\xd8\xff"), Kind("image/jpeg", "JPEG")),
    (_starts(b"\x89PNG\r\n\x1a\n"), Kind("image/png", "PNG")),
    (_starts(b"GIF87a", b"GIF89a"), Kind("image/gif", "GIF")),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", Kind("image/webp", "WEBP")),
    (_starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), Kind("image/tiff", "TIFF")),
    (_is_bmp, Kind("image/bmp", "BMP")),
    (_is_brand(b"avif", b"avis"), Kind("image/avif")),
    (_is_brand(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), Kind("image/heif")),
    (_starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), Kind("image/jxl")),
    (_starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), Kind("image/jp2")),
    (_starts(b"8BPS\0\1", b"8BPS\0\2"), Kind("image/vnd.adobe.photoshop")),
    (_starts(b"DDS |\0\0\0"), Kind("image/vnd-ms.dds")),
    (_starts(b"qoif"), Kind("image/qoi")),
    (_starts(b"\x8aMNG\r\n\x1a\n"), Kind("video/x-mng")),
    (_starts(b"\x8bJNG\r\n\x1a\n"), Kind("image/x-jng")),
    (_starts(b"gimp xcf "), Kind("image/x-xcf")),
    (_starts(b"icns"), Kind("image/icns")),
    (_starts(b"IIRO", b"IIRS", b"IIU\0", b"FUJIFILMCCD-RAW", b"II\x1a\0\0\0HEAPCCDR"), Kind("image/x-raw")),
    (_starts(b"#?RADIANCE", b"v/1\x01"), Kind("image/x-hdr")),
    (_starts(b"\x59\xa6\x6a\x95"), Kind("image/x-sun-raster")),
    (_starts(b"\x01\xda\x00", b"\x01\xda\x01"), Kind("image/sgi")),
    (_starts(b"/* XPM"), Kind("image/x-xpixmap")),
    (_starts(b"II\xbc\x01"), Kind("image/jxr")),
    (_starts(b"AT&TFORM"), Kind("image/vnd.djvu")),
    (_is_icon, Kind("image/x-icon")),
    (_is_netpbm, Kind("image/x-portable-anymap")),
    (_is_svg, Kind("image/svg+xml")),
)

_PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".dib"),
    *(".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".jpx", ".jxr", ".psd", ".xcf", ".ico", ".icns"),
    *(".tga", ".dds", ".qoi", ".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".hdr", ".exr"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
)


def sniff(head: bytes) -> Kind | None:
    """The picture format of a file that begins with `head`, or None where it is no picture that we know."""
    for test, kind in _KINDS:
        if test(head):
            return kind
    return None


def named_as_picture(path: str) -> bool:
    """Whether a name claims to be a picture: what cannot be read under such a name is worth a warning."""
    return path.lower().endswith(_PICTURE_SUFFIXES)
