"""The vectorised distances are those of single hashes; what screens reaches as far as it must, and no further."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.algorithms import Metric
from matcher.distances import distance, distances, hamming, reach

METRICS = [Metric.HAMMING, Metric.EUCLIDEAN]
TRIPLES = st.integers(1, 24).flatmap(lambda width: st.tuples(*[st.binary(min_size=width, max_size=width)] * 3))


def by_definition(metric: Metric, first: bytes, second: bytes) -> int:
    if metric is Metric.HAMMING:
        return sum(
            f"{one:08b}"[bit] != f"{two:08b}"[bit] for one, two in zip(first, second, strict=True) for bit in range(8)
        )
    return sum(abs(one - two) * abs(one - two) for one, two in zip(first, second, strict=True))


@pytest.mark.parametrize("metric", METRICS)
@given(hashes=TRIPLES)
def test_all_ways_agree(metric: Metric, hashes: tuple[bytes, bytes, bytes]) -> None:
    first, second, third = hashes
    expected = [by_definition(metric, first, second), by_definition(metric, third, second)]
    assert [distance(metric, first, second), distance(metric, third, second)] == expected
    pairs = (np.frombuffer(b"".join(pair), np.uint8).reshape(2, -1) for pair in ((first, third), (second, second)))
    found = distances(metric, *pairs)
    assert (found.dtype, found.tolist()) == (np.dtype(np.int32), expected)
    assert max(expected) <= metric.furthest(len(first))
    assert distance(metric, bytes(len(first)), b"\xff" * len(first)) == metric.furthest(len(first))


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
@given(hashes=TRIPLES)
def test_no_entry_lies_beyond_the_reach(metric: Metric, hashes: tuple[bytes, bytes, bytes]) -> None:
    entry, reference, screened = hashes
    threshold, margin = distance(metric, reference, entry), distance(metric, screened, reference)
    assert distance(metric, screened, entry) <= reach(metric, threshold, margin)


@given(threshold=st.integers(0, 10**7), margin=st.integers(0, 10**7))
def test_the_reach_of_squares_is_the_square_of_the_roots_rounded_up(threshold: int, margin: int) -> None:
    found = reach(Metric.EUCLIDEAN, threshold, margin)
    rest = found - threshold - margin  # 2 √(threshold · margin), rounded up
    assert rest * rest >= 4 * threshold * margin
    assert rest == 0 or (rest - 1) ** 2 < 4 * threshold * margin
    assert reach(Metric.HAMMING, threshold, margin) == threshold + margin


@pytest.mark.parametrize("metric", Metric)
def test_hashes_of_two_widths_have_no_distance(metric: Metric) -> None:
    with pytest.raises(ValueError, match="no distance|shorter"):
        distance(metric, bytes(2), bytes(1))
    with pytest.raises(ValueError, match="no distance"):
        hamming(bytes(1), bytes(2))
