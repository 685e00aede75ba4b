"""PNG without texts and profiles that Pillow refuses for their length: they are sound, and no part of the picture.

Pillow inflates a mebibyte of each and keeps 64 of all, in settings that belong to the host's process.
"""

from __future__ import annotations

import struct
import zlib

from matcher.imaging.formats.png_chunks import MAGIC

_INFLATES = 1032
"""The most bytes that one byte of deflate can inflate to: 258 from two bits."""
_LEFT_OUT = {b"tEXt": 1, b"zTXt": _INFLATES, b"iTXt": _INFLATES, b"iCCP": _INFLATES}
"""The chunks that may be left out, and to how many bytes one of theirs may inflate."""
MOST_CHUNKS = 1 << 20
"""The most chunks that are looked at: those of a picture of eight gigabytes."""
_MOST = 1 << 20
"""Chunks that may inflate to more than this, all together, are left out. Pillow's limits are this and more."""


def without_long_texts(data: bytes) -> bytes:
    """The same file without texts and profile where these may be too long for Pillow; else `data` itself.

    Only chunks with the right CRC are left out, so damage in others is found as ever.
    """
    view = memoryview(data)
    found = []
    inflated = 0
    at = len(MAGIC)
    for _ in range(MOST_CHUNKS):
        if at + 12 > len(data):
            break
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            break
        if name in _LEFT_OUT:
            inflated += length * _LEFT_OUT[name]
            found.append((at, end))
        at = end
    if inflated <= _MOST:
        return data
    kept = []
    at = 0
    for begin, end in found:
        if zlib.crc32(view[begin + 4 : end - 4]) == int.from_bytes(view[end - 4 : end]):
            kept.append(view[at:begin])
            at = end
    return b"".join([*kept, view[at:]])
