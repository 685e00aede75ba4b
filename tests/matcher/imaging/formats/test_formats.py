"""Every format that is decoded, from bytes that are made here: what is seen, and in which mode."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.formats import heif, jxl
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

Encode = Callable[..., bytes]
DRAWN = landscape(1, width=128, height=96)


def seen(data: bytes, **limits: int) -> list[tuple[str, Image.Image]]:
    """Label and picture of every rendering of a file that can be read whole."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    decoded = decode(data, kind, Limits(**limits))
    found = [(picture.rendering, picture.image) for picture in decoded.renderings()]
    assert decoded.reason is None
    return found


def difference(image: Image.Image, other: Image.Image = DRAWN) -> float:
    assert image.size == other.size
    return float(np.abs(np.asarray(image).astype(int) - np.asarray(other.convert("RGB")).astype(int)).mean())


@pytest.mark.parametrize(
    ("format_name", "media_type", "options"),
    [
        ("AVIF", "image/avif", {"quality": 90}),
        ("JPEG2000", "image/jp2", {}),
        ("JPEG2000", "image/jp2", {"no_jp2": True}),
        ("ICO", "image/x-icon", {"sizes": [(128, 96)]}),
        ("ICO", "image/x-icon", {"sizes": [(128, 96)], "bitmap_format": "bmp"}),
        ("DDS", "image/vnd-ms.dds", {}),
        ("QOI", "image/qoi", {}),
        ("SGI", "image/sgi", {}),
        ("PCX", "image/x-pcx", {}),
        ("PPM", "image/x-portable-anymap", {}),
        ("TGA", "image/x-tga", {}),
        ("TGA", "image/x-tga", {"compression": "tga_rle"}),
        ("DIB", "image/bmp", {}),
        ("JPEG", "image/jpeg", {"quality": 95, "progressive": True}),
    ],
)
def test_formats_that_pillow_writes(
    encoded: Encode, format_name: str, media_type: str, options: dict[str, object]
) -> None:
    data = encoded(DRAWN, format_name, **options)
    kind = sniff(data[:HEAD])
    assert kind is not None
    assert kind.media_type == media_type
    ((label, image),) = seen(data)
    assert label == ""
    assert difference(image) < 6


def test_xbm_and_bilevel_netpbm(encoded: Encode) -> None:
    bilevel = DRAWN.convert("1")
    for format_name in ("XBM", "PPM"):
        ((_, image),) = seen(encoded(bilevel, format_name))
        assert difference(image, bilevel) == 0


@pytest.fixture
def heic() -> Callable[..., bytes]:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC NOT TESTED: pillow-heif is not installed")

    def make(*images: Image.Image, primary: int = 0) -> bytes:
        opened = pillow_heif.HeifFile()
        for image in images:
            opened.add_from_pillow(image)
        stream = io.BytesIO()
        opened.save(stream, quality=90, primary_index=primary)
        return stream.getvalue()

    return make


def test_heic_and_every_picture_in_it_the_primary_first(heic: Callable[..., bytes]) -> None:
    ((label, image),) = seen(heic(DRAWN))
    assert label == ""
    assert difference(image) < 6
    other = landscape(2, width=100, height=80)
    (first, second) = seen(heic(DRAWN, other, primary=1))
    assert (first[0], second[0]) == ("", "frame-2")
    assert difference(first[1], other) < 6
    assert difference(second[1]) < 6


def test_jpeg_xl() -> None:
    pylibjxl = pytest.importorskip("pylibjxl", reason="JPEG XL NOT TESTED: pylibjxl is not installed")
    ((_, image),) = seen(pylibjxl.encode(np.asarray(DRAWN), lossless=True))
    assert difference(image) == 0


@pytest.mark.parametrize(
    ("module", "head"), [(heif, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), (jxl, b"\xff\x0a\x00")], ids=["heif", "jxl"]
)
def test_a_library_that_is_not_installed_makes_the_format_unsupported(
    monkeypatch: pytest.MonkeyPatch, module: object, head: bytes
) -> None:
    monkeypatch.setattr(module, "_INSTALLED", False)
    kind = sniff(head)
    assert kind is not None
    with pytest.raises(DecodeError) as caught:
        decode(head, kind)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert module.builds() == {}  # type: ignore[attr-defined]


def icon(*pictures: bytes, sides: int = 16) -> bytes:
    """An icon whose directory says of every picture that it is `sides` wide and high."""
    at = 6 + 16 * len(pictures)
    directory = b""
    for picture in pictures:
        directory += struct.pack("<BBBBHHII", sides, sides, 0, 0, 1, 32, len(picture), at)
        at += len(picture)
    return struct.pack("<HHH", 0, 1, len(pictures)) + directory + b"".join(pictures)


def test_the_largest_picture_of_an_icon_by_its_own_header(encoded: Encode) -> None:
    small = encoded(landscape(2, width=32, height=32))
    ((_, image),) = seen(icon(small, encoded(DRAWN), small))
    assert difference(image) == 0


def test_the_merged_picture_of_a_psd_in_every_mode() -> None:
    pixels = np.asarray(DRAWN)
    ((_, image),) = seen(psd(3, 8, pixels))
    assert difference(image) == 0
    ((_, image),) = seen(psd(3, 8, pixels, packed=True))
    assert difference(image) == 0
    ((_, image),) = seen(psd(3, 8, pixels, packed=True, version=2))
    assert difference(image) == 0
    ((_, image),) = seen(psd(3, 16, pixels))
    assert difference(image) == 0
    grey = np.asarray(DRAWN.convert("L"))[:, :, None]
    ((_, image),) = seen(psd(1, 8, grey))
    assert difference(image, DRAWN.convert("L")) == 0
    ((_, image),) = seen(psd(8, 8, grey))  # duotone: its grey
    assert difference(image, DRAWN.convert("L")) == 0
    ((_, image),) = seen(psd(4, 8, 255 - np.asarray(DRAWN.convert("CMYK"))))
    assert difference(image) < 1
    ((_, image),) = seen(
        psd(2, 8, np.arange(96 * 128, dtype=np.uint8).reshape(96, 128, 1), colours=bytes(range(256)) * 3)
    )
    assert np.asarray(image)[0, 5].tolist() == [5, 5, 5]


def test_transparency_of_a_psd_where_its_layers_say_so() -> None:
    alpha = np.asarray(Image.linear_gradient("L").resize((128, 96)))[:, :, None]
    pixels = np.dstack([np.asarray(DRAWN), alpha])
    assert [label for label, _ in seen(psd(3, 8, pixels, layers=-1))] == ["", "alpha-dropped", "on-black"]
    ((_, image),) = seen(psd(3, 8, pixels, layers=1))  # a stored selection is no transparency
    assert difference(image) == 0


def psd(
    mode: int,
    depth: int,
    pixels: np.ndarray,
    *,
    packed: bool = False,
    version: int = 1,
    layers: int = 0,
    colours: bytes = b"",
) -> bytes:
    height, width, channels = pixels.shape
    planes = pixels.transpose(2, 0, 1)
    header = struct.pack(">4sH6xHIIHH", b"8BPS", version, channels, height, width, depth, mode)
    count = struct.pack(">IhH" if version == 1 else ">QhH", 4, layers, 0)
    section = struct.pack(">I" if version == 1 else ">Q", len(count)) + count
    data = header + struct.pack(">I", len(colours)) + colours + struct.pack(">I", 0) + section
    if not packed:
        return data + b"\0\0" + (planes.tobytes() if depth == 8 else _deep(planes))
    rows = [_packed(row.tobytes()) for plane in planes for row in plane]
    counts = b"".join(struct.pack(">H" if version == 1 else ">I", len(row)) for row in rows)
    return data + b"\0\1" + counts + b"".join(rows)


def _deep(planes: np.ndarray) -> bytes:
    """Sixteen bits a channel, big-endian."""
    return (planes.astype(np.uint16) * 257).astype(">u2").tobytes()


def _packed(row: bytes) -> bytes:
    """PackBits of literal runs only."""
    return b"".join(bytes([len(row[at : at + 128]) - 1]) + row[at : at + 128] for at in range(0, len(row), 128))


@pytest.mark.parametrize(("precision", "reason"), [(12, Reason.TWELVE_BIT_JPEG), (8, None)])
def test_a_twelve_bit_jpeg_is_refused_by_name(encoded: Encode, precision: int, reason: Reason | None) -> None:
    data = bytearray(encoded(DRAWN, "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = precision
    kind = sniff(bytes(data[:HEAD]))
    assert kind is not None
    if reason is None:
        assert len(seen(bytes(data))) == 1
        return
    with pytest.raises(DecodeError) as caught:
        decode(bytes(data), kind)
    assert caught.value.reason is reason


@pytest.mark.parametrize("marker", [0xC5, 0xC7, 0xCD])
def test_a_hierarchical_jpeg_is_refused_by_name(encoded: Encode, marker: int) -> None:
    data = bytearray(encoded(DRAWN, "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = marker
    kind = sniff(bytes(data[:HEAD]))
    assert kind is not None
    with pytest.raises(DecodeError) as caught:
        decode(bytes(data), kind)
    assert caught.value.reason is Reason.LOSSLESS_JPEG


def test_previews_of_camera_raw_are_hashed_and_not_taken_for_the_picture(encoded: Encode) -> None:
    data = encoded(DRAWN, "TIFF", tiffinfo={50706: b"\1\4\0\0"})
    kind = sniff(data[:HEAD])
    assert kind is not None
    decoded = decode(data, kind)
    assert len(list(decoded.renderings())) == 1
    assert decoded.reason is Reason.UNSUPPORTED_FORMAT


def tiff(
    pixels: np.ndarray, bits: int, photometric: int, *, deflated: bool = False, kind: int = 1, tail: bytes = b""
) -> bytes:
    """A TIFF of one strip, samples of `bits` bits packed side by side, the highest bit first."""
    height, width, samples = pixels.shape
    if kind == 3:
        body = pixels.astype("<f8").tobytes()
    elif bits in (16, 32):
        body = pixels.astype(f"<u{bits // 8}").tobytes()
    else:
        each = (pixels.reshape(height, -1, 1) >> np.arange(bits - 1, -1, -1)) & 1
        body = np.packbits(each.reshape(height, -1).astype(np.uint8), axis=1).tobytes()
    body = zlib.compress(body) if deflated else body
    tags = [(256, width), (257, height), (258, bits), (259, 8 if deflated else 1), (262, photometric), (273, 8)]
    tags += [(277, samples), (278, height), (279, len(body)), (339, kind)]
    at = 8 + len(body) + len(body) % 2
    wide = struct.pack(f"<{samples}H", *[bits] * samples)
    entries = b""
    beyond = at + 2 + 12 * len(tags) + 4
    for tag, value in tags:
        if tag == 258 and samples > 2:
            entries += struct.pack("<HHII", tag, 3, samples, beyond)
        elif tag == 258:
            entries += struct.pack("<HHI", tag, 3, samples) + wide.ljust(4, b"\0")
        else:
            entries += struct.pack("<HHII", tag, 4, 1, value)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4) + wide
    return b"II*\0" + struct.pack("<I", at) + body.ljust(at - 8, b"\0") + directory + tail


@pytest.mark.parametrize("bits", [10, 12, 14, 32])
@pytest.mark.parametrize("deflated", [False, True])
def test_tiff_samples_that_pillow_has_no_mode_for(bits: int, deflated: bool) -> None:
    pixels = np.asarray(DRAWN).astype(np.int64)
    deep = (pixels << (bits - 8)) | (pixels >> 6)
    ((_, image),) = seen(tiff(deep, bits, 2, deflated=deflated))
    assert difference(image) == 0
    ((_, image),) = seen(tiff(deep[:, :, 1:2], bits, 1, deflated=deflated))
    assert difference(image, DRAWN.getchannel("G")) == 0
    ((_, image),) = seen(tiff(((1 << bits) - 1) - deep[:, :, 1:2], bits, 0))  # white is zero
    assert difference(image, DRAWN.getchannel("G")) == 0


def test_tiff_of_sixteen_bit_lab_and_of_doubles() -> None:
    lightness = np.asarray(DRAWN.convert("L")).astype(np.uint16) * 257
    neutral = np.zeros_like(lightness)
    ((_, image),) = seen(tiff(np.dstack([lightness, neutral, neutral]), 16, 8))
    red, green, blue = (np.asarray(band).astype(int) for band in image.split())
    assert abs(red - green).max() <= 3
    assert abs(green - blue).max() <= 3
    assert np.corrcoef(green.ravel(), lightness.ravel())[0, 1] > 0.98
    doubles = np.asarray(DRAWN.convert("L"))[:, :, None] / 255 * 4000 - 1000
    ((_, image),) = seen(tiff(doubles, 64, 1, kind=3))
    assert np.corrcoef(np.asarray(image.convert("L")).ravel(), doubles.ravel())[0, 1] > 0.999


def test_a_deep_tiff_that_is_cut_or_lies_has_a_reason() -> None:
    data = tiff(np.asarray(DRAWN).astype(np.int64) << 4, 12, 2)
    kind = sniff(data)
    assert kind is not None
    at = data.index(struct.pack("<HHII", 279, 4, 1, 128 * 96 * 3 * 12 // 8))
    for size, reason in ((10, Reason.TRUNCATED), (0, Reason.TRUNCATED)):
        lying = data[:at] + struct.pack("<HHII", 279, 4, 1, size) + data[at + 12 :]
        with pytest.raises(DecodeError) as caught:
            decode(lying, kind)
        assert caught.value.reason is reason
    with pytest.raises(DecodeError) as caught:
        decode(data, kind, Limits(max_pixels=1000))
    assert caught.value.reason is Reason.TOO_MANY_PIXELS
