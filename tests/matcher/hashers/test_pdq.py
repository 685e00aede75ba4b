"""PDQ: published vectors, the built-in answers, a naive oracle, and pdqhash where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from matcher.hashers.pdq import PDQ
from matcher.hashers.pdq_kernel import decimate
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.model import TRANSFORMS

PUBLISHED_ORDER = ("none", "rotate90", "rotate180", "rotate270", "flip", "mirror", "transpose", "transverse")
"""The order of the published eight: original, 90°, 180°, 270°, flip-v, flip-h, flip + 1, flip - 1."""


def naive_box(row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """One running mean, one step at a time, as the paper's reference has it."""
    length = len(row)
    window = (length + 127) // 128
    half = (window + 2) // 2
    out = np.empty(length, np.float32)
    total, size = np.float32(0), 0
    left = right = 0
    for position in range(-(half - 1), length):
        if right < length:
            total = np.float32(total + row[right])
            size += 1
            right += 1
        if size > window or (right == length and position + half > length):
            total = np.float32(total - row[left])
            size -= 1
            left += 1
        if position >= 0:
            out[position] = total / np.float32(size)
    return out


def naive_decimate(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The filter on whole planes: rows, columns, rows, columns, then 64 × 64 samples."""
    colours = pixels.astype(np.float64)
    plane = (colours[:, :, 0] * 0.299 + colours[:, :, 1] * 0.587 + colours[:, :, 2] * 0.114).astype(np.float32)
    for _ in range(2):
        plane = np.apply_along_axis(naive_box, 1, plane)
        plane = np.apply_along_axis(naive_box, 0, plane)
    height, width = plane.shape
    rows = [int((i + 0.5) * height / 64) for i in range(64)]
    columns = [int((i + 0.5) * width / 64) for i in range(64)]
    return plane[np.ix_(rows, columns)]


def streamed(pixels: npt.NDArray[np.uint8], *, rows: int = 10**9) -> npt.NDArray[np.float32]:
    height, width = pixels.shape[:2]
    bands = (pixels[top : top + rows] for top in range(0, height, rows))
    return decimate(bands, width=width, height=height)


def picture(pixels: npt.NDArray[np.uint8]) -> Picture:
    return Picture(Image.fromarray(pixels))


@pytest.mark.slow
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_streamed_filter_is_the_naive_filter_bit_for_bit(width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert streamed(pixels).tobytes() == naive_decimate(pixels).tobytes()


def test_published_vectors_bit_for_bit(vectors: Path) -> None:
    expected = json.loads((vectors / "pdq/expected.json").read_text())["images"]
    assert len(expected) == 14
    for name, facts in expected.items():
        with Image.open(vectors / "pdq/images" / name) as image:
            turned = dict(zip(TRANSFORMS, PDQ.turned(Picture(image.convert("RGB"))), strict=True))
        assert turned["none"].value.hex() == facts["pdq"], name
        assert turned["none"].quality == facts["quality"], name
        assert [turned[transform].value.hex() for transform in PUBLISHED_ORDER] == facts["dihedral"], name


def test_hash_and_confirm_agree_with_turned() -> None:
    drawn = Picture(landscape(3))
    turned = PDQ.turned(drawn)
    assert PDQ.hash(drawn) == turned[0]
    assert [PDQ.confirm(drawn, transform) for transform in TRANSFORMS] == list(turned)


def test_turned_hashes_are_near_those_of_the_turned_picture() -> None:
    """What each name means: the picture turned by it, as Pillow turns, has about that hash."""
    from matcher.imaging.picture import turn

    image = landscape(5)
    for transform, value in zip(TRANSFORMS, PDQ.turned(Picture(image)), strict=True):
        upright = PDQ.hash(Picture(turn(image, transform)))
        difference = int.from_bytes(upright.value) ^ int.from_bytes(value.value)
        assert difference.bit_count() <= 20, transform


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (2, 3), (63, 65), (64, 64), (128, 129), (1000, 7)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert streamed(pixels).tobytes() == naive_decimate(pixels).tobytes()
    assert len(PDQ.hash(picture(pixels)).value) == 32


def test_flat_picture_has_no_quality() -> None:
    assert PDQ.hash(picture(np.full((50, 50, 3), 77, np.uint8))).quality == 0


@pytest.mark.peer
class TestAgainstPdqhash:
    """pdqhash needs a compiler where no wheel fits: extra `referee`."""

    @pytest.fixture
    def pdqhash(self) -> Any:
        return pytest.importorskip("pdqhash", reason="PDQ NOT COMPARED WITH ITS REFEREE: pdqhash is not installed")

    def test_drawn_pictures_of_many_sizes(self, pdqhash: Any) -> None:
        for seed in range(60):
            width, height = 3 + 37 * seed % 900, 5 + 61 * seed % 700
            pixels = np.asarray(landscape(seed, width=width, height=height))
            expected, quality = pdqhash.compute_dihedral(pixels)
            published = [np.packbits(bits.astype(np.uint8)).tobytes() for bits in expected]
            turned = dict(zip(TRANSFORMS, PDQ.turned(picture(pixels)), strict=True))
            assert [turned[transform].value for transform in PUBLISHED_ORDER] == published, seed
            assert turned["none"].quality == quality
