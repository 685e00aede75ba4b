"""A colour mode does not change the hash beyond noise: copies in every mode, within ten bits of the original."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from matcher.distances import hamming
from matcher.hashers.imagehashes import PHASH
from matcher.hashers.pdq import PDQ
from matcher.imaging import colour
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import HEAD, sniff

Encode = Callable[..., bytes]
Copy = Callable[[Image.Image, Encode], bytes]


def grey16(image: Image.Image, bits: int = 16) -> Image.Image:
    return Image.fromarray((np.asarray(image.convert("L")).astype(np.uint16) * 257) >> (16 - bits))


def float_grey(image: Image.Image, low: float, high: float) -> Image.Image:
    return Image.fromarray((np.asarray(image.convert("L")) / np.float32(255) * (high - low) + low).astype(np.float32))


def signed(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.int32) * 257 - 32768)


def lab(image: Image.Image) -> Image.Image:
    srgb, target = (ImageCms.ImageCmsProfile(ImageCms.createProfile(name)) for name in ("sRGB", "LAB"))
    converted = ImageCms.profileToProfile(image, srgb, target, outputMode="LAB")
    assert converted is not None
    converted.info.clear()
    return converted


def alpha(image: Image.Image) -> Image.Image:
    copy = image.convert("RGBA")
    copy.putalpha(254)
    return copy


def not_inverted(image: Image.Image) -> Image.Image:
    """Pillow inverts the inks that it writes to a JPEG."""
    return Image.fromarray(255 - np.asarray(image.convert("CMYK")), "CMYK")


def without_adobe(data: bytes) -> bytes:
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]


def ycck(image: Image.Image, encode: Encode) -> bytes:
    """Luma and chroma of the inks, and black inverted, then the Adobe segment's last byte says so."""
    inks = np.asarray(image.convert("CMYK"))
    planes = np.dstack([np.asarray(Image.fromarray(inks[:, :, :3]).convert("YCbCr")), 255 - inks[:, :, 3]])
    data = bytearray(encode(Image.fromarray(255 - planes, "CMYK"), "JPEG", quality=90))
    data[data.index(b"\xff\xee") + 15] = 2
    return bytes(data)


COPIES: dict[str, Copy] = {
    "CMYK JPEG inverted": lambda image, encode: encode(image.convert("CMYK"), "JPEG", quality=90),
    "CMYK JPEG": lambda image, encode: encode(not_inverted(image), "JPEG", quality=90),
    "CMYK JPEG inverted, no Adobe": lambda image, encode: without_adobe(encode(image.convert("CMYK"), "JPEG")),
    "CMYK JPEG, no Adobe": lambda image, encode: without_adobe(encode(not_inverted(image), "JPEG")),
    "YCCK JPEG": ycck,
    "CMYK TIFF": lambda image, encode: encode(image.convert("CMYK"), "TIFF"),
    "Lab TIFF": lambda image, encode: encode(lab(image), "TIFF"),
    "YCbCr JPEG": lambda image, encode: encode(image, "JPEG", quality=90),
    "palette PNG": lambda image, encode: encode(image.quantize(256), "PNG"),
    "GIF": lambda image, encode: encode(image, "GIF"),
    "grey PNG": lambda image, encode: encode(image.convert("L"), "PNG"),
    "16-bit PNG": lambda image, encode: encode(grey16(image), "PNG"),
    "16-bit TIFF": lambda image, encode: encode(grey16(image), "TIFF"),
    "12 of 16 bits PNG": lambda image, encode: encode(grey16(image, 12), "PNG"),
    "9 of 16 bits TIFF": lambda image, encode: encode(grey16(image, 9), "TIFF"),
    "signed TIFF": lambda image, encode: encode(signed(image), "TIFF"),
    "float TIFF to 1": lambda image, encode: encode(float_grey(image, 0, 1), "TIFF"),
    "float TIFF to 255": lambda image, encode: encode(float_grey(image, 0, 255), "TIFF"),
    "float TIFF": lambda image, encode: encode(float_grey(image, -1e6, 3e6), "TIFF"),
    "alpha PNG": lambda image, encode: encode(alpha(image), "PNG"),
    "grey alpha PNG": lambda image, encode: encode(alpha(image).convert("LA"), "PNG"),
    "bilevel PNG": lambda image, encode: encode(image.resize((1280, 960)).convert("1"), "PNG"),
}


def pictures(data: bytes) -> list[Picture]:
    kind = sniff(data[:HEAD])
    assert kind is not None
    decoded = decode(data, kind)
    found = list(decoded.renderings())
    assert decoded.reason is None
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_copy_in_another_mode_is_within_ten_bits(encoded: Encode, name: str, seed: int) -> None:
    image = landscape(seed)
    original = Picture(image)
    assert (PDQ.hash(original).quality or 0) >= 80
    found = pictures(COPIES[name](image, encoded))
    for hasher, limit in ((PDQ, 10), (PHASH, 4)):
        wanted = hasher.hash(original).value
        assert min(hamming(wanted, hasher.hash(picture).value) for picture in found) <= limit


def test_ordinary_modes_are_pillows_conversion_bit_for_bit(encoded: Encode) -> None:
    """The profile of every hash rests on this."""
    image = landscape(1, width=200, height=150)
    for copy in (image, image.convert("L"), image.quantize(64), image.convert("1")):
        for format_name in ("PNG", "TIFF", "BMP"):
            data = encoded(copy, format_name)
            (picture,) = pictures(data)
            with Image.open(io.BytesIO(data)) as opened:
                assert picture.image.tobytes() == opened.convert("RGB").tobytes()


def test_an_embedded_profile_of_an_rgb_picture_is_not_applied(encoded: Encode) -> None:
    image = landscape(1, width=64, height=48)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    (picture,) = pictures(encoded(image, "PNG", icc_profile=profile))
    assert picture.image.tobytes() == image.tobytes()


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"x" * 200,
        b"\0" * 16 + b"CMYK" + b"\xff" * 300,
        b"\0" * 16 + b"CMYK" + bytes(colour.MAX_PROFILE),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ],
    ids=["empty", "noise", "broken", "too large", "of another space"],
)
def test_a_profile_that_is_no_good_is_as_good_as_none(encoded: Encode, profile: bytes) -> None:
    inks = landscape(1, width=64, height=48).convert("CMYK")
    (plain,) = pictures(encoded(inks, "TIFF"))
    (picture,) = pictures(encoded(inks, "TIFF", icc_profile=profile))
    assert picture.image.tobytes() == plain.image.tobytes()


def test_a_cmyk_profile_that_is_cut_falls_back() -> None:
    header = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128]
    image = landscape(1, width=64, height=48).convert("CMYK")
    image.info["icc_profile"] = header[:16] + b"CMYK" + header[20:]
    ((_, found),) = colour.renderings(image)
    assert found.tobytes() == image.convert("RGB").tobytes()


def test_sixteen_bits_in_full_range_keep_the_high_byte() -> None:
    values = np.array([[0, 255, 256, 65535]], np.uint16)
    assert np.asarray(colour.eight_bits(Image.fromarray(values))).tolist() == [[0, 0, 1, 255]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 15, 16, 4095]], [[0, 0, 1, 255]]),
        ([[0, 1, 2, 200]], [[0, 1, 2, 200]]),
        ([[-100, 0, 155, 155]], [[0, 100, 255, 255]]),
        ([[0, 0, 0, 0]], [[0, 0, 0, 0]]),
    ],
)
def test_fewer_bits_than_the_mode_has_are_not_lost(values: list[list[int]], expected: list[list[int]]) -> None:
    assert np.asarray(colour.eight_bits(Image.fromarray(np.array(values, np.int32)))).tolist() == expected


def test_floats_that_are_no_numbers_are_black() -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 1.0]], np.float32)
    assert np.asarray(colour.eight_bits(Image.fromarray(values))).tolist() == [[0, 0, 0, 255]]
    assert np.asarray(colour.eight_bits(Image.fromarray(np.full((2, 2), 70.0, np.float32)))).tolist() == [[70, 70]] * 2


def test_every_mode_of_pillow_becomes_rgb() -> None:
    for mode in (
        "1",
        "L",
        "P",
        "RGB",
        "RGBA",
        "CMYK",
        "YCbCr",
        "LAB",
        "HSV",
        "I",
        "F",
        "LA",
        "PA",
        "RGBX",
        "RGBa",
        "La",
        "I;16",
    ):
        for _, image in colour.renderings(Image.new(mode, (8, 6))):
            assert (image.mode, image.size) == ("RGB", (8, 6)), mode


def keyed_png(samples: npt.NDArray[np.integer], depth: int, key: tuple[int, ...]) -> bytes:
    """A PNG of one or three channels, samples in the last axis, in which the colour `key` is transparent."""
    height, width, channels = samples.shape
    rows = samples.reshape(height, -1)
    if depth < 8:
        bits = (rows[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1
        packed = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    else:
        packed = rows.astype(f">u{depth // 8}").view(np.uint8)
    header = struct.pack(">IIBBBBB", width, height, depth, 2 if channels == 3 else 0, 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in packed)
    bodies = (b"IHDR", header), (b"tRNS", struct.pack(f">{channels}H", *key)), (b"IDAT", zlib.compress(lines))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (*bodies, (b"IEND", b""))
    )


@pytest.mark.parametrize(("channels", "depth"), [(1, 1), (1, 2), (1, 4), (1, 8), (1, 16), (3, 8), (3, 16)])
def test_a_transparent_colour_is_found_at_every_depth(channels: int, depth: int) -> None:
    samples = np.random.default_rng(depth).integers(0, 1 << depth, (24, 32, channels))
    samples[4:9, 6:20] = key = samples[0, 0].copy()
    is_key = (samples == key).all(axis=2)
    above = 0 if depth in (1, 16) else 1 << depth  # bits that do not count
    data = keyed_png(samples, depth, tuple(int(value) + above for value in key))
    kind = sniff(data[:HEAD])
    assert kind is not None
    white, dropped, black = (np.asarray(picture.image) for picture in decode(data, kind).renderings())
    assert (white[is_key] == 255).all()
    assert (black[is_key] == 0).all()
    assert (white[~is_key] == dropped[~is_key]).all()
    assert (black[~is_key] == dropped[~is_key]).all()
