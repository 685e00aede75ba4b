"""What lies beside the pictures in a file of boxes (HEIC, AVIF, JPEG XL, JPEG 2000): films, metadata, other files in
boxes, and what is behind the last box.

A phone's moving photograph has its film in a track (`moov`) or in a box of its own (`mpvd`).
"""

from __future__ import annotations

from matcher.imaging.embedded import avif_items, heif_items
from matcher.imaging.embedded.boxes import boxes
from matcher.imaging.embedded.exif import find_in_exif
from matcher.imaging.embedded.scanning import JPEG_FILE, METADATA, scan
from matcher.imaging.embedded.search import APPENDED, PREVIEW, Search
from matcher.imaging.embedded.texts import find_in_text

_OWN = frozenset({b"ftyp", b"meta", b"moov", b"free", b"skip", b"JXL ", b"jxlc", b"jxlp", b"jP  ", b"jp2h", b"jp2c"})
_FILM = b"mpvd"
_SAMSUNG = b"sefd"


def find_in_heif(data: bytes, search: Search) -> None:
    """Add the pictures inside a HEIC file that are not its pages. A track is a film, or pictures that are not read."""
    if _find_in_boxes(data, search, heif_items.find(data, search)):
        search.skip("video")


def find_in_avif(data: bytes, search: Search) -> None:
    """Add the pictures inside an AVIF file. Its track is an animation, which is read as its frames."""
    _find_in_boxes(data, search, avif_items.find(data, search))


def find_in_boxes(data: bytes, search: Search) -> None:
    """Add the pictures inside a JPEG XL or JPEG 2000 file. A bare codestream has none, and no known end."""
    if data[4:8] in (b"JXL ", b"jP  "):
        _find_in_boxes(data, search)


def _find_in_boxes(data: bytes, search: Search, exif: bytes = b"") -> bool:
    """Look into the file's other boxes and behind the last. Returns whether it has tracks.

    `exif` is the block of Exif metadata, which lies in one of the boxes and was looked into.
    """
    known = data.find(exif) if exif else len(data)

    def label(at: int) -> str | None:
        return None if known <= at < known + len(exif) else PREVIEW

    end, has_tracks = 0, False
    for box in boxes(data, 0, len(data), search):
        end = box.end
        has_tracks = has_tracks or box.name == b"moov"
        if box.name in (_FILM, _SAMSUNG):
            scan(data, box.body, box.end, search, what=APPENDED)
        elif box.name == b"mdat":  # an item may be a JPEG, which libheif does not read
            scan(data, box.body, box.end, search, what=label, signatures=(JPEG_FILE,))
        elif box.name == b"Exif":  # of JPEG XL, behind the place of its header
            header = box.body + 4 + int.from_bytes(data[box.body : box.body + 4])
            find_in_exif(data[header : box.end], search)
        elif box.name == b"xml ":
            find_in_text(data[box.body : box.end], search)
        elif box.name not in _OWN:
            scan(data, box.body, box.end, search, what=PREVIEW, signatures=METADATA)
    scan(data, end, len(data), search, what=APPENDED)
    return has_tracks
