"""The screenshots of the detection benchmark are the same again, and show each picture exactly where they say."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.detection import alterations, by_augly
from benchmarks.detection.cases import all_sides_visible
from benchmarks.detection.compose import KINDS, compose
from benchmarks.detection.painting import Composed
from benchmarks.detection.peers import normal_threshold, observed_threshold

# AugLy leaves a file open
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def pictures(count: int) -> list[Image.Image]:
    """Of soft blobs in full contrast, so that no side looks like a screenshot, in several aspects."""
    rng = np.random.default_rng(count)
    sizes = [(640, 480), (480, 640), (900, 420), (512, 512)]
    return [
        Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).resize(
            sizes[number % len(sizes)], Image.Resampling.BICUBIC
        )
        for number in range(count)
    ]


def composed(kind: str, seed: int) -> Composed:
    return compose(kind, pictures(9), pictures(3), np.random.default_rng(seed))


def difference(image: Image.Image, box: tuple[int, int, int, int], shown: Image.Image) -> float:
    """The median over the box: a label or a covered corner does not count."""
    x, y, width, height = box
    cut = np.asarray(image.crop((x, y, x + width, y + height))).astype(np.int16)
    return float(np.median(np.abs(cut - np.asarray(shown.resize((width, height), Image.Resampling.BICUBIC)))))


def test_augly_composes_too() -> None:
    if by_augly.MISSING:
        pytest.skip(by_augly.MISSING)
    assert set(by_augly.SCREENSHOTS) <= set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_boxes_are_exact(kind: str, seed: int) -> None:
    found = composed(kind, seed)
    assert found.boxes
    for (x, y, width, height), shown in zip(found.boxes, found.shown, strict=True):
        assert x >= 0
        assert y >= 0
        assert x + width <= found.image.width
        assert y + height <= found.image.height
        here = difference(found.image, (x, y, width, height), shown)
        assert here <= 2
        for moved in ((x - 2, y, width, height), (x, y + 2, width, height), (x, y, width - 4, height)):
            assert difference(found.image, moved, shown) > here


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_screenshot(kind: str) -> None:
    first, again, other = composed(kind, 5), composed(kind, 5), composed(kind, 6)
    assert (first.boxes, first.sources) == (again.boxes, again.sources)
    assert first.image.tobytes() == again.image.tobytes()
    assert first.image.tobytes() != other.image.tobytes() or kind.startswith("augly")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["desktop", "pasted"])
def test_planted_pictures_are_no_smaller_than_promised(kind: str) -> None:
    for seed in range(8):
        found = composed(kind, seed)
        assert found.image.size == (1920, 1080)
        assert min(found.boxes[0][2:]) >= 200


def test_a_grid_shows_different_pictures() -> None:
    found = composed("grid", 1)
    assert 4 <= len(found.sources) == len(set(found.sources)) == len(found.boxes)


def test_a_side_without_an_edge_is_told() -> None:
    page = Image.new("RGB", (300, 300), "white")
    page.paste("black", (100, 100, 200, 200))
    assert all_sides_visible(page, (100, 100, 100, 100))
    assert not all_sides_visible(page, (100, 90, 100, 110))
    assert all_sides_visible(page.crop((0, 100, 300, 200)), (100, 0, 100, 100))


@pytest.mark.parametrize("name", [name for name in alterations.ALTERATIONS if name.endswith("inside")])
def test_what_is_rotated_inside_shows_no_ground(name: str) -> None:
    white = Image.new("RGB", (900, 500), "white")
    turned = alterations.ALTERATIONS[name](white, np.random.default_rng(1))
    # the outermost pixel may lie half outside
    inner = np.asarray(turned)[1:-1, 1:-1]
    assert inner.min() == 255


COUNTS = st.lists(st.integers(0, 5), min_size=9, max_size=65).filter(lambda counts: sum(map(bool, counts)) > 1)


@given(COUNTS, st.floats(1e-12, 0.4))
def test_normal_threshold_is_the_largest_within_the_share(counts: list[int], share: float) -> None:
    distances = np.repeat(np.arange(len(counts)), counts)
    normal = NormalDist(float(distances.mean()), float(distances.std()))
    found = normal_threshold(np.array(counts), share=share)
    assert found == -1 or normal.cdf(found) <= share + 1e-9
    assert normal.cdf(found + 1) >= share - 1e-9


@given(COUNTS, st.integers(0, 30))
def test_observed_threshold_is_the_largest_with_so_few_pairs(counts: list[int], wrong: int) -> None:
    distances = np.repeat(np.arange(len(counts)), counts)
    allowed = [threshold for threshold in range(len(counts)) if (distances <= threshold).sum() <= wrong]
    assert observed_threshold(np.array(counts), wrong=wrong) == max(allowed, default=-1)
