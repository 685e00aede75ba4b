"""Where in a picture another one may be embedded: a window, a page, a call or a gallery shows it, or a frame holds it.

    find_regions(view)      boxes in the pixels of a picture at full size, best first
    may_hold_regions(...)   whether it is worth while to look: photographs that fill their picture hold none
    cropped(view, region)   a region as a reduced picture of its own, to be hashed

All is found on the picture alone, by integers and sums in one order, so every machine finds the same.
"""

from __future__ import annotations

from matcher.imaging.regions.cropping import cropped as cropped
from matcher.imaging.regions.cropping import within as within
from matcher.imaging.regions.finding import MOST_REGIONS as MOST_REGIONS
from matcher.imaging.regions.finding import find_regions as find_regions
from matcher.imaging.regions.triage import may_hold_regions as may_hold_regions
