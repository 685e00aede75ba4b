"""A picture at full size → its regions."""

from __future__ import annotations

import numpy as np

from matcher.imaging.reduced import Reduced
from matcher.imaging.regions.boxes import FEATURES, MOST, ROUGH, SMALLEST, features, rectangles, scores
from matcher.imaging.regions.choosing import Int32, Int64, chosen
from matcher.imaging.regions.edges import Lines, UInt8, lines
from matcher.imaging.regions.texture import texture
from matcher.imaging.regions.trims import trims
from matcher.imaging.regions.weights import ROUGH_WEIGHTS, WEIGHTS
from matcher.model import Region

MOST_REGIONS = 40
"""Regions of one picture."""
_MOST_LINES = 80
"""Edges of each direction that are combined."""
_MOST_SCORED = 2000
"""Rectangles that are looked at thoroughly."""


def find_regions(view: Reduced) -> tuple[Region, ...]:
    """The boxes x, y, width, height that may hold a picture, best first, at most MOST_REGIONS; never the whole.

    `view` is a picture at scale 1.
    """
    assert view.scale == 1
    if min(view.width, view.height) < SMALLEST:
        return ()
    grey = view.grey.astype(np.uint8)
    found = list(trims(grey))
    boxes, ranked = ranked_boxes(grey)
    places = chosen(boxes, ranked, MOST_REGIONS)
    whole = (0, 0, view.width, view.height)
    for place in places:
        x, y, width, height = boxes[place].tolist()
        region = (x, y, width, height)
        if region not in found and region != whole:
            found.append(region)
    return tuple(found[:MOST_REGIONS])


def candidates(grey: UInt8) -> tuple[Int32, np.ndarray, Lines, Lines]:
    down, along = lines(grey, most=_MOST_LINES), lines(np.ascontiguousarray(grey.T), most=_MOST_LINES)
    boxes, found = rectangles(down.before, down.at, along.before, along.at, SMALLEST, MOST)
    return boxes, found, down, along


def ranked_boxes(grey: UInt8) -> tuple[Int32, Int64]:
    """The (n, 4) int32 rectangles that were looked at thoroughly, and their places, the best first."""
    boxes, found, down, along = candidates(grey)
    if not len(boxes):
        return boxes, np.zeros(0, np.int64)
    sums = texture(grey)
    rows = np.zeros((len(boxes), FEATURES), np.float64)
    edges = (down.before, down.at, along.before, along.at, sums.fine, sums.flat)
    features(boxes, found, *edges, False, rows)
    if len(boxes) > _MOST_SCORED:
        rough = scores(rows[:, :ROUGH], ROUGH_WEIGHTS)
        best = np.sort(np.argsort(-rough, kind="stable")[:_MOST_SCORED])
        boxes, found, rows = boxes[best], found[best], rows[best]
    features(boxes, found, *edges, True, rows)
    return boxes, np.argsort(-scores(rows, WEIGHTS), kind="stable")
