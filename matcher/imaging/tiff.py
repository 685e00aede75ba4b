"""Camera raw in a TIFF's clothes: its pages are previews, the picture itself lies where Pillow does not look."""

from __future__ import annotations

import struct

_SUB_IFDS = 330
_DNG_VERSION = 50706
_NEW_SUBFILE_TYPE = 254
_REDUCED = 1


def only_previews(data: bytes) -> bool:
    """Whether the first directory says so: a DNG, a Canon CR2, or a reduced picture with others below it."""
    if data[8:10] == b"CR":
        return True
    tags = _first_directory(data)
    return _DNG_VERSION in tags or (_SUB_IFDS in tags and bool(tags.get(_NEW_SUBFILE_TYPE, 0) & _REDUCED))


def _first_directory(data: bytes) -> dict[int, int]:
    """Tag → the four bytes of its value as a number; empty for a BigTIFF or a directory out of the file."""
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] not in (b"*\0", b"\0*"):
        return {}
    try:
        (at,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, at)
        entries = [struct.unpack_from(f"{order}HHII", data, at + 2 + 12 * place) for place in range(count)]
    except struct.error:
        return {}
    return {tag: value for tag, _type, _count, value in entries}
