"""A frame of a file, the pixels that its frames may cost, and the choice of an animation's frames."""

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
    """A decoded frame or page, counted from 1. The image is valid until its reader yields the next one.

    `alone`: the file is known to have no other frame.
    """

    number: int
    image: Image.Image
    alone: bool = False


class Reader(Protocol):
    """A function that reads the files of a format."""

    def __call__(self, data: bytes, limits: Limits) -> Iterator[Frame]:
        """A generator of frames. It ends with a DecodeError where a part of the file could not be read."""


class Budget:
    """Counts the pixels of a file's frames against the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_total_pixels

    def take(self, width: int, height: int) -> None:
        """Count a frame before it is decoded. DecodeError (too-many-pixels) where it, or the sum, is too large."""
        if width * height > self._limits.max_pixels or width * height > self._left:
            raise DecodeError(Reason.TOO_MANY_PIXELS)
        self._left -= width * height


@dataclass(frozen=True, slots=True)
class Choice:
    """The frames of an animation to hash, numbered from 1, in order, and the reason why later frames are ignored."""

    numbers: tuple[int, ...]
    reason: Reason | None = None


def choose(count: int, pixels: int, limits: Limits) -> Choice:
    """Choose the first, the middle and the last of `count` frames of `pixels` each.

    To decode a frame, all frames before it must be decoded; frames beyond the limits are not chosen.
    """
    reason = None
    most = FRAMES_PASSED * limits.max_frames
    if count > most:
        count, reason = most, Reason.TOO_MANY_FRAMES
    affordable = max(1, limits.max_total_pixels // max(1, pixels))
    if count > affordable:
        count, reason = affordable, Reason.TOO_MANY_PIXELS
    return Choice(tuple(sorted({1, count // 2 + 1, max(1, count)})), reason)
