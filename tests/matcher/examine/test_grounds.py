"""Parts are searched on black only where a picture looks otherwise there than without its alpha channel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from matcher import Matcher
from matcher.examine.grounds import Grounds, differ_in_area
from matcher.examine.parts import PartFinder
from matcher.imaging.reduced.picture import Reduced

GREY = np.zeros((40, 50), np.float32)


def reduced(grey: npt.NDArray[np.float32], rendering: str = "") -> Reduced:
    return Reduced(grey, grey.shape[1], grey.shape[0], 1, rendering)


def with_square(side: int, *, difference: float = 8) -> Reduced:
    grey = GREY.copy()
    grey[8 : 8 + side, 12 : 12 + side] = difference
    return reduced(grey)


def test_areas_differ_and_rims_do_not() -> None:
    assert differ_in_area(reduced(GREY), with_square(4))
    assert differ_in_area(with_square(4), reduced(GREY))
    assert not differ_in_area(reduced(GREY), with_square(4, difference=7.9))
    assert not differ_in_area(reduced(GREY), with_square(3))
    thick = GREY.copy()
    thick[:, 9:12] = 255
    assert not differ_in_area(reduced(GREY), reduced(thick))
    assert not differ_in_area(reduced(GREY[:3]), reduced(thick[:3]))
    assert not differ_in_area(reduced(GREY[:, :3].copy()), reduced(thick[:, 9:12].copy()))


@pytest.mark.parametrize(
    ("first", "second", "searched"),
    [
        ("alpha-dropped", "on-black", False),
        ("frame-2 alpha-dropped", "frame-2 on-black", False),
        ("preview-1 alpha-dropped", "preview-1 on-black", False),
        ("frame-2 alpha-dropped", "frame-3 on-black", True),
        ("preview-1 alpha-dropped", "on-black", True),
        ("alpha-dropped", "preview-1 on-black", True),
        ("", "alpha-dropped", True),
        ("", "on-black", True),
        ("alpha-dropped", "frame-2", True),
    ],
)
def test_equal_renderings_of_one_frame_are_searched_once(first: str, second: str, searched: bool) -> None:
    found = Grounds()
    assert found.may_add_parts(reduced(GREY, first))
    assert found.may_add_parts(reduced(GREY, second)) is searched
    assert found.may_add_parts(with_square(4)) is True


@pytest.mark.parametrize(("hidden", "times"), [((0, 0, 0), 2), ((200, 90, 30), 3)])
def test_a_picture_is_searched_on_black_where_that_shows_more(
    hidden: tuple[int, int, int],
    times: int,
    encoded: Callable[..., bytes],
    known_store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []
    matcher = Matcher.open(known_store)
    parts_of = PartFinder.parts_of

    def noted(finder: PartFinder, picture: Reduced, *rest: object) -> object:
        searched.append(picture.rendering)
        return parts_of(finder, picture, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(PartFinder, "parts_of", noted)
    image = Image.new("RGBA", (300, 300), (*hidden, 0))
    ImageDraw.Draw(image).ellipse((40, 40, 260, 260), fill=(250, 240, 90, 255))
    for encoding in ("PNG", "WEBP"):
        searched.clear()
        options = {"lossless": True, "exact": True} if encoding == "WEBP" else {}
        matcher.examine(encoded(image, encoding, **options))
        assert searched == ["", "alpha-dropped", "on-black"][:times]
