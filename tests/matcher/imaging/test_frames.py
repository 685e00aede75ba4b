"""Several pages or frames in one file: which are seen, how they are called, and where it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import Decoded, decode
from matcher.imaging.drawing import landscape
from matcher.imaging.formats import gif_blocks as gif
from matcher.imaging.frame import Choice, choose
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

Encode = Callable[..., bytes]
SIZE = 64 * 48


def drawn(count: int) -> list[Image.Image]:
    return [landscape(seed, width=64, height=48) for seed in range(1, count + 1)]


def animated(encoded: Encode, format_name: str, count: int, **options: object) -> bytes:
    first, *rest = drawn(count)
    return encoded(first, format_name, save_all=True, append_images=rest, **options)


def opened(data: bytes, **limits: int) -> Decoded:
    kind = sniff(data[:HEAD])
    assert kind is not None
    return decode(data, kind, Limits(**limits))


def labels(data: bytes, **limits: int) -> tuple[list[str], Reason | None]:
    decoded = opened(data, **limits)
    return [picture.rendering for picture in decoded.renderings()], decoded.reason


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [""]),
        (2, ["", "frame-2"]),
        (3, ["", "frame-2", "frame-3"]),
        (9, ["", "frame-5", "frame-9"]),
        (10, ["", "frame-6", "frame-10"]),
    ],
)
def test_the_first_the_middle_and_the_last_frame(
    encoded: Encode, format_name: str, count: int, expected: list[str]
) -> None:
    assert labels(animated(encoded, format_name, count)) == (expected, None)


def test_frames_are_what_was_drawn(encoded: Encode) -> None:
    data = animated(encoded, "WEBP", 5, lossless=True)
    for picture, seed in zip(opened(data).renderings(), (1, 3, 5), strict=True):
        assert picture.image.tobytes() == landscape(seed, width=64, height=48).tobytes()


def test_every_page_of_a_tiff(encoded: Encode) -> None:
    data = animated(encoded, "TIFF", 7)
    assert labels(data) == (["", *(f"frame-{number}" for number in range(2, 8))], None)
    pictures = [picture.image.tobytes() for picture in opened(data).renderings()]
    assert pictures == [image.tobytes() for image in drawn(7)]


def test_every_picture_of_an_mpo(encoded: Encode) -> None:
    assert labels(animated(encoded, "MPO", 3)) == (["", "frame-2", "frame-3"], None)


def test_equal_pages_are_seen_once(encoded: Encode) -> None:
    one, two = drawn(2)
    data = encoded(one, "TIFF", save_all=True, append_images=[one, two, one])
    assert labels(data) == (["", "frame-3"], None)


def test_frames_with_alpha_say_both(encoded: Encode) -> None:
    pages = [image.convert("RGBA") for image in drawn(2)]
    pages[1].putalpha(Image.linear_gradient("L").resize((64, 48)))
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert labels(data) == (["", "frame-2", "frame-2 alpha-dropped"], None)


def test_pages_beyond_the_limit(encoded: Encode) -> None:
    data = animated(encoded, "TIFF", 5)
    assert labels(data, max_frames=3) == (["", "frame-2", "frame-3"], Reason.TOO_MANY_FRAMES)
    assert labels(data, max_frames=5)[1] is None


def test_pixels_in_all_are_limited(encoded: Encode) -> None:
    pages = animated(encoded, "TIFF", 5)
    assert labels(pages, max_total_pixels=3 * SIZE) == (["", "frame-2", "frame-3"], Reason.TOO_MANY_PIXELS)
    assert labels(pages, max_total_pixels=5 * SIZE)[1] is None
    frames = animated(encoded, "GIF", 9)  # the fifth costs all that precede it
    assert labels(frames, max_total_pixels=5 * SIZE) == (["", "frame-3", "frame-5"], Reason.TOO_MANY_PIXELS)
    assert labels(frames, max_total_pixels=9 * SIZE)[1] is None


def test_a_page_that_is_too_large_does_not_hide_the_others(encoded: Encode) -> None:
    large = landscape(5, width=80, height=60)
    data = encoded(drawn(1)[0], "TIFF", save_all=True, append_images=[large, landscape(2, width=64, height=48)])
    assert labels(data, max_pixels=SIZE) == (["", "frame-3"], Reason.TOO_MANY_PIXELS)


def test_a_corrupt_page_does_not_hide_the_others(encoded: Encode) -> None:
    data = bytearray(animated(encoded, "TIFF", 3, compression="tiff_adobe_deflate"))
    starts = [at for at in range(len(data)) if data[at : at + 2] == b"x\x9c"]
    data[starts[1] : starts[1] + 40] = bytes(40)
    assert labels(bytes(data)) == (["", "frame-3"], Reason.CORRUPT)


def test_a_first_page_that_is_corrupt_or_too_large_does_not_hide_the_others(encoded: Encode) -> None:
    data = bytearray(animated(encoded, "TIFF", 3, compression="tiff_adobe_deflate"))
    start = next(at for at in range(len(data)) if data[at : at + 2] == b"x\x9c")
    data[start : start + 40] = bytes(40)
    assert labels(bytes(data)) == (["frame-2", "frame-3"], Reason.CORRUPT)
    large = encoded(landscape(5, width=80, height=60), "TIFF", save_all=True, append_images=drawn(1))
    assert labels(large, max_pixels=SIZE) == (["frame-2"], Reason.TOO_MANY_PIXELS)
    assert opened(large, max_pixels=SIZE).width == 64


@pytest.mark.parametrize(
    ("count", "numbers", "reason"),
    [
        (0, (1,), None),
        (1, (1,), None),
        (2, (1, 2), None),
        (100, (1, 51, 100), None),
        (101, (1, 51, 100), Reason.TOO_MANY_FRAMES),
        (10**9, (1, 51, 100), Reason.TOO_MANY_FRAMES),
    ],
)
def test_choice(count: int, numbers: tuple[int, ...], reason: Reason | None) -> None:
    assert choose(count, 10, Limits(max_frames=1)) == Choice(numbers, reason)


def test_choice_by_pixels() -> None:
    assert choose(50, 10, Limits(max_total_pixels=205)) == Choice((1, 11, 20), Reason.TOO_MANY_PIXELS)
    assert choose(50, 1000, Limits(max_total_pixels=205)) == Choice((1,), Reason.TOO_MANY_PIXELS)


def test_gif_frames_are_counted_without_decoding(encoded: Encode) -> None:
    data = animated(encoded, "GIF", 6)
    assert gif.count(data, 100) == gif.Count(6)
    assert gif.count(data, 3).count == 4  # one more than wanted says that there are more
    assert gif.count(data[:-1], 100) == gif.Count(6)  # no trailer
    assert gif.count(data[:-40], 100) == gif.Count(5, Reason.TRUNCATED)


def test_a_truncated_animation_shows_its_whole_frames(encoded: Encode) -> None:
    data = animated(encoded, "GIF", 9)
    assert labels(data[:-40]) == (["", "frame-5", "frame-8"], Reason.TRUNCATED)


def test_the_limit_of_one_frame_comes_first(encoded: Encode) -> None:
    for format_name in ("TIFF", "GIF", "WEBP", "PNG", "AVIF"):
        with pytest.raises(DecodeError) as caught:
            opened(animated(encoded, format_name, 2), max_pixels=SIZE - 1)
        assert caught.value.reason is Reason.TOO_MANY_PIXELS
