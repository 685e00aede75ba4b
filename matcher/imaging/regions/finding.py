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
from matcher.imaging.regions.edges import UInt8, lines, turned
from matcher.imaging.regions.texture import texture
from matcher.imaging.regions.trims import BARRED, trims
from matcher.imaging.regions.weights import ROUGH_WEIGHTS, WEIGHTS
from matcher.imaging.texture import LEAST_TEXTURE
from matcher.model import Region

MOST_REGIONS = 48
"""Regions of one picture."""
_STRIPPED = 16
"""Of the best rectangles, those whose own bars are stripped: a pane that shows a picture between black bars."""
_MOST_LINES = 80
"""Edges of each direction that are combined."""
_LEAST_SCORE = -3.0
"""Of a rectangle that is a region. Of some 1,300 planted pictures one that was found scored less; of what real
screenshots without any have, four fifths do."""
_MOST_SCORED = 2000
"""Rectangles that are looked at thoroughly."""


Evidence = tuple[Int32, Int64, Int32, Int64, Int32, Int32]
"""The edges down and along, each as a table and as places, and the texture: what `features` is told."""


def find_regions(view: Reduced) -> tuple[Region, ...]:
    """The boxes x, y, width, height that may hold a picture, best first, at most MOST_REGIONS; never the whole.

    `view` is what `Reduced.view` gives. The boxes are in pixels of the picture at full size.
    """
    if min(view.grey.shape) < SMALLEST:
        return ()
    grey = view.grey.astype(np.uint8)
    boxes, ranked = ranked_boxes(grey)
    found = list(trims(grey))
    for place, (x, y, width, height) in enumerate(boxes[chosen(boxes, ranked, MOST_REGIONS)].tolist()):
        found.append((x, y, width, height))
        if place < _STRIPPED:
            pane = np.ascontiguousarray(grey[y : y + height, x : x + width])
            found.extend((x + left, y + top, wide, high) for left, top, wide, high in trims(pane, BARRED))
    whole = (0, 0, grey.shape[1], grey.shape[0])
    each = [region for region in dict.fromkeys(found) if region != whole]
    return tuple(_enlarged(region, view) for region in each[:MOST_REGIONS])


def _enlarged(region: Region, view: Reduced) -> Region:
    """A region of the view in pixels of the picture, of which the last block may be cut."""
    x, y, width, height = (view.scale * pixels for pixels in region)
    return x, y, min(width, view.width - x), min(height, view.height - y)


def candidates(grey: UInt8) -> tuple[Int32, Float64, Evidence]:
    """Every rectangle that edges make round texture, how evident its sides are, and what all that was told from."""
    down, along = lines(grey, most=_MOST_LINES), lines(turned(grey), most=_MOST_LINES)
    sums = texture(grey)
    for strictness in range(STRICTEST + 1):
        boxes, found = rectangles(down.before, down.at, along.before, along.at, sums.fine, strictness)
        if len(boxes) < MOST:
            break
    return boxes, found, (down.before, down.at, along.before, along.at, sums.fine, sums.flat)


def ranked_boxes(grey: UInt8) -> tuple[Int32, Int64]:
    """The (n, 4) int32 rectangles that were looked at thoroughly, and the places of the good ones, the best first."""
    boxes, found, told = candidates(grey)
    if not len(boxes):
        return boxes, np.zeros(0, np.int64)
    rows = np.zeros((len(boxes), FEATURES), np.float64)
    if len(boxes) > _MOST_SCORED:
        features(boxes, found, *told, False, rows)
        rough = scores(rows[:, :ROUGH], ROUGH_WEIGHTS)
        best = np.sort(np.argsort(-rough, kind="stable")[:_MOST_SCORED])
        boxes, found, rows = boxes[best], found[best], rows[best]
    features(boxes, found, *told, True, rows)
    values = scores(rows, WEIGHTS)
    order = np.argsort(-values, kind="stable")
    return boxes, order[(values[order] > _LEAST_SCORE) & (rows[order, TEXTURE] >= LEAST_TEXTURE)]
