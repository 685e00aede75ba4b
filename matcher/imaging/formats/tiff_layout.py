"""How a TIFF page's samples lie in its file: bits, planes, strips or tiles. Source: TIFF 6.0, sections 8, 14 and 15.

All sizes are those that the tags state, and are checked against the limits before anything is allocated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.errors import DecodeError
from matcher.imaging.formats.tiff_directory import UNREAD, Directory
from matcher.imaging.limits import Limits
from matcher.model import Reason

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _COUNTS, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
_DEPTHS = (32997, 32998)
"""The depths of pictures in three dimensions and of their tiles."""

RAW, UNSIGNED = 1, 1
_MOST_BYTES = 8
"""The most bytes a pixel that the limits allow, on the average of a page."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A strip or tile: the place and the size of its bytes in the file, and where its samples belong."""

    begin: int
    size: int
    plane: int
    top: int
    left: int
    rows: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The facts of one page. `columns` are a segment's pixels across; `samples` are those of one pixel, all planes."""

    width: int
    height: int
    bits: int
    sample_format: int
    samples: int
    extra: tuple[int, ...]
    photometric: int
    compression: int
    predictor: int
    fill_order: int
    is_separate: bool
    is_tiled: bool
    columns: int
    rows: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def contiguous(self) -> int:
        """How many samples of a pixel follow each other."""
        return 1 if self.is_separate else self.samples

    @property
    def row_bytes(self) -> int:
        """The bytes of one row of a segment, when it is not compressed."""
        return (self.columns * self.contiguous * self.bits + 7) // 8

    @property
    def planes(self) -> int:
        """How many planes are stored one after the other."""
        return self.samples if self.is_separate else 1

    def check(self, limits: Limits) -> None:
        """DecodeError (too-many-pixels) where the page's bytes, padding included, are beyond the limits."""
        across = -(-self.width // self.columns)
        rows = -(-self.height // self.rows) * self.rows if self.is_tiled else self.height
        if self.row_bytes * across * rows * self.planes > _MOST_BYTES * limits.max_pixels:
            raise DecodeError(Reason.TOO_MANY_PIXELS)

    def segments(self) -> Iterator[Segment]:
        """A generator of the segments in their order. DecodeError (truncated) where the tags name too few."""
        places = zip(self.offsets, self.counts, strict=False)
        for plane in range(self.planes):
            for top in range(0, self.height, self.rows):
                for left in range(0, self.width, self.columns):
                    place = next(places, None)
                    if place is None:
                        raise DecodeError(Reason.TRUNCATED)
                    rows = self.rows if self.is_tiled else min(self.rows, self.height - top)
                    yield Segment(*place, plane, top, left, rows)


def layout(page: Directory) -> Layout:
    """The layout that the tags of `page` state. DecodeError where they are wrong, or the layout is not supported."""
    if not set(page.get(UNREAD, ())).isdisjoint(_TAGS):
        raise DecodeError(Reason.TRUNCATED)
    width, height = (page.get(tag, (0,))[0] for tag in (_WIDTH, _HEIGHT))
    samples = page.get(_SAMPLES, (1,))[0]
    if width <= 0 or height <= 0 or samples <= 0:
        raise DecodeError(Reason.CORRUPT)
    bits, formats = ({*page.get(tag, (1,))[:samples]} for tag in (_BITS, _SAMPLE_FORMAT))
    if len(bits) != 1 or len(formats) != 1 or any(page.get(tag, (1,))[0] != 1 for tag in _DEPTHS):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    is_tiled = _TILE_WIDTH in page or _TILE_OFFSETS in page
    if is_tiled:
        columns, rows = (page.get(tag, (0,))[0] for tag in (_TILE_WIDTH, _TILE_HEIGHT))
        offsets, counts = page.get(_TILE_OFFSETS), page.get(_TILE_COUNTS)
    else:
        columns, rows = width, min(height, page.get(_ROWS_PER_STRIP, (height,))[0])
        offsets, counts = page.get(_OFFSETS), page.get(_COUNTS)
    if offsets is None or columns <= 0 or rows <= 0:
        raise DecodeError(Reason.CORRUPT)
    found = Layout(
        width=width,
        height=height,
        bits=bits.pop(),
        sample_format=formats.pop(),
        samples=samples,
        extra=page.get(_EXTRA, ()),
        photometric=page.get(_PHOTOMETRIC, (-1,))[0],
        compression=page.get(_COMPRESSION, (RAW,))[0],
        predictor=page.get(_PREDICTOR, (1,))[0],
        fill_order=page.get(_FILL_ORDER, (1,))[0],
        is_separate=samples > 1 and page.get(_PLANAR, (1,))[0] == 2,
        is_tiled=is_tiled,
        columns=columns,
        rows=rows,
        offsets=offsets,
        counts=counts or (),
    )
    if not 0 < found.bits <= 64 or found.fill_order not in (1, 2):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    return found


_TAGS = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _COUNTS}
    | {_PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _SAMPLE_FORMAT}
)
"""The tags without whose values a page must not be decoded."""
