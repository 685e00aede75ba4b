"""Archives, compressed files and packages.

Zip: PKWARE APPNOTE 6.3.10. Tar: POSIX.1-1988 and its predecessors. The other signatures name their source.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from matcher.examine.unopened.edges import Edges, Signature, by_signature

_ZIP = "application/zip"
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_MOST_ENTRIES = 64
"""How many entries of a zip are looked at, at most."""

SIGNATURES: tuple[Signature, ...] = (
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),  # 7zFormat.txt, SignatureHeader
    (0, b"Rar!\x1a\x07\x00", "application/vnd.rar"),  # rarlab technote, RAR 4
    (0, b"Rar!\x1a\x07\x01\x00", "application/vnd.rar"),  # rarlab technote, RAR 5
    (0, b"RE~^", "application/vnd.rar"),  # RAR before 1.50
    (0, b"PK\x07\x08PK\x03\x04", _ZIP),  # APPNOTE 8.5.3, the first part of a split zip
    (0, b"PK00PK\x03\x04", _ZIP),  # APPNOTE 8.5.4, a split zip that became one part
    (0, b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),  # MS-CAB CFHEADER
    (0, b"ISc(", "application/x-installshield"),  # unshield, CAB_SIGNATURE
    (0, b"xar!", "application/x-xar"),  # xar_header
    (0, b"MSWIM\0\0\0", "application/x-ms-wim"),  # WIM white paper, ImageTag
    (0, b"WLPWM\0\0\0", "application/x-ms-wim"),  # wimlib, pipable WIM
    (0, b"!<arch>\n", "application/x-archive"),  # ar(5); Debian packages too
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),  # rpm lead
    (0, b"070701", "application/x-cpio"),  # cpio(5), newc
    (0, b"070702", "application/x-cpio"),  # cpio(5), newc with checksums
    (0, b"070707", "application/x-cpio"),  # cpio(5), POSIX.1
    (7, b"**ACE**", "application/x-ace-compressed"),  # unace technote
    (20, b"\xdc\xa7\xc4\xfd", "application/x-zoo"),  # zoo.h, ZOO_TAG
    (10, b"rLau", "application/x-stuffit"),  # The Unarchiver wiki, StuffIt
    (0, b"StuffIt (c)1997-", "application/x-stuffit"),  # The Unarchiver wiki, StuffIt 5
    (0, b"StuffIt!", "application/x-stuffitx"),  # The Unarchiver wiki, StuffIt X
    (0, b"(This file must be converted with BinHex", "application/mac-binhex40"),  # RFC 1741
    (0, b"\x00\x05\x16\x00", "application/applefile"),  # RFC 1740, AppleSingle
    (0, b"TAPE\0\0", "application/x-mtf"),  # Microsoft Tape Format 1.00a, MTF_TAPE
    (0, b"7kSt", "application/x-zpaq"),  # zpaq.7, locator tag
    (0, b"\xfd7zXZ\0", "application/x-xz"),  # xz-file-format 2.1.1
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),  # RFC 8878 3.1.1
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),  # LZ4 frame format
    (0, b"\x02\x21\x4c\x18", "application/x-lz4"),  # LZ4 legacy frame
    (0, b"LZIP\x01", "application/x-lzip"),  # lzip manual, file format
    (0, b"\x89LZO\0\r\n\x1a\n", "application/x-lzop"),  # lzop, lzop_magic
    (0, b"LRZI", "application/x-lrzip"),  # lrzip, magic header
    (0, b"\xff\x06\0\0sNaPpY", "application/x-snappy-framed"),  # snappy framing_format.txt
    (0, b"PACK\0\0\0\2", "application/x-git-pack"),  # gitformat-pack
    (0, b"WARC/", "application/warc"),  # ISO 28500
    (0, b"=ybegin ", "application/x-yenc"),  # yEnc draft 1.3
)


def is_zip(file: Edges) -> bool:
    """Whether a file begins as a zip, or is an empty one."""
    return file.head.startswith((_LOCAL, _END))


def _directory(file: Edges) -> tuple[int, int] | None:
    """The size in bytes and the end, an offset in `tail`, of a zip's central directory; None without one."""
    at = file.tail.rfind(_END)
    while at >= 0:
        record = file.tail[at : at + 22]
        if len(record) == 22:
            size, offset, comment = struct.unpack_from("<IIH", record, 12)
            place = file.size - len(file.tail) + at  # the directory ends here: nothing may overlap it
            fits = size == 0xFFFFFFFF or size + (0 if offset == 0xFFFFFFFF else offset) <= place
            if at + 22 + comment <= len(file.tail) and fits and _has_directory(file, at, size):
                return size, at
        at = file.tail.rfind(_END, 0, at)
    return None


def _has_directory(file: Edges, end: int, size: int) -> bool:
    """Whether the central directory begins with its signature, as far as that lies in the tail."""
    if size == 0xFFFFFFFF:  # zip64: a locator stands before the record
        return end >= 20 and file.tail[end - 20 : end - 16] == b"PK\x06\x07"
    if size == 0:
        return False
    return size > end or file.tail[end - size : end - size + 4] == _CENTRAL


def zip_entries(file: Edges) -> Iterator[tuple[int, bytes]]:
    """A generator of the flags and the name of at most _MOST_ENTRIES entries of a zip, as far as the edges show them.

    They are those of the central directory, and those of the local headers that follow one another in the head.
    """
    directory = _directory(file)
    at = -1 if directory is None else directory[1] - directory[0]
    for _entry in range(_MOST_ENTRIES):
        if at < 0 or file.tail[at : at + 4] != _CENTRAL or at + 46 > len(file.tail):
            break
        (flags,) = struct.unpack_from("<H", file.tail, at + 8)
        name, extra, comment = struct.unpack_from("<HHH", file.tail, at + 28)
        yield flags, file.tail[at + 46 : at + 46 + name]
        at += 46 + name + extra + comment
    at = max(file.head.find(_LOCAL, 0, 16), 0)
    for _entry in range(_MOST_ENTRIES):
        if file.head[at : at + 4] != _LOCAL or at + 30 > len(file.head):
            return
        (flags,) = struct.unpack_from("<H", file.head, at + 6)
        (size,) = struct.unpack_from("<I", file.head, at + 18)
        name, extra = struct.unpack_from("<HH", file.head, at + 26)
        yield flags, file.head[at + 30 : at + 30 + name]
        if flags & 8:  # the size follows the data
            return
        at += 30 + name + extra + size


_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
)
"""Zips that are told by the name of an entry: ECMA-376 part 2, and the packages of Android and Java."""

_STATED = re.compile(rb"mimetype([a-z]+/[a-z0-9.+-]{1,100})")
"""The first entry of EPUB and OpenDocument: its name, and its content, which is not compressed."""


def _zip(file: Edges) -> str | None:
    if not is_zip(file):
        return None
    stated = _STATED.match(file.head, 30)
    if stated is not None:
        return stated[1].decode("ascii")
    names = [name for _flags, name in zip_entries(file)]
    return next((kind for begin, kind in _OFFICE if any(name.startswith(begin) for name in names)), _ZIP)


def _gzip(file: Edges) -> str | None:
    """RFC 1952 2.3: the method is deflate, and the reserved flags are zero."""
    head = file.head
    return "application/gzip" if head[:3] == b"\x1f\x8b\x08" and len(head) >= 10 and not head[3] & 0xE0 else None


def _compress(file: Edges) -> str | None:
    """compress(1): codes of 9 to 16 bits. pack(1): a tree of at most 24 levels."""
    head = file.head
    if head[:2] == b"\x1f\x9d" and len(head) > 3 and 9 <= head[2] & 0x1F <= 16 and not head[2] & 0x60:
        return "application/x-compress"
    return "application/x-pack" if head[:2] == b"\x1f\x1e" and len(head) > 7 and 1 <= head[6] <= 24 else None


def _bzip2(file: Edges) -> str | None:
    head = file.head
    block = head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    return "application/x-bzip2" if head[:3] == b"BZh" and head[3:4] in b"123456789" and block else None


def _lzma_alone(file: Edges) -> str | None:
    """LZMA SDK lzma.txt: properties 0x5D, a size of the dictionary that encoders write, and a likely length."""
    if file.head[:1] != b"\x5d" or file.size < 18:
        return None
    dictionary, length = struct.unpack_from("<IQ", file.head, 1)
    usual = dictionary in {part << shift for shift in range(12, 31) for part in (1, 3)}
    return "application/x-lzma" if usual and (length == 2**64 - 1 or 0 < length < 2**40) else None


def _skippable(file: Edges) -> str | None:
    """RFC 8878 3.1.2: skippable frames stand before a frame of Zstandard or LZ4."""
    head = file.head
    if head[1:4] != b"\x2a\x4d\x18" or not 0x50 <= head[0] <= 0x5F or len(head) < 8:
        return None
    follows = file.part(8 + int.from_bytes(head[4:8], "little"), 4)
    return "application/zstd" if follows in (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18") else None


def _zip_behind(file: Edges) -> str | None:
    """A zip behind other data, such as a program that unpacks it."""
    return None if _directory(file) is None else _ZIP


def _tar(file: Edges) -> str | None:
    """A header block whose sum is the stated one; POSIX.1 and GNU, and older ones without a signature."""
    head = file.head[:512]
    if len(head) < 512 or not head[0]:
        return None
    stated = re.fullmatch(rb" *([0-7]{1,7})[ \0]{1,7}", head[148:156])
    if stated is None:
        return None
    blank = head[:148] + b" " * 8 + head[156:]
    signed = sum(blank) - 256 * sum(byte > 127 for byte in blank)
    return "application/x-tar" if int(stated[1], 8) in (sum(blank), signed) else None


def _arj(file: Edges) -> str | None:
    """ARJ technical information: the basic header has at most 2,600 bytes, and its first part at least 30."""
    head = file.head
    fits = head[:2] == b"\x60\xea" and 30 <= int.from_bytes(head[2:4], "little") <= 2600
    return "application/x-arj" if fits and len(head) > 40 and 30 <= head[4] <= 60 else None


def _lha(file: Edges) -> str | None:
    """LHA header: the method stands at 2, the level at 20."""
    method = re.match(rb"-(lh[0-9dex]|lz[2345s]|pm[0-2s])-", file.head[2:7])
    return "application/x-lha" if method and file.head[20:21] in (b"\0", b"\1", b"\2", b"\3") else None


def _old_cpio(file: Edges) -> str | None:
    """cpio(5), the binary format: a plausible mode and length of the name, and a name that ends in NUL."""
    if len(file.head) < 28 or file.head[:2] not in (b"\xc7\x71", b"\x71\xc7"):
        return None
    order = "<" if file.head[0] == 0xC7 else ">"
    (mode,) = struct.unpack_from(f"{order}H", file.head, 6)
    (name,) = struct.unpack_from(f"{order}H", file.head, 20)
    ends = 1 < name <= 1024 and file.part(26 + name - 1, 1) == b"\0" and b"\0" not in file.head[26 : 26 + name - 1]
    return "application/x-cpio" if ends and mode >> 12 in (1, 2, 4, 6, 8, 10, 12) else None


_WITHIN = (
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (b"zlb\x1a", "application/x-inno-setup"),  # innoextract, setup loader
    (b"\xef\xbe\xad\xdeNullsoftInst", "application/x-nsis"),  # NSIS fileform.h, at 4 of its first header
)


def _self_extractor(file: Edges) -> str | None:
    """An archive behind the last section of a program for Windows: PE/COFF 3.3 and 4."""
    head = file.head
    if head[:2] != b"MZ" or len(head) < 64:
        return None
    (at,) = struct.unpack_from("<I", head, 60)
    if head[at : at + 4] != b"PE\0\0" or at + 24 > len(head):
        return None
    sections, optional = struct.unpack_from("<H12xH", head, at + 6)
    table = at + 24 + optional
    end = 0
    for section in range(min(sections, 96)):
        if table + 40 * section + 24 > len(head):
            return None
        end = max(end, sum(struct.unpack_from("<II", head, table + 40 * section + 16)))
    behind = file.part(end, 32)
    return next((kind for magic, kind in _WITHIN if magic in behind), None)


def _app_image(file: Edges) -> str | None:
    """AppImage specification: a program for Linux with a file system behind it."""
    is_one = file.head[:4] == b"\x7fELF" and file.head[8:11] in (b"AI\1", b"AI\2")
    return "application/vnd.appimage" if is_one else None


TESTS = (
    _zip,
    by_signature(SIGNATURES),
    _gzip,
    _bzip2,
    _compress,
    _tar,
    _skippable,
    _lzma_alone,
    _lha,
    _arj,
    _old_cpio,
    _self_extractor,
    _app_image,
    _zip_behind,
)
