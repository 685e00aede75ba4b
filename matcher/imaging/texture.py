"""Texture: the share of a picture's pixels that differ a little from their neighbour. Photographs have much of it,
windows and text hardly any.

Flat, striped or lettered regions have hashes near those of many photographs with a plain sky, a bright spot in the
dark, or a gradient. So only regions with texture are looked up, and calibrations are measured on those.
"""

from __future__ import annotations

SMALL_STEP = 20
"""In grey levels: a step from pixel to pixel up to this is texture, a larger one an edge."""
LEAST_TEXTURE = 0.02
"""The smallest share of texture in a region that is looked up. Half of the rectangles in windows and text have less,
and one in twenty of planted pictures: drawings in a few flat colours."""
