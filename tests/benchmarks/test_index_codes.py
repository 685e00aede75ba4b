"""The codes that the indexes are tested and timed with are what their docstrings say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.index.index_codes import grown, hostile, queries, uniform


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    apart: np.ndarray = np.bitwise_count(one[:, None] ^ other[None]).sum(axis=2, dtype=np.int64)
    return apart


@pytest.mark.slow
@pytest.mark.parametrize("width", [8, 32])
def test_the_same_arguments_give_the_same_codes_and_a_longer_run_begins_with_a_shorter(width: int) -> None:
    real = uniform(50, width, 9)
    for make in (uniform, lambda count, width, seed: grown(count, width, seed, real)):
        long = make(70_000, width, 3)
        assert long.shape == (70_000, width)
        assert long.dtype == np.uint8
        assert np.array_equal(long[:1000], make(1000, width, 3))
        assert not np.array_equal(long[:1000], make(1000, width, 4))
    assert np.array_equal(hostile(5000, width, 3), hostile(5000, width, 3))


def test_grown_codes_stay_near_two_real_ones() -> None:
    real = uniform(50, 32, 9)
    codes = grown(2000, 32, 1, real)
    nearest = distances(codes, real).min(axis=1)
    assert (nearest == 0).any()
    assert np.median(nearest) < 60  # of unrelated ones, the nearest of 50 is about 110 away


@pytest.mark.slow
@pytest.mark.parametrize(("width", "fewest", "most"), [(8, 8, 10), (32, 32, 44)])
def test_a_hostile_list_has_what_hurts(width: int, fewest: int, most: int) -> None:
    codes = hostile(10_000, width, 1)
    assert codes.shape == (10_000, width)
    values, counts = np.unique(codes, axis=0, return_counts=True)
    assert counts.max() >= 1000
    assert counts[(values == 0).all(axis=1)] >= 100
    assert counts[(values == 255).all(axis=1)] >= 100
    apart = distances(codes[:500], codes)
    assert ((apart >= fewest) & (apart <= most)).any(axis=1).mean() > 0.1
    agreeing = (codes[:200, None].view("<u2") == codes[None].view("<u2")).sum(axis=2)
    assert (agreeing == width // 2 - 1).any(axis=1).mean() > 0.1
    assert (codes[:, : width // 4] == 0).all(axis=1).mean() > 0.1
    assert ((codes & 0x11) == 0x11).all(axis=1).mean() > 0.1


@pytest.mark.parametrize(("width", "radius"), [(8, 10), (32, 31)])
def test_half_of_the_queries_are_listed_codes_at_every_distance(width: int, radius: int) -> None:
    codes = uniform(3000, width, 1)
    asked = queries(codes, 400, radius, 2)
    assert asked.shape == (400, width)
    nearest = distances(asked, codes).min(axis=1)
    assert set(range(radius - 2)) <= set(nearest.tolist())
    assert 200 <= (nearest <= radius).sum() <= 230
    assert np.array_equal(asked, queries(codes, 400, radius, 2))
