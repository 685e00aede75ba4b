"""The other pictures that a JPEG's index of the Multi-Picture Format declares.

Pillow reads them as pages, unless the file says that one of them is a gain map, or the index is malformed. Source: CIPA
DC-007, section 5.2.3: entries of 16 bytes; places count from the header of the index, the first picture's is 0.
"""

from __future__ import annotations

from io import BytesIO

from matcher.errors import DecodeError
from matcher.imaging.embedded.search import Search
from matcher.imaging.embedded.tiff_tree import directories
from matcher.imaging.failures import reasons
from matcher.imaging.formats.pillow import open_by
from matcher.imaging.quiet import quiet_decoders

HEADER = b"MPF\0"
_ENTRIES = 0xB002
_LENGTH = 16


def declared(data: bytes, begin: int, end: int, search: Search) -> set[int]:
    """Where the pictures of the index at `begin` begin, the first one left out."""
    places: set[int] = set()
    for directory in directories(data, search, begin, end):
        first, behind = directory.span(_ENTRIES)
        search.step((behind - first) // _LENGTH)
        offsets = [int.from_bytes(data[at + 8 : at + 12], directory.order) for at in range(first, behind, _LENGTH)]
        places.update(begin + offset for offset in offsets if offset)
    return places


def pages(data: bytes, most: int) -> set[int]:
    """Where the pages after the first begin that Pillow reads, at most `most`."""
    places: set[int] = set()
    try:
        with reasons(), quiet_decoders():
            image = open_by("JPEG", BytesIO(data))
            for number in range(1, min(int(getattr(image, "n_frames", 1)), most)):
                image.seek(number)
                places.add(int(getattr(image, "offset", 0)))
    except DecodeError:
        pass  # later pages are not read by Pillow either, and may be found behind the picture's end
    return places
