"""Euclidean radius search equals an oracle in Python's integers, whatever the batch, the radius and the codes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matcher.algorithms import Metric
from matcher.errors import IndexFileError
from matcher.index import build_index, check_index, open_index

Codes = npt.NDArray[np.uint8]
WIDTH = 144
FURTHEST = WIDTH * 255**2


def oracle(codes: Codes, queries: Codes, radius: int) -> list[dict[int, int]]:
    """Row and squared distance of every code within the radius of each query, by integers that cannot round."""
    found = []
    for query in queries.tolist():
        apart = (
            (row, sum((one - other) ** 2 for one, other in zip(code, query, strict=True)))
            for row, code in enumerate(codes.tolist())
        )
        found.append({row: distance for row, distance in apart if distance <= radius})
    return found


def searched(codes: Codes, queries: Codes, radius: int, path: Path) -> list[dict[int, int]]:
    index = build_index(codes, radius=0, path=path, metric=Metric.EUCLIDEAN)
    limits, distances, rows = index.range_search(queries, radius=radius)
    assert [limits.dtype, distances.dtype, rows.dtype] == [np.dtype(kind) for kind in (np.int64, np.int32, np.int64)]
    assert len(limits) == len(queries) + 1
    assert len(distances) == len(rows) == limits[-1]
    answer = [dict(zip(rows[a:b].tolist(), distances[a:b].tolist(), strict=True)) for a, b in pairwise(limits.tolist())]
    assert sum(map(len, answer)) == len(rows)  # no row twice
    return answer


def drawn(rng: np.random.Generator, kind: str, count: int, width: int = WIDTH) -> Codes:
    """Codes of one kind: spread, near each other, or as far apart as can be."""
    if kind == "random":
        return rng.integers(0, 256, (count, width), dtype=np.uint8)
    if kind == "clustered":
        centres = rng.integers(0, 256, (3, width))
        noise = rng.integers(-12, 13, (count, width))
        return (centres[rng.integers(0, 3, count)] + noise).clip(0, 255).astype(np.uint8)
    ends = rng.choice(np.array([0, 1, 254, 255], np.uint8), (count, width))
    ends[rng.random(count) < 0.5] = rng.choice(np.array([0, 255], np.uint8))
    return ends


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks, the last of them not full."""
    monkeypatch.setattr("matcher.index.flat._BLOCK", 16)
    monkeypatch.setattr("matcher.index.flat._BATCH", 40)


@given(
    seed=st.integers(0, 2**32 - 1),
    kinds=st.tuples(*[st.sampled_from(["random", "clustered", "extreme"])] * 2),
    count=st.integers(0, 70),
    asked=st.integers(0, 64),
    radius=st.one_of(st.sampled_from([0, 1, 40_000, FURTHEST - 1, FURTHEST]), st.integers(0, FURTHEST)),
    width=st.sampled_from([8, WIDTH, 1024]),
)
@example(seed=1, kinds=("extreme", "extreme"), count=70, asked=64, radius=FURTHEST, width=WIDTH)
@example(seed=1, kinds=("extreme", "extreme"), count=70, asked=1, radius=FURTHEST - 1, width=WIDTH)
@settings(max_examples=60)
def test_equals_integers(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    kinds: tuple[str, str],
    count: int,
    asked: int,
    radius: int,
    width: int,
) -> None:
    rng = np.random.default_rng(seed)
    codes, queries = drawn(rng, kinds[0], count, width), drawn(rng, kinds[1], asked, width)
    queries[: min(asked, count) // 2] = codes[: min(asked, count) // 2]
    expected = oracle(codes, queries, radius)
    assert searched(codes, queries, radius, tmp_path_factory.mktemp("index") / "i") == expected


@pytest.mark.parametrize("width", [WIDTH, 1024])  # 1024: sums beyond 2^24, rounded in float32
@pytest.mark.parametrize("asked", [1, 19, 20, 21, 64])
@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["random", "clustered", "extreme"]), place=st.integers(0))
@example(seed=0, kind="extreme", place=3)
@settings(max_examples=5)
def test_the_radius_is_met_to_the_last_unit(
    tmp_path_factory: pytest.TempPathFactory, asked: int, width: int, seed: int, kind: str, place: int
) -> None:
    """At the distance of some code, and one below: where a rounded distance falls on the wrong side."""
    rng = np.random.default_rng(seed)
    codes, queries = drawn(rng, kind, 40, width), drawn(rng, kind, asked, width)
    everything = oracle(codes, queries, 255**2 * width)
    distance = list(everything[0].values())[place % 40]
    for radius in (distance, distance - 1):
        expected = [{row: apart for row, apart in found.items() if apart <= radius} for found in everything]
        assert searched(codes, queries, radius, tmp_path_factory.mktemp("index") / "i") == expected


@pytest.mark.parametrize("asked", [1, 64])
def test_all_255_against_all_0(tmp_path: Path, asked: int) -> None:
    codes = np.zeros((3, WIDTH), np.uint8)
    codes[1, 0] = 1
    codes[2] = 255
    index = build_index(codes, radius=40_000, path=tmp_path / "i", metric=Metric.EUCLIDEAN)
    queries = np.full((asked, WIDTH), 255, np.uint8)
    below, exact = (index.range_search(queries, radius=radius) for radius in (FURTHEST - 1, FURTHEST))
    assert set(below[1].tolist()) == {0, FURTHEST - 255**2 + 254**2}
    assert sorted(exact[1].tolist()) == sorted([0, FURTHEST - 255**2 + 254**2, FURTHEST] * asked)
    assert index.range_search(queries, radius=10 * FURTHEST)[1].tolist() == exact[1].tolist()
    assert len(index.range_search(queries, radius=-1)[1]) == 0


def test_an_index_opens_again_as_what_it_is(tmp_path: Path) -> None:
    codes = drawn(np.random.default_rng(1), "random", 20)
    build_index(codes, radius=40_000, path=tmp_path / "i", metric=Metric.EUCLIDEAN)
    check_index(tmp_path / "i")
    opened = open_index(tmp_path / "i")
    assert (opened.bits, opened.radius, opened.count) == (1152, 40_000, 20)
    assert opened.codes.tobytes() == codes.tobytes()
    with pytest.raises(IndexFileError, match="do not fit"):
        opened.range_search(codes[:, :32], radius=4)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    codes = np.zeros((1, WIDTH), np.uint8)
    for radius in (-1, FURTHEST + 1):
        with pytest.raises(IndexFileError, match="makes no sense"):
            build_index(codes, radius=radius, path=tmp_path / "i", metric=Metric.EUCLIDEAN)
    with pytest.raises(IndexFileError, match="cannot be searched by exact distance"):
        build_index(codes, radius=0, path=tmp_path / "i", metric=Metric.EXACT)
    with pytest.raises(IndexFileError, match="cannot be searched by euclidean distance"):
        build_index(np.zeros((1, 33_032), np.uint8), radius=0, path=tmp_path / "i", metric=Metric.EUCLIDEAN)
