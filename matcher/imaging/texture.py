"""How much of a picture differs a little from pixel to pixel: photographs nearly everywhere, windows and text hardly.

What is flat, striped or lettered has hashes that are near those of many photographs with a plain sky, a bright spot in
the dark, or a gradient. So only what has texture is asked, and that is what a calibration measures.
"""

from __future__ import annotations

SMALL_STEP = 20
"""Grey levels: a smaller step from pixel to pixel is texture, a larger one an edge."""
LEAST_TEXTURE = 0.02
"""Of the pixels of a region that is asked. Half of the rectangles in windows and text have less, and one in twenty of
planted pictures: drawings in a few flat colours."""
