"""Sniffing and decoding: by content, with both renderings, and a reason where it fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.limits import Limits
from matcher.imaging.picture import turn
from matcher.imaging.sniff import HEAD, Kind, named_as_picture, sniff
from matcher.model import TRANSFORMS, Reason

Encode = Callable[..., bytes]


def opened(data: bytes) -> Kind:
    kind = sniff(data[:HEAD])
    assert kind is not None
    return kind


@pytest.mark.parametrize(
    ("format_name", "media_type", "lossless"),
    [
        ("PNG", "image/png", True),
        ("JPEG", "image/jpeg", False),
        ("GIF", "image/gif", False),
        ("WEBP", "image/webp", False),
        ("TIFF", "image/tiff", True),
        ("BMP", "image/bmp", True),
    ],
)
def test_each_format_is_told_by_content_and_decoded(
    encoded: Encode, format_name: str, media_type: str, lossless: bool
) -> None:
    image = landscape(1, width=120, height=90)
    data = encoded(image, format_name)
    kind = opened(data)
    assert kind.media_type == media_type
    found = decode(data, kind)
    assert (found.width, found.height) == (120, 90)
    (picture,) = found.renderings()
    difference = np.abs(np.asarray(picture.image).astype(int) - np.asarray(image).astype(int))
    assert difference.max() == 0 if lossless else difference.mean() < 12


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"BM is how this text begins, and it is no bitmap",
        b"RIFF\0\0\0\0WAVE",
        b"PK\3\4",
        b"P4x",
        b"P1 is fine",
        b"\0\0\2" + bytes(40),
        b"\0\0\2\0\0\0\0\0\0\0\0\0\x40\0\x30\0\x07\x20",
        b"\x0a\5\1\x08" + bytes(20),
        b"\x28\0\0\0" + bytes(40),
        b"#define WIDTH 16\n#include <stdio.h>",
    ],
)
def test_what_is_no_picture_is_none(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\xff\x0a\x00", "image/jxl"),
        (b"8BPS\0\1", "image/vnd.adobe.photoshop"),
        (b"P6\n10 10\n255\n", "image/x-portable-anymap"),
        (b"P6#foo\n#foo\n10 10", "image/x-portable-anymap"),
        (b"P7 332\n#END", "image/x-portable-anymap"),
        (b"\x28\0\0\0\x10\0\0\0\x10\0\0\0\1\0\x18\0" + bytes(24), "image/bmp"),
        (b"\0\0\2" + bytes(9) + b"\x40\0\x30\0\x18\x20", "image/x-tga"),
        (b"\0\1\1\0\0\0\1\x18" + bytes(4) + b"\x40\0\x30\0\x08\0", "image/x-tga"),
        (b"\0\0\2\0\1\0" + bytes(16), "image/x-icon"),
        (b"#define a_width 16\n#define a_height 7\n", "image/x-xbitmap"),
        (b"/* by hand */\n#define a_width 16\n#define a_height 7\n", "image/x-xbitmap"),
        (b"SIMPLE  =                    T", "image/fits"),
    ],
)
def test_formats_are_told_by_their_first_bytes(head: bytes, media_type: str) -> None:
    assert opened(head).media_type == media_type


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"gimp xcf v011\0", "image/x-xcf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "image/x-eps"),
        (b"#?RADIANCE\n", "image/x-hdr"),
        (b"P7\nWIDTH 1\nHEIGHT 1\n", "image/x-portable-anymap"),
        (b"BLP2\1\0\0\0", "image/x-blp"),
        (b"IIRO\x08\0\0\0", "image/x-raw"),
    ],
)
def test_a_format_that_is_not_decoded_is_named(head: bytes, media_type: str) -> None:
    kind = opened(head)
    assert kind.media_type == media_type
    with pytest.raises(DecodeError) as caught:
        decode(head, kind)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


def test_alpha_is_composited_on_white_dropped_and_composited_on_black(encoded: Encode) -> None:
    image = landscape(2, width=60, height=40).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((60, 40)))
    data = encoded(image)
    white, dropped, black = decode(data, opened(data)).renderings()
    assert (white.rendering, dropped.rendering, black.rendering) == ("", "alpha-dropped", "on-black")
    assert dropped.image.tobytes() == image.convert("RGB").tobytes()
    alpha = np.asarray(image)[:, :, 3:] / 255
    for rendering, ground in ((white, 255), (black, 0)):
        expected = np.asarray(image)[:, :, :3] * alpha + ground * (1 - alpha)
        assert np.abs(np.asarray(rendering.image) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_opaque_alpha_has_one_rendering(encoded: Encode, mode: str) -> None:
    image = landscape(2, width=60, height=40).convert("L" if mode == "LA" else "RGB").convert(mode)
    data = encoded(image, "TIFF")
    assert len(list(decode(data, opened(data)).renderings())) == 1


def test_a_transparent_colour_counts_as_alpha(encoded: Encode) -> None:
    palette = landscape(2, width=60, height=40).quantize(16)
    data = encoded(palette, "PNG", transparency=3)
    assert len(list(decode(data, opened(data)).renderings())) == 3


def test_sixteen_bits_keep_the_high_byte(encoded: Encode) -> None:
    grey = np.asarray(landscape(2, width=60, height=40).convert("L"))
    data = encoded(Image.fromarray(grey.astype(np.uint16) * 257))
    (picture,) = decode(data, opened(data)).renderings()
    assert (np.asarray(picture.image)[:, :, 0] == grey).all()


@pytest.mark.slow
def test_too_many_pixels_are_refused_before_decoding(encoded: Encode) -> None:
    data = encoded(Image.new("1", (30_000, 30_000)), "PNG")  # 900 megapixels in a few kilobytes
    with pytest.raises(DecodeError) as caught:
        decode(data, opened(data))
    assert caught.value.reason is Reason.TOO_MANY_PIXELS
    small = encoded(landscape(1, width=20, height=20))
    with pytest.raises(DecodeError):
        decode(small, opened(small), Limits(max_pixels=399))
    assert decode(small, opened(small), Limits(max_pixels=400)).width == 20


def test_exif_orientation_is_not_applied(encoded: Encode) -> None:
    image = landscape(1, width=120, height=90)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "JPEG", exif=exif)
    assert (decode(data, opened(data)).width, decode(data, opened(data)).height) == (120, 90)


def test_turning_is_a_group_of_eight() -> None:
    image = landscape(1, width=12, height=9)
    turned = {transform: turn(image, transform) for transform in TRANSFORMS}
    assert len({(picture.size, picture.tobytes()) for picture in turned.values()}) == 8
    assert turned["rotate90"].size == (9, 12)
    pixels = np.asarray(image)
    assert (np.asarray(turned["rotate90"]) == np.rot90(pixels)).all()  # counter-clockwise
    assert (np.asarray(turned["mirror"]) == pixels[:, ::-1]).all()
    assert (np.asarray(turned["flip"]) == pixels[::-1]).all()
    assert (np.asarray(turned["transpose"]) == pixels.transpose(1, 0, 2)).all()


def test_names_that_claim_to_be_pictures() -> None:
    assert named_as_picture("a/B.JPG")
    assert named_as_picture("x.heic")
    assert not named_as_picture("jpg")
    assert not named_as_picture("notes.txt")
