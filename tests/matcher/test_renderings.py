"""Names of renderings: a pair of verbs, and strict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.model import TRANSFORMS
from matcher.renderings import KINDS, parse_rendering, parse_transform, rendering_name


@given(frame=st.integers(1, 999_999_999), kind=st.sampled_from(KINDS), orientation=st.sampled_from(TRANSFORMS))
def test_round_trip(frame: int, kind: str, orientation: str) -> None:
    name = rendering_name(frame, kind)
    assert parse_rendering(name) == (frame, kind)
    assert parse_transform(f"{name} {orientation}".strip()) == (frame, KINDS.index(kind), orientation)


def test_the_names_that_are_published() -> None:
    assert [rendering_name(frame, kind) for frame in (1, 12) for kind in KINDS] == [
        *("", "alpha-dropped", "inks-inverted"),
        *("frame-12", "frame-12 alpha-dropped", "frame-12 inks-inverted"),
    ]


@pytest.mark.parametrize(
    "name",
    [" ", "frame-1", "frame-0", "frame-01", "frame-", "frame-2 ", "frame-2  alpha-dropped", "alpha", "frame-٣", "none"],
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a rendering"):
        parse_rendering(name)
