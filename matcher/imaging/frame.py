"""A frame of a file, and the pixels that its frames may cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.animation import Selection
from matcher.imaging.limits import Limits
from matcher.model import Reason


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame or page, counted from 1. The image is valid until its reader yields the next one.

    `alone`: the file is known to have no other frame. `selection` is that of the animation to which the frame belongs,
    which decides whether it is looked at; None for a page, which always is.
    """

    number: int
    image: Image.Image
    alone: bool = False
    selection: Selection | None = None


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
