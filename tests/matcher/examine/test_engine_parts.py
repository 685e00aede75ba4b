"""Matcher.examine where a file has several frames, or can be read only in part."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher import Matcher, Settings
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import turn
from matcher.model import Reason, Status

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]


@pytest.fixture(scope="module")
def matcher(known_store: Path) -> Matcher:
    return Matcher.open(known_store)


def test_a_known_picture_on_any_page_is_found_and_named(matcher: Matcher, encoded: Encode) -> None:
    pages = [landscape(seed, width=320, height=240) for seed in (101, 102, 3, 104)]
    finding = matcher.examine(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert (finding.status, finding.reason) == (Status.EXAMINED, None)
    assert {match.transform for match in finding.matches} == {"frame-3 none"}
    assert len([turned for turned in finding.pictures if turned.region is None]) == 4 * 2


def test_a_known_picture_turned_in_the_last_frame_of_an_animation(matcher: Matcher, encoded: Encode) -> None:
    frames = [landscape(seed, width=320, height=240) for seed in (101, 102, 103, 104)]
    frames.append(turn(landscape(2, width=320, height=240), "mirror"))
    finding = matcher.examine(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    assert {match.transform for match in finding.matches} == {"frame-5 mirror"}


@pytest.mark.slow
def test_of_equal_distances_the_first_frame_is_named(make_store: MakeStore, encoded: Encode) -> None:
    """Frames 2 to 12 show the picture too: their labels must be compared as numbers, and come after the first."""
    image = landscape(3, width=320, height=240)
    hashed = Matcher([], settings=Settings()).examine(encoded(image)).computed
    value = next(found for found in hashed if found.algorithm == "pdq")
    opened = Matcher.open(make_store([{"id": "a", "algorithm": "pdq", "value": value.value.hex(), "quality": 100}]))
    other = landscape(101, width=320, height=240)

    def named(*pages: object) -> str:
        first, *rest = pages
        (match,) = opened.examine(encoded(first, "TIFF", save_all=True, append_images=rest)).matches
        assert match.distance == 0
        return match.transform

    similar = image.copy()  # one pixel makes it another picture with the same hash
    similar.putpixel((0, 0), (1, 2, 3))
    assert named(image, similar) == "none"
    assert named(other, *[landscape(seed, width=320, height=240) for seed in range(102, 110)], image, similar) == (
        "frame-10 none"
    )


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_a_truncated_picture_still_matches_and_is_not_called_read(
    matcher: Matcher, encoded: Encode, format_name: str
) -> None:
    data = encoded(landscape(3, width=320, height=240), format_name)
    finding = matcher.examine(data[: int(len(data) * 0.95)], name="x")
    assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.TRUNCATED)
    assert (finding.width, finding.height) == (320, 240)
    assert finding.notable
    assert finding.matches
    assert finding.hashes


def test_too_many_pages_are_told_and_those_within_the_limit_are_examined(known_store: Path, encoded: Encode) -> None:
    pages = [landscape(seed, width=320, height=240) for seed in (3, 102, 103)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    opened = Matcher.open(known_store, settings=Settings(max_frames=2))
    finding = opened.examine(data)
    assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.TOO_MANY_FRAMES)
    assert {match.transform for match in finding.matches} == {"none"}
    opened = Matcher.open(known_store, settings=Settings(max_total_pixels=2 * 320 * 240))
    assert opened.examine(data).reason is Reason.TOO_MANY_PIXELS


def test_limits_are_recorded() -> None:
    form = Settings(max_frames=7, max_total_pixels=8).as_json()
    assert (form["max_frames"], form["max_total_pixels"]) == (7, 8)


def test_the_same_bytes_give_the_same_finding(matcher: Matcher, encoded: Encode) -> None:
    data = encoded(landscape(3, width=320, height=240), "PNG")
    for cut in (0.3, 0.6, 0.9):
        part = data[: int(len(data) * cut)]
        assert matcher.examine(part) == matcher.examine_stream(io.BytesIO(part))
