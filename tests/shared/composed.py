"""Screenshots for tests: drawn pictures on a page of one colour, each at a known place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from matcher.imaging.drawing import landscape
from matcher.imaging.picture import turn

Place = tuple[int, int]


def shown(seed: int, size: Place = (320, 240), transform: str = "none") -> Image.Image:
    """A drawn picture, resized and turned as a page shows it. `size` is in pixels, before it is turned."""
    return turn(landscape(seed, width=320, height=240).resize(size, Image.Resampling.BICUBIC), transform)


def page(
    pictures: Sequence[tuple[Image.Image, Place]], size: Place = (1200, 800), colour: object = (240, 240, 244)
) -> Image.Image:
    """A page with these pictures, each pasted with its upper left corner at its place, in pixels."""
    made = Image.new("RGB", size, colour)  # type: ignore[arg-type]
    for picture, corner in pictures:
        made.paste(picture, corner)
    return made


def exhibit(folder: Path) -> Path:
    """Write a folder: pages with known (seeds 1 to 6) and unknown pictures, a frame, and a picture without a page."""
    folder.mkdir()
    for name, image in {
        "two.png": page([(shown(1), (60, 70)), (shown(101), (600, 300))]),
        "turned.png": page([(shown(2, (480, 360), "rotate90"), (100, 90)), (shown(3), (700, 150))]),
        "frame.png": page([(shown(4, (900, 675)), (90, 60))], (1080, 795), (12, 12, 12)),
        "stranger.png": page([(shown(102), (60, 70))]),
        "blank.png": page([]),
    }.items():
        image.save(folder / name)
    page([(shown(5, (400, 300)), (300, 200))], (2400, 1600)).save(folder / "large.jpg", quality=92)
    page([(shown(6), (48, 48)), (shown(103), (448, 48))], (900, 400)).save(folder / "small.webp", lossless=True)
    pages = [page([(shown(104), (60, 70))]), page([(shown(1, (400, 300)), (160, 170))])]
    pages[0].save(folder / "pages.tiff", save_all=True, append_images=pages[1:])
    see_through = page([(shown(2), (160, 70))]).convert("RGBA")
    see_through.putpixel((0, 0), (240, 240, 244, 254))
    see_through.save(folder / "alpha.png")
    shown(3).save(folder / "whole.png")
    return folder
