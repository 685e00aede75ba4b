"""The content of a picture inside its letterbox or frame: flat margins of any colour and depth are removed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from matcher.model import Region
from matcher.system.compiled import compiled

UInt8 = npt.NDArray[np.uint8]

FRAMED = (0, 3, 16)
"""The tolerances, in grey levels from a margin's colour: none for a black sky beside a black bar, then one for clean
pictures, then one for JPEG's ringing."""
BARRED = (0, 3)
"""The tolerances for bars inside a region. They are smaller, since its picture may begin with a clear sky."""
SMALLEST = 64


@compiled
def _margin(grey: UInt8, begin: int, step: int, tolerance: int) -> int:
    """How many rows from row `begin` on, upwards or downwards, have the colour of that row's first pixel."""
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
    """How many columns from `begin` on have, in rows `top` to `bottom`, half-open, the colour of the first pixel."""
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
    """A generator of the boxes inside the frame of a picture, (h, w) uint8, each once; none where it has no frame."""
    height, width = grey.shape
    yielded = {(0, 0, width, height)}
    for tolerance in tolerances:
        top = _margin(grey, 0, 1, tolerance)
        if top == height:
            continue
        bottom = height - _margin(grey, height - 1, -1, tolerance)
        left = _side(grey, 0, 1, top, bottom, tolerance)
        right = width - _side(grey, width - 1, -1, top, bottom, tolerance)
        region = (left, top, right - left, bottom - top)
        if region not in yielded and min(region[2:]) >= SMALLEST:
            yielded.add(region)
            yield region
