"""Reduced JPEG: only what is sound and ordinary, and never a picture where the full decoding has none."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.jpeg import reduced
from matcher.imaging.sniff import Kind
from matcher.model import Reason

Encode = Callable[..., bytes]
JPEG = Kind("image/jpeg", "JPEG")
LIMITS = Limits()


def picture(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    return landscape(4, width=400, height=300).resize(size, Image.Resampling.BICUBIC).convert(mode)


def by_draft(data: bytes, scale: int) -> np.ndarray[Any, Any]:
    """What libjpeg gives at that scale of the whole file."""
    image = Image.open(BytesIO(data))
    image.draft("L", (image.width // scale, image.height // scale))
    return np.asarray(image, np.float32)


@pytest.mark.parametrize("size", [(640, 513), (1100, 1031), (2050, 2303), (4001, 2077)])
@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"subsampling": 1}, {"restart_marker_blocks": 7}])
def test_baseline_is_libjpegs(encoded: Encode, size: tuple[int, int], options: dict[str, Any]) -> None:
    data = encoded(picture(size), "JPEG", **options)
    found = reduced(data, LIMITS)
    assert found is not None
    (only,) = found
    assert (only.width, only.height, only.scale) == (*size, min(8, 1 << (min(size) // 256).bit_length() - 1))
    assert np.array_equal(only.grey, by_draft(data, only.scale))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_of_a_progressive_one_an_eighth_needs_the_first_coefficients_only(
    encoded: Encode, mode: str, subsampling: int
) -> None:
    """To the last bit: libjpeg does not smooth between blocks, which it would where scans are missing."""
    options = {"subsampling": subsampling} if mode == "RGB" else {}
    data = encoded(picture((2200, 2100), mode), "JPEG", progressive=True, **options)
    found = reduced(data, LIMITS)
    assert found is not None
    assert found[0].scale == 8
    assert np.array_equal(found[0].grey, by_draft(data, 8))


def test_of_a_progressive_one_a_quarter_is_nearly_the_whole_ones(encoded: Encode) -> None:
    data = encoded(picture((1200, 1100)), "JPEG", progressive=True, quality=80)
    found = reduced(data, LIMITS)
    assert found is not None
    assert found[0].scale == 4
    apart = np.abs(found[0].grey - by_draft(data, 4))
    assert apart.mean() < 2
    assert np.abs((found[0].grey - by_draft(data, 4)).mean()) < 0.1


def test_small_ones_are_grey_as_pillow_has_it(encoded: Encode) -> None:
    data = encoded(picture((400, 300)), "JPEG")
    found = reduced(data, LIMITS)
    assert found is not None
    assert np.array_equal(found[0].grey, np.asarray(Image.open(BytesIO(data)).convert("RGB").convert("L"), np.float32))


def _as_adobe_rgb(data: bytes) -> bytes:
    """An Adobe segment that says: no colour transform."""
    body = b"Adobe\x00\x64\x00\x00\x00\x00\x00"
    return data[:2] + b"\xff\xee" + (len(body) + 2).to_bytes(2) + body + data[data.index(b"\xff\xdb") :]


def test_every_picture_of_a_phones_file(encoded: Encode) -> None:
    """A photograph and its brightness, smaller and grey: each at a scale of its own."""
    others = [picture((600, 540), "L"), landscape(9, width=700, height=600)]
    data = encoded(picture((2200, 2100)), "MPO", save_all=True, append_images=others)
    found = reduced(data, LIMITS)
    assert found is not None
    assert [(only.rendering, only.width, only.scale) for only in found] == [
        ("", 2200, 8),
        ("frame-2", 600, 2),
        ("frame-3", 700, 2),
    ]
    assert np.array_equal(found[0].grey, by_draft(data, 8))
    for only, rendering in zip(found, decode(data, JPEG).renderings(), strict=True):
        assert only.rendering == rendering.rendering
        whole = rendering.reduced()
        assert np.abs(whole.grey.mean() - only.grey.mean()) < 1
    assert reduced(data, Limits(max_frames=2)) is None
    assert reduced(data[: len(data) - 2000], LIMITS) is None
    assert reduced(data[: len(data) // 2], LIMITS) is None


def _in_scans(data: bytes, *, size: tuple[int, int], scans: int) -> bytes:
    """A baseline picture of that size by the tables of another: each scan has one component and no data."""
    header = data.index(b"\xff\xc0")
    behind = header + 2 + int.from_bytes(data[header + 2 : header + 4])
    frame = bytearray(data[header:behind])
    frame[5:9] = size[1].to_bytes(2) + size[0].to_bytes(2)
    begin = data.index(b"\xff\xda")
    each = [b"\xff\xda\0\x08\x01" + bytes([1 + number % 3, 0, 0, 63, 0]) + b"\0" for number in range(scans)]
    return data[:header] + frame + data[behind:begin] + b"".join(each) + b"\xff\xd9"


def test_no_picture_hides_behind_the_luma(encoded: Encode) -> None:
    """Nearly white luma of one picture, and colours that no screen has: the grey of what is seen is another one."""
    luma = np.asarray(picture((1300, 975), "L"), np.float32)
    hidden = np.asarray(picture((1300, 975), "L").transpose(Image.Transpose.ROTATE_180), np.float32)
    chroma = 128 - (255 - hidden) * 90 / 255
    bands = [Image.fromarray(values.astype(np.uint8)) for values in (230 + luma * 25 / 255, chroma, chroma)]
    data = encoded(Image.merge("YCbCr", bands), "JPEG", quality=92, subsampling=0)
    found = reduced(data, LIMITS)
    assert found is not None
    (whole,) = decode(data, JPEG).renderings()
    expected = np.asarray(whole.grey.reduce(found[0].scale), np.float32)
    assert np.abs(found[0].grey - expected).mean() < 3


class TestNotOrdinary:
    def test_colour_spaces(self, encoded: Encode) -> None:
        assert reduced(encoded(picture((900, 700), "CMYK"), "JPEG"), LIMITS) is None
        assert reduced(_as_adobe_rgb(encoded(picture((900, 700)), "JPEG")), LIMITS) is None

    def test_limits(self, encoded: Encode) -> None:
        data = encoded(picture((900, 700)), "JPEG", progressive=True)
        assert reduced(data, Limits(max_pixels=900 * 700)) is not None
        assert reduced(data, Limits(max_pixels=900 * 700 - 1)) is None
        assert reduced(data, Limits(max_total_pixels=900 * 700 * 9)) is None  # ten scans: each costs its pixels

    def test_a_sequential_one_of_more_scans_than_may_be_decoded(self, encoded: Encode) -> None:
        """libjpeg decodes any number of them where the first has not all components."""
        data = _in_scans(encoded(picture((64, 64)), "JPEG", subsampling=0), size=(1024, 1024), scans=5000)
        with pytest.raises(DecodeError) as raised:
            decode(data, JPEG)
        assert raised.value.reason is Reason.TOO_MANY_PIXELS
        assert reduced(data, LIMITS) is None

    @pytest.mark.parametrize("progressive", [False, True])
    def test_cut_anywhere(self, encoded: Encode, progressive: bool) -> None:
        data = encoded(picture((1100, 1031)), "JPEG", progressive=progressive)
        for at in range(0, len(data) - 2, max(1, len(data) // 60)):
            assert reduced(data[:at], LIMITS) is None

    def test_damaged_headers_of_scans_that_are_left_out(self, encoded: Encode) -> None:
        """libjpeg refuses the whole file for each of these: no Huffman table, no progression, no code."""
        data = encoded(picture((2200, 2100)), "JPEG", progressive=True)
        last = data.rindex(b"\xff\xda")
        places = [last + 6, last + 7, last + 8, last + 9, data.rindex(b"\xff\xc4") + 5]
        for at in places:
            damaged = bytearray(data)
            damaged[at] ^= 0xFF
            assert reduced(bytes(damaged), LIMITS) is None, at - last


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("size", [(300, 260), (1100, 1031), (2200, 2100)])
def test_nothing_is_read_that_fails_in_full(encoded: Encode, size: tuple[int, int], options: dict[str, Any]) -> None:
    """Bytes changed, left out and put in, mostly in headers: where there is a reduced picture there is a whole one."""
    random.seed(f"{size}{options}")
    data = encoded(picture(size), "JPEG", quality=60, **options)
    headers = data.index(b"\xff\xda") + 20
    read = 0
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(random.choice((1, 1, 2, 5))):
            at = random.randrange(2, headers if random.random() < 0.7 else len(damaged) - 2)
            how = random.random()
            if how < 0.6:
                damaged[at] = random.choice((0, 1, 0x11, 0x7F, 0xC4, 0xD9, 0xDA, 0xFF, damaged[at] ^ 1))
            elif how < 0.8:
                del damaged[at : at + random.choice((1, 2, 20))]
            else:
                damaged[at:at] = random.randbytes(random.choice((1, 3)))
        found = reduced(bytes(damaged), LIMITS)
        if found is None:
            continue
        read += 1
        try:
            decoded = decode(bytes(damaged), JPEG)
            assert len(list(decoded.renderings())) == 1
        except DecodeError as error:
            pytest.fail(f"only the reduced picture is read: {error.reason}")
        assert decoded.reason is None
        assert (decoded.width, decoded.height) == (found[0].width, found[0].height)
    assert read
