"""The filter of a hash along one axis of a picture, as weights of the reduced picture's pixels.

PDQ's box filters and Pillow's Lanczos filter are sums along rows and along columns: an output is a weighted sum of the
full-size pixels of its axis. The reduced picture has only the means of blocks of those pixels. Inside a block the
picture is taken to be the parabola that has the means of this block and of its two neighbours, so every full-size
weight is divided among three reduced pixels. At scale 1 the weights are the filter's own.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.hashers.quartets import LANES, add_four_weighted, add_weighted
from matcher.system.compiled import compiled

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

PDQ_OUTPUTS = 64
_LOBES = 3.0
_CACHED_AXES = 1024
"""Axes in each cache: pictures of one camera have one size. An axis takes some ten kilobytes, and 24 at most."""
_LONGEST_CACHED = 1024
"""The longest axis that is cached, in reduced pixels: the axis of a long strip of pictures may take a megabyte."""


class Axis(NamedTuple):
    """A filter along one axis: output i is the sum of `weights[i, k]` times pixel `starts[i] + k`, k < `counts[i]`."""

    starts: Int64
    """(outputs,) int64."""
    counts: Int64
    """(outputs,) int64."""
    weights: Float32
    """(outputs, the largest count) float32."""


def pdq_axis(length: int, scale: int) -> Axis:
    """PDQ's two box filters and its 64 samples on an axis of `length` pixels, reduced by `scale`."""
    return (_cached_pdq_axis if length <= _LONGEST_CACHED * scale else _new_pdq_axis)(length, scale)


def lanczos_axis(length: int, outputs: int, scale: int) -> Axis:
    """Pillow's Lanczos filter from `length` pixels to `outputs`, on an axis reduced by `scale`."""
    return (_cached_lanczos_axis if length <= _LONGEST_CACHED * scale else _new_lanczos_axis)(length, outputs, scale)


def _new_pdq_axis(length: int, scale: int) -> Axis:
    window = (length + 127) // 128
    rows = _room(2 * window + 1, scale)
    axis = _empty(PDQ_OUTPUTS, rows)
    _fill_pdq(length, scale, axis)
    return axis


def _new_lanczos_axis(length: int, outputs: int, scale: int) -> Axis:
    support = _LOBES * max(length / outputs, 1.0)
    axis = _empty(outputs, _room(2 * math.ceil(support) + 2, scale))
    _fill_lanczos(length, scale, axis)
    return axis


_cached_pdq_axis = lru_cache(_CACHED_AXES)(_new_pdq_axis)
_cached_lanczos_axis = lru_cache(_CACHED_AXES)(_new_lanczos_axis)


def _room(taps: int, scale: int) -> int:
    """The most reduced pixels that `taps` neighbouring full-size pixels can touch."""
    return taps // scale + 4


def _empty(outputs: int, most: int) -> Axis:
    return Axis(np.zeros(outputs, np.int64), np.zeros(outputs, np.int64), np.zeros((outputs, most), np.float32))


@compiled
def _spread(full: Float64, begin: int, length: int, scale: int, axis: Axis, output: int) -> None:
    """Turn `full`, the weights of the full-size pixels from `begin` on, into weights of an output's reduced pixels."""
    last = (length + scale - 1) // scale - 1
    first = max(0, begin // scale - 1)
    total = np.zeros(axis.weights.shape[1], np.float64)
    flat = (scale * scale - 1) / (24.0 * scale * scale)
    for at in range(full.shape[0]):
        weight = full[at]
        block = (begin + at) // scale
        inside = (begin + at - block * scale + 0.5) / scale - 0.5
        bend = inside * inside / 2 - flat
        total[max(block - 1, 0) - first] += weight * (bend - inside / 2)
        total[block - first] += weight * (1 - 2 * bend)
        total[min(block + 1, last) - first] += weight * (bend + inside / 2)
    axis.starts[output] = first
    axis.counts[output] = min(last, (begin + full.shape[0] - 1) // scale + 1) - first + 1
    for at in range(axis.counts[output]):
        axis.weights[output, at] = total[at]


@compiled
def _fill_pdq(length: int, scale: int, axis: Axis) -> None:
    """Fill in PDQ's weights: two passes of a running mean, narrower at the ends, sampled at the centres of 64 cells.

    pdq_kernel.decimate computes the same on full-size pixels.
    """
    window = (length + 127) // 128
    half = (window + 2) // 2
    for output in range(PDQ_OUTPUTS):
        centre = int((output + 0.5) * length / PDQ_OUTPUTS)
        left, right = max(0, centre + half - window), min(length - 1, centre + half - 1)
        begin, end = max(0, left + half - window), min(length - 1, right + half - 1) + 1
        full = np.zeros(end - begin, np.float64)
        for mean in range(left, right + 1):
            low, high = max(0, mean + half - window), min(length - 1, mean + half - 1)
            weight = 1.0 / (right - left + 1) / (high - low + 1)
            for at in range(low, high + 1):
                full[at - begin] += weight
        _spread(full, begin, length, scale, axis, output)


@compiled
def _fill_lanczos(length: int, scale: int, axis: Axis) -> None:
    """Fill in Pillow's weights before their rounding to 22 bits. Rotating a vector gives the sines of equal steps."""
    outputs = axis.starts.shape[0]
    step = length / outputs
    stretch = max(step, 1.0)
    support = _LOBES * stretch
    for output in range(outputs):
        centre = (output + 0.5) * step
        begin, end = max(0, int(centre - support + 0.5)), min(length, int(centre + support + 0.5))
        full = np.zeros(end - begin, np.float64)
        angle, turn = math.pi * (begin - centre + 0.5) / stretch, math.pi / stretch
        sine, cosine = math.sin(angle), math.cos(angle)
        slow, slow_cosine = math.sin(angle / _LOBES), math.cos(angle / _LOBES)
        by_sine, by_cosine = math.sin(turn), math.cos(turn)
        slow_by_sine, slow_by_cosine = math.sin(turn / _LOBES), math.cos(turn / _LOBES)
        total = 0.0
        for at in range(end - begin):
            x = angle + at * turn
            if abs(x) < 1e-9:
                full[at] = 1.0
            elif abs(x) < math.pi * _LOBES:
                full[at] = sine * slow * _LOBES / (x * x)
            total += full[at]
            sine, cosine = sine * by_cosine + cosine * by_sine, cosine * by_cosine - sine * by_sine
            slow, slow_cosine = (
                slow * slow_by_cosine + slow_cosine * slow_by_sine,
                slow_cosine * slow_by_cosine - slow * slow_by_sine,
            )
        for at in range(end - begin):
            full[at] /= total
        _spread(full, begin, length, scale, axis, output)


@compiled
def filtered(grey: Float32, axis: Axis) -> Float32:
    """The (outputs, w) float32 sums along the columns of a picture, (h, w) float32.

    Each is summed in the order of its weights, four at a time, so that the processor's vector width changes no bit.
    """
    width = grey.shape[1]
    whole = width - width % LANES
    out = np.zeros((axis.starts.shape[0], width), np.float32)
    for i in range(out.shape[0]):
        total, weights, row, count = out[i], axis.weights[i], axis.starts[i], axis.counts[i]
        fours = count - count % 4
        for k in range(0, fours, 4):
            for x in range(0, whole, LANES):
                add_four_weighted(total, grey, row + k, weights, k, x)
            for x in range(whole, width):
                first = weights[k] * grey[row + k, x] + weights[k + 1] * grey[row + k + 1, x]
                total[x] += first + (weights[k + 2] * grey[row + k + 2, x] + weights[k + 3] * grey[row + k + 3, x])
        for k in range(fours, count):
            line, weight = grey[row + k], weights[k]
            for x in range(0, whole, LANES):
                add_weighted(total, line, weight, x)
            for x in range(whole, width):
                total[x] += weight * line[x]
    return out


@compiled
def halved(grey: Float32) -> Float32:
    """The picture at half size: means of squares of four pixels, at the right and lower edge of two pixels or one."""
    height, width = grey.shape
    out = np.empty(((height + 1) // 2, (width + 1) // 2), np.float32)
    quarter = np.float32(0.25)
    for y in range(out.shape[0]):
        upper, lower, target = grey[2 * y], grey[min(2 * y + 1, height - 1)], out[y]
        for x in range(width // 2):
            target[x] = ((upper[2 * x] + lower[2 * x]) + (upper[2 * x + 1] + lower[2 * x + 1])) * quarter
        if width % 2:
            target[width // 2] = (upper[width - 1] + lower[width - 1]) * np.float32(0.5)
    return out


@compiled
def transposed(grey: Float32) -> Float32:
    """A transposed copy of the picture, made in tiles that fit the cache."""
    height, width = grey.shape
    out = np.empty((width, height), np.float32)
    whole = height - height % 8
    for top in range(0, whole, 8):
        r0, r1, r2, r3 = grey[top], grey[top + 1], grey[top + 2], grey[top + 3]
        r4, r5, r6, r7 = grey[top + 4], grey[top + 5], grey[top + 6], grey[top + 7]
        for x in range(width):
            column = out[x]
            column[top], column[top + 1], column[top + 2], column[top + 3] = r0[x], r1[x], r2[x], r3[x]
            column[top + 4], column[top + 5], column[top + 6], column[top + 7] = r4[x], r5[x], r6[x], r7[x]
    for y in range(whole, height):
        for x in range(width):
            out[x, y] = grey[y, x]
    return out
