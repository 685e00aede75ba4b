"""Whether a picture may show another one. The reduced picture decides, so that few photographs are decoded larger."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.regions.boxes import LONGEST, support
from matcher.imaging.regions.edges import FULL, STRIP, lines, transposed
from matcher.system.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]

_MOST_LINES = 24
"""The most edges of each direction."""
_SMALLEST = 24
"""The fewest reduced pixels of a rectangle's shorter side."""
_SUM = 940
"""The least evidence of the four sides together, of 4 · FULL. Screenshots have windows and panes with clean sides; the
edges of objects in a photograph are seldom so straight."""
_SIDE = 200
"""The least evidence of each side, of FULL."""
_FLAT = 8
"""The largest difference in grey levels between the darkest and the brightest pixel of a margin's outermost row."""
_WHOLE = 0.97
"""The share of the picture's width and height: a rectangle that is larger in both is the picture itself."""


@compiled
def _has_rectangle(down: Int32, xs: Int64, along: Int32, ys: Int64) -> bool:
    """Whether any rectangle has clean edges on all sides."""
    least = _SUM - 3 * FULL
    wide, high = _WHOLE * down.shape[1], _WHOLE * along.shape[1]
    for j in range(ys.shape[0] - 1):
        for i in range(xs.shape[0] - 1):
            for i2 in range(i + 1, xs.shape[0]):
                width = xs[i2] - xs[i]
                if width < _SMALLEST:
                    continue
                first, end = (xs[i] + STRIP - 1) // STRIP, xs[i2] // STRIP
                top = support(along, ys[j], first, end)
                if top < least:
                    continue
                for j2 in range(j + 1, ys.shape[0]):
                    height = ys[j2] - ys[j]
                    if height < _SMALLEST or height > LONGEST * width or width > LONGEST * height:
                        continue
                    if width >= wide and height >= high:
                        continue
                    bottom = support(along, ys[j2], first, end)
                    if top + bottom < _SUM - 2 * FULL:
                        continue
                    upper, lower = (ys[j] + STRIP - 1) // STRIP, ys[j2] // STRIP
                    left, right = support(down, xs[i], upper, lower), support(down, xs[i2], upper, lower)
                    if min(top, bottom, left, right) < _SIDE:
                        continue
                    if top + bottom + left + right >= _SUM:
                        return True
    return False


def _is_framed(grey: UInt8) -> bool:
    """Whether the outermost rows, or columns, are both flat."""
    pairs = ((grey[0], grey[-1]), (grey[:, 0], grey[:, -1]))
    return any(all(int(np.ptp(edge)) <= _FLAT for edge in pair) for pair in pairs)


def may_hold_regions(reduced: Reduced) -> bool:
    """Whether `find_regions` is worth while: the picture has a frame, or a rectangle like those of windows."""
    if min(reduced.grey.shape) < _SMALLEST:
        return False
    grey = reduced.grey.astype(np.uint8)
    if _is_framed(grey):
        return True
    down = lines(grey, most=_MOST_LINES)
    along = lines(transposed(grey), most=_MOST_LINES)
    return bool(_has_rectangle(down.before, down.at, along.before, along.at))
