"""The pictures in a block of Exif metadata: the thumbnail, and previews in the notes of the camera's maker.

Source: Exif 2.32, section 4.5.4: the second directory of the block describes the thumbnail, mostly a JPEG. Makers have
previews in structures of their own, so these are found by their signatures.
"""

from __future__ import annotations

from functools import partial

from matcher.imaging.embedded.scanning import JPEG_FILE, known_places, scan
from matcher.imaging.embedded.search import PREVIEW, THUMBNAIL, Search
from matcher.imaging.embedded.tiff_tree import COMPRESSION, STRIPS, Directory, directories
from matcher.imaging.formats import jpeg, tiff

HEADER = b"Exif\0\0"
_UNCOMPRESSED = 1


def find_in_exif(block: bytes, search: Search) -> None:
    """Add the pictures of a block, which begins with a TIFF's header."""
    begin = 0
    pages = [directory for directory in directories(block, search) if directory.is_page]
    for directory in pages[1:2]:
        begin = _add_thumbnail(block, directory, search)
    scan(block, 0, len(block), search, what=known_places({begin}, PREVIEW), signatures=(JPEG_FILE,))


def _add_thumbnail(block: bytes, directory: Directory, search: Search) -> int:
    """Add the thumbnail that a directory describes. Returns where its JPEG begins, 0 where it is none."""
    begin, end = directory.jpeg()
    if begin < end and block[begin : begin + 2] == b"\xff\xd8":
        search.add(THUMBNAIL, partial(_piece, block, begin, end), jpeg.frames)
        return begin
    if directory.number(COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED and STRIPS in directory:
        search.add(THUMBNAIL, partial(single_page, block, directory), tiff.frames)
    elif any(block[begin:end]):
        search.skip(THUMBNAIL)
    return 0


def _piece(block: bytes, begin: int, end: int) -> bytes:
    return block[begin:end]


def single_page(data: bytes, directory: Directory) -> bytes:
    """The TIFF in `data`, a whole file, with this directory as its only page: a copy of all of it."""
    magic = b"II*\0" if directory.order == "little" else b"MM\0*"
    count = int.from_bytes(data[directory.at : directory.at + 2], directory.order)
    following = directory.at + 2 + 12 * count
    head = magic + directory.at.to_bytes(4, directory.order)
    return head + data[8:following] + bytes(4) + data[following + 4 :]
