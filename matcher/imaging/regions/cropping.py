"""A region of a picture as a reduced picture of its own, which any hasher that screens can hash."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.compiled import compiled
from matcher.imaging.reduced import Reduced, scale_for
from matcher.model import Region

Float32 = npt.NDArray[np.float32]


@compiled
def _means(grey: Float32, x: int, y: int, width: int, height: int, scale: int) -> Float32:
    """The means of blocks; those at the right and lower edge are of what is there."""
    out = np.zeros(((height + scale - 1) // scale, (width + scale - 1) // scale), np.float32)
    for row in range(out.shape[0]):
        target = out[row]
        below = min((row + 1) * scale, height)
        for line in range(row * scale, below):
            source = grey[y + line]
            for column in range(width // scale):
                total = np.float32(0)
                for k in range(scale):
                    total += source[x + column * scale + k]
                target[column] += total
            for k in range(width // scale * scale, width):
                target[width // scale] += source[x + k]
        for column in range(out.shape[1]):
            target[column] /= np.float32((min((column + 1) * scale, width) - column * scale) * (below - row * scale))
    return out


def cropped(view: Reduced, region: Region) -> Reduced:
    """The part of a view that lies in a region of `find_regions`, reduced as a picture of that size would be."""
    x, y, width, height = region
    left, top = x // view.scale, y // view.scale
    across, down = -(-width // view.scale), -(-height // view.scale)
    scale = scale_for(across, down)
    if scale == 1:
        grey = np.ascontiguousarray(view.grey[top : top + down, left : left + across])
    else:
        grey = _means(view.grey, left, top, across, down, scale)
    return Reduced(grey, width, height, scale * view.scale, view.rendering)
