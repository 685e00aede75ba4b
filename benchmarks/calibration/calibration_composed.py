"""Screenshots composed from a package's photographs: more detected regions that show other pictures in part.

All pictures in a screenshot are of one package, and it is not compared with pictures of that package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.detection.desktops import desktop
from benchmarks.detection.grids import grid
from benchmarks.detection.phones import phone
from benchmarks.detection.pictures import loaded
from matcher.calibration.measuring.pictures import Measured, measured_picture
from matcher.hashers import PictureHasher
from matcher.imaging.picture import Picture

KINDS = {"desktop": desktop, "phone": phone, "grid": grid}
FEWEST, MOST = 4, 60
"""The fewest photographs of half a package that are composed, and the most screenshots composed of them."""
SHOWN = 16
SEED = 7


def half_of(key: bytes) -> int:
    """The half of the pictures, 0 or 1, that a picture with this digest belongs to in the validation."""
    return key[-1] % 2


def composed(
    packages: Mapping[str, Sequence[Path]], hashers: Sequence[PictureHasher]
) -> Iterator[tuple[str, Measured]]:
    """A generator of a package's name, and the measurements of a screenshot of photographs of one half of it."""
    for package, every in sorted(packages.items()):
        halves = [half_of(hashlib.sha256(path.read_bytes()).digest()) for path in every]
        for half in (0, 1):
            paths = [path for path, of in zip(every, halves, strict=True) if of == half]
            for number in range(min(len(paths), MOST) if len(paths) >= FEWEST else 0):
                kind = list(KINDS)[number % len(KINDS)]
                key = hashlib.sha256(f"{SEED} {package} {kind} {number}".encode()).digest()[:-1] + bytes([half])
                rng = np.random.default_rng(list(key))
                chosen = [loaded(paths[place]) for place in rng.permutation(len(paths))[:SHOWN]]
                image = KINDS[kind](chosen, chosen, rng).image.convert("RGB")
                yield package, measured_picture(Picture(image), key, [], boxes=0, boxed=hashers)
