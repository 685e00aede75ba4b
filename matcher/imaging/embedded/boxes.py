"""The boxes of an ISO base media file. Source: ISO/IEC 14496-12, section 4.2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.imaging.embedded.search import Search

_PRINTABLE = frozenset(range(0x20, 0x7F)) | {0xA9}
_SIGNATURES = (b"", b"JXL ", b"jP  ")
"""What comes before the first `ftyp`: nothing, or the signature box of JPEG XL and JPEG 2000."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, where it begins, where its body begins, and where it ends."""

    name: bytes
    begin: int
    body: int
    end: int


def boxes(data: bytes, begin: int, end: int, search: Search) -> Iterator[Box]:
    """A generator of the boxes that follow each other from `begin`. It ends at the first bytes that are no box.

    A box that says that it is longer than the rest is none, except `mdat`, which may be cut. A second `ftyp`, or a
    signature box after others, begins another file.
    """
    at, last = begin, b""
    while at + 8 <= end:
        search.step()
        size, name, body = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, body = int.from_bytes(data[at + 8 : at + 16]), at + 16
        elif size == 0:
            size = end - at
        if at + size > end and name == b"mdat":
            size = end - at
        known = _PRINTABLE.issuperset(name) and at + size <= end and size >= body - at
        begins_another = (name == b"ftyp" and last not in _SIGNATURES) or (name in _SIGNATURES and at > begin)
        if not known or begins_another:
            return
        yield Box(name, at, body, at + size)
        at, last = at + size, name


def boxes_end(data: bytes, begin: int, end: int, search: Search) -> int:
    """Where the chain of boxes from `begin` ends; `begin` where there is none."""
    last = begin
    for box in boxes(data, begin, end, search):
        last = box.end
    return last
