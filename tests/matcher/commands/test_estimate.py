"""The time left settles early, whatever comes first."""

from __future__ import annotations

import pytest

from matcher.commands.estimate import EACH, SETTLED, time_left

ICONS, PHOTOS = (3000, 5_000, 0.0017), (1000, 4_000_000, 0.0267)
"""Items, bytes and seconds of each: supposed with one worker."""


def series(*parts: tuple[int, int, float]) -> list[tuple[float, int, int]]:
    """After every 50 items of each part: seconds, items and bytes so far."""
    told, seconds, items, size = [], 0.0, 0, 0
    for count, each, takes in parts:
        for _ in range(count // 50):
            seconds, items, size = seconds + 50 * takes, items + 50, size + 50 * each
            told.append((seconds, items, size))
    return told


@pytest.mark.parametrize("parts", [(ICONS, PHOTOS), (PHOTOS, ICONS), (PHOTOS,), (ICONS,)])
def test_it_is_right_within_a_half_from_the_beginning(parts: tuple[tuple[int, int, float], ...]) -> None:
    told = series(*parts)
    total, every, whole = told[-1]
    for seconds, items, size in told:
        left = time_left(seconds, items=items, size=size, items_left=every - items, size_left=whole - size)
        if seconds < SETTLED:
            assert left is None
        else:
            assert left is not None
            assert abs(left - (total - seconds)) <= 0.5 * (total - seconds) + 0.5


def test_nothing_done_foretells_nothing() -> None:
    assert time_left(9, items=0, size=0, items_left=5, size_left=5) is None


def test_what_grew_meanwhile_is_done() -> None:
    assert time_left(9, items=5, size=EACH, items_left=0, size_left=-EACH) == 0
