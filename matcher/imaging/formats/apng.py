"""The frames of an APNG (PNG specification, third edition, 11.3.2): those that its header does not count.

`acTL` states the number of frames; each has an `fcTL` chunk. Viewers and Pillow show as many as are stated, and none
without `acTL`: what lies behind these is a picture all the same.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

MOST_CHUNKS = 1 << 18
"""The most chunks of a file that are looked at."""

_AFTER_HEADER = 33
"""Where the second chunk begins: after the magic number and IHDR."""


def with_all_frames(data: bytes) -> bytes:
    """A PNG that states as many frames as it has. Returns `data` where it states as many, or more, or has one at most.

    Only the statement differs; the chunks that hold the pictures are the same.
    """
    if b"fcTL" not in data:
        return data
    held, stated, begin, end = 0, 1, _AFTER_HEADER, _AFTER_HEADER
    for name, at, after in _chunks(data):
        if name == b"fcTL":
            held += 1
        elif name == b"acTL" and begin == end and after - at == 20:
            begin, end = at, after
            stated = max(1, int.from_bytes(data[at + 8 : at + 12], "big"))
    if held <= stated:
        return data
    body = b"acTL" + struct.pack(">II", held, 0)
    return data[:begin] + struct.pack(">I", 8) + body + struct.pack(">I", zlib.crc32(body)) + data[end:]


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """A generator of the name, the beginning and the end of each whole chunk after IHDR, up to IEND."""
    at = _AFTER_HEADER
    for _ in range(MOST_CHUNKS):
        after = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if after > len(data) or name == b"IEND":
            return
        yield name, at, after
        at = after
