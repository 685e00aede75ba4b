"""The boxes of an ISO base media file, and the coding of colour that AVIF and HEIF files state in them.

Sources: ISO/IEC 14496-12 (boxes; 8.11 for items, 12.1.5 for `colr`), ISO/IEC 23008-12 section 9.3 (their properties).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.imaging.hdr import Coding, coding_of_profile

PICTURES = b"meta"
TRACKS = b"moov"

MOST_BOXES = 4096
"""The most boxes that are looked at in one other."""
_MOST_LINKS = 1 << 16
"""The most associations of items and properties that are read."""
_TRACK = (b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_SAMPLE_ENTRY = 78
"""The bytes of a visual sample entry before its boxes."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its name and where its content lies, half-open."""

    name: bytes
    begin: int
    end: int


def boxes(data: bytes, begin: int, end: int) -> Iterator[Box]:
    """A generator of the boxes in data[begin:end], MOST_BOXES at most, up to the first that is cut or malformed."""
    for _ in range(MOST_BOXES):
        if begin + 8 > end:
            return
        length, head = int.from_bytes(data[begin : begin + 4]), 8
        if length == 1:
            length, head = int.from_bytes(data[begin + 8 : begin + 16]), 16
        elif length == 0:
            length = end - begin
        if length < head or begin + length > end:
            return
        yield Box(data[begin + 4 : begin + 8], begin + head, begin + length)
        begin += length


def may_have_box(data: bytes, name: bytes) -> bool:
    """Whether a box with this name is at the top level; True too where more than MOST_BOXES stand before it.

    A second `ftyp` begins another file, which was appended to this one and does not belong to it.
    """
    at = 0
    for _ in range(MOST_BOXES):
        found = data[at + 4 : at + 8]
        if len(found) < 4 or (found == b"ftyp" and at):
            return False
        if found == name:
            return True
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8:  # it reaches to the end, or is damaged
            return False
        at += length
    return True


def stated_coding(data: bytes) -> Coding | None:
    """How the samples of the primary item code light, or else those of the first track; None where nothing says it."""
    for box in boxes(data, 0, len(data)):
        coding = None
        if box.name == b"meta":
            coding = _of_primary(data, box)
        elif box.name == b"moov":
            coding = _of_track(data, box)
        if coding is not None:
            return coding
    return None


def _of_primary(data: bytes, meta: Box) -> Coding | None:
    inside = {box.name: box for box in boxes(data, meta.begin + 4, meta.end)}
    if b"pitm" not in inside or b"iprp" not in inside:
        return None
    at = inside[b"pitm"].begin
    primary = int.from_bytes(data[at + 4 : at + (8 if data[at] else 6)])
    properties: list[Box] = []
    places: list[int] = []
    for box in boxes(data, inside[b"iprp"].begin, inside[b"iprp"].end):
        if box.name == b"ipco":
            properties = list(boxes(data, box.begin, box.end))
        elif box.name == b"ipma":
            places += _associated(data, box, primary)
    own = [properties[place - 1] for place in places if 0 < place <= len(properties)]
    return _first_coding(data, own)


def _associated(data: bytes, box: Box, item: int) -> list[int]:
    """The places, from 1, of an item's properties."""
    version, is_wide = data[box.begin], bool(data[box.begin + 3] & 1)
    id_bytes, place_bytes = (4 if version else 2), (2 if is_wide else 1)
    entries = int.from_bytes(data[box.begin + 4 : box.begin + 8])
    at = box.begin + 8
    for _ in range(min(entries, _MOST_LINKS)):
        own, count = int.from_bytes(data[at : at + id_bytes]), data[at + id_bytes] if at + id_bytes < box.end else 0
        at += id_bytes + 1
        if own == item:
            mask = (1 << (8 * place_bytes - 1)) - 1  # the highest bit says that the property is essential
            return [int.from_bytes(data[at + place_bytes * i :][:place_bytes]) & mask for i in range(count)]
        at += count * place_bytes
    return []


def _of_track(data: bytes, moov: Box) -> Coding | None:
    """The coding of the first track's first sample entry."""
    box: Box | None = moov
    for name in _TRACK:
        assert box is not None
        box = next((each for each in boxes(data, box.begin, box.end) if each.name == name), None)
        if box is None:
            return None
    assert box is not None
    entry = next(boxes(data, box.begin + 8, box.end), None)
    return None if entry is None else _first_coding(data, boxes(data, entry.begin + _SAMPLE_ENTRY, entry.end))


def _first_coding(data: bytes, properties: Iterator[Box] | list[Box]) -> Coding | None:
    """What the boxes `colr` say: numbers (nclx) come before a profile."""
    profile = None
    for box in properties:
        if box.name != b"colr":
            continue
        kind, body = data[box.begin : box.begin + 4], data[box.begin + 4 : box.end]
        if kind == b"nclx" and len(body) >= 4:
            return Coding(int.from_bytes(body[:2]), int.from_bytes(body[2:4]))
        if kind in (b"prof", b"rICC"):
            profile = coding_of_profile(body)
    return profile
