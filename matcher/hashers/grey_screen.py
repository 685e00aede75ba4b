"""aHash and dHash on a reduced picture, and which of their bits are in doubt.

aHash compares the pixels of a very small grey picture with their mean, dHash each with its neighbour. A bit is in doubt
where the two values differ by no more than the possible error of the small pixels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.hashers.axes import lanczos_axis, transposed
from matcher.hashers.phash_screen import columns_first, resized, roughness
from matcher.imaging.reduced.picture import Reduced

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

_FLIPS = (
    (False, 0, 0),
    (True, 1, 0),
    (False, 1, 1),
    (True, 0, 1),
    (False, 0, 1),
    (False, 1, 0),
    (True, 0, 0),
    (True, 1, 1),
)
"""For each of TRANSFORMS: whether to start from the transposed picture, to reverse its rows, to reverse its columns."""


def bits_by_mean(reduced: Reduced, side: int) -> tuple[UInt8, UInt8]:
    """aHash of side × side bits: the hashes and the masks of their doubtful bits, (8, width) uint8 each."""
    return _bits([small - small.mean() for small in _turned(reduced, side, side)], _error(reduced))


def bits_by_difference(reduced: Reduced, side: int) -> tuple[UInt8, UInt8]:
    """dHash of side × side bits: the hashes and the masks of their doubtful bits, (8, width) uint8 each."""
    return _bits([np.diff(small, axis=1) for small in _turned(reduced, side + 1, side)], 2 * _error(reduced))


def _turned(reduced: Reduced, across: int, down: int) -> list[Float32]:
    """The eight turned pictures, each resized to (down, across)."""
    width, height, scale = reduced.width, reduced.height, reduced.scale
    transposed_grey = transposed(reduced.grey)
    axes = lanczos_axis(width, across, scale), lanczos_axis(height, down, scale)
    turned_axes = lanczos_axis(height, across, scale), lanczos_axis(width, down, scale)
    order, turned_order = columns_first(width, height, across, down), columns_first(height, width, across, down)
    upright = resized(reduced.grey, transposed_grey, *axes, order, scale == 1)
    sideways = resized(transposed_grey, reduced.grey, *turned_axes, turned_order, scale == 1)
    small = []
    for from_transposed, rows, columns in _FLIPS:
        picture = sideways if from_transposed else upright
        small.append(picture[:: -1 if rows else 1, :: -1 if columns else 1])
    return small


def _error(reduced: Reduced) -> float:
    """The possible error of a small pixel, in grey values. It was measured, not derived: docs/performance.md."""
    return 0.0 if reduced.scale == 1 else 1.0 + 0.1 * roughness(reduced.grey)


def _bits(values: list[Float32], error: float) -> tuple[UInt8, UInt8]:
    stacked = np.stack([value.ravel() for value in values])
    return np.packbits(stacked > 0, axis=1), np.packbits(np.abs(stacked) <= error, axis=1)
