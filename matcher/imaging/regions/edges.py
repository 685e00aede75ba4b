"""Long straight edges, which may be the sides of embedded pictures.

A side is a long line of pixels along which the grey changes at exactly one place; the edges of objects in a picture are
seldom so straight. Everything is computed for vertical lines; horizontal ones are those of the transposed picture. The
picture is divided into strips of 8 rows, whose sums suppress texture and noise, and preserve a side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.system.compiled import compiled, compiled_inner

UInt8 = npt.NDArray[np.uint8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

STRIP = 8
"""The rows of a strip."""
FULL = 255
"""The most evidence for an edge in one strip."""

_LEAST_STEP = 12
"""The smallest step of a strip's sums from column to column that is evidence: one and a half grey levels."""
_SURE_STEP = 48
"""The smallest step that is full evidence."""
_RADIUS = 3
"""The columns on both sides that must have smaller steps."""
_LEAST_ACTIVITY = 3
_SURE_ACTIVITY = 16
"""Activity that begins or ends at a column is evidence above the first, full evidence from the second: grey levels over
a strip."""

_COST = 100
"""The evidence of a strip, of FULL, that neither raises nor lowers a segment's sum."""
_DROP = 500
"""How far a segment's sum may fall before the segment ends: five strips without evidence."""
_LEAST = 500
"""The least sum of a segment: 26 rows with full evidence."""

_SAME = 2
"""The most columns between two segments of one edge."""
_NEAR, _CROWD = 24, 3
"""Within _NEAR columns at most _CROWD segments side by side are kept: text has dozens of them."""


class Lines(NamedTuple):
    """The edges of one direction."""

    before: Int32
    """(strips + 1, columns): the evidence for an edge in front of each column, summed from the first strip on."""
    at: Int64
    """(n,) ascending: the columns in front of which there is a long edge, 0 and the picture's width among them."""


@compiled
def strips(grey: UInt8) -> tuple[Int16, Int16]:
    """The (h // 8, w) int16 sums of the strips of (h, w) uint8, and the sums of the steps between rows inside them."""
    count, width = grey.shape[0] // STRIP, grey.shape[1]
    sums, activity = np.zeros((count, width), np.int16), np.zeros((count, width), np.int16)
    for strip in range(count):
        total, steps = sums[strip], activity[strip]
        for y in range(strip * STRIP, (strip + 1) * STRIP):
            row = grey[y]
            for x in range(width):
                total[x] += np.int16(row[x])
            if y > strip * STRIP:
                above = grey[y - 1]
                for x in range(width):
                    steps[x] += np.int16(abs(np.int16(row[x]) - np.int16(above[x])))
    return sums, activity


@compiled_inner
def _is_highest(steps: Int16, x: int) -> bool:
    """Whether no column near x has as large a step; among equals the last is the highest."""
    for k in range(1, _RADIUS + 1):
        if x - k >= 1 and steps[x - k] > steps[x]:
            return False
        if x + k < steps.shape[0] and steps[x + k] >= steps[x]:
            return False
    return True


@compiled_inner
def _begins(quiet: Int16, x: int) -> int:
    """How much activity begins or ends exactly in front of column x, as where texture adjoins a flat surface."""
    left = max(quiet[x - 1], quiet[x - 2], quiet[x - 3], quiet[x - 4])
    right = min(quiet[x], quiet[x + 1], quiet[x + 2])
    other_right = max(quiet[x], quiet[x + 1], quiet[x + 2], quiet[x + 3])
    other_left = min(quiet[x - 1], quiet[x - 2], quiet[x - 3])
    return max(int(right) - 2 * int(left), int(other_left) - 2 * int(other_right))


@compiled
def evidence(sums: Int16, activity: Int16) -> UInt8:
    """(strips, w) uint8: the evidence for an edge in front of each column, in each strip."""
    count, width = sums.shape
    out = np.zeros((count, width), np.uint8)
    steps = np.zeros(width, np.int16)
    for strip in range(count):
        total, quiet = sums[strip], activity[strip]
        for x in range(1, width):
            steps[x] = abs(total[x] - total[x - 1])
        for x in range(1, width):
            value = 0
            if steps[x] >= _LEAST_STEP and _is_highest(steps, x):
                value = min(FULL, int(steps[x]) * FULL // _SURE_STEP)
            if value < FULL and 4 <= x < width - 3:
                begun = _begins(quiet, x)
                if begun > _LEAST_ACTIVITY:
                    value = max(value, min(FULL, begun * FULL // _SURE_ACTIVITY))
            out[strip, x] = value
    return out


@compiled
def summed(values: UInt8) -> Int32:
    """(strips + 1, w) int32: for each strip, the sums over those before it."""
    out = np.zeros((values.shape[0] + 1, values.shape[1]), np.int32)
    for strip in range(values.shape[0]):
        for x in range(values.shape[1]):
            out[strip + 1, x] = out[strip, x] + values[strip, x]
    return out


@compiled
def segments(values: UInt8, most: int) -> Int32:
    """(n, 4) int32: column, first strip, end, and sum above the cost, of every stretch with much evidence.

    n is at most `most`; segments after those are dropped.
    """
    count, width = values.shape
    running, best = np.zeros(width, np.int32), np.zeros(width, np.int32)
    start, end = np.zeros(width, np.int32), np.zeros(width, np.int32)
    out = np.empty((most, 4), np.int32)
    n = 0
    for strip in range(count + 1):
        for x in range(width):
            now = np.int32(0)
            if strip < count:
                now = running[x]
                if now == 0:
                    start[x] = strip
                now += np.int32(values[strip, x]) - _COST
                if now > best[x]:
                    best[x], end[x] = now, strip + 1
            if now <= 0 or now < best[x] - _DROP:
                if best[x] >= _LEAST and n < most:
                    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = x, start[x], end[x], best[x]
                    n += 1
                now, best[x] = np.int32(0), 0
            running[x] = now
    return out[:n]


@compiled
def _thinned(segments: Int32, order: Int64, most: int) -> Int64:
    """The places of the strongest of the (n, 4) `segments`, in `order`: each edge once, and few side by side."""
    kept = np.empty(most, np.int64)
    n = 0
    for i in order:
        crowd, fresh = 0, True
        for j in range(n):
            k = kept[j]
            gap = abs(segments[i, 0] - segments[k, 0])
            if gap > _NEAR:
                continue
            shared = min(segments[i, 2], segments[k, 2]) - max(segments[i, 1], segments[k, 1])
            if 2 * shared > segments[i, 2] - segments[i, 1]:
                crowd += 1
                if gap <= _SAME or crowd >= _CROWD:
                    fresh = False
                    break
        if fresh:
            kept[n] = i
            n += 1
            if n == most:
                break
    return kept[:n]


@compiled
def transposed(grey: UInt8) -> UInt8:
    """A transposed copy of the picture, made in tiles that fit the cache."""
    height, width = grey.shape
    out = np.empty((width, height), np.uint8)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            for x in range(left, min(left + _TILE, width)):
                column = out[x]
                for y in range(top, min(top + _TILE, height)):
                    column[y] = grey[y, x]
    return out


_TILE = 64
_MOST_SEGMENTS = 20_000


def lines(grey: UInt8, *, most: int) -> Lines:
    """The vertical edges of a picture, (h, w) uint8, C-contiguous; at most `most` of them."""
    values = evidence(*strips(grey))
    stretches = segments(values, _MOST_SEGMENTS)
    order = np.lexsort((stretches[:, 1], stretches[:, 0], -stretches[:, 3])).astype(np.int64)
    columns = stretches[_thinned(stretches, order, most), 0]
    ends = np.array([0, grey.shape[1]], np.int64)
    return Lines(summed(values), np.unique(np.concatenate([ends, columns.astype(np.int64)])))
