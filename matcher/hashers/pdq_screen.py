"""PDQ on a reduced picture: eight hashes near those of pdq_kernel, in some ten microseconds.

The filter and the sampled places are those of pdq_kernel, applied to the reduced pixels (axes.py). Sums are taken in
another order than the reference's, so their last bits differ even where nothing was reduced.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.hashers.axes import Axis, filtered, transposed
from matcher.hashers.ordering import select
from matcher.hashers.pdq_kernel import SIDE, quality_of
from matcher.hashers.phash_screen import roughness
from matcher.hashers.quartets import LANES, add_weighted
from matcher.system.compiled import compiled, compiled_inner

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

BITS = SIDE * SIDE
_MIDDLE = BITS // 2 - 1
"""The place of the lower median among the sorted coefficients."""
TIE = np.float32(0.5)
"""Coefficients that differ by less than this are ordered by chance: rounding grey values to whole numbers may move one
so far."""
TIE_BY_ROUGHNESS = np.float32(0.06)
"""The tie of a reduced picture for each unit of its roughness. The more edges it has, the less is known of the inside
of its blocks: the hash of noise, or of nothing but grain, may be 34 bits from the reference."""


@compiled
def product(left: Float32, right: Float32) -> Float32:
    """left · right, where `right` has a multiple of four columns; each element is summed in the inner index's order."""
    out = np.zeros((left.shape[0], right.shape[1]), np.float32)
    for i in range(left.shape[0]):
        for k in range(left.shape[1]):
            for j in range(0, right.shape[1], LANES):
                add_weighted(out[i], right[k], left[i, k], j)
    return out


@compiled
def grid_of(grey: Float32, across: Axis, down: Axis) -> Float32:
    """The filtered and sampled (64, 64) picture, transposed: its rows are the columns of the picture."""
    return filtered(transposed(filtered(grey, down)), across)


@compiled_inner
def _set_bits(block: Float32, by_row: int, by_column: int, turned: bool, median: np.float32, code: UInt8) -> None:
    """Set bit i·16+j of the code where coefficient (i, j) of the turned picture is above the median; last bit first.

    Mirroring negates the odd frequencies, which are in the even rows and columns (`pdq._turned`).
    """
    for at in range(BITS):
        i, j = at // SIDE, at % SIDE
        value = block[j, i] if turned else block[i, j]
        if by_row and i % 2 == 0:
            value = -value
        if by_column and j % 2 == 0:
            value = -value
        place = BITS - 1 - at
        code[place >> 3] |= (value > median) << (7 - (place & 7))


@compiled
def _median(block: Float32, by_row: int, by_column: int, tie: np.float32) -> tuple[np.float32, int]:
    """The lower median of the coefficients, the even rows or columns negated, and how many are tied with it."""
    values = np.empty(BITS, np.float32)
    for i in range(SIDE):
        for j in range(SIDE):
            negated = (by_row and i % 2 == 0) != (by_column and j % 2 == 0)
            values[i * SIDE + j] = -block[i, j] if negated else block[i, j]
    select(values, _MIDDLE)
    median = values[_MIDDLE]
    tied = 0
    for at in range(BITS):
        tied += abs(values[at] - median) < tie
    return median, tied


@compiled
def screen(
    grey: Float32, across: Axis, down: Axis, matrix: Float32, tie: np.float32, tie_by_roughness: np.float32
) -> tuple[UInt8, int, int]:
    """The (8, 32) uint8 hashes of a reduced picture in the order of TRANSFORMS, its quality, and its ties.

    The quality is 0 to 100. The ties are the coefficients tied with the median, in the orientation that has most.
    """
    grid = grid_of(grey, across, down)
    quality = quality_of(grid)
    block = product(matrix, transposed(product(matrix, grid)))  # of the picture, since the grid is transposed
    codes = np.zeros((8, BITS // 8), np.uint8)
    tie = max(tie, tie_by_roughness * np.float32(roughness(grey)))
    plain, tied = _median(block, 0, 0, tie)
    mirrored, tied_mirrored = _median(block, 0, 1, tie)
    flipped, tied_flipped = _median(block, 1, 0, tie)
    both, tied_both = _median(block, 1, 1, tie)
    _set_bits(block, 0, 0, False, plain, codes[0])
    _set_bits(block, 1, 0, True, mirrored, codes[1])  # transposed first: its rows were columns
    _set_bits(block, 1, 1, False, both, codes[2])
    _set_bits(block, 0, 1, True, flipped, codes[3])
    _set_bits(block, 0, 1, False, mirrored, codes[4])
    _set_bits(block, 1, 0, False, flipped, codes[5])
    _set_bits(block, 0, 0, True, plain, codes[6])
    _set_bits(block, 1, 1, True, both, codes[7])
    return codes, quality, max(tied, tied_mirrored, tied_flipped, tied_both)
