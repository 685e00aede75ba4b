"""A folder of many small drawn pictures, no two alike, in a tree of folders; the same count gives the same pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from matcher.imaging.drawing import landscape

ORIGINALS = 200
SIDE = 128
FOLDER = 500


def path_of(folder: Path, number: int) -> Path:
    return folder / f"{number // FOLDER:04d}" / f"{number:06d}.jpg"


def draw(folder: Path, count: int) -> list[Path]:
    """Draw `count` JPEG files of 128 × 96 pixels. Existing files are left as they are."""
    originals = [landscape(seed, width=SIDE + 64, height=SIDE + 32) for seed in range(min(count, ORIGINALS))]
    paths = []
    for number in range(count):
        path = path_of(folder, number)
        paths.append(path)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(number)
        left, top = (int(value) for value in random.integers(0, 64, 2))
        cut = originals[number % len(originals)].crop((left, top // 2, left + SIDE, top // 2 + SIDE * 3 // 4))
        pixels = np.asarray(cut, np.int16) + random.integers(-20, 21, (1, 1, 3)) + random.integers(-4, 5, (96, 128, 1))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=80)
    return paths
