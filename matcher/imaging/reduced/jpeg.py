"""The reduced picture of an ordinary JPEG: libjpeg decodes its luma at 1/2, 1/4 or 1/8, through Pillow.

Other files are left to the full decoding, so that no file is read here that fails there. Of a progressive picture only
the scans that the reduced one needs are decoded, which saves most of the work: at 1/8 the means of the blocks (their DC
coefficients), at 1/4 also the first of the other coefficients. The headers of the other scans are checked; damage in
their data is visible in the full picture only, and changes no block's mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats import jpeg_segments as walk
from matcher.imaging.formats import pillow
from matcher.imaging.formats.jpeg_segments import FrameHeader, NotOrdinaryError, ScanHeader, Segment
from matcher.imaging.frame import Budget
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.picture import MOST_FINE, Reduced, is_small, nothing_finer, scale_for, view_scale
from matcher.imaging.renderings import rendering_name

_SCALES = (8, 4, 2)
"""The scales of libjpeg that are used: the others cost more than they save."""
_NEEDED_AT_4 = 4
"""The last coefficient in zigzag order of those that make most of a quarter-size picture."""
_UNUSED_AT = {8: 1, 4: 3}
"""For each scale, a coefficient in zigzag order that libjpeg's smoothing reads and its reduced transform does not."""
_SAMPLINGS = frozenset({(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4)})
_ADOBE_YCC = 1
_LITTLE_CONTRAST = 16
"""The standard deviation of a luma below which the colours are decoded too. Colours outside the displayable range are
clipped, and the grey of the displayed picture then differs from the luma: little contrast may hide another picture."""


def reduced(data: bytes, limits: Limits) -> list[Reduced] | None:
    """Every picture of an ordinary JPEG, mostly one; None for any other file, and where a picture cannot be decoded."""
    try:
        frame = _ordinary(data)
        if frame.width * frame.height > min(limits.max_pixels, limits.max_total_pixels):
            return None
        if frame.has_others:
            with reasons():
                return _pages(data, limits)
        scale = _scale(frame)
        needed = data
        if frame.marker == walk.PROGRESSIVE:
            scans = _scans(data, frame)
            if frame.width * frame.height * len(scans) > limits.max_total_pixels:
                return None
            if scale in _UNUSED_AT:
                needed = _needed(data, frame, scans, scale)
        with reasons():
            return [_decoded(needed, frame, scale, 1, whole=data)]
    except (NotOrdinaryError, DecodeError):
        return None


def _scale(frame: FrameHeader) -> int:
    most = scale_for(frame.width, frame.height)
    return next((scale for scale in _SCALES if scale <= most), 1)


def _pages(data: bytes, limits: Limits) -> list[Reduced]:
    """The pictures of an MPO. Phones write a photograph and after it a map of its depth or brightness."""
    budget = Budget(limits)
    image = pillow.open_by("JPEG", BytesIO(data))
    count = int(getattr(image, "n_frames", 1))
    if count > limits.max_frames:
        raise NotOrdinaryError
    pictures = []
    for number in range(1, count + 1):
        image.seek(number - 1)
        frame = _ordinary(data[int(getattr(image, "offset", 0)) :])
        if frame.marker == walk.PROGRESSIVE:
            raise NotOrdinaryError
        budget.take(frame.width, frame.height)
        pictures.append(_decoded(data, frame, _scale(frame), number, whole=data))
    return pictures


def _decoded(data: bytes, frame: FrameHeader, scale: int, number: int, *, whole: bytes) -> Reduced:
    """The reduced picture, decoded from `data`, the needed part of its file; `whole` is the whole file."""
    if not is_small(frame.width, frame.height, scale):
        raise NotOrdinaryError
    if scale == 1:  # small: the exact grey comes from the colours, and they cost little
        return _exact(_opened(data, frame, number), number)
    grey = np.asarray(_drafted(data, frame, scale, number, "L"))
    if len(frame.components) > 1 and grey[::4, ::4].std() < _LITTLE_CONTRAST:
        grey = np.asarray(_drafted(data, frame, scale, number, "RGB").convert("L"))
    fine = frame.width * frame.height <= MOST_FINE
    return Reduced(
        grey.astype(np.float32),
        frame.width,
        frame.height,
        scale,
        rendering_name(number, ""),
        partial(_finer, whole, frame, number) if fine else nothing_finer,
        partial(_larger, whole, frame, number),
    )


def _larger(data: bytes, frame: FrameHeader, number: int) -> Reduced | None:
    """The picture at the scale at which regions are searched; None where that fails. Every scan is decoded.

    Its grey is that of the decoded colours, as in a region's reference: it differs from the luma in saturated parts.
    """
    scale = view_scale(frame.width, frame.height)
    mode = "RGB" if len(frame.components) > 1 else "L"
    try:
        with reasons():
            grey = np.asarray(_drafted(data, frame, scale, number, mode).convert("L"))
    except (NotOrdinaryError, DecodeError):
        return None
    return Reduced(grey.astype(np.float32), frame.width, frame.height, scale, rendering_name(number, ""))


def _drafted(data: bytes, frame: FrameHeader, scale: int, number: int, mode: str) -> Image.Image:
    """The picture reduced by libjpeg: its luma (mode L) or its colours (mode RGB)."""
    image = _opened(data, frame, number)
    image.draft(mode, (frame.width // scale, frame.height // scale))
    image.load()
    if image.mode != mode or image.size != (-(-frame.width // scale), -(-frame.height // scale)):
        raise NotOrdinaryError
    return image


def _opened(data: bytes, frame: FrameHeader, number: int) -> ImageFile.ImageFile:
    image = pillow.open_by("JPEG", BytesIO(data))
    if number > 1:
        image.seek(number - 1)
    if image.size != (frame.width, frame.height):
        raise NotOrdinaryError
    image.decodermaxblock = len(data) + 1  # one block: libjpeg is slower at the end of each
    return image


def _exact(image: Image.Image, number: int) -> Reduced:
    grey = np.asarray(image.convert("RGB").convert("L")).astype(np.float32)
    return Reduced(grey, image.width, image.height, 1, rendering_name(number, ""))


def _finer(data: bytes, frame: FrameHeader, number: int) -> Reduced | None:
    try:
        with reasons():
            return _exact(_opened(data, frame, number), number)
    except (NotOrdinaryError, DecodeError):
        return None


def _ordinary(data: bytes) -> FrameHeader:
    """The frame header of a picture in grey or YCbCr. NotOrdinaryError for any other."""
    frame, adobe, jfif, others = None, None, False, False
    for segment in walk.segments(data, scans=False):
        body = data[segment.begin + 4 : segment.begin + 20]
        if segment.marker in walk.FRAME_HEADERS:
            if frame is not None or segment.marker not in (walk.BASELINE, walk.EXTENDED, walk.PROGRESSIVE):
                raise NotOrdinaryError
            frame = walk.frame_header(data, segment)
        elif segment.marker == walk.ADOBE and body.startswith(b"Adobe"):
            adobe = body[11] if len(body) > 11 else None
        elif segment.marker == walk.MULTIPLE_PICTURES and body.startswith(b"MPF\0"):
            others = True
        elif segment.marker == walk.JFIF and body.startswith(b"JFIF"):
            jfif = True
        elif segment.marker == walk.START_OF_SCAN and frame is not None:
            _check_number_of_scans(frame, walk.scan_header(data, segment))
    if frame is None or not _is_luma_first(frame, adobe, jfif):
        raise NotOrdinaryError
    return replace(frame, has_others=others)


def _check_number_of_scans(frame: FrameHeader, first: ScanHeader) -> None:
    """NotOrdinaryError where a sequential picture's first scan lacks components.

    libjpeg then decodes any number of scans, and only formats/jpeg.py limits it.
    """
    if frame.marker != walk.PROGRESSIVE and len(first.components) != len(frame.components):
        raise NotOrdinaryError


def _is_luma_first(frame: FrameHeader, adobe: int | None, jfif: bool) -> bool:
    """Whether the first component is the picture's grey, in full size, by libjpeg's rules for colour spaces."""
    if not frame.width or not frame.height:
        return False
    if len(frame.components) == 1:
        return True
    if len(frame.components) != 3:
        return False
    luma, *chroma = frame.components
    if any((part.across, part.down) != (1, 1) for part in chroma) or (luma.across, luma.down) not in _SAMPLINGS:
        return False
    if jfif or adobe == _ADOBE_YCC:
        return True
    return adobe is None and [part.identifier for part in frame.components] == [1, 2, 3]


def _scans(data: bytes, frame: FrameHeader) -> list[tuple[Segment, ScanHeader]]:
    """Every scan of a progressive picture, to its end. NotOrdinaryError where the progression is not sound."""
    scans: list[tuple[Segment, ScanHeader]] = []
    tables: set[tuple[int, int]] = set()
    quantised = False
    missing = {part.identifier: [-1] * 64 for part in frame.components}
    ended = False
    for segment in walk.segments(data, scans=True):
        if segment.marker == walk.HUFFMAN:
            tables |= walk.huffman_tables(data, segment)
        elif segment.marker == walk.QUANTISATION:
            if scans:  # libjpeg uses the table that is in force at a component's first scan
                raise NotOrdinaryError
            quantised = True
        elif segment.marker == walk.START_OF_SCAN:
            header = walk.scan_header(data, segment)
            _check_scan(header, tables, missing)
            scans.append((segment, header))
        ended = ended or segment.marker == walk.END_OF_IMAGE
    if not ended or not quantised or any(bits[0] != 0 for bits in missing.values()):
        raise NotOrdinaryError
    return scans


def _check_scan(header: ScanHeader, tables: set[tuple[int, int]], missing: dict[int, list[int]]) -> None:
    """Check and count the next scan of a progression. NotOrdinaryError where it is not sound.

    `missing`: for each component, how many low bits each coefficient still lacks; -1 means all.
    """
    is_dc = header.first == 0
    if is_dc != (header.last == 0) or not header.first <= header.last < 64 or header.low > 13:
        raise NotOrdinaryError
    if len(set(header.components)) != len(header.components) or (not is_dc and len(header.components) != 1):
        raise NotOrdinaryError
    if header.high and header.low != header.high - 1:
        raise NotOrdinaryError
    for identifier, (dc, ac) in zip(header.components, header.tables, strict=True):
        bits = missing.get(identifier)
        if bits is None or (not is_dc and bits[0] < 0):
            raise NotOrdinaryError
        if ((0, dc) if is_dc else (1, ac)) not in tables and not (is_dc and header.high):
            raise NotOrdinaryError
        for at in range(header.first, header.last + 1):
            if bits[at] != (header.high if header.high else -1):
                raise NotOrdinaryError
            bits[at] = header.low


def _needed(data: bytes, frame: FrameHeader, scans: Sequence[tuple[Segment, ScanHeader]], scale: int) -> bytes:
    """The file without the scans that a picture of this scale does not need."""
    luma = frame.components[0].identifier

    def is_needed(header: ScanHeader) -> bool:
        if header.first == 0:
            return True
        return scale == 4 and header.components == (luma,) and header.high == 0 and header.first <= _NEEDED_AT_4

    left_out = {segment.begin for segment, header in scans if not is_needed(header)}
    parts = [data[:2]]
    for segment in walk.segments(data, scans=True):
        if segment.marker == walk.QUANTISATION:
            parts.append(_unsmoothed(data[segment.begin : segment.end], _UNUSED_AT[scale]))
        elif segment.begin not in left_out:
            parts.append(data[segment.begin : segment.end])
    return b"".join(parts)


def _unsmoothed(segment: bytes, unused: int) -> bytes:
    """Quantisation tables with a zero for the coefficient `unused`: libjpeg then does not smooth between blocks.

    It smooths where scans are missing, which changes even the means, unless it would have to divide by a zero.
    """
    changed = bytearray(segment)
    at = 4
    while at < len(changed):
        wide = 1 + (changed[at] >> 4)
        place = at + 1 + unused * wide
        changed[place : place + wide] = bytes(wide)
        at += 1 + 64 * wide
    if at != len(changed):
        raise NotOrdinaryError
    return bytes(changed)
