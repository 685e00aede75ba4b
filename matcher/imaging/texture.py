"""How much of a picture differs a little from pixel to pixel: photographs nearly everywhere, windows and text hardly.

What is flat, striped or lettered has hashes that are near those of many photographs with a plain sky, a bright spot in
the dark, or a gradient. So only what has texture is asked, and that is what a calibration measures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SMALL_STEP = 20
"""Grey levels: a smaller step from pixel to pixel is texture, a larger one an edge."""
LEAST_TEXTURE = 0.1
"""Of the pixels of a region that is asked. About nine in ten boxes drawn in screenshots have less, and one in twenty
drawn in photographs."""


def small_steps(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which pixels of (h, w) grey at full size differ a little from the one to their left: (h, w - 1)."""
    steps = np.abs(np.diff(grey, axis=1))
    return (steps > 0) & (steps <= SMALL_STEP)


def texture_share(grey: npt.NDArray[np.float32]) -> float:
    """The share of such pixels in (h, w) grey at full size, at least two pixels wide."""
    steps = small_steps(grey)
    return int(np.count_nonzero(steps)) / steps.size
