"""Several pages or frames in one file: which are seen, how they are called, and where it ends."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.animation import MOST_CHANGE, Reach, reach
from matcher.imaging.decode import Decoded, decode
from matcher.imaging.drawing import landscape
from matcher.imaging.formats import gif_blocks as gif
from matcher.imaging.formats.apng import with_all_frames
from matcher.imaging.formats.iso_boxes import MOST_BOXES, TRACKS, may_have_box
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

Encode = Callable[..., bytes]
SIZE = 64 * 48
ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")


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


def names(*numbers: int) -> list[str]:
    return ["" if number == 1 else f"frame-{number}" for number in numbers]


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


def test_frames_that_come_again_are_seen_once(encoded: Encode) -> None:
    one, two = drawn(2)
    data = encoded(one, "GIF", save_all=True, append_images=[two, one, two, one])
    assert labels(data) == (names(1, 2), None)
    assert labels(data, max_frames=2) == (names(1, 2), None)


@pytest.mark.parametrize("steps", [50, 150])
def test_a_slow_fade_is_looked_at_on_its_way(encoded: Encode, steps: int) -> None:
    """The frames differ too little from each other, but not from the last one that was looked at."""
    one, two = (image.convert("L") for image in drawn(2))
    faded = [Image.blend(one, two, step / steps) for step in range(steps + 1)]
    data = encoded(faded[0], "WEBP", save_all=True, append_images=faded[1:], lossless=True)
    shown = [int(name.removeprefix("frame-") or 1) for name in labels(data)[0]]
    assert 15 < len(shown) <= len(faded)
    for number, frame in enumerate(faded, 1):
        nearest = faded[max(seen for seen in shown if seen <= number) - 1]
        assert np.abs(np.asarray(frame).astype(int) - np.asarray(nearest)).mean() <= MOST_CHANGE + 1


def test_a_small_change_anywhere_counts(encoded: Encode) -> None:
    """A change that the mean of the frame does not show: another picture may stand there."""
    (one,) = drawn(1)
    other = one.copy()
    other.paste((255, 0, 0), (20, 20, 22, 22))
    faint = one.copy()
    faint.paste(one.crop((20, 20, 22, 22)).point(lambda value: min(value + 2, 255)), (20, 20))
    data = encoded(one, "WEBP", save_all=True, append_images=[faint, other], lossless=True)
    assert labels(data) == (names(1, 3), None)


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
    for alpha in (100, 101, 180):
        one.putalpha(alpha)
        frames.append(one.copy())
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    expected = ["", "alpha-dropped", "on-black", "frame-3", "frame-3 on-black"]
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


def renamed(data: bytes, *, brand: bytes) -> bytes:
    """An ISO base media file of another major brand."""
    return data[:8] + brand + data[12:]


def with_still(sequence: bytes, still: bytes) -> bytes:
    """An AVIF sequence whose still picture is that of another file, put behind the end."""
    start = still.index(b"mdat") + 4
    box = still[start - 8 :]
    location = sequence.index(b"iloc")
    at = sequence.index(struct.pack(">I", sequence.index(b"mdat") + 4), location)
    extent = struct.pack(">II", len(sequence) + 8, len(still) - start)
    return sequence[:at] + extent + sequence[at + 8 :] + box


@pytest.mark.parametrize(("brand", "first"), [(b"avis", 1), (b"avif", 4), (b"mif1", 1)])
def test_an_avif_shows_its_track_and_its_still_picture(encoded: Encode, brand: bytes, first: int) -> None:
    """libavif decodes only one of the two, by the brand."""
    data = with_still(animated(encoded, "AVIF", 3), encoded(landscape(4, width=64, height=48), "AVIF"))
    decoded = opened(renamed(data, brand=brand))
    shown = [(picture.rendering, np.asarray(picture.image)) for picture in decoded.renderings()]
    assert ([name for name, _pixels in shown], decoded.reason) == (names(1, 2, 3, 4), None)
    seeds = (1, 2, 3, 4) if first == 1 else (4, 1, 2, 3)
    for (_name, pixels), seed in zip(shown, seeds, strict=True):
        assert np.abs(np.asarray(landscape(seed, width=64, height=48)).astype(int) - pixels).mean() < 12


def test_a_still_picture_that_is_a_frame_is_seen_once(encoded: Encode) -> None:
    data = animated(encoded, "AVIF", 3)
    assert labels(renamed(data, brand=b"avif")) == (["", "frame-3", "frame-4"], None)


def test_the_track_of_a_heif_is_not_read_and_told() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(drawn(1)[0]).save(stream)
    data = stream.getvalue()
    assert labels(data) == ([""], None)
    track = struct.pack(">I", 8) + b"moov"
    assert labels(data + track) == ([""], Reason.FRAMES_NOT_READ)
    another_file = data[: int.from_bytes(data[:4], "big")]
    assert labels(data + another_file + track) == ([""], None)
    with pytest.raises(DecodeError) as caught:
        opened(another_file + track)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_boxes_are_found_by_their_lengths() -> None:
    box = struct.pack(">I", 12) + b"freemoov"
    large = struct.pack(">I4sQ", 1, b"free", 20) + b"moov"
    moov = struct.pack(">I", 8) + b"moov"
    assert not may_have_box(box + large, TRACKS)
    assert may_have_box(box + large + moov, TRACKS)
    assert not may_have_box(struct.pack(">I", 0) + b"mdat" + moov, TRACKS)  # it reaches to the end
    assert not may_have_box(box * (MOST_BOXES - 1), TRACKS)
    assert may_have_box(box * (MOST_BOXES + 1), TRACKS)  # nobody has looked
    assert not may_have_box(b"", TRACKS)


@pytest.mark.parametrize("stated", [None, 0, 1, 2])
def test_frames_that_an_apng_does_not_count(encoded: Encode, stated: int | None) -> None:
    data = animated(encoded, "PNG", 4)
    at = data.index(b"acTL") - 4
    count = b"" if stated is None else b"acTL" + struct.pack(">II", stated, 0)
    chunk = count and struct.pack(">I", 8) + count + struct.pack(">I", zlib.crc32(count))
    assert labels(data[:at] + chunk + data[at + 20 :]) == (names(1, 2, 3, 4), None)
    assert with_all_frames(data) is data


def test_frames_that_an_apng_lacks_are_told(encoded: Encode) -> None:
    data = animated(encoded, "PNG", 4)
    last = data.rindex(b"fcTL") - 4
    assert labels(data[:last] + data[-12:])[0] == names(1, 2, 3)
    assert labels(data[:last] + data[-12:])[1] is not None
