"""Screenshots with pictures planted in known boxes, for the benchmark of detection.

    composed = compose("desktop", pictures, backgrounds, np.random.default_rng(7))
    composed.image.save("desktop.png")           # composed.boxes: where composed.shown is, exact to the pixel

    python -m benchmarks.detection.compose CORPUS -o DIR [--count 4] [--seed 7] [--kinds desktop …] [--boxes]

Kinds: `desktop` (windows composed), `pasted` (in a real screenshot), `phone`, `grid` (a call or a gallery), and where
AugLy is installed `augly-web` and `augly-mobile` (its two templates). The same pictures, backgrounds and generator give
the same screenshot. As a script it writes some of each kind, for inspection.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.detection.by_augly import MISSING, SCREENSHOTS
from benchmarks.detection.desktops import SHORTEST, SIZE, desktop
from benchmarks.detection.grids import grid
from benchmarks.detection.painting import Composed, any_colour, filling, fitted, pick, put, sized, whole
from benchmarks.detection.phones import phone
from benchmarks.detection.pictures import LEAST_BACKGROUND, loaded, photographs_of, screenshots_of

MARGIN = 8
"""Pixels between a pasted picture and the screenshot's edge in most screenshots."""


def pasted(pictures: Sequence[Image.Image], backgrounds: Sequence[Image.Image], rng: np.random.Generator) -> Composed:
    """One picture anywhere in a real screenshot, which is scaled, cropped or padded to 1920×1080."""
    canvas = _brought(pick(rng, backgrounds).convert("RGB"), rng)
    source = int(rng.integers(len(pictures)))
    picture = pictures[source]
    width, height = sized(picture, rng, (SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN), shortest=SHORTEST)
    if rng.random() < 0.1:
        x, y = pick(rng, (0, SIZE[0] - width)), pick(rng, (0, SIZE[1] - height))
    else:
        x, y = whole(rng, MARGIN, SIZE[0] - width - MARGIN), whole(rng, MARGIN, SIZE[1] - height - MARGIN)
    put(canvas, picture, (x, y, width, height), rng, radius=pick(rng, (0, 0, 0, 8, 16)))
    return Composed(canvas, [(x, y, width, height)], [source], [picture])


def _brought(screenshot: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A real screenshot as 1920×1080, without scaling where it has about that size."""
    choice = rng.random()
    if choice < 0.4 or screenshot.width > SIZE[0] * 2 or screenshot.height > SIZE[1] * 2:
        return filling(screenshot, *SIZE).resize(SIZE, Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", SIZE, any_colour(rng))
    if choice < 0.7:
        shown = screenshot.resize(fitted(screenshot, *SIZE), Image.Resampling.LANCZOS)
    else:
        left, top = max(0, screenshot.width - SIZE[0]) // 2, max(0, screenshot.height - SIZE[1]) // 2
        shown = screenshot.crop(
            (left, top, min(left + SIZE[0], screenshot.width), min(top + SIZE[1], screenshot.height))
        )
    canvas.paste(shown, ((SIZE[0] - shown.width) // 2, (SIZE[1] - shown.height) // 2))
    return canvas


KINDS: dict[str, Callable[[Sequence[Image.Image], Sequence[Image.Image], np.random.Generator], Composed]] = {
    "desktop": desktop,
    "pasted": pasted,
    "phone": phone,
    "grid": grid,
    **SCREENSHOTS,
}


def compose(
    kind: str, pictures: Sequence[Image.Image], backgrounds: Sequence[Image.Image], rng: np.random.Generator
) -> Composed:
    """A screenshot of a kind (KINDS) that shows one of the pictures, a grid several of them.

    `backgrounds`: real screenshots for `pasted` (at least one); photographs for `desktop` and `phone`, which are
    their wallpapers and the small pictures around (may be empty); the others need none.
    """
    return KINDS[kind](pictures, backgrounds, rng)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a folder with photos/ and screenshots/")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=4, help="screenshots of each kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--boxes", action="store_true", help="draw the boxes")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if MISSING:
        print(MISSING)
    photographs = photographs_of(arguments.corpus / "photos")
    screenshots = screenshots_of(arguments.corpus / "screenshots", least=LEAST_BACKGROUND)
    for kind in arguments.kinds:
        for number in range(arguments.count):
            rng = np.random.default_rng([arguments.seed, number])
            pictures = _some(photographs, 16, rng)
            backgrounds = _some(screenshots if kind == "pasted" else photographs, 4, rng)
            composed = compose(kind, pictures, backgrounds, rng)
            if arguments.boxes:
                draw = ImageDraw.Draw(composed.image)
                for x, y, width, height in composed.boxes:
                    draw.rectangle((x - 1, y - 1, x + width, y + height), outline=(255, 0, 255))
            composed.image.save(arguments.output / f"{kind}-{number}.png")
            print(kind, number, composed.image.size, composed.boxes)


def _some(paths: Sequence[Path], count: int, rng: np.random.Generator) -> list[Image.Image]:
    return [loaded(pick(rng, paths)) for _ in range(count)]


if __name__ == "__main__":
    main()
