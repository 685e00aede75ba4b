"""A picture without its letterbox or frame: flat margins of any colour, as deep as they go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from matcher.compiled import compiled
from matcher.model import Region

UInt8 = npt.NDArray[np.uint8]

_TOLERANCES = (3, 16)
"""Grey levels from a margin's colour that still belong to it: of clean pictures, and of JPEG's ringing."""
SMALLEST = 64


@compiled
def _margin(grey: UInt8, tolerance: int) -> int:
    """How many rows from the top on have one colour, each the same."""
    height, width = grey.shape
    colour = int(grey[0, 0])
    for y in range(height):
        row = grey[y]
        outside = 0
        for x in range(width):
            outside += abs(int(row[x]) - colour) > tolerance
        if outside:
            return y
    return int(height)


def trims(grey: UInt8) -> Iterator[Region]:
    """A generator of the content of a framed picture, (h, w) uint8, each once; none where there is no frame."""
    height, width = grey.shape
    seen = {(0, 0, width, height)}
    for tolerance in _TOLERANCES:
        top = _margin(grey, tolerance)
        if top == height:
            continue
        bottom = height - _margin(grey[::-1], tolerance)
        band = np.ascontiguousarray(grey[top:bottom].T)
        left = _margin(band, tolerance)
        right = width - _margin(band[::-1], tolerance)
        region = (left, top, right - left, bottom - top)
        if region not in seen and min(region[2:]) >= SMALLEST:
            seen.add(region)
            yield region
