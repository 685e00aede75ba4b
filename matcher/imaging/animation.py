"""The frames of an animation: how far they are decoded, and which of their renderings are looked at.

A slideshow is an animation too: any of its frames may be a picture of its own. Frames are compared by the means of
their grey in SIDE × SIDE cells, and each with the last one that was looked at, not with the one before: a slow fade is
looked at again and again on its way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.imaging.limits import FRAMES_PASSED, Limits
from matcher.imaging.picture import Picture

SIDE = 64
"""The cells along each axis: as many as PDQ takes its hash from."""

MOST_CHANGE = 2
"""The largest change of any cell, in grey values of 0 to 255, of a frame that is passed over: no part of it differs."""

LEAST_CONTRAST = 32
"""How many times as large as the contrast of the change the contrast of the frame is at least, where it is passed over:
standard deviations of the cells. Hashes depend on contrast: a change of two values alters the hash of a faint frame.

Frames that are passed over were at most 6 bits of PDQ from those that were looked at, in real and in drawn animations
(`python -m benchmarks.decoding.frames_passed`)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The number of the last frame that is decoded, counted from 1, and whether it is the animation's last."""

    last: int
    is_whole: bool

    @property
    def landmarks(self) -> frozenset[int]:
        """The first, the middle and the last frame within reach: these are looked at whatever the limits are."""
        return frozenset({1, self.last // 2 + 1, self.last})


def reach(count: int, pixels: int, limits: Limits) -> Reach:
    """How far an animation of `count` frames of `pixels` each is decoded: every frame within the limits, at least one.

    To decode a frame, all frames before it must be decoded.
    """
    affordable = min(FRAMES_PASSED * limits.max_frames, limits.max_total_pixels // max(1, pixels))
    return Reach(max(1, min(count, affordable)), count <= max(1, affordable))


class Selection:
    """Chooses the renderings that are looked at, of one animation. Frames are asked about in their order.

    `most` frames that differ are looked at, and the `landmarks` in any case. `left_out` tells whether a frame that
    differs was left out for that.
    """

    def __init__(self, landmarks: frozenset[int], most: int) -> None:
        self._landmarks = landmarks
        self._most = most
        self._looked_at = 0
        self._latest = 0
        self._last: dict[str, _Cells] = {}
        self.left_out = False

    def differs(self, number: int, kind: str, picture: Picture) -> bool:
        """Whether a rendering of a frame differs from the last of its kind that did; that of a landmark always does.

        The next one is compared with it then.
        """
        cells = _Cells(picture)
        last = self._last.get(kind)
        if last is not None and number not in self._landmarks and last.is_near(cells):
            return False
        self._last[kind] = cells
        return True

    def takes(self, number: int) -> bool:
        """Whether a rendering of the frame `number` is within the limit. It counts frames, not their renderings."""
        if number != self._latest:
            if self._looked_at >= self._most and number not in self._landmarks:
                self.left_out = True
                return False
            self._latest = number
            self._looked_at += 1
        return True


class _Cells:
    """The means of a picture's grey in SIDE × SIDE cells, rounded; a picture that is smaller is stretched.

    All that is computed of them are whole numbers: the same on every machine.
    """

    def __init__(self, picture: Picture) -> None:
        self._size = picture.image.size
        self._means = np.asarray(picture.grey.resize((SIDE, SIDE), Image.Resampling.BOX)).astype(np.int64)
        self._contrast = _contrast(self._means)

    def is_near(self, other: _Cells) -> bool:
        """Whether `other` changes too little to be looked at."""
        if self._size != other._size:
            return False
        change = other._means - self._means
        if int(np.abs(change).max()) > MOST_CHANGE:
            return False
        return _contrast(change) * LEAST_CONTRAST**2 <= self._contrast


def _contrast(cells: npt.NDArray[np.int64]) -> int:
    """The variance of the cells times the square of their number."""
    return int(cells.size * np.square(cells).sum() - cells.sum() ** 2)
