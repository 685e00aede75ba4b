"""A picture without its letterbox or frame: flat margins of any colour, as deep as they go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from matcher.model import Region
from matcher.system.compiled import compiled

UInt8 = npt.NDArray[np.uint8]

FRAMED = (0, 3, 16)
"""Grey levels from a margin's colour that still belong to it: none, as a black sky beside a black bar needs, those of
clean pictures, and of JPEG's ringing."""
BARRED = (0, 3)
"""The same for the bars inside of a region, since what it shows may begin with a clear sky."""
SMALLEST = 64


@compiled
def _margin(grey: UInt8, begin: int, step: int, tolerance: int) -> int:
    """How many rows from row `begin` on, upwards or downwards, have the colour of its first pixel."""
    height, width = grey.shape
    colour = int(grey[begin, 0])
    y = begin
    while 0 <= y < height:
        row = grey[y]
        outside = 0
        for x in range(width):
            outside += abs(int(row[x]) - colour) > tolerance
        if outside:
            break
        y += step
    return int(abs(y - begin))


@compiled
def _side(grey: UInt8, begin: int, step: int, top: int, bottom: int, tolerance: int) -> int:
    """How many columns from column `begin` on have, from row `top` to `bottom`, the colour of the first of them."""
    width = grey.shape[1]
    colour = int(grey[top, begin])
    x = begin
    while 0 <= x < width:
        outside = False
        for y in range(top, bottom):
            if abs(int(grey[y, x]) - colour) > tolerance:
                outside = True
                break
        if outside:
            break
        x += step
    return int(abs(x - begin))


def trims(grey: UInt8, tolerances: tuple[int, ...] = FRAMED) -> Iterator[Region]:
    """A generator of the content of a framed picture, (h, w) uint8, each once; none where there is no frame."""
    height, width = grey.shape
    seen = {(0, 0, width, height)}
    for tolerance in tolerances:
        top = _margin(grey, 0, 1, tolerance)
        if top == height:
            continue
        bottom = height - _margin(grey, height - 1, -1, tolerance)
        left = _side(grey, 0, 1, top, bottom, tolerance)
        right = width - _side(grey, width - 1, -1, top, bottom, tolerance)
        region = (left, top, right - left, bottom - top)
        if region not in seen and min(region[2:]) >= SMALLEST:
            seen.add(region)
            yield region
