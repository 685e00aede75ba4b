"""A region of a picture as a reduced picture of its own, which any hasher that screens can hash."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.imaging.reduced.picture import Reduced, scale_for
from matcher.model import Region
from matcher.system.compiled import compiled

Float32 = npt.NDArray[np.float32]


@compiled
def _means(grey: Float32, x: int, y: int, width: int, height: int, scale: int) -> Float32:
    """The means of blocks of scale × scale pixels; blocks at the right and lower edge may be smaller."""
    out = np.zeros(((height + scale - 1) // scale, (width + scale - 1) // scale), np.float32)
    columns = np.empty(width, np.float32)
    for row in range(out.shape[0]):
        below = min((row + 1) * scale, height)
        for column in range(width):  # numba compiles a whole library of its own for an assignment of arrays
            columns[column] = grey[y + row * scale, x + column]
        for line in range(y + row * scale + 1, y + below):
            source = grey[line, x : x + width]
            for column in range(width):
                columns[column] += source[column]
        for column in range(out.shape[1]):
            end = min((column + 1) * scale, width)
            total = np.float32(0)
            for place in range(column * scale, end):
                total += columns[place]
            out[row, column] = total / np.float32((end - column * scale) * (below - row * scale))
    return out


def within(view: Reduced, region: Region) -> Region:
    """A region of `find_regions` in the pixels of the view's grey."""
    x, y, width, height = region
    return x // view.scale, y // view.scale, -(-width // view.scale), -(-height // view.scale)


def cropped(view: Reduced, region: Region) -> Reduced:
    """The part of a view inside a region of `find_regions`, reduced as a picture of the region's size would be."""
    x, y, width, height = within(view, region)
    scale = scale_for(width, height)
    if scale == 1:
        grey = np.ascontiguousarray(view.grey[y : y + height, x : x + width])
    else:
        grey = _means(view.grey, x, y, width, height, scale)
    return Reduced(grey, region[2], region[3], scale * view.scale, view.rendering)
