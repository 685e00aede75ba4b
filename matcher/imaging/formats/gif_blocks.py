"""The blocks of a GIF: the number of its frames, and the padding of a truncated one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from matcher.model import Reason

_INTRODUCER = re.compile(rb"[!,;]")
_SUB_BLOCK = b"\xff" + bytes(255)


@dataclass(frozen=True, slots=True)
class Count:
    """The number of whole frames, and the reason why there may have been more."""

    count: int
    reason: Reason | None = None


def count(data: bytes, most: int) -> Count:
    """Count the whole frames of a GIF, up to `most + 1`. Nothing is decoded."""
    at = _after_screen(data)
    frames = 0
    while frames <= most:
        if at >= len(data):  # many GIFs end without a trailer; only a cut block means that something is missing
            return Count(frames, Reason.TRUNCATED if at > len(data) else None)
        introducer = data[at]
        if introducer == 0x3B:  # trailer
            return Count(frames)
        if introducer == 0x21:  # extension: label, then sub-blocks
            at = _after_blocks(data, at + 2)
        elif introducer == 0x2C:
            at = _after_blocks(data, _after_descriptor(data, at))
            if at <= len(data):
                frames += 1
        else:
            at = _next_block(data, at)
    return Count(frames)


def padded(data: bytes, max_pixels: int) -> bytes:
    """A GIF whose first frame is truncated, with zero codes for the rest of that frame's pixels.

    Code 0 is a literal at every code width, at most twelve bits long. Returns `data` where nothing is truncated.
    """
    at = _after_screen(data)
    while at < len(data):
        introducer = data[at]
        if introducer == 0x21:
            at = _after_blocks(data, at + 2)
        elif introducer == 0x2C and at + 11 <= len(data):
            size = int.from_bytes(data[at + 5 : at + 7], "little") * int.from_bytes(data[at + 7 : at + 9], "little")
            end = _after_blocks(data, _after_descriptor(data, at))
            if end <= len(data) or size > max_pixels:
                return data
            # the cut sub-block is filled up, and whole ones follow: one block alone would end the data too early
            missing = _missing(data, _after_descriptor(data, at))
            blocks = size * 12 // 8 // 255 + 2
            return data + bytes(missing) + _SUB_BLOCK * blocks + b"\0;"
        else:
            at = _next_block(data, at)
    return data


def _next_block(data: bytes, at: int) -> int:
    """Where the next block begins. Bytes between blocks are skipped, as in Pillow."""
    introducer = _INTRODUCER.search(data, at + 1)
    return len(data) if introducer is None else introducer.start()


def _after_screen(data: bytes) -> int:
    return 13 + _colours(data[10]) if len(data) > 10 else len(data)


def _after_descriptor(data: bytes, at: int) -> int:
    """Where the sub-blocks of an image begin: after its descriptor, colour table and code size."""
    return at + 11 + (_colours(data[at + 9]) if at + 9 < len(data) else 0)


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    """The place after the terminator of a chain of sub-blocks; beyond the end of `data` where there is none."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _missing(data: bytes, at: int) -> int:
    """How many bytes the last sub-block lacks."""
    while at < len(data):
        at += data[at] + 1
    return at - len(data)
