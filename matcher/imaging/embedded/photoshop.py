"""The thumbnails in Photoshop's image resources, and the pictures in its others.

Source: Adobe's *Photoshop File Formats Specification*, "Thumbnail resource format".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PIL import Image

from matcher.imaging.embedded.scanning import JPEG_FILE, scan
from matcher.imaging.embedded.search import PREVIEW, THUMBNAIL, Search
from matcher.imaging.embedded.texts import find_in_text
from matcher.imaging.formats import jpeg
from matcher.imaging.formats.photoshop_resources import resources
from matcher.imaging.frame import Frame
from matcher.imaging.limits import Limits

_THUMBNAIL, _SWAPPED_THUMBNAIL, _XMP = 1036, 1033, 1060
_HEADER = 28
_JPEG = 1


def find_in_resources(block: bytes | memoryview, search: Search) -> None:
    """Add the pictures of a block of image resources."""
    for number, body in resources(block):
        search.step()
        data = bytes(body)
        if number in (_THUMBNAIL, _SWAPPED_THUMBNAIL):
            if data[:4] == _JPEG.to_bytes(4):
                read = jpeg.frames if number == _THUMBNAIL else _swapped
                search.add(THUMBNAIL, partial(bytes, data[_HEADER:]), read)
            elif any(data[_HEADER:]):
                search.skip(THUMBNAIL)
        elif number == _XMP:
            find_in_text(data, search)
        else:
            scan(data, 0, len(data), search, what=PREVIEW, signatures=(JPEG_FILE,))


def _swapped(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the frames of a thumbnail of Photoshop 4, whose red and blue are exchanged."""
    for frame in jpeg.frames(data, limits):
        if frame.image.mode == "RGB":
            red, green, blue = frame.image.split()
            yield Frame(frame.number, Image.merge("RGB", (blue, green, red)), alone=frame.alone)
        else:
            yield frame
