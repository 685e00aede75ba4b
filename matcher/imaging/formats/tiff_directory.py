"""The directories of a TIFF (not BigTIFF): tag → whole numbers. Source: TIFF 6.0, section 2."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Directory = dict[int, tuple[int, ...]]

_LAYOUTS = {1: "B", 3: "H", 4: "I"}
"""BYTE, SHORT and LONG; values of other types are not read."""


MOST_BYTES = 1 << 22
"""The most bytes of one directory's values that are read. Entries may overlap, and so exceed the file's size."""


def byte_order(data: bytes) -> str:
    """The byte order of a TIFF as struct writes it: `<` or `>`."""
    return "<" if data[:2] == b"II" else ">"


def directories(data: bytes) -> Iterator[Directory]:
    """A generator of the chained directories, each once. It ends where the chain leaves the file."""
    if data[2:4] not in (b"*\0", b"\0*"):
        return
    order = byte_order(data)
    visited: set[int] = set()
    try:
        (at,) = struct.unpack_from(f"{order}I", data, 4)
        while at and at not in visited:
            visited.add(at)
            (count,) = struct.unpack_from(f"{order}H", data, at)
            yield dict(_entries(data, at + 2, count, order))
            (at,) = struct.unpack_from(f"{order}I", data, at + 2 + 12 * count)
    except struct.error:
        return


def _entries(data: bytes, at: int, count: int, order: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    left = MOST_BYTES
    for entry in range(at, at + 12 * count, 12):
        tag, kind, number, place = struct.unpack_from(f"{order}HHII", data, entry)
        layout = _LAYOUTS.get(kind)
        size = 0 if layout is None else number * struct.calcsize(layout)
        left -= size
        if left < 0:
            return
        begin = entry + 8 if size <= 4 else place
        if layout is None:
            yield tag, (place,)
        elif size > 0 and begin + size <= len(data):
            yield tag, struct.unpack_from(f"{order}{number}{layout}", data, begin)
