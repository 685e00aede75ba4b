"""The texture of a picture: the slow reference for the compiled sums over tiles and regions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.imaging.texture import SMALL_STEP


def small_steps(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which pixels of (h, w) grey at full size differ a little from the one to their left: (h, w - 1)."""
    steps = np.abs(np.diff(grey, axis=1))
    return (steps > 0) & (steps <= SMALL_STEP)


def texture_share(grey: npt.NDArray[np.float32]) -> float:
    """The share of small steps in (h, w) grey at full size, at least two pixels wide: 0 to 1."""
    steps = small_steps(grey)
    return int(np.count_nonzero(steps)) / steps.size
