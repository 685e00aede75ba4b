"""Inflated scanlines of a PNG → the means of its grey in blocks, without a copy of its pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.compiled import compiled, compiled_inner
from matcher.imaging.png_vectors import ROWS, undo_grey, undo_palette, undo_rgb, undo_rgba

GREY, PALETTE, RGB, RGBA = 0, 1, 2, 3
"""Kinds of pixels."""


@compiled_inner
def _add(sums: npt.NDArray[np.int32], row: int, scale: int, width: int, totals: npt.NDArray[np.int64]) -> None:
    """Add what lies in each block of one row. `sums` as `undo_…` leaves them."""
    before = np.int64(0)
    whole = width // scale
    first = (scale - 1 + row) * ROWS + row
    for column in range(whole):
        up_to = np.int64(sums[first + column * scale * ROWS])
        totals[column] += up_to - before
        before = up_to
    if whole < len(totals):
        totals[whole] += sums[(width - 1 + row) * ROWS + row] - before


@compiled
def block_means(
    scanlines: npt.NDArray[np.uint8],
    table: npt.NDArray[np.int32],
    kind: int,
    width: int,
    height: int,
    scale: int,
) -> tuple[npt.NDArray[np.float32], int]:
    """The grey means in blocks of `scale` × `scale` pixels, and the AND of all pixels (RGBA) or the greatest (palette).

    `scanlines`: flat, each a filter of 0 to 4 and its bytes, exactly `height` of them. `table`: the grey of each index.
    """
    stride = len(scanlines) // height
    columns = (width + scale - 1) // scale
    means = np.empty(((height + scale - 1) // scale, columns), np.float32)
    totals = np.zeros(columns, np.int64)
    above = np.zeros(width, np.uint32)
    sums = np.empty((width + ROWS - 1) * ROWS, np.int32)
    seen = -1 if kind == RGBA else 0
    for top in range(0, height, ROWS):
        count = min(ROWS, height - top)
        begin = top * stride
        if kind == RGB:
            undo_rgb(scanlines, begin, stride, count, above, sums, table, width)
        elif kind == RGBA:
            seen &= undo_rgba(scanlines, begin, stride, count, above, sums, table, width)
        elif kind == GREY:
            undo_grey(scanlines, begin, stride, count, above, sums, table, width)
        else:
            seen = max(seen, undo_palette(scanlines, begin, stride, count, above, sums, table, width))
        for row in range(count):
            _add(sums, row, scale, width, totals)
            y = top + row + 1
            if y % scale == 0 or y == height:
                block = (y - 1) // scale
                rows = y - block * scale
                for column in range(columns):
                    area = rows * min(scale, width - column * scale)
                    means[block, column] = totals[column] / area
                    totals[column] = 0
    return means, seen
