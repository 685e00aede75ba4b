"""Composed phone screenshots of 1080×2340: a chat, a picture viewer, a feed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.detection.painting import (
    DARK,
    LIGHT,
    NAMES,
    Box,
    Composed,
    Theme,
    any_colour,
    filling,
    fitted,
    font,
    phrase,
    pick,
    put,
    theme,
    wallpaper,
    whole,
    write_paragraphs,
)

SIZE = 1080, 2340
STATUS = 84
"""Pixels of the status bar with the clock."""


def phone(pictures: Sequence[Image.Image], backgrounds: Sequence[Image.Image], rng: np.random.Generator) -> Composed:
    """A phone screenshot with one picture in a chat bubble, in a viewer, or in a feed."""
    source = int(rng.integers(len(pictures)))
    picture = pictures[source]
    drawing = pick(rng, (_chat, _chat, _viewer, _feed))
    canvas, box = drawing(picture, backgrounds, rng)
    return Composed(canvas, [box], [source], [picture])


def _status_bar(draw: ImageDraw.ImageDraw, rng: np.random.Generator, look: Theme) -> None:
    draw.text(
        (60, 26), f"{whole(rng, 0, 23):02}:{whole(rng, 0, 59):02}", font=font(34, "DejaVuSans-Bold"), fill=look.ink
    )
    for bar in range(4):
        draw.rectangle((850 + bar * 12, 52 - bar * 6, 857 + bar * 12, 58), fill=look.ink if bar < 3 else look.muted)
    draw.rounded_rectangle((950, 32, 1010, 60), 8, outline=look.ink, width=3)
    draw.rectangle((956, 38, 956 + whole(rng, 8, 46), 54), fill=look.ink)


def _app_bar(draw: ImageDraw.ImageDraw, rng: np.random.Generator, look: Theme, *, high: int) -> None:
    draw.rectangle((0, 0, SIZE[0], STATUS + high - 1), fill=look.bar)
    _status_bar(draw, rng, look)
    middle = STATUS + high // 2
    draw.line((64, middle, 40, middle), fill=look.accent, width=5)
    draw.ellipse((110, middle - 40, 190, middle + 40), fill=any_colour(rng))
    draw.text((214, middle - 40), pick(rng, NAMES), font=font(38, "DejaVuSans-Bold"), fill=look.ink)
    draw.text((214, middle + 6), phrase(rng, 2), font=font(26), fill=look.muted)


def _chat(
    picture: Image.Image, photographs: Sequence[Image.Image], rng: np.random.Generator
) -> tuple[Image.Image, Box]:
    look = theme(rng)
    canvas = wallpaper(rng, SIZE, photographs) if rng.random() < 0.4 else Image.new("RGB", SIZE, look.page)
    draw = ImageDraw.Draw(canvas)
    width = whole(rng, 480, 860)
    size = fitted(picture, width, 1150)
    if min(size) < 200:
        size = fitted(picture, 940, 1400)
    bar = whole(rng, 130, 170)
    y = STATUS + bar + whole(rng, 10, 500)
    mine = rng.random() < 0.5
    fill = look.accent if mine else look.bar
    for top in range(STATUS + bar + 20, y - 110, 150):
        _bubble(draw, rng, look, top=top, height=110)
    rim = pick(rng, (0, 0, 6, 10, 12))
    radius = pick(rng, (0, 0, 12, 18, 24, 36))
    x = SIZE[0] - size[0] - rim - 30 if mine else 30 + rim
    caption = rng.random() < 0.5
    if rim or caption:
        low = y + size[1] + rim + (90 if caption else 0)
        draw.rounded_rectangle((x - rim, y - rim, x + size[0] + rim - 1, low - 1), radius + rim, fill=fill)
    put(canvas, picture, (x, y, *size), rng, radius=radius)
    under = y + size[1]
    if caption:
        draw.text((x + 20, under + 20), phrase(rng, 3), font=font(34), fill=(255, 255, 255) if mine else look.ink)
        under += 90
    elif rng.random() < 0.6:
        draw.text((x + size[0] - 110, under - 46), "12:41", font=font(26), fill=(255, 255, 255))
    for top in range(under + 40, SIZE[1] - 330, 170):
        _bubble(draw, rng, look, top=top, height=130)
    _entry_field(draw, rng, look)
    _app_bar(draw, rng, look, high=bar)
    return canvas, (x, y, *size)


def _bubble(draw: ImageDraw.ImageDraw, rng: np.random.Generator, look: Theme, *, top: int, height: int) -> None:
    mine = rng.random() < 0.5
    width = whole(rng, 240, 760)
    left = SIZE[0] - width - 30 if mine else 30
    draw.rounded_rectangle((left, top, left + width, top + height), 36, fill=look.accent if mine else look.bar)
    ink = (255, 255, 255) if mine else look.ink
    write_paragraphs(draw, (left + 30, top + 16, width - 60, height - 20), rng, size=34, ink=ink)


def _entry_field(draw: ImageDraw.ImageDraw, rng: np.random.Generator, look: Theme) -> None:
    top = SIZE[1] - 190
    draw.rectangle((0, top, SIZE[0], SIZE[1]), fill=look.bar)
    draw.rounded_rectangle((90, top + 24, SIZE[0] - 130, top + 106), 41, fill=look.page, outline=look.edge, width=2)
    draw.text((130, top + 44), phrase(rng, 2), font=font(34), fill=look.muted)
    draw.rounded_rectangle((380, SIZE[1] - 26, 700, SIZE[1] - 16), 5, fill=look.ink)


def _viewer(
    picture: Image.Image, photographs: Sequence[Image.Image], rng: np.random.Generator
) -> tuple[Image.Image, Box]:
    """The picture over the whole width on a flat ground, sometimes with a strip of small pictures below."""
    look = pick(rng, DARK) if rng.random() < 0.6 else pick(rng, LIGHT)
    canvas = Image.new("RGB", SIZE, look.page)
    draw = ImageDraw.Draw(canvas)
    _status_bar(draw, rng, look)
    draw.text((120, STATUS + 40), phrase(rng, 2), font=font(38, "DejaVuSans-Bold"), fill=look.ink)
    size = fitted(picture, SIZE[0], 1800)
    x, y = (SIZE[0] - size[0]) // 2, 210 + (1800 - size[1]) // 2
    put(canvas, picture, (x, y, *size), rng)
    strip = y + size[1]
    if photographs and rng.random() < 0.5 and strip < 2070:
        for left in range(whole(rng, -90, 0), SIZE[0], 96):
            put(canvas, filling(pick(rng, photographs), 90, 120), (left, 2080, 90, 120), rng)
    else:
        draw.text((60, 2090), phrase(rng, 5), font=font(34), fill=look.muted)
    for icon in range(4):
        draw.ellipse((130 + icon * 250, 2230, 180 + icon * 250, 2280), outline=look.ink, width=5)
    return canvas, (x, y, *size)


def _feed(
    picture: Image.Image, photographs: Sequence[Image.Image], rng: np.random.Generator
) -> tuple[Image.Image, Box]:
    """Posts below each other: the end of one, the picture's, the beginning of the next."""
    look = theme(rng)
    canvas = Image.new("RGB", SIZE, look.page)
    draw = ImageDraw.Draw(canvas)
    bar = whole(rng, 110, 150)
    y = STATUS + bar
    margin = pick(rng, (0, 0, 0, 24, 36))
    radius = 0 if margin == 0 else pick(rng, (0, 16, 32))
    width = SIZE[0] - 2 * margin
    if photographs and rng.random() < 0.6:
        rest = whole(rng, 60, 360)
        put(canvas, filling(pick(rng, photographs), width, rest), (margin, y, width, rest), rng)
        y += rest + whole(rng, 20, 90)
    draw.ellipse((30, y + 20, 110, y + 100), fill=any_colour(rng))
    draw.text((134, y + 20), pick(rng, NAMES), font=font(36, "DejaVuSans-Bold"), fill=look.ink)
    draw.text((134, y + 66), phrase(rng, 2), font=font(28), fill=look.muted)
    y += 124
    size = fitted(picture, width, 1350)
    x = (SIZE[0] - size[0]) // 2
    put(canvas, picture, (x, y, *size), rng, radius=radius)
    under = y + size[1]
    for icon in range(3):
        draw.ellipse((40 + icon * 100, under + 30, 90 + icon * 100, under + 80), outline=look.ink, width=5)
    lines = (36, under + 110, SIZE[0] - 72, whole(rng, 100, 240))
    write_paragraphs(draw, lines, rng, size=32, ink=look.ink)
    following = lines[1] + lines[3] + 40
    if photographs and following < SIZE[1] - 200:
        rest = SIZE[1] - following
        put(canvas, filling(pick(rng, photographs), width, rest), (margin, following, width, rest), rng)
    draw.rectangle((0, SIZE[1] - 150, SIZE[0], SIZE[1]), fill=look.bar)
    for icon in range(5):
        draw.rectangle((90 + icon * 210, SIZE[1] - 110, 140 + icon * 210, SIZE[1] - 60), outline=look.ink, width=5)
    _app_bar(draw, rng, look, high=bar)
    return canvas, (x, y, *size)
