"""PDQ's arithmetic, compiled by numba: RGB pixels in, 16 × 16 DCT coefficients and quality out.

The result equals that of Meta's reference at full resolution (profile `pdq`) bit for bit: every float32 operation
happens in the reference's order, so nothing here may be reordered, fused or handed to BLAS, and `fastmath` stays off.
The only difference is *when* each operation runs: the four box-filter passes are streamed row by row, so that the
working set is a few rows in the cache instead of two full-size float planes, and the last pass runs in the 64 columns
that are sampled.

Source: Meta, *The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm*, 2019, and the behaviour of
its published implementation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.system.compiled import compiled, compiled_inner

GRID = 64
"""The side of the decimated picture."""
SIDE = 16
"""The side of the block of DCT coefficients."""

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
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


@compiled_inner
def _box_along_row(source: Float32, target: Float32, window: int) -> None:
    """Write the running mean of `window` values to `target`. As in the reference, it is narrower at both ends."""
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


@compiled_inner
def _luma_row(pixels: UInt8, target: Float32) -> None:
    """Convert one row (w, 3) of RGB to float32 luma, summed in float64."""
    for x in range(pixels.shape[0]):
        target[x] = np.float32(pixels[x, 0] * 0.299 + pixels[x, 1] * 0.587 + pixels[x, 2] * 0.114)


@compiled_inner
def _add(total: Float32, row: Float32) -> None:
    for x in range(total.shape[0]):
        total[x] += row[x]


@compiled_inner
def _subtract(total: Float32, row: Float32) -> None:
    for x in range(total.shape[0]):
        total[x] -= row[x]


@compiled_inner
def _slide(total: Float32, entering: Float32, leaving: Float32) -> None:
    """Add `entering` to the total, then subtract `leaving`: two roundings, in this order."""
    for x in range(total.shape[0]):
        total[x] = (total[x] + entering[x]) - leaving[x]


@compiled_inner
def _divide(total: Float32, size: int, target: Float32) -> None:
    divisor = np.float32(size)
    for x in range(total.shape[0]):
        target[x] = total[x] / divisor


class _State(NamedTuple):
    """The state of the filter between two bands of rows. Arrays are float32; `columns`, `rows`, `counters` int64."""

    luma: Float32
    blurred: Float32
    mean: Float32
    first_ring: Float32
    """The rows of the first row pass that are inside the window of the first column pass."""
    first_sum: Float32
    second_ring: Float32
    """The rows of the second row pass that are inside the window of the second one, at the sampled columns only."""
    second_sum: Float32
    sampled: Float32
    columns: Int64
    """The 64 sampled columns."""
    rows: Int64
    """The 64 sampled rows."""
    counters: Int64
    """How many rows have entered the first column pass, have entered the second one, and are written in `out`."""
    out: Float32


@compiled_inner
def _second_pass(state: _State, height: int) -> None:
    """Run the second row pass of `state.mean` and the second column pass; after the last row also its remaining rows.

    The remaining rows are those by which the column pass lags behind.
    """
    window, half = state.second_ring.shape[0], (state.second_ring.shape[0] + 2) // 2
    _box_along_row(state.mean, state.blurred, (state.mean.shape[0] + 127) // 128)
    for i in range(GRID):
        state.sampled[i] = state.blurred[state.columns[i]]
    last = state.counters[1] == height - 1
    for extra in range(half if last else 1):
        at = state.counters[1] + extra
        slot = at % window
        if extra > 0:
            _subtract(state.second_sum, state.second_ring[slot])
        elif at < window:
            _add(state.second_sum, state.sampled)
        else:
            _slide(state.second_sum, state.sampled, state.second_ring[slot])
        if extra == 0:
            for i in range(GRID):  # numba compiles a whole library of its own for an assignment of arrays
                state.second_ring[slot, i] = state.sampled[i]
        row = at - (half - 1)
        inside = min(at + 1, height) - max(0, at + 1 - window)
        while state.counters[2] < GRID and state.rows[state.counters[2]] == row:
            _divide(state.second_sum, inside, state.out[state.counters[2]])
            state.counters[2] += 1
    state.counters[1] += 1


@compiled
def _feed(state: _State, pixels: UInt8, height: int) -> None:
    """Pass the next rows (h, w, 3) of a picture of `height` rows through the filter; the last ones finish it."""
    window, half = state.first_ring.shape[0], (state.first_ring.shape[0] + 2) // 2
    begun = state.counters[0]
    end = begun + pixels.shape[0]
    for step in range(begun, end + half - 1 if end == height else end):
        slot = step % window
        if step < height:
            _luma_row(pixels[step - begun], state.luma)
            _box_along_row(state.luma, state.blurred, (state.luma.shape[0] + 127) // 128)
            if step < window:
                _add(state.first_sum, state.blurred)
            else:
                _slide(state.first_sum, state.blurred, state.first_ring[slot])
            for x in range(state.blurred.shape[0]):
                state.first_ring[slot, x] = state.blurred[x]
        elif step >= window:
            _subtract(state.first_sum, state.first_ring[slot])
        if step >= half - 1:  # the window lags by half
            inside = min(step + 1, height) - max(0, step + 1 - window)
            _divide(state.first_sum, inside, state.mean)
            _second_pass(state, height)
    state.counters[0] = end


def decimate(bands: Iterable[UInt8], *, width: int, height: int) -> Float32:
    """Filter and sample RGB, in bands of rows (h, w, 3) uint8 from the top, to a (64, 64) float32 picture.

    Two passes of a box filter along rows and columns (windows of width/128 and height/128, rounded up), then the
    centre of each of 64 × 64 cells. The bands together have `height` rows; their sizes do not change the result.
    """
    window = (height + 127) // 128
    state = _State(
        luma=np.empty(width, np.float32),
        blurred=np.empty(width, np.float32),
        mean=np.empty(width, np.float32),
        first_ring=np.empty((window, width), np.float32),
        first_sum=np.zeros(width, np.float32),
        second_ring=np.empty((window, GRID), np.float32),
        second_sum=np.zeros(GRID, np.float32),
        sampled=np.empty(GRID, np.float32),
        columns=np.array([int((i + 0.5) * width / GRID) for i in range(GRID)], np.int64),
        rows=np.array([int((i + 0.5) * height / GRID) for i in range(GRID)], np.int64),
        counters=np.zeros(3, np.int64),
        out=np.empty((GRID, GRID), np.float32),
    )
    for band in bands:
        _feed(state, band, height)
    return state.out


@compiled
def quality_of(grid: Float32) -> int:
    """The quality of the (64, 64) picture: its gradient sum, scaled to 0 to 100."""
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
