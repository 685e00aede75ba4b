"""Benign pictures drawn from a seed: landscapes of hills, suns and houses, for the demonstration and for tests."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]


def landscape(seed: int, *, width: int = 640, height: int = 480) -> Image.Image:
    """An RGB landscape. The same seed and size give the same picture, different seeds unrelated ones."""
    random = Random(seed)
    image = _sky(random, width, height)
    draw = ImageDraw.Draw(image)
    for _ in range(random.randint(1, 4)):
        _disc(draw, random, width, height)
    for layer in range(random.randint(2, 5)):
        _hills(draw, random, width, height, layer)
    for _ in range(random.randint(3, 12)):
        _house(draw, random, width, height)
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 1.5)))
    grain = np.random.default_rng(seed).normal(0, 6, (height, width, 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def _colour(random: Random, low: int = 0, high: int = 255) -> Colour:
    return random.randint(low, high), random.randint(low, high), random.randint(low, high)


def _sky(random: Random, width: int, height: int) -> Image.Image:
    corners = np.array([[_colour(random, 60), _colour(random, 60)], [_colour(random, 60), _colour(random, 60)]])
    down = np.linspace(0, 1, height)[:, None, None]
    across = np.linspace(0, 1, width)[None, :, None]
    top = corners[0, 0] * (1 - across) + corners[0, 1] * across
    bottom = corners[1, 0] * (1 - across) + corners[1, 1] * across
    return Image.fromarray((top * (1 - down) + bottom * down).astype(np.uint8))


def _disc(draw: ImageDraw.ImageDraw, random: Random, width: int, height: int) -> None:
    radius = random.uniform(0.04, 0.16) * width
    x, y = random.uniform(0, width), random.uniform(0, height * 0.6)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(random))


def _hills(draw: ImageDraw.ImageDraw, random: Random, width: int, height: int, layer: int) -> None:
    base = height * (0.35 + 0.14 * layer)
    steps = random.randint(4, 9)
    ridge = [(width * step / steps, base + random.uniform(-0.22, 0.16) * height) for step in range(steps + 1)]
    draw.polygon([*ridge, (width, height), (0, height)], fill=_colour(random, 0, 200))


def _house(draw: ImageDraw.ImageDraw, random: Random, width: int, height: int) -> None:
    x, y = random.uniform(0, width), random.uniform(height * 0.3, height)
    across, up = random.uniform(0.03, 0.14) * width, random.uniform(0.05, 0.2) * height
    draw.rectangle((x, y - up, x + across, y), fill=_colour(random))
    draw.polygon([(x, y - up), (x + across, y - up), (x + across / 2, y - 1.5 * up)], fill=_colour(random))
