"""The imagehash family: published constants, imagehash itself, and the screen's margin."""

from __future__ import annotations

from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from matcher.distances import hamming
from matcher.hashers import hasher, picture_hashers
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture, turn
from matcher.model import TRANSFORMS

FUNCTIONS = {
    "ahash": imagehash.average_hash,
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "whash": imagehash.whash,
}
NAMES = [f"{name}{size}" for name in FUNCTIONS for size in ("", "16")]


def reference(name: str, image: Image.Image) -> str:
    side = 16 if name.endswith("16") else 8
    return str(FUNCTIONS[name.removesuffix("16")](image, hash_size=side))


def test_published_constants(vectors: Path) -> None:
    """What imagehash's own documentation and tests state for this picture."""
    with Image.open(vectors / "imagehash/imagehash.png") as image:
        picture = Picture(image.convert("RGB"))
    found = {name: hasher(name).hash(picture).value.hex() for name in FUNCTIONS}  # type: ignore[union-attr]
    assert found == {
        "ahash": "ffd7918181c9ffff",
        "phash": "ba8c84536bd3c366",
        "dhash": "0026273b2b19550e",
        "whash": "ffd391818181a5e7",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_hash_is_imagehashs_own(name: str) -> None:
    (found,) = picture_hashers([name])
    for seed in range(8):
        image = landscape(seed, width=30 + 71 * seed, height=400 - 43 * seed)
        picture = Picture(image)
        assert found.hash(picture).value.hex() == reference(name, image)
        for transform in TRANSFORMS:
            assert found.confirm(picture, transform).value.hex() == reference(name, turn(image, transform))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_screened_hashes_are_within_the_margin(name: str) -> None:
    (found,) = picture_hashers([name])
    for seed in range(20):
        picture = Picture(landscape(seed, width=50 + 57 * seed, height=700 - 31 * seed))
        turned = found.turned(picture)
        assert turned[0] == found.hash(picture)
        for transform, value in zip(TRANSFORMS, turned, strict=True):
            assert hamming(value.value, found.confirm(picture, transform).value) <= found.margin, (seed, transform)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (7, 9)])
@pytest.mark.parametrize("name", NAMES)
def test_tiny_pictures(name: str, size: tuple[int, int]) -> None:
    (found,) = picture_hashers([name])
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert len(found.turned(Picture(image))) == 8
