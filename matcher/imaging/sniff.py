"""The format of a file, by its first bytes and never by its name.

Formats that are recognised but not decoded have a Kind too: such a file is unreadable, and not ignored.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matcher.imaging.unread import UNREAD, starts

HEAD = 4096
"""How many of a file's first bytes `sniff` needs."""
_TEXT = 512
"""How many of them are searched for a word: further inside, pages of the web hold drawings too."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A picture format: its media type and the name of its decoder (Pillow's where it has one), None without one."""

    media_type: str
    decoder: str | None = None


def _is_bmp(head: bytes) -> bool:
    # texts may begin with "BM" too: only a known size of the header that follows makes it a bitmap
    return head[:2] == b"BM" and len(head) >= 18 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_dib(head: bytes) -> bool:
    """Whether this is a bitmap without its file header, as in clipboards and resources."""
    if len(head) < 40 or head[:4] != b"\x28\0\0\0":
        return False
    width, height, planes, bits, compression = struct.unpack_from("<iiHHI", head, 4)
    return width > 0 and height != 0 and planes == 1 and bits in (1, 4, 8, 16, 24, 32) and compression <= 3


def _is_brand(*brands: bytes) -> Callable[[bytes], bool]:
    """A test for an ISO base media file with one of `brands`, major or compatible."""

    def test(head: bytes) -> bool:
        if head[4:8] != b"ftyp":
            return False
        end = min(int.from_bytes(head[:4], "big"), len(head))
        declared = {head[8:12]} | {head[at : at + 4] for at in range(16, end, 4)}
        return not declared.isdisjoint(brands)

    return test


def _is_icon(head: bytes) -> bool:
    return head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and 0 < int.from_bytes(head[4:6], "little") < 256 and len(head) >= 22


def _is_netpbm(head: bytes) -> bool:
    return _NETPBM.match(head) is not None


def _is_targa(head: bytes) -> bool:
    """Whether every field is valid in a TGA's header. It has no magic number, so this is still a guess."""
    if len(head) < 18:
        return False
    has_map, kind, first, length, map_bits = struct.unpack_from("<xBBHHB", head)
    width, height, bits, flags = struct.unpack_from("<HHBB", head, 12)
    if not (0 < width <= _TARGA_SIDE and 0 < height <= _TARGA_SIDE) or flags & 0xC0:
        return False
    if has_map:
        if kind not in (1, 9) or map_bits not in (15, 16, 24, 32) or first > 256 or not 0 < length <= 256:
            return False
    elif kind not in (2, 3, 10, 11) or first or length or map_bits:
        return False
    return flags & 15 in _TARGA_ALPHA.get((kind & 3, bits), ())


def _is_pcx(head: bytes) -> bool:
    if len(head) < 128 or head[0] != 10 or head[1] not in (0, 2, 3, 4, 5) or head[2] != 1:
        return False
    left, top, right, bottom = struct.unpack_from("<HHHH", head, 4)
    return head[3] in (1, 2, 4, 8) and left <= right and top <= bottom and head[64] == 0 and 1 <= head[65] <= 4


def _is_flic(head: bytes) -> bool:
    return head[4:6] in (b"\x11\xaf", b"\x12\xaf") and len(head) >= 128 and head[14:16] in (b"\0\0", b"\3\0")


def _is_xbm(head: bytes) -> bool:
    return _XBM.match(head) is not None


def _is_svg(head: bytes) -> bool:
    text = head[:_TEXT].removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!DOCTYPE svg")) and b"<svg" in text)


_NETPBM = re.compile(
    rb"P[1-6fF](#|[ \t\r\n]+(#|-?[0-9]+[ \t\r\n]+[-0-9#]))|P7[ \n](332|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE|#)"
)
"""A netpbm header, and no other text that begins with P and a digit."""
_XBM = re.compile(
    rb"\s*(/\*.{,300}?\*/\s*)?#define[ \t]+\S+_width[ \t]+[0-9]+\s+#define[ \t]+\S+_height[ \t]+", re.DOTALL
)
_TARGA_SIDE = 16384
_TARGA_ALPHA: dict[tuple[int, int], Sequence[int]] = {
    **{(1, 8): (0, 8), (2, 15): (0, 1), (2, 16): (0, 1), (2, 24): (0,), (2, 32): range(9)},
    **{(3, 8): (0,), (3, 16): (0, 8)},
}
"""The valid numbers of alpha bits, by the kind of picture (palette 1, colour 2, grey 3) and its bits a pixel."""
_HEIF_BRANDS = (
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"mif3", b"msf1"),
    *(b"avci", b"avcs", b"jpeg", b"jpgs", b"vvic", b"vvis", b"evbi", b"evbs", b"j2ki", b"j2is"),
)
"""Pictures and sequences coded by HEVC, AVC, JPEG, VVC, EVC and JPEG 2000. Source: ISO/IEC 23008-12, annexes B to M."""
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}

_KINDS: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (starts(b"\xff\xd8\xff"), Kind("image/jpeg", "JPEG")),
    (starts(b"\x89PNG\r\n\x1a\n"), Kind("image/png", "PNG")),
    (starts(b"GIF87a", b"GIF89a"), Kind("image/gif", "GIF")),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", Kind("image/webp", "WEBP")),
    (starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), Kind("image/tiff", "TIFF")),
    (_is_bmp, Kind("image/bmp", "BMP")),
    (_is_dib, Kind("image/bmp", "DIB")),
    (_is_brand(b"avif", b"avis"), Kind("image/avif", "AVIF")),
    (_is_brand(*_HEIF_BRANDS), Kind("image/heif", "HEIF")),
    (_is_brand(b"crx "), Kind("image/x-raw")),
    (starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), Kind("image/jxl", "JXL")),
    (starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), Kind("image/jp2", "JPEG2000")),
    (starts(b"8BPS\0\1", b"8BPS\0\2"), Kind("image/vnd.adobe.photoshop", "PSD")),
    (starts(b"DDS |\0\0\0"), Kind("image/vnd-ms.dds", "DDS")),
    (starts(b"qoif"), Kind("image/qoi", "QOI")),
    (starts(b"icns"), Kind("image/icns", "ICNS")),
    (starts(b"\x59\xa6\x6a\x95"), Kind("image/x-sun-raster", "SUN")),
    (starts(b"\x01\xda\x00", b"\x01\xda\x01"), Kind("image/sgi", "SGI")),
    (starts(b"/* XPM"), Kind("image/x-xpixmap", "XPM")),
    (_is_xbm, Kind("image/x-xbitmap", "XBM")),
    (starts(b"SIMPLE  =                    T"), Kind("image/fits", "FITS")),
    (starts(b"\xb1\x68\xde\x3a"), Kind("image/x-dcx", "DCX")),
    (_is_pcx, Kind("image/x-pcx", "PCX")),
    (_is_flic, Kind("video/x-fli", "FLI")),
    *((test, Kind(media_type)) for test, media_type in UNREAD),
    (_is_icon, Kind("image/x-icon", "ICO")),
    (starts(b"P7 332"), Kind("image/x-portable-anymap", "XVTHUMB")),
    (lambda head: head[:2] == b"P7" and _is_netpbm(head), Kind("image/x-portable-anymap")),
    (_is_netpbm, Kind("image/x-portable-anymap", "PPM")),
    (_is_svg, Kind("image/svg+xml")),
    (_is_targa, Kind("image/x-tga", "TGA")),
)

_PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".dib"),
    *(".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".jpx", ".jxr", ".psd", ".xcf", ".ico", ".icns"),
    *(".tga", ".dds", ".qoi", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".pcx", ".hdr", ".exr", ".cur", ".psb", ".mpo"),
    *(".xpm", ".xbm", ".sgi", ".ras", ".j2c", ".jpf", ".heics", ".avifs", ".hif"),
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".srw", ".orf", ".rw2", ".rwl", ".raf"),
    *(".pef", ".3fr", ".fff", ".iiq", ".x3f", ".mrw", ".erf", ".mef", ".mos", ".kdc", ".gpr"),
    *(".jls", ".jng", ".mng", ".wdp", ".hdp", ".jxs", ".bpg", ".flif", ".jb2", ".jbig2", ".jbg", ".dpx", ".pict"),
)


def sniff(head: bytes) -> Kind | None:
    """The picture format of a file that begins with `head`, or None where it is no known picture format."""
    for test, kind in _KINDS:
        if test(head):
            return kind
    return None


def named_as_picture(path: str) -> bool:
    """Whether a name has a picture's suffix: a file with such a name that cannot be read is worth a warning."""
    return path.lower().endswith(_PICTURE_SUFFIXES)
