"""Composed call grids and galleries: 4 to 16 pictures, gutters of 0 to 20 pixels, filled or letterboxed cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.detection.painting import NAMES, Box, Composed, any_colour, filling, fitted, font, pick, put, whole

DESKTOP, PHONE = (1920, 1080), (1080, 2340)
MOST_CELLS = 16


def grid(pictures: Sequence[Image.Image], backgrounds: Sequence[Image.Image], rng: np.random.Generator) -> Composed:
    """A grid of different pictures in equal cells. A filled cell shows its picture's middle, a letterboxed one all."""
    del backgrounds
    size = PHONE if rng.random() < 0.25 else DESKTOP
    cells = min(whole(rng, 4, MOST_CELLS), len(pictures))
    ground = any_colour(rng)
    canvas = Image.new("RGB", size, ground)
    gutter = pick(rng, (0, 1, 2, 3, 4, 6, 8, 12, 16, 20))
    fills = rng.random() < 0.6
    radius = pick(rng, (0, 0, 0, 4, 8, 10)) if gutter >= 4 else 0
    letterbox = ground if rng.random() < 0.5 else any_colour(rng)
    labels = rng.random() < 0.6
    taken = rng.permutation(len(pictures))[:cells]
    result = Composed(canvas, [], [], [])
    for cell, source in zip(_cells(size, cells, gutter, rng), (int(number) for number in taken), strict=True):
        x, y, width, height = cell
        picture = pictures[source]
        if fills:
            picture, box = filling(picture, width, height), cell
        else:
            canvas.paste(letterbox, (x, y, x + width, y + height))
            shown = fitted(picture, width, height)
            box = x + (width - shown[0]) // 2, y + (height - shown[1]) // 2, *shown
        put(canvas, picture, box, rng, radius=radius)
        if labels:
            _label(canvas, cell, rng)
        result.boxes.append(box)
        result.sources.append(source)
        result.shown.append(picture)
    _bars(canvas, rng, ground)
    return result


def _cells(size: tuple[int, int], cells: int, gutter: int, rng: np.random.Generator) -> list[Box]:
    """Rows of equal cells between two bars, the last row in the middle as calls have it."""
    across = whole(rng, 2, 3) if size == PHONE else max(2, int(np.ceil(np.sqrt(cells))))
    if size == DESKTOP and rng.random() < 0.3:
        across = min(across + 1, cells)
    down = -(-cells // across)
    top, bottom = _heights(size)
    edge = gutter if rng.random() < 0.7 else 0
    width = (size[0] - 2 * edge - (across - 1) * gutter) // across
    height = (size[1] - top - bottom - 2 * edge - (down - 1) * gutter) // down
    if rng.random() < 0.6:
        height = min(height, round(width * pick(rng, (9 / 16, 3 / 4, 1.0))))
        if size == DESKTOP:
            width = min(width, height * 16 // 9)
    left = (size[0] - across * width - (across - 1) * gutter) // 2
    first = top + (size[1] - top - bottom - down * height - (down - 1) * gutter) // 2
    boxes = []
    for row in range(down):
        here = min(across, cells - row * across)
        inset = (across - here) * (width + gutter) // 2 if here < across and rng.random() < 0.6 else 0
        boxes += [
            (left + inset + column * (width + gutter), first + row * (height + gutter), width, height)
            for column in range(here)
        ]
    return boxes


def _heights(size: tuple[int, int]) -> tuple[int, int]:
    """The heights of the bar above and the bar below, in pixels."""
    return (180, 160) if size == PHONE else (48, 72)


def _bars(canvas: Image.Image, rng: np.random.Generator, ground: tuple[int, int, int]) -> None:
    top, bottom = _heights(canvas.size)
    width, height = canvas.size
    shade = ground if rng.random() < 0.5 else any_colour(rng)
    ink = (20, 20, 20) if sum(shade) > 380 else (235, 235, 235)
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, width, top - 1), fill=shade)
    draw.text((20, top - 34), f"{pick(rng, NAMES)}   {whole(rng, 0, 2)}:{whole(rng, 10, 59)}", font=font(18), fill=ink)
    draw.rectangle((0, height - bottom, width, height), fill=shade)
    for button in range(whole(rng, 4, 7)):
        x = width // 2 - 240 + button * 80
        draw.ellipse((x, height - bottom + 12, x + 48, height - bottom + 60), fill=any_colour(rng))


def _label(canvas: Image.Image, cell: Box, rng: np.random.Generator) -> None:
    """Write a name in the cell's lower left corner, as calls show it."""
    x, y, _width, height = cell
    name = pick(rng, NAMES)
    letters = font(whole(rng, 13, 18))
    wide = int(letters.getlength(name)) + 16
    box = (x + 8, y + height - 34, x + 8 + wide, y + height - 8)
    shade = Image.new("RGB", (box[2] - box[0], box[3] - box[1]), (16, 16, 16))
    canvas.paste(shade, box[:2], Image.new("L", shade.size, 170))
    ImageDraw.Draw(canvas).text((x + 16, y + height - 32), name, font=letters, fill=(255, 255, 255))
