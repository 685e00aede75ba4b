"""pHash on a reduced picture: eight hashes near those of `imagehash`, and which of their bits are in doubt.

Pillow resizes along rows first (in tall pictures along columns), clips and rounds, and then resizes along the other
axis. The functions here do the same, but do not round a reduced picture between the two. Pictures turned by a quarter
are resized along the original columns first, which gives a second small picture. A bit is in doubt where its
coefficient is so near the median that the detail lost by the reduction could move it across.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import PIL

from matcher.hashers.axes import Axis, filtered, halved, lanczos_axis, transposed
from matcher.hashers.ordering import select
from matcher.imaging.reduced.picture import Reduced
from matcher.system.compiled import compiled

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]


_IN_EITHER_ORDER = int(PIL.__version__.partition(".")[0]) >= 13
_ENOUGH = 8
"""Reduced pixels for each pixel of the small picture, along a side, from which on half of them are enough."""


@cache
def dct_rows(side: int, size: int) -> Float64:
    """The first `side` rows of the (size, size) matrix of scipy.fftpack.dct: type II, not normalised."""
    row, column = np.arange(side)[:, None], np.arange(size)[None, :]
    matrix: Float64 = 2 * np.cos(np.pi * row * (2 * column + 1) / (2 * size))
    return matrix


@compiled
def _cut(values: Float32, rounded: bool) -> None:
    """Clip `values` to 0 to 255 and, with `rounded`, round them half up, as Pillow stores resized pixels."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            value = min(max(values[i, j], np.float32(0)), np.float32(255))
            values[i, j] = np.floor(value + np.float32(0.5)) if rounded else value


@compiled
def _resized(source: Float32, first: Axis, second: Axis, rounded: bool) -> Float32:
    """The transpose of `source`, resized along its rows and then along its columns: (second, first) outputs, rounded.

    `first` is the axis along the columns of `source`. With `rounded` the values between the two are rounded too.
    """
    half = filtered(source, first)
    _cut(half, rounded)
    small = filtered(transposed(half), second)
    _cut(small, True)
    return small


@compiled
def resized(
    grey: Float32, transposed_grey: Float32, across: Axis, down: Axis, columns_first: bool, rounded: bool
) -> Float32:
    """A picture, passed with its transpose, resized in either order: (down, across) float32 whole numbers."""
    if columns_first:
        return transposed(_resized(grey, down, across, rounded))
    return _resized(transposed_grey, across, down, rounded)


def columns_first(width: int, height: int, across: int, down: int) -> bool:
    """Whether Pillow resizes along columns first: from version 13 on if the height shrinks much more (its #9549)."""
    return _IN_EITHER_ORDER and height - down > 2 * (width - across)


@compiled
def _block(small: Float32, matrix: Float64) -> Float64:
    """The low frequencies of a small picture: matrix · small · matrixᵀ."""
    side, size = matrix.shape
    half = np.zeros((side, size), np.float64)
    for i in range(side):
        for k in range(size):
            for j in range(size):
                half[i, j] += matrix[i, k] * small[k, j]
    block = np.zeros((side, side), np.float64)
    for i in range(side):
        for j in range(side):
            total = 0.0
            for k in range(size):
                total += half[i, k] * matrix[j, k]
            block[i, j] = total
    return block


@compiled
def _bits(block: Float64, by_row: int, by_column: int, doubt: float, code: UInt8, doubtful: UInt8) -> None:
    """Set the bits of `code` above the median, row by row, and those of `doubtful` within `doubt` of it.

    `by_row` and `by_column` negate the odd rows and the odd columns, as mirroring does.
    """
    side = block.shape[0]
    values = np.empty(side * side, np.float64)
    for i in range(side):
        for j in range(side):
            negated = (by_row and i % 2 == 1) != (by_column and j % 2 == 1)
            values[i * side + j] = -block[i, j] if negated else block[i, j]
    ordered = values.copy()
    middle = side * side // 2
    select(ordered, middle - 1)
    above = ordered[middle]
    for at in range(middle + 1, ordered.size):
        above = min(above, ordered[at])
    median = (ordered[middle - 1] + above) / 2
    for at in range(side * side):
        code[at >> 3] |= (values[at] > median) << (7 - (at & 7))
        doubtful[at >> 3] |= (abs(values[at] - median) <= doubt) << (7 - (at & 7))


@compiled
def roughness(grey: Float32) -> float:
    """The mean absolute difference of neighbours in every fourth row: a measure of the picture's edges."""
    height, width = grey.shape
    total = np.zeros(width - 1, np.float32)
    for y in range(0, height, 4):
        row = grey[y]
        for x in range(width - 1):
            total[x] += abs(row[x + 1] - row[x])
    return total.sum() / (((height + 3) // 4) * (width - 1))  # type: ignore[no-any-return]


@compiled
def _root_mean_square(first: Float64, second: Float64) -> float:
    """The root mean square of the differences between two blocks."""
    total = 0.0
    for i in range(first.shape[0]):
        for j in range(first.shape[1]):
            total += (first[i, j] - second[i, j]) ** 2
    return np.sqrt(total / first.size)  # type: ignore[no-any-return]


@compiled
def screen(
    grey: Float32, across: Axis, down: Axis, matrix: Float64, orders: tuple[bool, bool], exact: bool
) -> tuple[UInt8, UInt8]:
    """The (8, bytes) uint8 hashes of a reduced picture in the order of TRANSFORMS, and masks of their doubtful bits.

    `orders`: whether the picture, and its transpose, are resized along columns first. `exact` means that the picture
    was not reduced, and every step is rounded as in Pillow. Otherwise a coefficient's doubt grows with the edges of the
    picture, and with the change that rounding between the two passes would make. The doubt was measured, not derived:
    docs/performance.md.
    """
    transposed_grey = transposed(grey)
    first = _block(resized(grey, transposed_grey, across, down, orders[0], exact), matrix)
    second = _block(resized(transposed_grey, grey, down, across, orders[1], exact), matrix)
    doubt = 5.0
    if not exact:
        other = _block(resized(grey, transposed_grey, across, down, orders[0], True), matrix)
        doubt = 30.0 + 10.0 * roughness(grey) + 2.0 * _root_mean_square(first, other)
    doubt *= matrix.shape[1] / 32
    width = matrix.shape[0] * matrix.shape[0] // 8
    codes, doubtful = np.zeros((8, width), np.uint8), np.zeros((8, width), np.uint8)
    _bits(first, 0, 0, doubt, codes[0], doubtful[0])
    _bits(second, 1, 0, doubt, codes[1], doubtful[1])
    _bits(first, 1, 1, doubt, codes[2], doubtful[2])
    _bits(second, 0, 1, doubt, codes[3], doubtful[3])
    _bits(first, 0, 1, doubt, codes[4], doubtful[4])
    _bits(first, 1, 0, doubt, codes[5], doubtful[5])
    _bits(second, 0, 0, doubt, codes[6], doubtful[6])
    _bits(second, 1, 1, doubt, codes[7], doubtful[7])
    return codes, doubtful


def bits_by_dct(reduced: Reduced, side: int) -> tuple[UInt8, UInt8]:
    """pHash of side × side bits: the hashes and the masks of their doubtful bits, (8, width) uint8 each."""
    size = 4 * side
    grey, scale = reduced.grey, reduced.scale
    if scale > 1 and min(grey.shape) >= _ENOUGH * size:
        grey, scale = halved(grey), 2 * scale
    width, height = reduced.width, reduced.height
    orders = columns_first(width, height, size, size), columns_first(height, width, size, size)
    across, down = lanczos_axis(width, size, scale), lanczos_axis(height, size, scale)
    return screen(grey, across, down, dct_rows(side, size), orders, scale == 1)
