"""Inflated scanlines of a PNG → the means of its grey in blocks, without a copy of its pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.imaging.reduced.png_vectors import (
    ROWS,
    undo_grey_alpha_row,
    undo_grey_alpha_rows,
    undo_grey_row,
    undo_grey_rows,
    undo_palette_row,
    undo_palette_rows,
    undo_rgb_row,
    undo_rgb_rows,
    undo_rgba_on_ground_row,
    undo_rgba_on_ground_rows,
    undo_rgba_row,
    undo_rgba_rows,
)
from matcher.system.compiled import compiled, compiled_inner

GREY, PALETTE, RGB, RGBA, RGBA_ON_GROUND, GREY_ALPHA_ON_GROUND = 0, 1, 2, 3, 4, 5
"""The kinds of pixels. The alpha channel of RGBA is ignored; others are composited on a grey ground."""

_CHANNELS = (1, 1, 3, 4, 4, 2)
_NONE, _UP = 0, 2


@compiled_inner
def _needs_neighbours(scanlines: npt.NDArray[np.uint8], first: int) -> bool:
    """Whether the filter of a scanline needs a pixel's left neighbour, which must be undone first."""
    return not (scanlines[first] == _NONE or scanlines[first] == _UP)


@compiled_inner
def _undo_row(
    scanlines: npt.NDArray[np.uint8],
    first: int,
    above: npt.NDArray[np.uint32],
    columns: npt.NDArray[np.int32],
    table: npt.NDArray[np.int32],
    width: int,
    kind: int,
) -> int:
    if kind == RGB:
        return undo_rgb_row(scanlines, first, above, columns, table, width)
    if kind == RGBA:
        return undo_rgba_row(scanlines, first, above, columns, table, width)
    if kind == RGBA_ON_GROUND:
        return undo_rgba_on_ground_row(scanlines, first, above, columns, table, width)
    if kind == GREY_ALPHA_ON_GROUND:
        return undo_grey_alpha_row(scanlines, first, above, columns, table, width)
    if kind == GREY:
        return undo_grey_row(scanlines, first, above, columns, table, width)
    return undo_palette_row(scanlines, first, above, columns, table, width)


@compiled_inner
def _undo_rows(
    scanlines: npt.NDArray[np.uint8],
    begin: int,
    stride: int,
    count: int,
    above: npt.NDArray[np.uint32],
    sums: npt.NDArray[np.int32],
    table: npt.NDArray[np.int32],
    width: int,
    kind: int,
) -> int:
    if kind == RGB:
        return undo_rgb_rows(scanlines, begin, stride, count, above, sums, table, width)
    if kind == RGBA:
        return undo_rgba_rows(scanlines, begin, stride, count, above, sums, table, width)
    if kind == RGBA_ON_GROUND:
        return undo_rgba_on_ground_rows(scanlines, begin, stride, count, above, sums, table, width)
    if kind == GREY_ALPHA_ON_GROUND:
        return undo_grey_alpha_rows(scanlines, begin, stride, count, above, sums, table, width)
    if kind == GREY:
        return undo_grey_rows(scanlines, begin, stride, count, above, sums, table, width)
    return undo_palette_rows(scanlines, begin, stride, count, above, sums, table, width)


@compiled_inner
def _add_row(sums: npt.NDArray[np.int32], row: int, scale: int, width: int, totals: npt.NDArray[np.int64]) -> None:
    """Add the grey of one row to the totals of its blocks. `sums` and `row` are laid out as in `undo_…_rows`."""
    before = np.int64(0)
    whole = width // scale
    first = (scale - 1 + row) * ROWS + row
    for column in range(whole):
        up_to = np.int64(sums[first + column * scale * ROWS])
        totals[column] += up_to - before
        before = up_to
    if whole < len(totals):
        totals[whole] += sums[(width - 1 + row) * ROWS + row] - before


@compiled_inner
def _add_columns(columns: npt.NDArray[np.int32], scale: int, width: int, totals: npt.NDArray[np.int64]) -> None:
    """Add the sums of columns to the totals of their blocks, and set them to zero."""
    for column in range(len(totals)):
        for x in range(column * scale, min(width, (column + 1) * scale)):
            totals[column] += columns[x]
    columns[:] = 0


@compiled
def block_means(
    scanlines: npt.NDArray[np.uint8],
    table: npt.NDArray[np.int32],
    kind: int,
    width: int,
    height: int,
    scale: int,
) -> tuple[npt.NDArray[np.float32], int]:
    """The grey means in blocks of `scale` × `scale` pixels, and the AND of pixels with alpha, or the greatest index.

    `scanlines`: flat, `height` of them, each a filter of 0 to 4 and its bytes. `table`: (256,), the grey of each index;
    of kinds on a ground first the grey of the ground, then 255 if the alpha channel is ignored, else 0.
    """
    channels = _CHANNELS[kind]
    stride = 1 + channels * width
    padded = (width + ROWS - 1) // ROWS * ROWS
    blocks = (width + scale - 1) // scale
    means = np.empty(((height + scale - 1) // scale, blocks), np.float32)
    totals = np.zeros(blocks, np.int64)
    above = np.zeros(padded, np.uint32)
    columns = np.zeros(padded, np.int32)
    sums = np.empty((width + ROWS - 1) * ROWS, np.int32)
    has_alpha = kind >= RGBA
    summary = 0xFFFFFFFF if has_alpha else 0
    in_columns = False
    top = 0
    while top < height:
        begin = top * stride
        count = 1
        alone = not _needs_neighbours(scanlines, begin) and begin + 1 + channels * padded <= len(scanlines)
        if alone:
            rows_summary = _undo_row(scanlines, begin, above, columns, table, width, kind)
            in_columns = True
        else:
            count = min(ROWS, height - top)
            while count > 1 and not _needs_neighbours(scanlines, begin + (count - 1) * stride):
                count -= 1
            rows_summary = _undo_rows(scanlines, begin, stride, count, above, sums, table, width, kind)
        summary = summary & rows_summary if has_alpha else max(summary, rows_summary)
        for row in range(count):
            if not alone:
                _add_row(sums, ROWS - count + row, scale, width, totals)
            below = top + row + 1
            if below % scale == 0 or below == height:
                if in_columns:
                    _add_columns(columns, scale, width, totals)
                    in_columns = False
                block = (below - 1) // scale
                rows = below - block * scale
                for column in range(blocks):
                    means[block, column] = totals[column] / (rows * min(scale, width - column * scale))
                    totals[column] = 0
        top += count
    return means, summary
