"""Names of renderings: a pair of verbs, and strict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.imaging.renderings import (
    EMBEDDED,
    KINDS,
    REFRAMINGS,
    EmbeddedPart,
    parse_rendering,
    parse_transform,
    rendering_name,
    split_reframing,
    with_reframing,
)
from matcher.model import TRANSFORMS

PARTS = st.one_of(st.none(), st.builds(EmbeddedPart, st.integers(0, len(EMBEDDED) - 1), st.integers(1, 9999)))


@given(
    frame=st.integers(1, 999_999_999),
    kind=st.sampled_from(KINDS),
    part=PARTS,
    orientation=st.sampled_from(TRANSFORMS),
)
def test_round_trip(frame: int, kind: str, part: EmbeddedPart | None, orientation: str) -> None:
    name = rendering_name(frame, kind, part)
    parsed = parse_rendering(name)
    assert (parsed.frame, parsed.kind, parsed.part) == (frame, kind, part)
    assert parse_transform(f"{name} {orientation}".strip()) == (parsed, orientation)


def test_the_names_of_embedded_pictures() -> None:
    parts = (EmbeddedPart(0, 1), EmbeddedPart(0, 2), EmbeddedPart(1, 1), EmbeddedPart(2, 3))
    assert [rendering_name(1, "", part) for part in parts] == ["thumbnail", "thumbnail-2", "preview-1", "appended-3"]
    assert rendering_name(4, "on-black tilt+3", EmbeddedPart(2, 1)) == "appended-1 frame-4 on-black tilt+3"


def test_the_names_that_are_published() -> None:
    assert [rendering_name(frame, kind) for frame in (1, 12) for kind in KINDS[:6]] == [
        *("", "alpha-dropped", "inks-inverted"),
        *("tilt+3-inside", "alpha-dropped tilt+3-inside", "inks-inverted tilt+3-inside"),
        *("frame-12", "frame-12 alpha-dropped", "frame-12 inks-inverted"),
        *("frame-12 tilt+3-inside", "frame-12 alpha-dropped tilt+3-inside", "frame-12 inks-inverted tilt+3-inside"),
    ]
    names = "tilt+3-inside tilt-3-inside tilt+3 tilt-3 tilt+3-around tilt-3-around widen4"
    assert " ".join(REFRAMINGS) == names
    assert KINDS[24:26] == ("on-black", "on-black tilt+3-inside")
    assert len(set(KINDS)) == len(KINDS) == 4 * (1 + len(REFRAMINGS))


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
        *("thumbnail-1", "preview", "preview-0", "preview-1 ", "preview-10000", "frame-2 preview-1", "thumbnail-2-1"),
    ],
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a rendering"):
        parse_rendering(name)
