"""The directories of a TIFF or BigTIFF: tag → whole numbers. Source: TIFF 6.0, section 2; libtiff's page on BigTIFF."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

from matcher.errors import DecodeError
from matcher.model import Reason

Directory = dict[int, tuple[int, ...]]

_LAYOUTS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""The types of whole numbers. A value of another type is read as the place of its bytes, and their number."""
_SIZES = {1: 1, 2: 1, 5: 8, 7: 1, 10: 8, 11: 4, 12: 8}

_BYTE, _MOST_NUMBERS = 1, 1 << 10
"""Metadata of type BYTE is longer than this, and is no list of numbers."""

MOST_BYTES = 1 << 22
"""The most bytes of one directory's values that are read. Entries may overlap, and so exceed the file's size; those of
all directories together may have this many bytes more than twice the file's size."""
_MOST_ENTRIES = 1 << 16

UNREAD = -1
"""The key of the tags whose values are not in the file, or too many."""


def byte_order(data: bytes) -> Literal["<", ">"]:
    """The byte order of a TIFF as struct writes it: `<` or `>`."""
    return "<" if data[:2] == b"II" else ">"


def directories(data: bytes) -> Iterator[Directory]:
    """A generator of the chained directories, each once. It ends where the chain leaves the file."""
    with suppress(DecodeError):
        yield from whole_chain(data)


def whole_chain(data: bytes) -> Iterator[Directory]:
    """A generator of the chained directories, each once. DecodeError (truncated) where the chain leaves the file."""
    order, mark = byte_order(data), data[2:4]
    if mark in (b"*\0", b"\0*"):
        first, number, entry, place = 4, "H", 12, "I"
    elif mark in (b"+\0", b"\0+"):
        first, number, entry, place = 8, "Q", 20, "Q"
    else:
        return
    visited: set[int] = set()
    left, passed = MOST_BYTES + 2 * len(data), 0
    try:
        (at,) = struct.unpack_from(order + place, data, first)
        while at and at not in visited:
            visited.add(at)
            (count,) = struct.unpack_from(order + number, data, at)
            entries = at + struct.calcsize(number)
            passed += count
            if passed > _MOST_ENTRIES + len(data) // entry:  # directories overlap
                raise DecodeError(Reason.CORRUPT)
            found, used = _directory(data, range(entries, entries + entry * count, entry), order, place, left)
            left -= used
            yield found
            (at,) = struct.unpack_from(order + place, data, entries + entry * count)
    except (struct.error, OverflowError) as error:
        raise DecodeError(Reason.TRUNCATED) from error


def _directory(data: bytes, entries: range, order: str, place: str, most: int) -> tuple[Directory, int]:
    """One directory, and the bytes of its values, of which at most `most` are read."""
    most = left = min(most, MOST_BYTES)
    found: Directory = {}
    unread = []
    inside = struct.calcsize(place)
    for entry in entries:
        tag, kind, number, begin = struct.unpack_from(f"{order}HH{place}{place}", data, entry)
        layout = None if kind == _BYTE and number > _MOST_NUMBERS else _LAYOUTS.get(kind)
        size = number * (struct.calcsize(layout) if layout else _SIZES.get(kind, 0))
        if size <= inside:
            begin = entry + 4 + inside
        if layout is None:
            found[tag] = (begin, number)
            continue
        if size > left or not size or begin + size > len(data):
            unread.append(tag)
        else:
            left -= size
            found[tag] = struct.unpack_from(f"{order}{number}{layout}", data, begin)
    if unread:
        found[UNREAD] = tuple(unread)
    return found, most - left
