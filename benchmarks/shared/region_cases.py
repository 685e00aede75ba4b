"""Drawn screenshots for tests: a textured picture at a position known to the pixel, with windows, text and gutters."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def photograph(width: int, height: int, seed: int) -> Image.Image:
    """Something like a photograph: soft shapes, and grain everywhere."""
    rng = np.random.default_rng(seed)
    small = rng.integers(20, 236, (max(3, height // 40), max(3, width // 40), 3), dtype=np.uint8)
    soft = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))
    grain = rng.normal(0, 5, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))


def page(width: int, height: int, *, dark: bool = False) -> Image.Image:
    """A window with a bar and lines of what looks like text."""
    ground, ink = ((32, 33, 36), (220, 220, 220)) if dark else ((250, 250, 250), (30, 30, 30))
    image = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, 40), fill=tuple(value ^ 24 for value in ground))
    rng = np.random.default_rng(1)
    for y in range(60, height - 20, 22):
        x = 20
        while x < width // 3:
            long = int(rng.integers(10, 60))
            draw.rectangle((x, y, min(x + long, width // 3), y + 9), fill=ink)
            x += long + 8
    return image


def as_jpeg(image: Image.Image, quality: int = 75) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def saved(image: Image.Image, form: str, **options: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()
