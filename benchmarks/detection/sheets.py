"""Contact sheets for inspection: each matched picture beside the photograph that it matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from benchmarks.detection.painting import fitted, font

TILE = 420, 300
LABEL = 40
ROWS = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A file's picture, the region that matched (None: all of it), the listed photograph, and what to write below."""

    image: Image.Image
    region: tuple[int, int, int, int] | None
    listed: Image.Image | None
    label: str


def draw(pairs: Sequence[Pair], folder: Path, *, name: str) -> list[Path]:
    """Write sheets of ROWS pairs: the whole picture with the region's box, the region, the listed photograph."""
    paths = []
    for first in range(0, len(pairs), ROWS):
        shown = pairs[first : first + ROWS]
        sheet = Image.new("RGB", (3 * TILE[0], len(shown) * (TILE[1] + LABEL)), "white")
        for row, pair in enumerate(shown):
            top = row * (TILE[1] + LABEL)
            boxed = pair.image.copy()
            cut = pair.image
            if pair.region is not None:
                x, y, width, height = pair.region
                edge = max(2, boxed.width // 300)
                ImageDraw.Draw(boxed).rectangle(
                    (x, y, x + width - 1, y + height - 1), outline=(255, 0, 255), width=edge
                )
                cut = pair.image.crop((x, y, x + width, y + height))
            for column, image in enumerate((boxed, cut, pair.listed)):
                if image is not None:
                    size = fitted(image, TILE[0] - 8, TILE[1] - 8)
                    sheet.paste(image.resize(size, Image.Resampling.LANCZOS), (column * TILE[0] + 4, top + 4))
            ImageDraw.Draw(sheet).text((6, top + TILE[1] + 6), pair.label, font=font(15), fill="black")
        path = folder / f"{name}-{first // ROWS + 1}.png"
        sheet.save(path)
        paths.append(path)
    return paths
