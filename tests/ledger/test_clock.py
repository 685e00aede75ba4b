"""Clocks that run, are set, and run backwards."""

from __future__ import annotations

import pytest

from ledger.clock import Stamp, behind, iso, jump, now, parse_iso

START = Stamp(1_790_000_000_000, 5_000_000)


def later(wall: float, monotonic: float) -> Stamp:
    return Stamp(START.wall_ms + round(wall * 1000), START.monotonic_us + round(monotonic * 1_000_000))


def test_both_clocks_now() -> None:
    first, second = now(), now()
    assert second.monotonic_us >= first.monotonic_us
    assert set(first.fields()) == {"time", "monotonic_us"}
    assert parse_iso(first.fields()["time"]) == first.wall_ms


@pytest.mark.parametrize(("wall", "monotonic"), [(0, 0), (3600, 3600), (3601.9, 3600), (3598.1, 3600), (-1, 0)])
def test_clocks_that_agree(wall: float, monotonic: float) -> None:
    assert jump(START, later(wall, monotonic)) is None


def test_a_clock_that_ran_backwards() -> None:
    assert jump(START, later(-3600, 60)) == {
        "what": "the clock ran backwards",
        "from": iso(START.wall_ms),
        "to": iso(START.wall_ms - 3_600_000),
        "seconds": -3660,
    }


@pytest.mark.parametrize(("wall", "seconds"), [(7200, 3600), (1800, -1800)])
def test_a_clock_that_was_set(wall: float, seconds: int) -> None:
    told = jump(START, later(wall, 3600))
    assert told is not None
    assert (told["what"], told["seconds"]) == ("the clock was set", seconds)


def test_a_clock_behind_the_ledger() -> None:
    assert behind(iso(START.wall_ms + 2000), START) is None
    assert behind(iso(START.wall_ms - 50_000), START) is None
    told = behind(iso(START.wall_ms + 86_400_000), START)
    assert told is not None
    assert (told["what"], told["seconds"], told["to"]) == ("the clock ran backwards", -86_400, iso(START.wall_ms))


@pytest.mark.parametrize("text", [None, 7, "", "yesterday", "2026-10-01", "2026-10-01T08:00:00", "2" * 50])
def test_what_is_no_time(text: object) -> None:
    assert parse_iso(text) is None
    assert behind(text, START) is None


def test_times_with_an_offset() -> None:
    assert parse_iso("2026-10-01T10:00:00+02:00") == parse_iso("2026-10-01T08:00:00Z")
