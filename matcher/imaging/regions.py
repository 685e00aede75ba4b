"""Regions of a picture that may hold another picture: what is left of it without its border, cut along flat gutters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.imaging.reduced import Reduced, scale_for
from matcher.model import Region

MOST_REGIONS = 40
"""Regions of one picture, at most."""
SMALLEST = 64
"""Pixels a side of a region, at least."""
_FLAT = 4.0
"""Grey values by which the pixels of a flat surface differ from its own, at most."""
_DEEPEST = 4


def may_hold_regions(reduced: Reduced) -> bool:
    """Whether a reduced picture has a flat border at any side, so that its view is worth a look."""
    grey = reduced.grey
    return any(np.ptp(side) <= _FLAT for side in (grey[0], grey[-1], grey[:, 0], grey[:, -1]))


def find_regions(view: Reduced) -> tuple[Region, ...]:
    """Boxes (x, y, width, height) in pixels of the picture, largest first, at most MOST_REGIONS; `view` at scale 1."""
    found: dict[Region, None] = {}
    _cut(view.grey, 0, 0, 0, found)
    found.pop((0, 0, view.width, view.height), None)
    ordered = sorted(found, key=lambda region: (-region[2] * region[3], region))
    return tuple(ordered[:MOST_REGIONS])


def cropped(view: Reduced, region: Region) -> Reduced:
    """The region as a Reduced of its own: the means of blocks where it is large enough to be reduced."""
    x, y, width, height = region
    grey = view.grey[y : y + height, x : x + width]
    scale = scale_for(width, height)
    if scale > 1:
        grey = _means(grey, scale)
    return Reduced(np.ascontiguousarray(grey), width, height, scale, view.rendering)


def _means(grey: npt.NDArray[np.float32], scale: int) -> npt.NDArray[np.float32]:
    """The means of blocks; those at the right and lower edge are of the part that is there."""
    rows, columns = (np.arange(0, side, scale) for side in grey.shape)
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0, dtype=np.float64), columns, axis=1)
    counts = [np.diff([*starts, side]) for starts, side in zip((rows, columns), grey.shape, strict=True)]
    return (sums / np.outer(*counts)).astype(np.float32)


def _cut(grey: npt.NDArray[np.float32], left: int, top: int, depth: int, found: dict[Region, None]) -> None:
    """Trim a part of the picture, which begins at (left, top), and cut what is left along its gutters."""
    content = np.abs(grey - grey[0, 0]) > _FLAT
    columns, rows = np.flatnonzero(content.any(axis=0)), np.flatnonzero(content.any(axis=1))
    if not len(columns) or min(np.ptp(columns), np.ptp(rows)) + 1 < SMALLEST:
        return
    x, y = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
    found[left + x, top + y, width, height] = None
    if depth == _DEEPEST:
        return
    inside = content[y : y + height, x : x + width]
    for begin, end in _runs(inside.any(axis=0)):
        for first, last in _runs(inside[:, begin:end].any(axis=1)):
            if (begin, end, first, last) != (0, width, 0, height):
                part = grey[y + first : y + last, x + begin : x + end]
                framed = np.pad(part, 1, constant_values=grey[0, 0])
                _cut(framed, left + x + begin - 1, top + y + first - 1, depth + 1, found)


def _runs(used: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where the runs of true values begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], used, [False]])))
    pairs: list[tuple[int, int]] = [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]
    return pairs
