"""Matcher.examine of animations: a known picture is found in any frame, or it is told that not all were read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from matcher import Matcher, Settings
from matcher.imaging.drawing import landscape
from matcher.model import Finding, Reason, Status

Encode = Callable[..., bytes]
FORMATS = ("GIF", "WEBP", "PNG", "AVIF")
FRAMES = 5


@pytest.fixture(scope="module")
def matcher(known_store: Path) -> Matcher:
    return Matcher.open(known_store)


def slideshow(encoded: Encode, format_name: str) -> bytes:
    """Five originals, each an entry of the list of its own."""
    slides = [landscape(seed, width=320, height=240) for seed in range(1, FRAMES + 1)]
    more: dict[str, object] = {"speed": 9} if format_name == "AVIF" else {}
    return encoded(slides[0], format_name, save_all=True, append_images=slides[1:], **more)


def transforms(finding: Finding) -> set[str]:
    return {match.transform for match in finding.matches}


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_known_picture_is_found_in_every_frame(
    matcher: Matcher, known_store: Path, encoded: Encode, format_name: str
) -> None:
    data = slideshow(encoded, format_name)
    finding = matcher.examine(data)
    assert (finding.status, finding.reason) == (Status.EXAMINED, None)
    assert transforms(finding) == {"none", *(f"frame-{number} none" for number in range(2, FRAMES + 1))}
    exact = Matcher.open(known_store, settings=Settings(exact=True)).examine(data)
    assert finding.as_json() == exact.as_json()


def test_where_a_limit_bites_it_is_told_and_the_other_matches_stay(known_store: Path, encoded: Encode) -> None:
    """The middle and the last frame are looked at as well."""
    data = slideshow(encoded, "GIF")
    finding = Matcher.open(known_store, settings=Settings(max_frames=2)).examine(data)
    assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.FRAMES_NOT_READ)
    assert transforms(finding) == {"none", "frame-2 none", "frame-3 none", "frame-5 none"}
    finding = Matcher.open(known_store, settings=Settings(max_total_pixels=2 * 320 * 240)).examine(data)
    assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.FRAMES_NOT_READ)
    assert transforms(finding) == {"none", "frame-2 none"}


def test_a_fade_shows_the_picture_on_its_way(matcher: Matcher, encoded: Encode) -> None:
    """It is never shown alone: only a frame between the first and the last has most of it."""
    known, other = landscape(3, width=320, height=240), landscape(101, width=320, height=240)
    half = [Image.blend(other, known, step / 6) for step in range(6)]
    slides = [*half, *reversed(half)]
    data = encoded(slides[0], "WEBP", save_all=True, append_images=slides[1:], lossless=True, method=0)
    finding = matcher.examine(data)
    assert transforms(finding) & {"frame-6 none", "frame-5 none"}


def test_every_rendering_of_a_transparent_frame_is_looked_up(matcher: Matcher, encoded: Encode) -> None:
    """A picture whose lightness is its alpha: it can be seen on black only."""
    shown = landscape(3, width=320, height=240).convert("L")
    ghost = Image.new("RGBA", shown.size, "white")
    ghost.putalpha(shown)
    opaque = landscape(101, width=320, height=240).convert("RGBA")
    data = encoded(opaque, "WEBP", save_all=True, append_images=[ghost], lossless=True, method=0)
    assert transforms(matcher.examine(data)) == {"frame-2 on-black none"}
