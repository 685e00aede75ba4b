"""The bytes of a TIFF's strips and tiles, decompressed by libtiff, as rows of bytes.

Pillow has modes for few kinds of samples, so libtiff is not told of them: the segments are presented to it as the
strips of a small TIFF in memory, grey, with one sample of 8 bits for each byte. That is right for the compressions that
do not know what they compress, and only for those. Byte order, bits and predictors are undone elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from itertools import accumulate

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.formats.pillow import open_by
from matcher.imaging.formats.tiff_layout import RAW, Layout, Segment
from matcher.model import Reason

PREDICTED = {5: "tiff_lzw", 8: "tiff_adobe_deflate", 32946: "tiff_deflate", 34925: "lzma", 50000: "zstd"}
"""The compressions of bytes that may have a predictor, with Pillow's names."""
_PACKBITS = 32773
COMPRESSIONS = {**PREDICTED, _PACKBITS: "packbits"}

_BAND = 1 << 24
"""How many bytes are decompressed at a time, if segments are not larger."""
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))

Rows = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Decompressed:
    """Rows of a segment, (rows, bytes of a row) uint8. `is_whole` is False where missing bytes were set to zero.

    `segment` says where these rows belong; a large one is given out in several parts.
    """

    segment: Segment
    rows: Rows
    is_whole: bool = True


def decompressed(data: bytes, page: Layout) -> Iterator[Decompressed]:
    """A generator of all segments of a page.

    DecodeError: truncated or corrupt where a compressed segment cannot be decompressed whole, unsupported-format for
    compressions that are not of bytes, and for predictors that they do not have.
    """
    if page.compression not in (PREDICTED if page.predictor != 1 else (RAW, *COMPRESSIONS)):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    if page.compression == RAW:
        yield from _raw(data, page)
        return
    if not _is_installed(page.compression):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    most = max(1, _BAND // max(1, page.row_bytes * page.rows))
    band: list[Segment] = []
    for segment in page.segments():
        # rows of a plane whose last strip is shorter end a band: the strips of one TIFF have the same height
        if band and (len(band) == most or segment.plane != band[0].plane):
            yield from _band(data, page, band)
            band = []
        band.append(segment)
    yield from _band(data, page, band)


def _raw(data: bytes, page: Layout) -> Iterator[Decompressed]:
    if not page.counts:  # they are not needed
        page = replace(page, counts=(page.rows * page.row_bytes,) * len(page.offsets))
    for segment in page.segments():
        for top, rows in _steps(segment, page):
            size = rows * page.row_bytes
            begin = segment.begin + top * page.row_bytes
            found = data[begin : min(begin + size, segment.begin + segment.size)]
            is_whole = len(found) == size
            if not found:  # nothing is unpacked that is not there, however many rows the tags state
                yield Decompressed(_part(segment, top, 0), np.empty((0, page.row_bytes), np.uint8), False)
                break
            if page.fill_order == 2:
                found = found.translate(_REVERSED)
            values = np.frombuffer(found if is_whole else found.ljust(size, b"\0"), np.uint8)
            yield Decompressed(_part(segment, top, rows), values.reshape(rows, page.row_bytes), is_whole)


def _band(data: bytes, page: Layout, segments: Sequence[Segment]) -> Iterator[Decompressed]:
    """A generator of segments that are decompressed together."""
    image = open_by("TIFF", BytesIO(_presented(data, page, segments)))
    # our limits are checked: with its pixels there already, Pillow does not apply the host's, which is one of pictures
    image.im = Image.new(image.mode, image.size).im
    image.load()
    above = 0
    for segment in segments:
        for top, rows in _steps(segment, page):
            begin = above + top
            yield Decompressed(_part(segment, top, rows), np.asarray(image.crop((0, begin, image.width, begin + rows))))
        above += segment.rows


def _steps(segment: Segment, page: Layout) -> Iterator[tuple[int, int]]:
    """A generator of a few of a segment's rows at a time: the first one and their number."""
    step = max(1, _BAND // page.row_bytes)
    for top in range(0, segment.rows, step):
        yield top, min(step, segment.rows - top)


def _part(segment: Segment, top: int, rows: int) -> Segment:
    return replace(segment, top=segment.top + top, rows=rows)


def _presented(data: bytes, page: Layout, segments: Sequence[Segment]) -> bytes:
    """A TIFF of bytes whose strips are those segments."""
    parts = []
    for segment in segments:
        # segments may overlap, and so exceed the file's size: no more is copied than their rows can need
        most = 2 * segment.rows * page.row_bytes + 1024
        if segment.begin >= len(data) or not segment.size:
            raise DecodeError(Reason.TRUNCATED)
        parts.append(data[segment.begin : segment.begin + min(segment.size, most)])
    return _grey(parts, page.row_bytes, sum(segment.rows for segment in segments), page)


def _grey(parts: Sequence[bytes], width: int, height: int, page: Layout) -> bytes:
    count = len(parts)
    begin = 8 + 2 + 12 * 10 + 4
    places = begin if count > 1 else 0
    body = begin + (8 * count if count > 1 else 0)
    counts = [len(part) for part in parts]
    offsets = list(accumulate(counts[:-1], initial=body))
    entries = (
        (256, 1, width),
        (257, 1, height),
        (258, 1, 8),
        (259, 1, page.compression),
        (262, 1, 1),
        (266, 1, page.fill_order),
        (273, count, places or offsets[0]),
        (277, 1, 1),
        (278, 1, page.rows),
        (279, count, places + 4 * count if places else counts[0]),
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    head += b"".join(struct.pack("<HHII", tag, 4, number, value) for tag, number, value in entries) + bytes(4)
    if count > 1:
        head += struct.pack(f"<{2 * count}I", *offsets, *counts)
    return b"".join([head, *parts])


@cache
def _is_installed(compression: int) -> bool:
    """Whether Pillow's libtiff was built with this compression: it writes one pixel, or refuses."""
    try:
        Image.new("L", (1, 1)).save(BytesIO(), "TIFF", compression=COMPRESSIONS[compression])
    except (OSError, ValueError, KeyError):
        return False
    return True
