"""A picture at full size → its regions."""

from __future__ import annotations

import numpy as np

from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.regions.boxes import (
    FEATURES,
    MOST,
    ROUGH,
    SMALLEST,
    STRICTEST,
    TEXTURE,
    Float64,
    features,
    rectangles,
    scores,
)
from matcher.imaging.regions.choosing import Int32, Int64, chosen
from matcher.imaging.regions.edges import UInt8, lines, transposed
from matcher.imaging.regions.texture import texture
from matcher.imaging.regions.trims import BARRED, trims
from matcher.imaging.regions.weights import ROUGH_WEIGHTS, WEIGHTS
from matcher.imaging.texture import LEAST_TEXTURE
from matcher.model import Region

MOST_REGIONS = 48
"""The most regions of one picture."""
_STRIPPED = 16
"""The number of best rectangles whose own bars are stripped: a pane may show a picture between black bars."""
_MOST_LINES = 80
"""The most edges of each direction that are combined."""
_LEAST_SCORE = -3.0
"""The least score of a region. Of some 1,300 planted pictures one that was detected scored less; of the rectangles in
real screenshots without any, four fifths do."""
_MOST_SCORED = 2000
"""The most rectangles for which all features are computed."""


Evidence = tuple[Int32, Int64, Int32, Int64, Int32, Int32]
"""The arguments of `features`: the edges down and along, each as a table and as places, and the two texture sums."""


def find_regions(view: Reduced) -> tuple[Region, ...]:
    """The boxes x, y, width, height that may hold a picture, best first, at most MOST_REGIONS; never the whole.

    `view` is the result of `Reduced.view`. The boxes are in pixels of the picture at full size.
    """
    if min(view.grey.shape) < SMALLEST:
        return ()
    grey = view.grey.astype(np.uint8)
    boxes, ranked = ranked_boxes(grey)
    regions = list(trims(grey))
    for place, (x, y, width, height) in enumerate(boxes[chosen(boxes, ranked, MOST_REGIONS)].tolist()):
        regions.append((x, y, width, height))
        if place < _STRIPPED:
            pane = np.ascontiguousarray(grey[y : y + height, x : x + width])
            regions.extend((x + left, y + top, wide, high) for left, top, wide, high in trims(pane, BARRED))
    whole = (0, 0, grey.shape[1], grey.shape[0])
    each = [region for region in dict.fromkeys(regions) if region != whole]
    return tuple(_enlarged(region, view) for region in each[:MOST_REGIONS])


def _enlarged(region: Region, view: Reduced) -> Region:
    """A region of the view in pixels of the picture, whose last block may be cut."""
    x, y, width, height = (view.scale * pixels for pixels in region)
    return x, y, min(width, view.width - x), min(height, view.height - y)


def candidates(grey: UInt8) -> tuple[Int32, Float64, Evidence]:
    """Every rectangle of edges around texture, the evidence of its sides and corners, and that of the picture."""
    down, along = lines(grey, most=_MOST_LINES), lines(transposed(grey), most=_MOST_LINES)
    sums = texture(grey)
    for strictness in range(STRICTEST + 1):
        boxes, sides = rectangles(down.before, down.at, along.before, along.at, sums.fine, strictness)
        if len(boxes) < MOST:
            break
    return boxes, sides, (down.before, down.at, along.before, along.at, sums.fine, sums.flat)


def ranked_boxes(grey: UInt8) -> tuple[Int32, Int64]:
    """The (n, 4) int32 rectangles with all features, and the places of those that are regions, the best first."""
    boxes, sides, evidence = candidates(grey)
    if not len(boxes):
        return boxes, np.zeros(0, np.int64)
    rows = np.zeros((len(boxes), FEATURES), np.float64)
    if len(boxes) > _MOST_SCORED:
        features(boxes, sides, *evidence, False, rows)
        rough = scores(rows[:, :ROUGH], ROUGH_WEIGHTS)
        best = np.sort(np.argsort(-rough, kind="stable")[:_MOST_SCORED])
        boxes, sides, rows = boxes[best], sides[best], rows[best]
    features(boxes, sides, *evidence, True, rows)
    values = scores(rows, WEIGHTS)
    order = np.argsort(-values, kind="stable")
    return boxes, order[(values[order] > _LEAST_SCORE) & (rows[order, TEXTURE] >= LEAST_TEXTURE)]
