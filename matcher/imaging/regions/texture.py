"""The texture of rectangles: in photographs most pixels differ a little from the next, in text and windows few do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.imaging.texture import SMALL_STEP
from matcher.system.compiled import compiled

UInt8 = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]

TILE = 8
"""The side of a tile in pixels."""


class Texture(NamedTuple):
    """Sums over all tiles above and left of a corner, (rows + 1, columns + 1) int32 each."""

    fine: Int32
    """The numbers of pixels that differ a little from the one before."""
    flat: Int32
    """The numbers of pixels that equal the one before."""


@compiled
def _sums(grey: UInt8) -> tuple[Int32, Int32]:
    rows, columns = grey.shape[0] // TILE, grey.shape[1] // TILE
    fine, flat = np.zeros((rows + 1, columns + 1), np.int32), np.zeros((rows + 1, columns + 1), np.int32)
    small, none = np.zeros(columns * TILE, np.uint8), np.zeros(columns * TILE, np.uint8)
    for row in range(rows):
        small[:] = 0
        none[:] = 0
        for y in range(row * TILE, (row + 1) * TILE):
            line = grey[y]
            for x in range(1, columns * TILE):
                step = abs(np.int16(line[x]) - np.int16(line[x - 1]))
                none[x] += step == 0
                small[x] += step <= SMALL_STEP
        fine_left, flat_left = 0, 0
        for column in range(columns):
            for x in range(column * TILE, (column + 1) * TILE):
                fine_left += int(small[x]) - int(none[x])
                flat_left += int(none[x])
            fine[row + 1, column + 1] = fine[row, column + 1] + fine_left
            flat[row + 1, column + 1] = flat[row, column + 1] + flat_left
    return fine, flat


def texture(grey: UInt8) -> Texture:
    """The texture of a picture, (h, w) uint8."""
    return Texture(*_sums(grey))


@compiled
def inside(sums: Int32, top: int, bottom: int, left: int, right: int) -> int:
    """The sum over the tiles of rows top to bottom and columns left to right, half-open."""
    return int(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])
