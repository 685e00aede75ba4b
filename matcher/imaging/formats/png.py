"""PNG by Pillow, with what Pillow does not do: sixteen bits, long texts, Apple's variant, high dynamic range."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats import pillow, png_cgbi, png_deep
from matcher.imaging.formats.png_chunks import chunks
from matcher.imaging.formats.png_text import without_long_texts
from matcher.imaging.frame import Frame
from matcher.imaging.hdr import PQ, Coding, coding_of_profile, to_sdr
from matcher.imaging.limits import Limits
from matcher.model import Reason

_PQ_PROFILE = b"ITUR_2100_PQ_FULL"
"""The name of the profile that stands for PQ, from before there was a chunk for it. Source: w3.org/TR/png-hdr-pq."""
_BT2020 = 9
_MOST_PROFILE = 1 << 20


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the picture, or of some frames of an APNG. It ends with a DecodeError where one was not read."""
    if png_cgbi.is_cgbi(data):
        yield from png_cgbi.frames(data, limits)
        return
    coding = stated_coding(data)
    is_hdr = coding is not None and coding.is_hdr
    is_deep = png_deep.is_deep(data) and not is_hdr  # PQ's codes have a meaning; and eight bits of them suffice
    is_cut = False
    for frame in pillow.frames(without_long_texts(data), limits, decoder="PNG"):
        image = frame.image
        if is_hdr or (is_deep and frame.number == 1 and png_deep.is_cut(image, data)):
            if not frame.alone:
                image = image.copy()  # later frames may be drawn over this one
            if coding is not None and is_hdr:
                with reasons():
                    image = to_sdr(image, coding)
            else:
                image = png_deep.eight_bits(image, data, limits)
                is_cut = not frame.alone
        yield replace(frame, image=image)
    if is_cut:  # the later frames need their low bytes too, and were read without
        raise DecodeError(Reason.FRAMES_NOT_READ)


def stated_coding(data: bytes) -> Coding | None:
    """How the samples code light, by the chunk cICP or else the profile; None where neither says it."""
    profile = None
    for name, body in chunks(data):
        if name == b"IDAT":
            break
        if name == b"cICP" and len(body) == 4:
            return Coding(body[0], body[1])
        if name == b"iCCP":
            profile = _coding_of(bytes(body))
    return profile


def _coding_of(chunk: bytes) -> Coding | None:
    name, _, compressed = chunk.partition(b"\0")
    if name == _PQ_PROFILE:
        return Coding(_BT2020, PQ)
    try:
        return coding_of_profile(zlib.decompressobj().decompress(compressed[1:], _MOST_PROFILE))
    except zlib.error:
        return None  # a broken profile is ignored
