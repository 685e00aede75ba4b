"""Names of renderings: a pair of verbs, and strict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.imaging.renderings import (
    KINDS,
    REFRAMINGS,
    parse_rendering,
    parse_transform,
    rendering_name,
    split_reframing,
    with_reframing,
)
from matcher.model import TRANSFORMS


@given(frame=st.integers(1, 999_999_999), kind=st.sampled_from(KINDS), orientation=st.sampled_from(TRANSFORMS))
def test_round_trip(frame: int, kind: str, orientation: str) -> None:
    name = rendering_name(frame, kind)
    assert parse_rendering(name) == (frame, kind)
    assert parse_transform(f"{name} {orientation}".strip()) == (frame, KINDS.index(kind), orientation)


def test_the_names_that_are_published() -> None:
    assert [rendering_name(frame, kind) for frame in (1, 12) for kind in KINDS[:6]] == [
        *("", "alpha-dropped", "inks-inverted"),
        *("tilt+3-inside", "alpha-dropped tilt+3-inside", "inks-inverted tilt+3-inside"),
        *("frame-12", "frame-12 alpha-dropped", "frame-12 inks-inverted"),
        *("frame-12 tilt+3-inside", "frame-12 alpha-dropped tilt+3-inside", "frame-12 inks-inverted tilt+3-inside"),
    ]
    names = "tilt+3-inside tilt-3-inside tilt+3 tilt-3 tilt+3-around tilt-3-around widen4"
    assert " ".join(REFRAMINGS) == names
    assert len(set(KINDS)) == len(KINDS) == 3 * (1 + len(REFRAMINGS))


@given(frame=st.integers(1, 999_999_999), kind=st.sampled_from(KINDS[:3]), reframing=st.sampled_from(REFRAMINGS))
def test_reframings_are_put_to_a_name_and_split_from_it(frame: int, kind: str, reframing: str) -> None:
    plain = rendering_name(frame, kind)
    name = with_reframing(plain, reframing)
    assert split_reframing(name) == (plain, reframing)
    assert split_reframing(plain) == (plain, "")
    with pytest.raises(ValueError, match="no name of a rendering"):
        with_reframing(name, reframing)


def test_only_reframings_are_put_to_a_name() -> None:
    for reframing in ("", "tilt+5", "alpha-dropped", " widen4", "widen4 "):
        with pytest.raises(ValueError, match="no name of a rendering|no reframing"):
            with_reframing("", reframing)


@pytest.mark.parametrize(
    "name",
    [
        *(" ", "frame-1", "frame-0", "frame-01", "frame-", "frame-2 ", "frame-2  alpha-dropped", "alpha", "frame-٣"),
        *("none", "tilt+3 alpha-dropped", "tilt+3 tilt-3", "widen", "tilt+3 frame-2", "tilt+03"),
    ],
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a rendering"):
        parse_rendering(name)
