"""Where a JPEG ends: a walk over its markers, also of damaged files, that reads no pixel.

Source: ITU-T T.81, annex B. Bytes between segments are passed over, as libjpeg does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from matcher.imaging.embedded.search import Search

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)
"""Any marker but those without a length that may lie inside a scan."""
_BYTES_A_STEP = 1 << 12
"""The bytes without a marker that count as one step: as much time as one segment takes."""
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_APPLICATION = frozenset({*range(0xE0, 0xF0), 0xFE})
"""The markers of application data and of comments."""
_BETWEEN_SCANS = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
"""The markers of the tables that encoders write between two scans."""
_START_OR_END = re.compile(rb"\xff[\xd8\xd9]")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of application data, or a comment: its marker, and where its body lies, half-open."""

    marker: int
    begin: int
    end: int


@dataclass(slots=True)
class JpegExtent:
    """The structure of one JPEG. `end` is behind its last byte; `is_whole` says whether its end marker was there.

    `pixels` is where its first scan begins, 0 where there is none. `width` and `height` are 0 where there is no frame
    header before the first scan.
    """

    end: int = 0
    is_whole: bool = False
    width: int = 0
    height: int = 0
    is_lossless: bool = False
    scans: int = 0
    pixels: int = 0
    segments: list[Segment] = field(default_factory=list)

    @property
    def is_picture(self) -> bool:
        """Whether it has a frame and a scan."""
        return self.width > 0 and self.height > 0 and self.scans > 0


def jpeg_extent(data: bytes, begin: int, end: int, search: Search) -> JpegExtent:
    """Walk over the JPEG that begins at `begin`, up to `end` at most. Another JPEG's start ends a damaged one.

    One byte that is changed can make a segment of a scan's data: it is passed over only where it looks like a table, so
    that no picture behind it is.
    """
    extent = JpegExtent(end)
    at = begin + 2
    while True:
        found = _MARKER.search(data, at, end)
        search.step(1 + ((end if found is None else found.start()) - at) // _BYTES_A_STEP)
        if found is None:
            return extent
        marker, body = found[1][0], found.end() + 2
        if marker in (_START, _END):
            extent.is_whole = marker == _END
            extent.end = found.end() if extent.is_whole else found.start()
            return extent
        at = body - 2 + int.from_bytes(data[body - 2 : body])
        if at < body or (extent.scans and not _is_between_scans(data, marker, body, at)):
            at = body - 2  # no segment, but a byte of a damaged scan
        elif at > end:
            return extent
        elif marker == _SCAN:
            extent.scans += 1
            extent.pixels = extent.pixels or at
        elif marker in _APPLICATION and not extent.scans:
            extent.segments.append(Segment(marker, body, at))
        elif marker in _FRAMES and not extent.scans and body + 5 <= end:
            extent.height, extent.width = (int.from_bytes(data[place : place + 2]) for place in (body + 1, body + 3))
            extent.is_lossless = marker in _LOSSLESS


def _is_between_scans(data: bytes, marker: int, body: int, end: int) -> bool:
    """Whether a segment behind the first scan is a table or another scan's header, as encoders write them."""
    if _START_OR_END.search(data, body, end):
        return False
    if marker == _SCAN:
        components = data[body] if body < end else 0
        return 1 <= components <= 4 and end - body == 4 + 2 * components
    return marker in _BETWEEN_SCANS and data[end : end + 1] == b"\xff"
