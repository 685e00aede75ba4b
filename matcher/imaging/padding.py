"""Whether what was decoded of a damaged picture is more than padding."""

from __future__ import annotations

from PIL import Image


def is_flat(image: Image.Image) -> bool:
    """Whether the image has one colour everywhere: it holds only padding."""
    extrema = image.getextrema()
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(low == high for low, high in pairs)
