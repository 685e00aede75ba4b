"""Composed desktops of 1920×1080: wallpaper, overlapping windows with real text, and one that shows the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.detection.painting import (
    DARK,
    LIGHT,
    Box,
    Composed,
    Theme,
    any_colour,
    filling,
    font,
    phrase,
    pick,
    put,
    rounded,
    shadow,
    sized,
    theme,
    wallpaper,
    whole,
    write_paragraphs,
)

SIZE = 1920, 1080
WORK = 1920, 1032
"""The size of the area for windows with a planted picture: above the task bar."""

COVERED = 0.12
"""The share of pictures that have a corner covered."""

SHORTEST = 200
"""The least pixels of a planted picture's shorter side."""


def desktop(pictures: Sequence[Image.Image], backgrounds: Sequence[Image.Image], rng: np.random.Generator) -> Composed:
    """A desktop with one picture in a viewer or on a page, among windows of text; sometimes a corner is covered."""
    canvas = wallpaper(rng, SIZE, backgrounds)
    for _ in range(whole(rng, 1, 5)):
        _other_window(canvas, _somewhere(rng, (420, 300), (1100, 800)), rng, backgrounds)
    source = int(rng.integers(len(pictures)))
    picture = pictures[source]
    box = (_viewer if rng.random() < 0.5 else _page)(canvas, picture, rng, backgrounds)
    if rng.random() < COVERED:
        _cover_corner(canvas, box, rng, backgrounds)
    _task_bar(canvas, rng)
    return Composed(canvas, [box], [source], [picture])


def _somewhere(rng: np.random.Generator, least: tuple[int, int], most: tuple[int, int]) -> Box:
    width, height = whole(rng, least[0], most[0]), whole(rng, least[1], most[1])
    return whole(rng, -60, SIZE[0] - width + 60), whole(rng, 0, SIZE[1] - height), width, height


def _window(canvas: Image.Image, box: Box, rng: np.random.Generator, look: Theme) -> Box:
    """Draw a window's frame and title bar. Returns the box inside of them."""
    x, y, width, height = box
    radius = pick(rng, (0, 0, 8, 12))
    if rng.random() < 0.7:
        shadow(canvas, box, radius=radius, depth=whole(rng, 8, 30))
    bar = whole(rng, 28, 44)
    frame = Image.new("RGB", (width, height), look.page)
    draw = ImageDraw.Draw(frame)
    draw.rectangle((0, 0, width, bar - 1), fill=look.bar)
    title = phrase(rng, whole(rng, 1, 4))
    letters = font(whole(rng, 13, 16))
    left = 12 if rng.random() < 0.5 else max(12, (width - int(letters.getlength(title))) // 2)
    draw.text((left, (bar - 18) // 2), title, font=letters, fill=look.ink)
    for button in range(3):
        centre = width - 24 - 32 * button
        draw.line((centre - 5, bar // 2, centre + 5, bar // 2), fill=look.ink, width=2)
        draw.line((centre, bar // 2 - 5, centre, bar // 2 + 5), fill=look.ink, width=1 + button % 2)
    border = pick(rng, (0, 0, 1, 1, 3))
    if border:
        draw.rectangle((0, 0, width - 1, height - 1), outline=look.edge, width=border)
    canvas.paste(frame, (x, y), rounded((width, height), radius))
    return x + border, y + bar, width - 2 * border, height - bar - border


def _other_window(canvas: Image.Image, box: Box, rng: np.random.Generator, photographs: Sequence[Image.Image]) -> None:
    look = theme(rng)
    inside = _window(canvas, box, rng, look)
    draw = ImageDraw.Draw(canvas)
    x, y, width, height = inside
    choice = rng.random()
    if choice < 0.3:
        _code(draw, inside, rng, look)
    elif choice < 0.6:
        write_paragraphs(draw, (x + 20, y + 16, width - 40, height - 30), rng, size=whole(rng, 12, 18), ink=look.ink)
    elif choice < 0.8:
        row = whole(rng, 24, 40)
        for line in range((height - 8) // row):
            top = y + 4 + line * row
            if line % 2:
                draw.rectangle((x, top, x + width - 1, top + row - 1), fill=look.bar)
            draw.rectangle((x + 10, top + 4, x + row, top + row - 6), fill=look.accent)
            draw.text((x + row + 12, top + 4), phrase(rng, whole(rng, 1, 4)), font=font(14), fill=look.ink)
            draw.text((x + width - 90, top + 4), f"{whole(rng, 1, 999)} kB", font=font(13), fill=look.muted)
    else:
        _thumbnails(canvas, inside, rng, photographs)


def _code(draw: ImageDraw.ImageDraw, inside: Box, rng: np.random.Generator, look: Theme) -> None:
    x, y, width, height = inside
    size = whole(rng, 12, 16)
    letters = font(size, "DejaVuSansMono")
    step = round(size * 1.35)
    inks = (look.ink, look.ink, look.accent, look.muted, (206, 145, 120), (78, 160, 120))
    for line in range((height - 10) // step):
        at = x + 8 + whole(rng, 0, 4) * size * 2
        for _ in range(whole(rng, 0, 9)):
            word = pick(rng, WORDS_OF_CODE)
            if at + letters.getlength(word) > x + width - 8:
                break
            draw.text((at, y + 5 + line * step), word, font=letters, fill=pick(rng, inks))
            at += int(letters.getlength(word + " "))


WORDS_OF_CODE = (  # noqa: SIM905 - text, to be read as such
    "def return self if else for in range( len( None True import from = == ( ) [0] += value items path"
).split()


def _thumbnails(canvas: Image.Image, inside: Box, rng: np.random.Generator, photographs: Sequence[Image.Image]) -> None:
    x, y, width, height = inside
    side, gap = whole(rng, 64, 130), whole(rng, 6, 24)
    for top in range(y + gap, y + height - side - 20, side + gap + 20):
        for left in range(x + gap, x + width - side, side + gap):
            if photographs and rng.random() < 0.7:
                chosen = pick(rng, photographs)
                scale = side / max(chosen.size)
                size = max(1, round(chosen.width * scale)), max(1, round(chosen.height * scale))
                put(canvas, chosen, (left + (side - size[0]) // 2, top + (side - size[1]) // 2, *size), rng)
            else:
                ImageDraw.Draw(canvas).rectangle(
                    (left + 8, top + 4, left + side - 8, top + side - 4), fill=any_colour(rng)
                )


def _viewer(
    canvas: Image.Image, picture: Image.Image, rng: np.random.Generator, photographs: Sequence[Image.Image]
) -> Box:
    """A picture in the middle of a window that fits it, or is larger."""
    del photographs
    look = pick(rng, DARK) if rng.random() < 0.6 else pick(rng, LIGHT)
    size = sized(picture, rng, (1500, 880), shortest=SHORTEST)
    margins = (0, 0) if rng.random() < 0.4 else (whole(rng, 0, 160), whole(rng, 0, 60))
    width, height = max(size[0] + 2 * margins[0] + 6, 320), size[1] + 2 * margins[1] + 50
    box = whole(rng, 0, max(0, WORK[0] - width)), whole(rng, 0, max(0, WORK[1] - height)), width, height
    x, y, inner, high = _window(canvas, box, rng, look)
    placed = x + (inner - size[0]) // 2, y + (high - size[1]) // 2 if margins[1] else y
    put(canvas, picture, (*placed, *size), rng)
    draw = ImageDraw.Draw(canvas)
    if rng.random() < 0.25 and margins[1] > 24:
        draw.text((x + 14, y + high - 24), phrase(rng, 3), font=font(13), fill=look.muted)
    return *placed, *size


def _page(
    canvas: Image.Image, picture: Image.Image, rng: np.random.Generator, photographs: Sequence[Image.Image]
) -> Box:
    """A page with the picture among text: in a column, floated, or with a column of small pictures beside it."""
    look = theme(rng)
    width, height = whole(rng, 1100, 1920), whole(rng, 800, 1030)
    box = whole(rng, 0, WORK[0] - width), whole(rng, 0, WORK[1] - height), width, height
    if rng.random() < 0.3:
        box = 0, 0, *WORK
    x, y, width, height = _window(canvas, box, rng, look)
    draw = ImageDraw.Draw(canvas)
    head = whole(rng, 36, 80)
    draw.rectangle((x, y, x + width - 1, y + head - 1), fill=look.bar)
    draw.rounded_rectangle((x + 80, y + 6, x + width * 2 // 3, y + head - 8), 10, fill=look.page)
    draw.text(
        (x + 96, y + head // 2 - 9),
        f"https://{phrase(rng, 1).lower()}.example/{whole(rng, 1, 999)}",
        font=font(14),
        fill=look.muted,
    )
    column = min(width - 80, whole(rng, 700, 1300))
    left = x + (width - column) // 2
    top = y + head + whole(rng, 12, 40)
    draw.text(
        (left, top), phrase(rng, whole(rng, 3, 6)), font=font(whole(rng, 22, 34), "DejaVuSans-Bold"), fill=look.ink
    )
    top += 56
    below = y + height - top
    size = sized(picture, rng, (column, below - 40), shortest=SHORTEST)
    radius = pick(rng, (0, 0, 0, 6, 12, 20))
    if rng.random() < 0.5 and size[0] < column - 260:
        at = left if rng.random() < 0.5 else left + column - size[0]
        beside = left + size[0] + 24 if at == left else left
        put(canvas, picture, (at, top, *size), rng, radius=radius)
        write_paragraphs(draw, (beside, top, column - size[0] - 24, size[1]), rng, size=16, ink=look.ink)
        if photographs and rng.random() < 0.3 and width - column > 300:
            _thumbnails(canvas, (left + column + 10, top, (width - column) // 2 - 20, below), rng, photographs)
    else:
        write_first = whole(rng, 0, max(0, min(160, below - size[1] - 60)))
        write_paragraphs(draw, (left, top, column, write_first), rng, size=16, ink=look.ink)
        top += write_first
        at = left + whole(rng, 0, column - size[0])
        put(canvas, picture, (at, top, *size), rng, radius=radius)
    under = top + size[1] + whole(rng, 3, 14)
    if rng.random() < 0.6:
        draw.text((at, under), phrase(rng, whole(rng, 3, 9)), font=font(13), fill=look.muted)
        under += 30
    write_paragraphs(draw, (left, under, column, y + height - under), rng, size=whole(rng, 14, 18), ink=look.ink)
    return at, top, *size


def _cover_corner(canvas: Image.Image, box: Box, rng: np.random.Generator, photographs: Sequence[Image.Image]) -> None:
    """Draw another window, or a picture in the picture, over a corner and at most a twentieth of the picture."""
    x, y, width, height = box
    across, down = whole(rng, width * 0.08, width * 0.22), whole(rng, height * 0.08, height * 0.22)
    right, low = rng.random() < 0.5, rng.random() < 0.5
    if photographs and rng.random() < 0.4:
        inset = whole(rng, 0, 16)
        spot = (x + width - across - inset if right else x + inset), (y + height - down - inset if low else y + inset)
        put(canvas, filling(pick(rng, photographs), across, down), (*spot, across, down), rng, radius=pick(rng, (0, 8)))
        return
    size = whole(rng, 360, 700), whole(rng, 240, 500)
    spot = (x + width - across if right else x + across - size[0]), (y + height - down if low else y + down - size[1])
    _other_window(canvas, (*spot, *size), rng, photographs)


def _task_bar(canvas: Image.Image, rng: np.random.Generator) -> None:
    look = theme(rng)
    high = whole(rng, 32, 48)
    draw = ImageDraw.Draw(canvas)
    top = SIZE[1] - high
    if rng.random() < 0.5:
        return
    draw.rectangle((0, top, SIZE[0], SIZE[1]), fill=look.bar)
    for icon in range(whole(rng, 3, 10)):
        draw.rounded_rectangle(
            (12 + icon * 48, top + 6, 12 + icon * 48 + high - 12, SIZE[1] - 6), 5, fill=any_colour(rng)
        )
    draw.text(
        (SIZE[0] - 70, top + high // 2 - 9),
        f"{whole(rng, 0, 23):02}:{whole(rng, 0, 59):02}",
        font=font(14),
        fill=look.ink,
    )
