"""Several pages or frames in one file: which are seen, how they are called, and where it ends."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageSequence

from matcher.distances import hamming
from matcher.errors import DecodeError
from matcher.hashers.pdq import PDQ
from matcher.imaging.animation import Reach, reach
from matcher.imaging.drawing import landscape
from matcher.imaging.formats import gif_blocks as gif
from matcher.imaging.limits import Limits
from matcher.imaging.picture import Picture
from matcher.model import Reason
from tests.shared.frame_cases import ANIMATED, SIZE, Encode, animated, drawn, labels, names, opened


@pytest.mark.parametrize("format_name", ANIMATED)
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_frame_that_differs(encoded: Encode, format_name: str, count: int) -> None:
    assert labels(animated(encoded, format_name, count)) == (names(*range(1, count + 1)), None)


def test_frames_are_what_was_drawn(encoded: Encode) -> None:
    data = animated(encoded, "WEBP", 5, lossless=True)
    for picture, image in zip(opened(data).renderings(), drawn(5), strict=True):
        assert picture.image.tobytes() == image.tobytes()


@pytest.mark.parametrize("format_name", ANIMATED)
def test_a_frame_that_stays_is_passed_over(encoded: Encode, format_name: str) -> None:
    one, two, three = drawn(3)
    slides = [one, one, one, two, two, three, three]
    data = encoded(slides[0], format_name, save_all=True, append_images=slides[1:], duration=list(range(100, 170, 10)))
    # only AVIF stores equal frames; in the other formats the one before lasts longer
    assert labels(data) == (names(1, 4, 6) if format_name == "AVIF" else names(1, 2, 3), None)


def test_the_first_the_middle_and_the_last_frame_are_looked_at_in_any_case(encoded: Encode) -> None:
    """Their changes are small, but no frame is equal to another one."""
    (one,) = drawn(1)
    frames = []
    for place in range(9):
        one.paste(one.crop((place, 20, place + 1, 21)).point(lambda value: value ^ 1), (place, 20))
        frames.append(one.copy())
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert labels(data) == (names(1, 5, 9), None)


def test_frames_that_come_again_are_seen_once(encoded: Encode) -> None:
    one, two = drawn(2)
    data = encoded(one, "GIF", save_all=True, append_images=[two, one, two, one])
    assert labels(data) == (names(1, 2), None)
    assert labels(data, max_frames=2) == (names(1, 2), None)


@pytest.mark.parametrize("contrast", [1, 0.2, 0.05])
def test_a_slow_fade_is_looked_at_on_its_way(encoded: Encode, contrast: float) -> None:
    """The frames differ too little from each other, but not from the last one that was looked at, also where faint."""
    one, two = (
        landscape(seed, width=128, height=96).convert("L").point(lambda value: value * contrast) for seed in (1, 2)
    )
    faded = [Image.blend(one, two, step / 200) for step in range(201)]
    data = encoded(
        faded[0], "WEBP", save_all=True, append_images=faded[1:], lossless=True, duration=list(range(1, 202))
    )
    shown = {int(name.removeprefix("frame-") or 1) for name in labels(data)[0]}
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data)))]
    hashes = [PDQ.hash(Picture(frame)).value for frame in frames]
    assert 10 < len(shown) < len(frames)
    for number, value in enumerate(hashes, 1):
        assert hamming(value, hashes[max(seen for seen in shown if seen <= number) - 1]) <= 8


def test_a_small_change_anywhere_counts(encoded: Encode) -> None:
    """A change that the mean of the frame does not show: another picture may stand there."""
    one, *more = drawn(4)
    other = one.copy()
    other.paste((255, 0, 0), (20, 20, 22, 22))
    faint = one.copy()
    faint.paste(one.crop((20, 20, 22, 22)).point(lambda value: min(value + 2, 255)), (20, 20))
    data = encoded(one, "WEBP", save_all=True, append_images=[faint, other, *more], lossless=True)
    assert labels(data) == (names(1, 3, 4, 5, 6), None)


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
    assert labels(data) == (["", "frame-2", "frame-2 alpha-dropped", "frame-2 on-black"], None)


def test_each_rendering_is_compared_with_the_last_of_its_kind(encoded: Encode) -> None:
    """Where only the alpha channel changes, the picture without it is not looked at again."""
    one = drawn(1)[0].convert("RGBA")
    frames = []
    for alpha in (100, 101, 180, 181, 200):
        one.putalpha(alpha)
        frames.append(one.copy())
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    expected = ["", "alpha-dropped", "on-black", "frame-3", "frame-3 on-black", "frame-5", "frame-5 on-black"]
    assert labels(data) == (expected, None)


def test_pages_beyond_the_limit(encoded: Encode) -> None:
    data = animated(encoded, "TIFF", 5)
    assert labels(data, max_frames=3) == (["", "frame-2", "frame-3"], Reason.TOO_MANY_FRAMES)
    assert labels(data, max_frames=5)[1] is None


def test_pixels_in_all_are_limited(encoded: Encode) -> None:
    pages = animated(encoded, "TIFF", 5)
    assert labels(pages, max_total_pixels=3 * SIZE) == (["", "frame-2", "frame-3"], Reason.TOO_MANY_PIXELS)
    assert labels(pages, max_total_pixels=5 * SIZE)[1] is None
    frames = animated(encoded, "GIF", 9)  # the fifth costs all that precede it
    assert labels(frames, max_total_pixels=5 * SIZE) == (names(1, 2, 3, 4, 5), Reason.FRAMES_NOT_READ)
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


@pytest.mark.parametrize("format_name", ANIMATED)
def test_frames_beyond_the_limit_are_told(encoded: Encode, format_name: str) -> None:
    """Those within it are looked at, and the middle and the last one too."""
    data = animated(encoded, format_name, 9)
    assert labels(data, max_frames=3) == (names(1, 2, 3, 5, 9), Reason.FRAMES_NOT_READ)
    assert labels(data, max_frames=9) == (names(*range(1, 10)), None)
    assert labels(data, max_total_pixels=7 * SIZE) == (names(*range(1, 8)), Reason.FRAMES_NOT_READ)
    assert labels(data, max_total_pixels=SIZE) == ([""], Reason.FRAMES_NOT_READ)


def test_a_canvas_that_grows_is_paid_for(encoded: Encode) -> None:
    """Pillow enlarges a GIF's canvas to a frame that lies outside of it."""
    small, large = landscape(1, width=32, height=24), landscape(2, width=64, height=48)
    first, second = encoded(small, "GIF"), encoded(large, "GIF")
    data = first[:-1] + second[second.index(b",", 13 + 768) :]
    assert labels(data) == (names(1, 2), None)
    assert labels(data, max_pixels=SIZE - 1) == ([""], Reason.FRAMES_NOT_READ)
    assert labels(data, max_total_pixels=SIZE) == ([""], Reason.FRAMES_NOT_READ)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, Reach(1, is_whole=True)),
        (1, Reach(1, is_whole=True)),
        (100, Reach(100, is_whole=True)),
        (101, Reach(100, is_whole=False)),
        (10**9, Reach(100, is_whole=False)),
    ],
)
def test_reach(count: int, expected: Reach) -> None:
    assert reach(count, 10, Limits(max_frames=1)) == expected


def test_reach_by_pixels() -> None:
    assert reach(50, 10, Limits(max_total_pixels=205)) == Reach(20, is_whole=False)
    assert reach(50, 1000, Limits(max_total_pixels=205)) == Reach(1, is_whole=False)
    assert Reach(20, is_whole=False).landmarks == {1, 11, 20}


def test_gif_frames_are_counted_without_decoding(encoded: Encode) -> None:
    data = animated(encoded, "GIF", 6)
    assert gif.count(data, 100) == gif.Count(6)
    assert gif.count(data, 3).count == 4  # one more than wanted says that there are more
    assert gif.count(data[:-1], 100) == gif.Count(6)  # no trailer
    assert gif.count(data[:-40], 100) == gif.Count(5, Reason.TRUNCATED)


def test_a_truncated_animation_shows_its_whole_frames(encoded: Encode) -> None:
    data = animated(encoded, "GIF", 9)
    assert labels(data[:-40]) == (names(*range(1, 9)), Reason.TRUNCATED)


def test_the_limit_of_one_frame_comes_first(encoded: Encode) -> None:
    for format_name in ("TIFF", "GIF", "WEBP", "PNG", "AVIF"):
        with pytest.raises(DecodeError) as caught:
            opened(animated(encoded, format_name, 2), max_pixels=SIZE - 1)
        assert caught.value.reason is Reason.TOO_MANY_PIXELS


def test_a_frame_that_is_passed_over_is_progress_too(encoded: Encode) -> None:
    """A worker that makes none for minutes is stopped."""
    one = landscape(1, width=64, height=48)
    data = encoded(one, "AVIF", save_all=True, append_images=[one] * 9, duration=list(range(100, 200, 10)))
    beats: list[str] = []
    shown = [picture.rendering for picture in opened(data).renderings(lambda: beats.append(""))]
    assert len(shown) < 4
    assert len(beats) == 11  # the track, and the still picture
