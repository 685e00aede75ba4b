"""Screenshots and alterations by AugLy, an independent library: two screenshot templates and some of its transforms.

`SCREENSHOTS` and `ALTERATIONS` are empty where AugLy is not installed, and `MISSING` says so. AugLy 1.0 requires a
Pillow below 9 and mostly works with a current one, which `pip install augly numpy` leaves in place: only its meme
format (Pillow 10 has no `getsize_multiline`) and its perspective (numpy 1.24 has no `numpy.float`) do not.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.detection.painting import Composed, any_colour

MISSING = ""
try:
    augly: Any = importlib.import_module("augly.image")
    TEMPLATES = Path(augly.__file__).parents[1] / "assets" / "screenshot_templates"
except (ImportError, OSError) as error:  # OSError: its libmagic is no Python package
    augly = None
    MISSING = f"AugLy is not beside us: {error}"


def _template(name: str) -> Callable[[Sequence[Image.Image], Sequence[Image.Image], np.random.Generator], Composed]:
    def screenshot(
        pictures: Sequence[Image.Image], backgrounds: Sequence[Image.Image], rng: np.random.Generator
    ) -> Composed:
        del backgrounds
        source = int(rng.integers(len(pictures)))
        picture = pictures[source]
        image = augly.overlay_onto_screenshot(
            picture.convert("RGB"),
            template_filepath=str(TEMPLATES / f"{name}.png"),
            template_bboxes_filepath=str(TEMPLATES / "bboxes.json"),
        ).convert("RGB")
        return Composed(image, [_shown(BOXES[name], picture)], [source], [picture])

    return screenshot


def _shown(template: tuple[int, int, int, int], picture: Image.Image) -> tuple[int, int, int, int]:
    """The box in which AugLy shows a picture in a template: scaled with truncation, in the middle, on black."""
    left, top, right, low = template
    width, height = right - left, low - top
    factor = min(width / picture.width, height / picture.height)
    shown = int(picture.width * factor), int(picture.height * factor)
    return left + (width - shown[0]) // 2, top + (height - shown[1]) // 2, *shown


BOXES = {"web": (254, 424, 783, 710), "mobile": (27, 411, 389, 689)}
"""left, top, right, bottom, from AugLy's bboxes.json."""

SCREENSHOTS = {} if augly is None else {f"augly-{name}": _template(name) for name in BOXES}


def _seeded(change: Callable[[Image.Image, int], Image.Image]) -> Callable[..., Image.Image]:
    """Seed AugLy, which draws from Python's and numpy's global generators; only this module seeds them."""

    def altered(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        seed = int(rng.integers(2**31))
        random.seed(seed)
        np.random.seed(seed)
        return change(picture, seed).convert("RGB")

    return altered


def _on_background(picture: Image.Image, seed: int) -> Image.Image:
    """The picture on a flat ground twice as large, at 60 % of its height."""
    colour = any_colour(np.random.default_rng(seed))
    ground = Image.new("RGB", (picture.width * 2, picture.height * 2), colour)
    where = {"overlay_size": 0.6, "x_pos": 0.2, "y_pos": 0.2}
    made: Image.Image = augly.overlay_onto_background_image(picture, background_image=ground, **where)
    return made


_CHANGES: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "emoji over it": lambda picture, _: augly.overlay_emoji(picture, emoji_size=0.15),
    "stripes over it": lambda picture, _: augly.overlay_stripes(picture, line_opacity=0.3),
    "padded to a square": lambda picture, _: augly.pad_square(picture),
    "on a background": _on_background,
    "aspect ratio 4:3": lambda picture, _: augly.change_aspect_ratio(picture, ratio=4 / 3),
    "pixelization 0.3": lambda picture, _: augly.pixelization(picture, ratio=0.3),
    "random noise": lambda picture, seed: augly.random_noise(picture, var=0.01, seed=seed),
    "saturation 2": lambda picture, _: augly.saturation(picture, factor=2.0),
    "sharpen 3": lambda picture, _: augly.sharpen(picture, factor=3.0),
    "opacity 0.5": lambda picture, _: augly.opacity(picture, level=0.5),
}

ALTERATIONS = {} if augly is None else {f"AugLy: {name}": _seeded(change) for name, change in _CHANGES.items()}
