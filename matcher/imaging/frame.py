"""A frame of a file, and which frames of an animation are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.limits import FRAMES_PASSED, Limits
from matcher.model import Reason


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame or page, counted from 1. The image is good until its reader is asked for the next one.

    `alone`: the file is known to have no other.
    """

    number: int
    image: Image.Image
    alone: bool = False


class Reader(Protocol):
    """How the files of a format are read."""

    def __call__(self, data: bytes, limits: Limits) -> Iterator[Frame]:
        """A generator of frames. Whatever could not be read is said by the DecodeError that ends it."""


class Budget:
    """Counts the pixels that a file's frames cost."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_total_pixels

    def take(self, width: int, height: int) -> None:
        """Before a frame is decoded. DecodeError (too-many-pixels) where it, or all so far, would be too large."""
        if width * height > self._limits.max_pixels or width * height > self._left:
            raise DecodeError(Reason.TOO_MANY_PIXELS)
        self._left -= width * height


@dataclass(frozen=True, slots=True)
class Choice:
    """Which frames of an animation to hash, numbered from 1, in order, and why not all of it is covered."""

    numbers: tuple[int, ...]
    reason: Reason | None = None


def choose(count: int, pixels: int, limits: Limits) -> Choice:
    """The first, the middle and the last of `count` frames of `pixels` each, each costing all that precede it."""
    reason = None
    most = FRAMES_PASSED * limits.max_frames
    if count > most:
        count, reason = most, Reason.TOO_MANY_FRAMES
    affordable = max(1, limits.max_total_pixels // max(1, pixels))
    if count > affordable:
        count, reason = affordable, Reason.TOO_MANY_PIXELS
    return Choice(tuple(sorted({1, count // 2 + 1, max(1, count)})), reason)
