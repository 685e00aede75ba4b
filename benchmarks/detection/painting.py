"""Drawing tools for screenshots: themes, text, rounded corners, windows' shadows, pictures fitted to a size.

All random choices come from a numpy Generator, so that the same seed gives the same screenshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""

Colour = tuple[int, int, int]
Chosen = TypeVar("Chosen")

RESAMPLINGS = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR)

WORDS = (  # noqa: SIM905 - text, to be read as such
    "the of and to in is that for on was with as it be by at this are from or had not have which you their all "
    "were when we there can an your has been more if no will each about how up out them then she many some so "
    "these would other into time two like him see number way could people than first water call who oil its now "
    "find long down day did get come made may part meeting agenda holiday weather Thursday invoice attached "
    "station tomorrow morning bicycle garden review version update install package settings documentation example "
    "value returns function parameter window default option between several because however question answer"
).split()

NAMES = ("Anna", "Ben K.", "Carla Meyer", "David", "Eva", "Farid", "Gina", "Host", "Iris & Tom", "J. Smith", "Room 4")


@dataclass(frozen=True, slots=True)
class Composed:
    """A screenshot with pictures planted in it.

    `boxes[i]` is where `pictures[sources[i]]` is shown, exact to the pixel, also where something covers a corner of
    it; `shown[i]` is the part of that picture that is shown there (all of it, unless the cell was cropped to fill).
    """

    image: Image.Image
    boxes: list[Box]
    sources: list[int]
    shown: list[Image.Image]


@dataclass(frozen=True, slots=True)
class Theme:
    page: Colour
    ink: Colour
    muted: Colour
    bar: Colour
    edge: Colour
    accent: Colour


LIGHT = (
    Theme((255, 255, 255), (32, 33, 36), (110, 114, 120), (240, 241, 243), (212, 214, 218), (26, 115, 232)),
    Theme((250, 249, 247), (40, 40, 40), (120, 116, 110), (231, 228, 224), (200, 196, 190), (53, 132, 228)),
    Theme((255, 255, 255), (0, 0, 0), (96, 96, 96), (255, 255, 255), (229, 229, 229), (0, 103, 192)),
)
DARK = (
    Theme((30, 30, 30), (212, 212, 212), (133, 133, 133), (45, 45, 48), (60, 60, 62), (86, 156, 214)),
    Theme((18, 18, 18), (232, 232, 232), (150, 150, 150), (28, 28, 30), (44, 44, 46), (10, 132, 255)),
    Theme((0, 0, 0), (230, 230, 230), (140, 140, 140), (0, 0, 0), (38, 38, 38), (0, 149, 246)),
)


def theme(rng: np.random.Generator) -> Theme:
    return pick(rng, LIGHT if rng.random() < 0.55 else DARK)


def pick(rng: np.random.Generator, choices: Sequence[Chosen]) -> Chosen:
    return choices[int(rng.integers(len(choices)))]


def whole(rng: np.random.Generator, low: float, high: float) -> int:
    """A random integer from low to high, both included."""
    return int(rng.integers(int(low), max(int(low), int(high)) + 1))


def any_colour(rng: np.random.Generator) -> Colour:
    """A random colour; half of the time black, white or grey, as surroundings mostly are."""
    if rng.random() < 0.5:
        grey = pick(rng, (0, 0, 18, 32, 54, 128, 200, 240, 255, 255))
        return grey, grey, grey
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


@cache
def font(size: int, face: str = "DejaVuSans") -> ImageFont.FreeTypeFont:
    """The DejaVu font of the system, or the one that comes with matplotlib."""
    try:
        return ImageFont.truetype(f"{face}.ttf", size)
    except OSError:
        import matplotlib  # noqa: PLC0415 - only where the system has no DejaVu

        return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf", size)


def phrase(rng: np.random.Generator, words: int) -> str:
    text = " ".join(pick(rng, WORDS) for _ in range(words))
    return text[:1].upper() + text[1:]


def write_paragraphs(
    draw: ImageDraw.ImageDraw, box: Box, rng: np.random.Generator, *, size: int, ink: Colour, face: str = "DejaVuSans"
) -> None:
    """Fill a box with ragged paragraphs."""
    x, y, width, height = box
    letters = font(size, face)
    step = round(size * 1.45)
    bottom = y + height - step
    while y <= bottom:
        for _ in range(whole(rng, 1, 7)):
            if y > bottom:
                return
            line = ""
            while letters.getlength(longer := f"{line} {pick(rng, WORDS)}") < width:
                line = longer
            draw.text((x, y), line.strip(), font=letters, fill=ink)
            y += step
        y += step // 2


def rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """A mask with smooth rounded corners, as a compositor draws them."""
    width, height = size
    mask = Image.new("L", size, 255)
    radius = min(radius, width // 2, height // 2)
    if radius > 0:
        large = Image.new("L", (radius * 8, radius * 8), 0)
        ImageDraw.Draw(large).ellipse((0, 0, radius * 8 - 1, radius * 8 - 1), fill=255)
        corners = large.resize((radius * 2, radius * 2), Image.Resampling.BOX)
        for right in (0, 1):
            for low in (0, 1):
                corner = corners.crop((radius * right, radius * low, radius * (right + 1), radius * (low + 1)))
                mask.paste(corner, ((width - radius) * right, (height - radius) * low))
    return mask


def put(canvas: Image.Image, picture: Image.Image, box: Box, rng: np.random.Generator, *, radius: int = 0) -> None:
    """Show a picture in a box, resized with a resampling drawn at random."""
    x, y, width, height = box
    drawn = picture.convert("RGB")
    if drawn.size != (width, height):
        drawn = drawn.resize((width, height), pick(rng, RESAMPLINGS))
    canvas.paste(drawn, (x, y), rounded((width, height), radius))


def fitted(picture: Image.Image, width: float, height: float) -> tuple[int, int]:
    """The largest size of the picture's aspect within width and height."""
    scale = min(width / picture.width, height / picture.height)
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def sized(
    picture: Image.Image, rng: np.random.Generator, most: tuple[float, float], *, shortest: int
) -> tuple[int, int]:
    """A size of the picture's aspect drawn at random: shorter side at least `shortest` where `most` allows it."""
    largest = fitted(picture, *most)
    least = min(1.0, shortest / min(largest))
    scale = float(rng.uniform(least, 1.0))
    return max(1, round(largest[0] * scale)), max(1, round(largest[1] * scale))


def filling(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The middle of the picture, cropped to the aspect of a cell and resized to fill it."""
    scale = min(picture.width / width, picture.height / height)
    kept = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (picture.width - kept[0]) // 2, (picture.height - kept[1]) // 2
    return picture.crop((left, top, left + kept[0], top + kept[1]))


def wallpaper(rng: np.random.Generator, size: tuple[int, int], photographs: Sequence[Image.Image]) -> Image.Image:
    """A wallpaper: flat, a gradient, or a photograph that fills it."""
    choice = rng.random()
    if photographs and choice < 0.45:
        chosen = pick(rng, photographs).convert("RGB")
        return filling(chosen, *size).resize(size, Image.Resampling.BICUBIC)
    if choice < 0.7:
        return Image.new("RGB", size, any_colour(rng))
    ends = rng.integers(0, 256, (2, 3)).astype(np.float32)
    ramp = np.add.outer(np.linspace(0, rng.random(), size[1]), np.linspace(0, rng.random(), size[0]))
    ramp = (ramp / max(float(ramp.max()), 1e-6))[..., None]
    return Image.fromarray((ends[0] * (1 - ramp) + ends[1] * ramp).astype(np.uint8))


def shadow(canvas: Image.Image, box: Box, *, radius: int, depth: int) -> None:
    """Darken the surroundings of a box, as under a window."""
    x, y, width, height = box
    reach = depth * 2
    around = (x - reach, y - reach, x + width + reach, y + height + reach)
    dark = Image.new("L", (width + 2 * reach, height + 2 * reach), 0)
    dark.paste(110, (reach, reach + depth // 2), rounded((width, height), radius))
    dark = dark.filter(ImageFilter.GaussianBlur(depth / 2))
    canvas.paste((0, 0, 0), around[:2], dark)
