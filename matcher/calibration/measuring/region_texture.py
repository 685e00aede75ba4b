"""The texture of many regions of one picture, from one summed-area table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.regions import within
from matcher.imaging.texture import SMALL_STEP
from matcher.model import Region
from matcher.system.compiled import compiled

_STEP = np.float32(SMALL_STEP)


@compiled
def _sums(grey: npt.NDArray[np.float32], most: np.float32) -> npt.NDArray[np.int32]:
    """(h + 1, w) int32: the number of pixels above and to the left that differ slightly from the one to their left.

    A slight difference is more than 0 and at most `most` grey levels.
    """
    height, width = grey.shape
    sums = np.zeros((height + 1, width), np.int32)
    for y in range(height):
        row, above, below = grey[y], sums[y], sums[y + 1]
        running = 0
        for x in range(1, width):
            step = abs(row[x] - row[x - 1])
            running += (step > 0) & (step <= most)
            below[x] = above[x] + running
    return sums


def texture_shares(view: Reduced, regions: Sequence[Region]) -> list[float]:
    """For each region of a view, the share of its pixels that differ slightly from the one to their left.

    The share is 0 for a region that is one pixel wide.
    """
    if not regions:
        return []
    sums = _sums(view.grey, _STEP)
    shares = []
    for region in regions:
        x, y, width, height = within(view, region)
        last = x + width - 1  # column i counts the step from pixel i - 1 to pixel i
        steps = sums[y + height, last] - sums[y, last] - sums[y + height, x] + sums[y, x]
        shares.append(int(steps) / max(1, (width - 1) * height))
    return shares
