"""Alterations of a whole photograph: frames, turns, quality, tone, text over it, crops, small rotations.

`ALTERATIONS[name](picture, rng)` returns the altered picture; `QUALITY` names those that are not saved as JPEG 90.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, radians, sin

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from benchmarks.detection.painting import any_colour, font, phrase, pick, whole

Transpose = Image.Transpose
Alteration = Callable[[Image.Image, np.random.Generator], Image.Image]

LEAST_BORDER, MOST_BORDER = 0.05, 0.30
"""The width of a border, as a share of the picture's side."""


def _steady(change: Callable[[Image.Image], Image.Image]) -> Alteration:
    """An alteration that draws nothing at random."""

    def altered(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        del rng
        return change(picture)

    return altered


def frame(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A frame of any colour, equally wide on all four sides: 5 to 30 % of the shorter side."""
    border = round(float(rng.uniform(LEAST_BORDER, MOST_BORDER)) * min(picture.size))
    return _bordered(picture, (border, border, border, border), any_colour(rng))


def uneven_frame(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A frame with a different width on each side, as a caption or a crop of a screen leaves it."""
    left, right = (round(share * picture.width) for share in rng.uniform(LEAST_BORDER, MOST_BORDER, 2))
    top, low = (round(share * picture.height) for share in rng.uniform(LEAST_BORDER, MOST_BORDER, 2))
    return _bordered(picture, (left, top, right, low), any_colour(rng))


def letterbox(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture with bars above and below, or left and right."""
    share = float(rng.uniform(LEAST_BORDER, MOST_BORDER))
    if rng.random() < 0.5:
        bar = round(share * picture.height)
        return _bordered(picture, (0, bar, 0, bar), any_colour(rng))
    bar = round(share * picture.width)
    return _bordered(picture, (bar, 0, bar, 0), any_colour(rng))


def padding(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture with a black border of 20 % of each side: the padding of the table that Thorn publishes."""
    del rng
    across, down = round(0.2 * picture.width), round(0.2 * picture.height)
    return _bordered(picture, (across, down, across, down), (0, 0, 0))


def _bordered(picture: Image.Image, sides: tuple[int, int, int, int], colour: tuple[int, int, int]) -> Image.Image:
    left, top, right, low = sides
    canvas = Image.new("RGB", (picture.width + left + right, picture.height + top + low), colour)
    canvas.paste(picture, (left, top))
    return canvas


def _one_of(*turns: Transpose) -> Alteration:
    return lambda picture, rng: picture.transpose(pick(rng, turns))


def quarter_size(picture: Image.Image) -> Image.Image:
    """The picture at a quarter of its width and height."""
    return picture.resize((max(1, picture.width // 4), max(1, picture.height // 4)), Image.Resampling.BICUBIC)


def text_over(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture with two lines of white text with a black edge, each up to 90 % of the width, at random heights."""
    altered = picture.copy()
    draw = ImageDraw.Draw(altered)
    for _ in range(2):
        size = max(8, round(picture.height * float(rng.uniform(0.06, 0.1))))
        letters = font(size, "DejaVuSans-Bold")
        text = phrase(rng, 6)
        while " " in text and letters.getlength(text) > picture.width * 0.9:
            text = text.rsplit(" ", 1)[0]
        spot = whole(rng, 0, picture.width * 0.1), whole(rng, 0, picture.height - size * 1.3)
        draw.text(spot, text, font=letters, fill="white", stroke_width=max(1, size // 12), stroke_fill="black")
    return altered


def _cropped(share: float) -> Alteration:
    def crop(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        del rng
        across, down = round(share * picture.width), round(share * picture.height)
        return picture.crop((across, down, picture.width - across, picture.height - down))

    return crop


def _rotated(degrees: float) -> Alteration:
    """A rotation that keeps the whole picture, on a larger ground of any colour."""

    def rotated(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        signed = degrees if rng.random() < 0.5 else -degrees
        return picture.rotate(signed, Image.Resampling.BICUBIC, expand=True, fillcolor=any_colour(rng))

    return rotated


def _rotated_inside(degrees: float) -> Alteration:
    """A rotation cropped to the largest upright rectangle of the picture's aspect in the middle."""

    def rotated(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        signed = degrees if rng.random() < 0.5 else -degrees
        width, height = picture.size
        along, over = cos(radians(degrees)), sin(radians(degrees))
        scale = min(width / (width * along + height * over), height / (width * over + height * along))
        kept = round(width * scale), round(height * scale)
        left, top = (width - kept[0]) // 2, (height - kept[1]) // 2
        whole_picture = picture.rotate(signed, Image.Resampling.BICUBIC)
        return whole_picture.crop((left, top, left + kept[0], top + kept[1]))

    return rotated


GROUPS: dict[str, dict[str, Alteration]] = {
    "frames and turns": {
        "frame of 5 to 30 %": frame,
        "uneven frame of 5 to 30 %": uneven_frame,
        "letterbox of 5 to 30 %": letterbox,
        "black padding of 20 %": padding,
        "turned": _one_of(Transpose.ROTATE_90, Transpose.ROTATE_180, Transpose.ROTATE_270),
        "mirrored": _one_of(
            Transpose.FLIP_LEFT_RIGHT, Transpose.FLIP_TOP_BOTTOM, Transpose.TRANSPOSE, Transpose.TRANSVERSE
        ),
    },
    "quality and tone": {
        "JPEG 30": _steady(lambda picture: picture),
        "quarter size": _steady(quarter_size),
        "blur 2": _steady(lambda picture: picture.filter(ImageFilter.GaussianBlur(2))),
        "brightness × 1.4": _steady(lambda picture: ImageEnhance.Brightness(picture).enhance(1.4)),
        "contrast × 1.6": _steady(lambda picture: ImageEnhance.Contrast(picture).enhance(1.6)),
    },
    "text, crops, small rotations": {
        "text over it": text_over,
        "crop 2 % each side": _cropped(0.02),
        "crop 5 % each side": _cropped(0.05),
        "rotated 2°, expanded": _rotated(2),
        "rotated 2°, inside": _rotated_inside(2),
        "rotated 4°, expanded": _rotated(4),
        "rotated 4°, inside": _rotated_inside(4),
    },
}

ALTERATIONS = {name: change for changes in GROUPS.values() for name, change in changes.items()}

QUALITY = {"JPEG 30": 30}
"""The JPEG quality of alterations where it is not 90."""
