"""The boxes of an ISO base media file (ISO/IEC 14496-12), of which HEIF and AVIF are kinds.

A box is four bytes of length, four of its name, then its content. Length 1 says that eight bytes of length follow the
name, length 0 that the box reaches to the end of the file.
"""

from __future__ import annotations

PICTURES = b"meta"
TRACKS = b"moov"

MOST_BOXES = 1000
"""The most boxes that are looked at. A picture file has about five at its top level."""


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
