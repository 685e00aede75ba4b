"""What does hashing one decoded picture cost, compared with the reference implementations?

    python -m pytest benchmarks/hashing/bench_hash.py --benchmark-only --benchmark-group-by=group

The pictures are drawn, of 2 and 12 megapixels, and already decoded. `eight` hashes all orientations: ours, pdqhash's
own eight, and imagehash called eight times. Peers need the extra `referee`. Prints pytest-benchmark's tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image

from matcher.hashers.imagehashes import PHASH
from matcher.hashers.pdq import PDQ
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture, turn
from matcher.model import TRANSFORMS

SIZES = {"2 megapixels": (1600, 1200), "12 megapixels": (4000, 3000)}

Benchmark = Callable[..., Any]


@pytest.fixture(scope="module", params=SIZES)
def image(request: pytest.FixtureRequest) -> Image.Image:
    width, height = SIZES[request.param]
    return landscape(1).resize((width, height))


@pytest.mark.benchmark(group="PDQ, eight")
def test_ours_pdq(benchmark: Benchmark, image: Image.Image) -> None:
    benchmark(lambda: PDQ.turned(Picture(image)))


@pytest.mark.benchmark(group="PDQ, eight")
def test_pdqhash(benchmark: Benchmark, image: Image.Image) -> None:
    pdqhash = pytest.importorskip("pdqhash")
    benchmark(lambda: pdqhash.compute_dihedral(np.asarray(image)))


@pytest.mark.benchmark(group="pHash, eight")
def test_ours_phash(benchmark: Benchmark, image: Image.Image) -> None:
    benchmark(lambda: PHASH.turned(Picture(image)))


@pytest.mark.benchmark(group="pHash, eight")
def test_imagehash(benchmark: Benchmark, image: Image.Image) -> None:
    benchmark(lambda: [imagehash.phash(turn(image, transform)) for transform in TRANSFORMS])


@pytest.mark.benchmark(group="pHash, one")
def test_imagehash_once(benchmark: Benchmark, image: Image.Image) -> None:
    benchmark(lambda: imagehash.phash(image))
