"""Regions: the parts of a picture that may be another picture, shown in a window, page, call or gallery, or framed.

    find_regions(view)      boxes in the pixels of a picture at full size, best first
    may_hold_regions(...)   whether a search is worth while: photographs that fill their picture hold no regions
    cropped(view, region)   a region as a reduced picture of its own, to be hashed

Detection uses the picture alone, in integers and in sums of fixed order, so every machine gets the same regions.
"""

from __future__ import annotations

from matcher.imaging.regions.cropping import cropped as cropped
from matcher.imaging.regions.cropping import within as within
from matcher.imaging.regions.finding import MOST_REGIONS as MOST_REGIONS
from matcher.imaging.regions.finding import find_regions as find_regions
from matcher.imaging.regions.triage import may_hold_regions as may_hold_regions
