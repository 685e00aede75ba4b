"""Files in which a Mac keeps the attributes of another file on a disk without a place for them (AppleDouble, `._name`).

They are told by content. Layout: a magic number, a version, 16 bytes of filler, a number of entries, and for each its
kind, place and length, all big-endian. The content of the other file is not in it. But a resource fork and extended
attributes may hold a preview or an icon, which are not looked at: a file with one is no side file. Source: RFC 1740,
appendices A and B.
"""

from __future__ import annotations

import struct

from matcher.model import Reason

SEEN = 1 << 16
"""How many of a file's first bytes `side_file` needs."""

_MAGIC = b"\x00\x05\x16\x07"
_HEADER = struct.Struct(">4sI16xH")
_ENTRY = struct.Struct(">III")
_VERSIONS = (0x10000, 0x20000)
_DATA_FORK = 1
_MOST_ENTRIES = 32
_SIGNATURES = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*", b"WEBP", b"ftyp", b"8BPS", b"jP  \r\n\x87\n"),
    *(b"JXL \r\n\x87\n", b"\xff\x4f\xff\x51", b"\x00\x11\x02\xff\x0c\x00"),
)
"""What pictures begin with, as far as that is not met by chance in some kilobytes. The last is QuickDraw's (PICT)."""
_RESOURCES = (b"PICT", b"pnot", b"icns", b"ICN#", b"ics#", b"icl4", b"icl8", b"jpeg", b"PNG ", b"tdta")
"""The types of resources that hold pictures."""
_RESOURCE_FORK = 2


def side_file(head: bytes, size: int) -> Reason | None:
    """Why a file of attributes is skipped; None for any other file.

    `head` are its first SEEN bytes, `size` its length. `side-file` where nothing in it can be a picture, else
    `container-not-opened`.
    """
    if not head.startswith(_MAGIC):
        return None
    entries = _entries(head)
    if size > SEEN or entries is None or any(signature in head for signature in _SIGNATURES):
        return Reason.CONTAINER_NOT_OPENED
    for kind, begin, length in entries:
        if kind == _RESOURCE_FORK and any(name in head[begin : begin + length] for name in _RESOURCES):
            return Reason.CONTAINER_NOT_OPENED
    return Reason.SIDE_FILE


def _entries(head: bytes) -> list[tuple[int, int, int]] | None:
    """Kind, place and length of each entry; None unless all lie inside the file and none is the content of a file."""
    if len(head) < _HEADER.size:
        return None
    _, version, count = _HEADER.unpack_from(head)
    if version not in _VERSIONS or count > _MOST_ENTRIES or _HEADER.size + count * _ENTRY.size > len(head):
        return None
    entries = [_ENTRY.unpack_from(head, _HEADER.size + number * _ENTRY.size) for number in range(count)]
    is_sound = all(kind != _DATA_FORK and begin + length <= len(head) for kind, begin, length in entries)
    return entries if is_sound else None
