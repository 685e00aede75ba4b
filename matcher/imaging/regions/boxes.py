"""Straight edges → rectangles that may hold a picture, and a score for each.

A rectangle has edges on its four sides, at least three corners at which two of them meet, and a picture's texture
inside. One side may be weak, where the picture has the colour of its surroundings, and one corner covered.

The weights are those of a logistic regression on screenshots composed of the development corpus (weights.py). Only
sums, products and quotients are computed, so every machine gets the same ranking.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.imaging.regions.edges import FULL, STRIP
from matcher.imaging.regions.texture import TILE, inside
from matcher.system.compiled import compiled, compiled_inner

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SMALLEST = 64
"""The fewest pixels of a region's shorter side."""
LONGEST = 3.6
"""The largest ratio of a region's longer side to its shorter."""

_MEETING = 5
"""The strips from a corner on in which both edges need evidence. The first is left out, since corners are rounded."""
_MET = 70
"""The least mean evidence, of FULL, in those strips."""
_LEAST_SIDE = 25
_LEAST_TOP = 40
_LEAST_SUMS = (620, 700, 800, 900)
"""The least mean evidence of one side, of the upper one, and, by strictness, the least sum of all four."""
STRICTEST = len(_LEAST_SUMS) - 1

_RING = 3
"""The width in tiles of the ring around a rectangle, of which the innermost tile is left out."""

_LEAST_TEXTURES = (0.0, 0.02, 0.06, 0.1)
"""By strictness: the smallest share of pixels that differ a little from the one before."""

MOST = 30_000
"""The most rectangles that are considered at once. Where a page of text makes more, the strictness is raised."""

assert STRIP == TILE, "strips and tiles are cut alike"
SIDES = 4
_APART = 2
"""A line farther than this many pixels from a side is another line."""
FEATURES = 25
ROUGH = 18
TEXTURE = 7
"""Places of features: those from ROUGH on take longer to compute, TEXTURE is the share of small steps."""


@compiled
def support(before: Int32, at: int, first: int, end: int) -> float:
    """The mean evidence, 0 to FULL, of the edge in front of column `at` in strips first to end.

    The picture's own border has full evidence: a rectangle that is cut off by it has its edge there.
    """
    if at <= 0 or at >= before.shape[1]:
        return float(FULL)
    if end <= first:
        return 0.0
    return float((before[end, at] - before[first, at]) / (end - first))


@compiled_inner
def _meets(before: Int32, at: int, corner: int, forward: bool) -> bool:
    """Whether the edge in front of column `at` has enough evidence from row `corner` on, forward or backward."""
    last = before.shape[0] - 1
    if forward:
        first = min((corner + STRIP - 1) // STRIP + 1, last)
        return support(before, at, first, min(first + _MEETING, last)) > _MET
    end = max(corner // STRIP - 1, 0)
    return support(before, at, max(end - _MEETING, 0), end) > _MET


@compiled
def rectangles(down: Int32, xs: Int64, along: Int32, ys: Int64, fine: Int32, strictness: int) -> tuple[Int32, Float64]:
    """The rectangles, (n, 4) int32 x, y, width, height, and (n, 5) float64: the evidence of their top, bottom, left
    and right, and the number of their corners.

    `down` and `xs` are the evidence and the places of the vertical edges (Lines), `along` and `ys` of the horizontal
    ones; `fine` is that of the picture's Texture. n is at most MOST; if it is MOST, some are missing, and a higher
    strictness gives fewer.
    """
    nx, ny = xs.shape[0], ys.shape[0]
    corners = np.zeros((4, nx, ny), np.uint8)
    for i in range(nx):
        for j in range(ny):
            is_below, is_above = _meets(down, xs[i], ys[j], True), _meets(down, xs[i], ys[j], False)
            is_right, is_left = _meets(along, ys[j], xs[i], True), _meets(along, ys[j], xs[i], False)
            corners[0, i, j], corners[1, i, j] = is_below and is_right, is_below and is_left
            corners[2, i, j], corners[3, i, j] = is_above and is_right, is_above and is_left
    least_sum, least_texture = _LEAST_SUMS[strictness], _LEAST_TEXTURES[strictness]
    boxes, sides = np.empty((MOST, 4), np.int32), np.empty((MOST, SIDES + 1), np.float64)
    n = 0
    for j in range(ny - 1):
        y = ys[j]
        for i in range(nx - 1):
            for i2 in range(i + 1, nx):
                upper = corners[0, i, j] + corners[1, i2, j]
                width = xs[i2] - xs[i]
                if upper == 0 or width < SMALLEST:
                    continue
                first, end = (xs[i] + STRIP - 1) // STRIP, xs[i2] // STRIP
                top = support(along, y, first, end)
                if top < _LEAST_TOP:
                    continue
                for j2 in range(j + 1, ny):
                    height = ys[j2] - y
                    if height < SMALLEST or height > LONGEST * width or width > LONGEST * height:
                        continue
                    met = upper + corners[2, i, j2] + corners[3, i2, j2]
                    if met < 3:
                        continue
                    upper_strip, lower_strip = (y + STRIP - 1) // STRIP, ys[j2] // STRIP
                    textured = inside(fine, upper_strip, lower_strip, first, end)
                    if textured < least_texture * (lower_strip - upper_strip) * (end - first) * TILE * TILE:
                        continue
                    bottom = support(along, ys[j2], first, end)
                    left = support(down, xs[i], upper_strip, lower_strip)
                    right = support(down, xs[i2], upper_strip, lower_strip)
                    if min(top, bottom, left, right) < _LEAST_SIDE or top + bottom + left + right < least_sum:
                        continue
                    if n < MOST:
                        boxes[n, 0], boxes[n, 1], boxes[n, 2], boxes[n, 3] = xs[i], y, width, height
                        sides[n, 0], sides[n, 1], sides[n, 2], sides[n, 3], sides[n, 4] = top, bottom, left, right, met
                        n += 1
    return boxes[:n], sides[:n]


@compiled_inner
def _ring(sums: Int32, top: int, bottom: int, left: int, right: int) -> tuple[int, int]:
    """The sum over the ring of tiles around a rectangle, without the innermost, and the number of those tiles."""
    rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
    total, tiles = 0, 0
    for reach, sign in ((_RING, 1), (1, -1)):
        up, down = max(0, top - reach), min(rows, bottom + reach)
        first, end = max(0, left - reach), min(columns, right + reach)
        total += sign * inside(sums, up, down, first, end)
        tiles += sign * (down - up) * (end - first)
    return total, tiles


@compiled_inner
def _beyond(before: Int32, at: int, first: int, end: int) -> float:
    """How far the edge continues beyond both of its corners: the sum of the evidence there, of twice FULL."""
    last = before.shape[0] - 1
    if at <= 0 or at >= before.shape[1]:
        return 0.0
    total = 0.0
    if first - _MEETING - 1 >= 0:
        total += support(before, at, first - _MEETING - 1, first - 1)
    if end + _MEETING + 1 <= last:
        total += support(before, at, end + 1, end + _MEETING + 1)
    return total


@compiled_inner
def _parallels(before: Int32, ats: Int64, low: int, high: int, first: int, end: int) -> tuple[float, float, float]:
    """The most evidence, 0 to 1, of lines parallel to two sides: between them, close to the lower, to the higher."""
    room = max(12, (high - low) // 12)
    between, after, ahead = 0.0, 0.0, 0.0
    if end > first:
        for at in ats:
            if low + _APART < at < high - _APART:
                evident = (before[end, at] - before[first, at]) / (end - first)
                if at <= low + room:
                    after = max(after, evident)
                elif at >= high - room:
                    ahead = max(ahead, evident)
                else:
                    between = max(between, evident)
    return between / FULL, after / FULL, ahead / FULL


@compiled
def features(
    boxes: Int32,
    sides: Float64,
    down: Int32,
    xs: Int64,
    along: Int32,
    ys: Int64,
    fine: Int32,
    flat: Int32,
    thorough: bool,
    out: Float64,
) -> None:
    """Fill `out`, (n, FEATURES) float64, with the features of each rectangle.

    Unless `thorough`, those from ROUGH on are left unchanged: the surroundings, edges that continue, lines that cross.
    """
    for n in range(boxes.shape[0]):
        x, y, width, height = boxes[n, 0], boxes[n, 1], boxes[n, 2], boxes[n, 3]
        left, right = (x + TILE - 1) // TILE, (x + width) // TILE
        top, bottom = (y + TILE - 1) // TILE, (y + height) // TILE
        low, high = min(sides[n, 0], sides[n, 1]), max(sides[n, 0], sides[n, 1])
        other_low, other_high = min(sides[n, 2], sides[n, 3]), max(sides[n, 2], sides[n, 3])
        weakest = min(low, other_low) / FULL
        second = min(max(low, other_low), high, other_high) / FULL
        third = max(low, other_low, min(high, other_high)) / FULL
        pixels = max(1, (right - left) * (bottom - top)) * TILE * TILE
        fine_in = min(0.6, inside(fine, top, bottom, left, right) / pixels)
        flat_in = inside(flat, top, bottom, left, right) / pixels
        shorter, longer = min(width, height), max(width, height)
        size = shorter / (shorter + 200.0)
        evident = min(min(sides[n, 0], sides[n, 1]) * width, min(sides[n, 2], sides[n, 3]) * height) / FULL
        textured = min(1.0, 2 * fine_in)
        bordered = (x == 0) + (y == 0) + (x + width >= down.shape[1]) + (y + height >= along.shape[1])
        row = out[n]
        row[0], row[1], row[2], row[3] = 1.0, weakest, second, third
        row[4], row[5], row[6] = sides[n, SIDES] / 4, weakest * second, max(0.0, weakest - 0.5)
        row[7], row[8], row[9] = fine_in, flat_in, flat_in * flat_in
        row[10], row[11], row[12] = size, size * size, shorter / longer
        row[13], row[14] = bordered, evident / (evident + 100.0)
        row[15], row[16], row[17] = textured, textured * weakest, textured * size
        if thorough:
            fine_out, around = _ring(fine, top, bottom, left, right)
            flat_out, _around = _ring(flat, top, bottom, left, right)
            around_pixels = max(1, around) * TILE * TILE
            row[18], row[19] = fine_out / around_pixels, 1.0 if around == 0 else flat_out / around_pixels
            beyond = _beyond(down, x, top, bottom) + _beyond(down, x + width, top, bottom)
            beyond += _beyond(along, y, left, right) + _beyond(along, y + height, left, right)
            row[20] = beyond / (8 * FULL)
            across, after, ahead = _parallels(down, xs, x, x + width, top, bottom)
            upright, under, over = _parallels(along, ys, y, y + height, left, right)
            crossing = max(across, upright)
            row[21], row[22] = crossing, max(0.0, crossing - 0.6)
            row[23], row[24] = max(after, ahead, under, over), (after + ahead + under + over) / SIDES


@compiled
def scores(rows: Float64, weights: Float64) -> Float64:
    """(n,) float64: the weighted sums of the features, in their order."""
    out = np.zeros(rows.shape[0], np.float64)
    for n in range(rows.shape[0]):
        total = 0.0
        for k in range(rows.shape[1]):
            total += rows[n, k] * weights[k]
        out[n] = total
    return out
