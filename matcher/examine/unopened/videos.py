"""Films: containers with a track of pictures, and bare streams. Sound alone is not told apart from any other file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from matcher.examine.unopened.edges import Edges, Signature, by_signature

SIGNATURES: tuple[Signature, ...] = (
    (0, b".RMF\0\0", "application/vnd.rn-realmedia"),  # RealMedia file format, File Header
    (0, b"\0\0\0\0\1\xbc", "application/gxf"),  # SMPTE 360, the map packet
    (0, b"DKIF\0\0", "video/x-ivf"),  # IVF, as libvpx writes it
    (0, b"YUV4MPEG2 ", "video/x-yuv4mpeg"),  # yuv4mpeg(5)
    (0, b"BIKb", "video/x-bink"),  # MultimediaWiki, Bink
    (0, b"BIKf", "video/x-bink"),
    (0, b"BIKg", "video/x-bink"),
    (0, b"BIKh", "video/x-bink"),
    (0, b"BIKi", "video/x-bink"),
    (0, b"KB2", "video/x-bink"),  # MultimediaWiki, Bink 2
    (0, b"SMK2", "video/x-smacker"),  # MultimediaWiki, Smacker
    (0, b"SMK4", "video/x-smacker"),
    (0, b"nut/multimedia container\0", "video/x-nut"),  # nut.txt, file_id_string
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d", "video/x-ms-wtv"),  # MultimediaWiki, WTV
    (0, b"NSVf", "video/x-nsv"),  # Nullsoft Streaming Video
    (0, b"NSVs", "video/x-nsv"),
    (0, b"BBCD\0", "video/x-dirac"),  # Dirac 9.6, parse info of a sequence header
    (4, b"RED1", "video/x-red"),  # MultimediaWiki, REDCODE
    (4, b"RED2", "video/x-red"),
    (0, b"DHAV", "video/x-dahua"),  # FFmpeg dhav.c: recorders of cameras
    (0, b"IMKH", "video/x-hikvision"),  # Hikvision media header: recorders of cameras
)

_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ", b"aax ", b"aaxc"})
"""Major brands of files with sound only: mp4ra.org."""

_FIRST_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"moof", b"styp", b"sidx", b"uuid"})
"""The atoms with which a QuickTime file without `ftyp`, or a part of a stream, begins: QTFF, ISO 14496-12."""


def _mp4(file: Edges) -> str | None:
    """ISO base media and QuickTime, but for files of which their own table of tracks says that they are sound."""
    head = file.head
    kind = head[4:8]
    if kind == b"ftyp":
        major = head[8:12]
        if not 8 <= int.from_bytes(head[:4], "big") <= 4096 or len(head) < 12:
            return None
        has_film = _has_film(file)
        if has_film is False or (has_film is None and major in _SOUND_BRANDS):
            return None
        if major == b"qt  ":
            return "video/quicktime"
        return "video/3gpp" if major.startswith((b"3gp", b"3g2")) else "video/mp4"
    if kind not in _FIRST_ATOMS or not all(name in _FIRST_ATOMS for name, _at, _end in _atoms(file, 2)):
        return None
    return None if _has_film(file) is False else "video/quicktime"


def _is_text(data: bytes) -> bool:
    return data.isascii() and b"\0" not in data


def _atoms(file: Edges, most: int = 64) -> Iterator[tuple[bytes, int, int]]:
    """A generator of the names, offsets and ends of the first atoms; the name is empty where one does not fit."""
    at = 0
    for _atom in range(most):
        header = file.part(at, 16)
        if len(header) < 8:
            return
        size, name = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:], "big")
        elif size == 0:
            size = file.size - at
        is_cut = at + size > file.size
        if size < 8 or (is_cut and (name != b"mdat" or _is_text(file.head[:64]))):
            yield b"", at, at
            return
        yield name, at, at + size
        at += size


_FILM = re.compile(rb"vide|pict|auxv|cmov")
"""ISO 14496-12, 23008-12: handlers of tracks with pictures; QTFF: a table of tracks that is compressed."""


def _has_film(file: Edges) -> bool | None:
    """Whether the table of tracks has one with pictures, or has only sound; None where neither can be seen."""
    for name, at, end in _atoms(file):
        if name == b"moov":
            table = file.part(at, end - at)
            if _FILM.search(table):
                return True
            return False if b"soun" in table else None
    return None


def _matroska(file: Edges) -> str | None:
    """RFC 9559: the names of codecs begin with V_ for pictures and with A_ for sound."""
    head = file.head
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    if b"V_" not in head and re.search(rb"A_(?:AAC|OPUS|VORBIS|MPEG|FLAC|PCM|AC3|EAC3|DTS)", head):
        return None
    return "video/webm" if b"webm" in head[:64] else "video/x-matroska"


_RIFF = {b"AVI ": "video/x-msvideo", b"AVIX": "video/x-msvideo", b"AMV ": "video/x-amv", b"CDXA": "video/mpeg"}
"""RIFF forms of films: OpenDML 1.02, MultimediaWiki (AMV), Video CD."""


def _riff(file: Edges) -> str | None:
    return _RIFF.get(file.head[8:12]) if file.head[:4] == b"RIFF" else None


_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILM = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_ASF_SOUND = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")


def _asf(file: Edges) -> str | None:
    """ASF specification 10: the header object, but for one whose streams are all of the type Audio_Media."""
    if not file.head.startswith(_ASF):
        return None
    header = file.part(0, int.from_bytes(file.head[16:24], "little"))
    return None if _ASF_SOUND in header and _ASF_FILM not in header else "video/x-ms-asf"


def _flv(file: Edges) -> str | None:
    """Adobe Flash Video specification 10.1, annex E: bit 0 of the flags says that there are pictures; not reliably."""
    head = file.head
    is_sound = head[4:5] == b"\4" and len(head) > 13 and head[13] in (8, 18) and b"\x09\0" not in head[13:64]
    return "video/x-flv" if head[:4] == b"FLV\1" and head[5:8] == b"\0\0\0" and not is_sound else None


_OGG_FILM = re.compile(rb"\x80theora|BBCD\0|OVP80|\x01video\0")


def _ogg(file: Edges) -> str | None:
    """RFC 3533: every stream's first page comes before any other page; Theora, Dirac, VP8, OGM."""
    return "video/ogg" if file.head[:5] == b"OggS\0" and _OGG_FILM.search(file.head, 0, 8192) else None


def _program_stream(file: Edges) -> str | None:
    """ISO 13818-1 and 11172-1: a pack header with its marker bits, or the first packet of a film."""
    head = file.head
    if head[:3] != b"\0\0\1" or len(head) < 16:
        return None
    pack = head[3] == 0xBA and (head[4] & 0xF0 == 0x20 or head[4] & 0xC4 == 0x44)
    packet = 0xE0 <= head[3] <= 0xEF and head[6] & 0xC0 == 0x80
    return "video/mpeg" if pack or packet else None


def _elementary_stream(file: Edges) -> str | None:
    """A sequence header of MPEG-1 and 2 (ISO 11172-2, 13818-2), or of MPEG-4 part 2 (ISO 14496-2), and more codes."""
    head = file.head
    if head[:3] != b"\0\0\1" or b"\0\0\1" not in head[4:4096]:
        return None
    if head[3] == 0xB3 and head[10:11] and head[10] & 0x20:
        width, height = head[4] << 4 | head[5] >> 4, (head[5] & 15) << 8 | head[6]
        return "video/mpeg" if width and height and head[7] >> 4 and head[7] & 15 else None
    is_four = head[3] == 0xB0 and head[5:8] == b"\0\0\1" and head[8:9] in (b"\xb5", b"\xb2", b"\0")
    return "video/mp4v-es" if is_four else None


_H264 = re.compile(
    rb"(?:\x00\x00\x00\x01\x09[\x10-\xf0])?\x00\x00\x00?\x01[\x27\x47\x67]"
    rb"[\x42\x4d\x58\x64\x6e\x7a\xf4\x2c\x53\x56\x76\x80]"
)
_H265 = re.compile(rb"(?:\x00\x00\x00\x01\x46\x01[\x10-\x50])?\x00\x00\x00?\x01\x40\x01[\x0c\x1c\x2c]")


def _annex_b(file: Edges) -> str | None:
    """ITU-T H.264 and H.265, annex B: a parameter set comes first, behind a delimiter, of a profile that exists."""
    if file.head[:2] != b"\0\0" or b"\0\0\1" not in file.head[4:4096]:
        return None
    if _H264.match(file.head):
        return "video/h264"
    return "video/h265" if _H265.match(file.head) else None


def _obu(file: Edges) -> str | None:
    """AV1 bitstream 5.3 and 5.5: an empty temporal delimiter, then a sequence header that states its size."""
    head = file.head
    return "video/av1" if head[:3] == b"\x12\0\x0a" and len(head) > 20 and 9 <= head[3] <= 24 else None


_PACKETS = 5


def _transport_stream(file: Edges) -> str | None:
    """ISO 13818-1: packets of 188 bytes, of 192 with a time before each (Blu-ray), of 204 with parity behind each."""
    head = file.head
    for size, first in ((188, 0), (192, 4), (204, 0)):
        starts = range(first, first + size * _PACKETS, size)
        if len(head) >= starts[-1] + 4 and all(head[at] == 0x47 and head[at + 3] & 0x30 for at in starts):
            return "video/mp2t"
    return None


def _dv(file: Edges) -> str | None:
    """IEC 61834: a header block, then a block of subcode, each of 80 bytes."""
    head = file.head
    header = head[:3] == b"\x1f\x07\0" and head[3:4] in (b"\x3f", b"\xbf")
    return "video/x-dv" if header and len(head) > 240 and head[80] & 0xE0 == 0x20 else None


def _iff(file: Edges) -> str | None:
    """EA IFF 85: a form of animated pictures."""
    return "video/x-anim" if file.head[:4] == b"FORM" and file.head[8:12] == b"ANIM" else None


_MXF = re.compile(rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02[\x01-\x04]\x00[\x83\x84\x87]\x00")


def _mxf(file: Edges) -> str | None:
    """SMPTE 377: the key and the length of the header partition pack, behind at most 64 KiB of other data."""
    return "application/mxf" if _MXF.search(file.head, 0, 64 << 10) else None


TESTS = (
    by_signature(SIGNATURES),
    _mp4,
    _matroska,
    _riff,
    _asf,
    _flv,
    _ogg,
    _program_stream,
    _elementary_stream,
    _annex_b,
    _obu,
    _transport_stream,
    _dv,
    _iff,
    _mxf,
)
