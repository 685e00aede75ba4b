"""PDQ's arithmetic, compiled by numba: RGB pixels in, 16 × 16 DCT coefficients and quality out.

Bit for bit what Meta's reference computes at full resolution (profile `pdq`): every float32 operation happens in the
reference's order, so nothing here may be reordered, fused or handed to BLAS, and `fastmath` stays off. What differs is
only *when* each operation runs: the four box-filter passes are streamed row by row, so that the working set is a few
rows in the cache instead of two full-size float planes, and the last pass runs in the 64 columns that are sampled.

Source: Meta, *The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm*, 2019, and the behaviour of
its published implementation.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from matcher.compiled import compiled

GRID = 64
"""Side of the decimated picture."""
SIDE = 16
"""Side of the block of DCT coefficients."""

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


def dct_matrix() -> Float32:
    """The (16, 64) float32 matrix of the DCT without its constant row."""
    scale = np.float32(math.sqrt(2.0 / GRID))
    return np.array(
        [
            [np.float32(float(scale) * math.cos((math.pi / 2 / GRID) * (i + 1) * (2 * j + 1))) for j in range(GRID)]
            for i in range(SIDE)
        ],
        dtype=np.float32,
    )


@compiled
def _box_along_row(source: Float32, target: Float32, window: int) -> None:
    """Running mean of `window` values; narrower at both ends, as the reference has it."""
    length = source.shape[0]
    half = (window + 2) // 2
    total = np.float32(0)
    for right in range(half - 1):
        total += source[right]
    size = half - 1
    out = 0
    right = half - 1
    for _ in range(window - half + 1):
        total += source[right]
        size += 1
        target[out] = total / np.float32(size)
        right += 1
        out += 1
    divisor = np.float32(size)
    left = 0
    for _ in range(length - window):
        total += source[right]
        total -= source[left]
        target[out] = total / divisor
        right += 1
        left += 1
        out += 1
    for _ in range(half - 1):
        total -= source[left]
        size -= 1
        target[out] = total / np.float32(size)
        left += 1
        out += 1


@compiled
def _luma_row(pixels: UInt8, target: Float32) -> None:
    """One row (w, 3) of RGB to float32 luma, summed in float64."""
    for x in range(pixels.shape[0]):
        target[x] = np.float32(pixels[x, 0] * 0.299 + pixels[x, 1] * 0.587 + pixels[x, 2] * 0.114)


@compiled
def _add(total: Float32, row: Float32) -> None:
    for x in range(total.shape[0]):
        total[x] += row[x]


@compiled
def _subtract(total: Float32, row: Float32) -> None:
    for x in range(total.shape[0]):
        total[x] -= row[x]


@compiled
def _slide(total: Float32, entering: Float32, leaving: Float32) -> None:
    """Add, then subtract: two roundings, in this order."""
    for x in range(total.shape[0]):
        total[x] = (total[x] + entering[x]) - leaving[x]


@compiled
def _divide(total: Float32, size: int, target: Float32) -> None:
    divisor = np.float32(size)
    for x in range(total.shape[0]):
        target[x] = total[x] / divisor


@compiled
def decimate(pixels: UInt8) -> Float32:  # noqa: PLR0912, PLR0915 - one loop, whose state is its point
    """RGB (h, w, 3) uint8 to the filtered and sampled (64, 64) float32 picture.

    Two passes of a box filter along rows and columns (windows of width/128 and height/128, rounded up), then the
    centre of each of 64 × 64 cells.
    """
    height, width = pixels.shape[0], pixels.shape[1]
    along_row = (width + 127) // 128
    along_column = (height + 127) // 128
    half = (along_column + 2) // 2

    columns = np.empty(GRID, np.int64)
    wanted = np.empty(GRID, np.int64)
    for i in range(GRID):
        columns[i] = int(((i + 0.5) * width) / GRID)
        wanted[i] = int(((i + 0.5) * height) / GRID)

    luma = np.empty(width, np.float32)
    blurred = np.empty(width, np.float32)
    mean = np.empty(width, np.float32)
    first_ring = np.empty((along_column, width), np.float32)  # rows of the first row pass inside the window
    first_sum = np.zeros(width, np.float32)
    second_ring = np.empty((along_column, GRID), np.float32)  # the same for the second, at the sampled columns only
    second_sum = np.zeros(GRID, np.float32)
    sampled = np.empty(GRID, np.float32)
    out = np.empty((GRID, GRID), np.float32)

    second_row = 0  # rows that have entered the second column pass
    done = 0  # rows of `out` that are written
    for step in range(height + half - 1):
        # first column pass: `step` counts what has entered, and the window lags by half
        entering = step < height
        slot = step % along_column
        if entering:
            _luma_row(pixels[step], luma)
            _box_along_row(luma, blurred, along_row)
        if step < along_column:
            if entering:
                _add(first_sum, blurred)
        elif entering:
            _slide(first_sum, blurred, first_ring[slot])
        else:
            _subtract(first_sum, first_ring[slot])
        if entering:
            first_ring[slot, :] = blurred
        if step < half - 1:
            continue
        inside = min(step + 1, height) - max(0, step + 1 - along_column)
        _divide(first_sum, inside, mean)

        # second row pass, at the sampled columns, and second column pass with the rows it owes at the end
        _box_along_row(mean, blurred, along_row)
        last = second_row == height - 1
        for extra in range(half if last else 1):
            at = second_row + extra
            slot = at % along_column
            for i in range(GRID):
                sampled[i] = blurred[columns[i]]
            if extra > 0:
                _subtract(second_sum, second_ring[slot])
            elif at < along_column:
                _add(second_sum, sampled)
            else:
                _slide(second_sum, sampled, second_ring[slot])
            if extra == 0:
                second_ring[slot, :] = sampled
            row = at - (half - 1)
            if row < 0:
                continue
            inside = min(at + 1, height) - max(0, at + 1 - along_column)
            while done < GRID and wanted[done] == row:
                _divide(second_sum, inside, out[done])
                done += 1
        second_row += 1
    return out


@compiled
def quality_of(grid: Float32) -> int:
    """Gradient sum of the (64, 64) picture, 0 to 100."""
    total = 0
    for i in range(GRID - 1):
        for j in range(GRID):
            total += abs(int(((grid[i, j] - grid[i + 1, j]) * np.float32(100)) / np.float32(255)))
    for i in range(GRID):
        for j in range(GRID - 1):
            total += abs(int(((grid[i, j] - grid[i, j + 1]) * np.float32(100)) / np.float32(255)))
    return min(total // 90, 100)


@compiled
def coefficients(grid: Float32, matrix: Float32) -> Float32:
    """The (16, 16) float32 block matrix · grid · matrixᵀ, each sum taken one term after the other."""
    half = np.empty((SIDE, GRID), np.float32)
    for i in range(SIDE):
        for j in range(GRID):
            total = np.float32(0)
            for k in range(GRID):
                total += matrix[i, k] * grid[k, j]
            half[i, j] = total
    block = np.empty((SIDE, SIDE), np.float32)
    for i in range(SIDE):
        for j in range(SIDE):
            total = np.float32(0)
            for k in range(GRID):
                total += half[i, k] * matrix[j, k]
            block[i, j] = total
    return block
