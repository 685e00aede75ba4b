"""AVIF by Pillow (libavif); pictures of high dynamic range are converted for an ordinary display."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from matcher.imaging.failures import reasons
from matcher.imaging.formats import pillow
from matcher.imaging.formats.iso_boxes import stated_coding
from matcher.imaging.frame import Frame
from matcher.imaging.hdr import to_sdr
from matcher.imaging.limits import Limits


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the picture, or of some frames of an animation. It ends with a DecodeError where one failed."""
    with reasons():
        coding = stated_coding(data)
    for frame in pillow.frames(data, limits, decoder="AVIF"):
        if coding is None or not coding.is_hdr:
            yield frame
            continue
        with reasons():
            image = to_sdr(frame.image, coding)
        yield replace(frame, image=image)
