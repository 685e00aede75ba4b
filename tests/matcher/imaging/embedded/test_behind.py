"""Whole files behind a picture's end: found, in order, and nothing else is."""

from __future__ import annotations

import io
import random
import zipfile
from functools import cache
from typing import Any

import pytest

from matcher.imaging.embedded import find
from matcher.imaging.embedded.jpeg_extent import jpeg_extent
from matcher.imaging.embedded.search import Search
from matcher.imaging.limits import DEFAULT_LIMITS, Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason
from tests.shared.embedded_cases import (
    OTHER,
    OWN,
    THIRD,
    decoded,
    film,
    heic,
    multi_picture,
    pixels,
    samsung_trailer,
    saved,
    xmp,
)

FORMS: dict[str, dict[str, Any]] = {
    **{form: {"form": form} for form in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")},
    "progressive JPEG": {"form": "JPEG", "progressive": True},
    "JPEG 2000": {"form": "JPEG2000"},
    "HEIC": {},
}
OUTER = ("JPEG", "progressive JPEG", "PNG", "GIF", "WEBP", "BMP", "HEIC", "AVIF", "JPEG 2000")


@cache
def made(form: str, which: int) -> bytes:
    """OWN, OTHER or THIRD in one of FORMS."""
    image = (OWN, OTHER, THIRD)[which]
    return saved(image, **FORMS[form]) if FORMS[form] else heic(image)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("between", [b"", b"some text\0\xff\xd9 of a maker\xff\xd8"])
def test_every_format_is_found_behind_a_jpeg(form: str, between: bytes) -> None:
    other = made(form, 1)
    found, pictures = decoded(saved(OWN) + between + other + between + made(form, 2))
    assert list(pictures) == ["", "appended-1", "appended-2"]
    assert pictures[""].tobytes() == pixels(saved(OWN))
    assert pictures["appended-1"].tobytes() == pixels(other)
    assert (found.reason, found.skipped_parts, found.width) == (None, (), 200)


@pytest.mark.parametrize("bad", [b"\xff\xe5\x40\x00", b"\xff\xe5\xff\xff", b"\xff\xfe\x01\x00", b"\xff\xda\x01\x00"])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_no_byte_of_a_scan_hides_what_is_behind_the_picture(form: str, bad: bytes) -> None:
    """Each makes a segment whose length goes into the picture behind, or beyond it."""
    own = saved(OWN)
    at = len(own) - 60
    damaged = own[:at] + bad + own[at + len(bad) :]
    _found, pictures = decoded(damaged + made(form, 1) + bytes(70_000))
    assert pictures["appended-1"].tobytes() == pixels(made(form, 1))


@pytest.mark.parametrize("length", range(2, 4000, 37))
def test_a_false_table_in_a_scan_hides_nothing(length: int) -> None:
    own, other = saved(OWN), made("JPEG", 1)
    at = len(own) - 60
    damaged = own[:at] + b"\xff\xc4" + length.to_bytes(2) + own[at + 4 :]
    assert "appended-1" in decoded(damaged + other + b"\xff" * 5000)[1]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_behind_one_without_an_end_marker(form: str) -> None:
    own = saved(OWN)
    assert own.endswith(b"\xff\xd9")
    assert "appended-1" in decoded(own[:-2] + made(form, 1))[1]


def test_scans_of_a_progressive_jpeg_are_walked_over() -> None:
    own = saved(OWN, progressive=True)
    extent = jpeg_extent(own, 0, len(own), Search(DEFAULT_LIMITS))
    assert (extent.end, extent.is_whole) == (len(own), True)
    assert extent.scans == own.count(b"\xff\xda") > 5


@pytest.mark.parametrize("form", OUTER)
def test_a_jpeg_is_found_behind_every_format_with_an_end(form: str) -> None:
    own = made(form, 0)
    found, pictures = decoded(own + saved(OTHER))
    assert list(pictures) == ["", "appended-1"]
    assert pictures[""].tobytes() == pixels(own)
    assert pictures["appended-1"].tobytes() == pixels(saved(OTHER))
    assert (found.reason, found.skipped_parts) == (None, ())


@pytest.mark.parametrize("form", OUTER)
@pytest.mark.parametrize(
    "tail", [b"", bytes(5000), b"text " * 900, random.Random(1).randbytes(200_000), b"BM II*\0 RIFF"]
)
def test_other_bytes_behind_are_ignored(form: str, tail: bytes) -> None:
    kind = sniff(made(form, 0)[:HEAD])
    assert kind is not None
    found = find(made(form, 0) + tail, kind, DEFAULT_LIMITS)
    assert (found.pictures, found.skipped, found.is_cut) == ((), (), False)


@pytest.mark.parametrize("distance", [0, 1, 65_400, 65_519, 65_520, 65_530, 65_535, 65_536, 65_537, 131_072])
def test_wherever_it_begins(distance: int) -> None:
    """Around the bounds of the windows in which signatures are looked for."""
    for other in (saved(OTHER), saved(OTHER, "WEBP"), saved(OTHER, "JPEG2000")):
        _found, pictures = decoded(saved(OWN) + b"\x7f" * distance + other)
        assert list(pictures) == ["", "appended-1"], distance


def test_every_frame_of_an_animation_behind() -> None:
    other = saved(OTHER, "GIF", save_all=True, append_images=[THIRD.resize(OTHER.size), OWN.resize(OTHER.size)])
    _found, pictures = decoded(saved(OWN) + other)
    assert list(pictures) == ["", *(f"appended-1{frame}" for frame in ("", " frame-2", " frame-3"))]


def test_a_samsung_trailer() -> None:
    trailer = samsung_trailer([(b"DualShot_1", saved(OTHER)), (b"Image_UTC_Data1", b"1620000000000")])
    assert list(decoded(saved(OWN) + trailer)[1]) == ["", "appended-1"]
    moving = samsung_trailer([(b"MotionPhoto_Data", film()), (b"DualShot_1", saved(OTHER))])
    found, pictures = decoded(saved(OWN) + moving)
    assert list(pictures) == ["", "appended-1"]
    assert (found.reason, found.skipped_parts) == (Reason.SKIPPED_PARTS, ("video",))


@pytest.mark.parametrize("own", [saved(OWN), saved(OWN, "PNG")])
def test_a_film_behind_is_named(own: bytes) -> None:
    found, pictures = decoded(own + film())
    assert list(pictures) == [""]
    assert (found.reason, found.skipped_parts) == (Reason.SKIPPED_PARTS, ("video",))


def test_a_container_behind_is_named_and_what_it_stores_is_found() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("hidden.jpg", saved(OTHER))
        archive.writestr("words.txt", b"words" * 100, zipfile.ZIP_DEFLATED)
    found, pictures = decoded(saved(OWN) + stream.getvalue())
    assert list(pictures) == ["", "appended-1"]
    assert (found.reason, found.skipped_parts) == (Reason.SKIPPED_PARTS, ("container",))
    for head in (b"Rar!\x1a\x07\x01\0", b"7z\xbc\xaf\x27\x1c\0\4", b"%PDF-1.7\n"):
        found, pictures = decoded(saved(OWN, "PNG") + head + bytes(100))
        assert (list(pictures), found.skipped_parts) == ([""], ("container",))


class TestMultiPicture:
    def test_pages_keep_their_names(self) -> None:
        data = multi_picture(saved(OWN), saved(OTHER), saved(THIRD))
        assert list(decoded(data)[1]) == ["", "frame-2", "frame-3"]
        assert list(decoded(saved(OWN, "MPO", save_all=True, append_images=[OTHER]))[1]) == ["", "frame-2"]
        assert list(decoded(data + saved(OWN.resize((90, 80))))[1]) == ["", "frame-2", "frame-3", "appended-1"]

    def test_a_gain_map_is_looked_at(self) -> None:
        """Pillow reads one picture where the metadata has a gain map."""
        data = multi_picture(saved(OWN), saved(OTHER), more=xmp(b'<x hdrgm:Version="1.0"/>'))
        found, pictures = decoded(data)
        assert list(pictures) == ["", "auxiliary-1"]
        assert pictures["auxiliary-1"].tobytes() == pixels(saved(OTHER))
        assert found.reason is None

    def test_an_index_of_pictures_that_are_gone_says_nothing(self) -> None:
        data = multi_picture(saved(OWN), saved(OTHER), more=xmp(b'<x hdrgm:Version="1.0"/>'))
        found, pictures = decoded(data[: -len(saved(OTHER))])
        assert (list(pictures), found.reason, found.skipped_parts) == ([""], None, ())


def test_a_picture_that_is_cut_is_named() -> None:
    found, pictures = decoded(saved(OWN) + saved(OTHER)[:-400])
    assert list(pictures) == ["", "appended-1"]
    assert (found.reason, found.skipped_parts) == (Reason.SKIPPED_PARTS, ("appended",))


def test_equal_pictures_are_seen_once() -> None:
    assert list(decoded(saved(OWN) + saved(OWN) + saved(OTHER))[1]) == ["", "appended-2"]


def test_what_is_behind_a_damaged_picture_is_found() -> None:
    for own in (saved(OWN)[:-3], saved(OWN)[:-800]):
        found, pictures = decoded(own + saved(OTHER))
        assert pictures["appended-1"].tobytes() == pixels(saved(OTHER))
    found, pictures = decoded(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9) + saved(OTHER))
    assert list(pictures) == ["appended-1"]
    assert (found.width, found.height) == (None, None)
    assert found.reason is not None


class TestLimits:
    def test_their_number(self) -> None:
        found, pictures = decoded(saved(OWN) + 4 * saved(OTHER), limits=Limits(max_frames=2))
        assert list(pictures) == ["", "appended-1"]
        assert found.reason is Reason.FRAMES_NOT_READ
        assert decoded(saved(OWN) + 2 * saved(OTHER), limits=Limits(max_frames=2))[0].reason is None

    def test_their_pixels(self) -> None:
        data = saved(OWN) + saved(OTHER) + saved(THIRD.resize((150, 110)))
        found, pictures = decoded(data, limits=Limits(max_total_pixels=200 * 150))
        assert list(pictures) == ["", "appended-1"]
        assert found.reason is Reason.FRAMES_NOT_READ
        found, pictures = decoded(data, limits=Limits(max_pixels=160 * 120 - 1))
        assert list(pictures) == ["appended-2"]
        assert found.reason is Reason.TOO_MANY_PIXELS

    @pytest.mark.parametrize(
        "piece",
        [
            *(
                b"\xff\xd8\xff\xe1\xff\xfe",
                b"\xff\xd8\xff\xda\0\2",
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
                b"GIF89a\1\1\1\1",
            ),
            *(b"II*\0\x08\0\0\0", b"\0\0\0\x10ftypmp42", b"PK\3\4" + bytes(22) + b"\1\0\0\0a", b"RIFF\0\0\0\0WEBPVP8 "),
            b"\xff\xd8\xff\xe1\x40\0",
            b"II*\0\x08\0\0\0\2\0" + b"\0\1\4\0\1\0\0\0\1\0\0\0\1\1\4\0\1\0\0\0\1\0\0\0",
        ],
    )
    def test_much_that_looks_like_files_costs_bounded_work(self, piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """The steps are counted; each is a few operations."""
        monkeypatch.setattr("matcher.imaging.embedded.search.MOST_STEPS", 20_000)
        kind = sniff(saved(OWN)[:HEAD])
        assert kind is not None
        found = find(saved(OWN) + piece * 30_000, kind, Limits(max_frames=100))
        assert len(found.pictures) <= 100
        assert found.is_cut or len(found.pictures) + len(found.skipped) <= 1
