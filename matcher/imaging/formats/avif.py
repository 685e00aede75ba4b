"""AVIF by Pillow (libavif): the still picture, and the frames of the track, where a file has both.

libavif decodes one of the two: the picture if the file's major brand is `avif`, else the track. So the file is read a
second time, with another brand, for the other one. High dynamic range is converted for an ordinary display.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats import pillow
from matcher.imaging.formats.iso_boxes import PICTURES, TRACKS, may_have_box, stated_coding
from matcher.imaging.frame import Frame
from matcher.imaging.hdr import to_sdr
from matcher.imaging.limits import Limits

_BRAND = slice(8, 12)
_STILL, _TRACK = b"avif", b"avis"


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the frames that libavif decodes, then of the others, which are numbered after them.

    It ends with a DecodeError where one could not be read.
    """
    with reasons():
        coding = stated_coding(data)
    for frame in _coded(data, limits):
        if coding is None or not coding.is_hdr:
            yield frame
            continue
        with reasons():
            image = to_sdr(frame.image, coding)
        yield replace(frame, image=image)


def _coded(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the frames as they are coded."""
    if not (may_have_box(data, TRACKS) and may_have_box(data, PICTURES)):
        yield from pillow.frames(data, limits, decoder="AVIF")
        return
    failed: DecodeError | None = None
    last = 0
    for brand in (_STILL, _TRACK) if data[_BRAND] == _STILL else (_TRACK, _STILL):
        begin = last
        try:
            for frame in pillow.frames(data[:8] + brand + data[12:], limits, decoder="AVIF"):
                last = begin + frame.number
                yield replace(frame, number=last, alone=False)
        except DecodeError as error:
            failed = failed or error
    if failed is not None:
        raise failed
