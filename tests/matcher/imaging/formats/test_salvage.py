"""Damaged files: what can be seen is shown, and it is never said that all was seen."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFile

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

Encode = Callable[..., bytes]
DRAWN = landscape(1, width=160, height=120)

SALVAGED: dict[str, tuple[str, dict[str, object]]] = {
    "PNG": ("PNG", {}),
    "JPEG": ("JPEG", {}),
    "GIF": ("GIF", {}),
    "TIFF": ("TIFF", {}),
    "BMP": ("BMP", {}),
    "TGA": ("TGA", {}),
    "PPM": ("PPM", {}),
    "PCX": ("PCX", {}),
}


def shown(data: bytes) -> tuple[list[Image.Image], Reason | None]:
    """What is shown of a file, and why not more."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    try:
        decoded = decode(data, kind)
    except DecodeError as error:
        return [], error.reason
    images = [picture.image for picture in decoded.renderings()]
    return images, decoded.reason


def right_rows(image: Image.Image) -> float:
    """The share of rows that are those of the drawing."""
    difference = np.abs(np.asarray(image).astype(int) - np.asarray(DRAWN).astype(int)).mean(axis=(1, 2))
    return float((difference < 14).mean())


@pytest.mark.parametrize("name", SALVAGED)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_the_part_before_the_end_is_shown(encoded: Encode, name: str, share: float) -> None:
    format_name, options = SALVAGED[name]
    data = encoded(DRAWN, format_name, **options)
    images, reason = shown(data[: int(len(data) * share)])
    assert reason is Reason.TRUNCATED
    (image,) = images
    assert image.size == DRAWN.size
    assert right_rows(image) > share - 0.2


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 30}, {"subsampling": 0}])
def test_truncated_jpegs(encoded: Encode, options: dict[str, object]) -> None:
    data = encoded(DRAWN, "JPEG", **options)
    for share in (0.5, 0.8, 0.95):
        (image,), reason = shown(data[: int(len(data) * share)])
        assert reason is Reason.TRUNCATED
        assert right_rows(image) > share - 0.3  # at a low quality the rows that are there are less like the drawing


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_truncated_pngs_in_every_mode(encoded: Encode, mode: str) -> None:
    image = DRAWN.quantize(64) if mode == "P" else DRAWN.convert("L" if mode == "I;16" else mode)
    image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257) if mode == "I;16" else image
    data = encoded(image, "PNG")
    found, reason = shown(data[: len(data) * 3 // 4])
    assert reason is Reason.TRUNCATED
    top = np.asarray(found[0])[:40]
    expected = image if mode != "I;16" else DRAWN.convert("L")
    assert (top == np.asarray(expected.convert("RGB"))[:40]).all()


def test_a_wrong_checksum_does_not_hide_a_png(encoded: Encode) -> None:
    data = bytearray(encoded(DRAWN, "PNG", dpi=(72, 72)))
    data[data.index(b"pHYs") + 4] ^= 1
    (image,), reason = shown(bytes(data))
    assert reason is Reason.CORRUPT
    assert image.tobytes() == DRAWN.tobytes()


@pytest.mark.slow
def test_a_bomb_of_text_does_not_hide_a_png(encoded: Encode) -> None:
    import zlib

    body = b"Comment\0\0" + zlib.compress(bytes(1 << 28), 9)
    text = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(b"zTXt")))
    data = encoded(DRAWN, "PNG")
    (image,), reason = shown(data[:33] + text + data[33:])
    assert reason is None
    assert image.tobytes() == DRAWN.tobytes()


def test_noise_in_a_png_shows_what_comes_before(encoded: Encode) -> None:
    data = bytearray(encoded(DRAWN, "PNG"))
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    (image,), reason = shown(bytes(data))
    assert reason is Reason.CORRUPT
    assert right_rows(image) > 0.3


def test_padding_alone_is_no_picture(encoded: Encode) -> None:
    data = encoded(DRAWN, "PNG")
    assert shown(data[: data.index(b"IDAT") + 8]) == ([], Reason.TRUNCATED)
    data = encoded(DRAWN, "BMP")
    assert shown(data[:54]) == ([], Reason.TRUNCATED)


@pytest.mark.parametrize(
    "format_name",
    ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "AVIF", "JPEG2000", "ICO", "TGA", "PCX", "DDS", "QOI", "SGI"],
)
def test_a_cut_at_any_point_has_a_reason(encoded: Encode, format_name: str) -> None:
    """Never an exception of another kind, never a claim that all was seen."""
    image = landscape(3, width=40, height=30)
    data = encoded(image, format_name)
    whole = shown(data)[0][0].tobytes()
    for length in [*range(HEAD // 4, len(data) - 1, max(1, len(data) // 60)), len(data) - 1]:
        if sniff(data[: min(HEAD, length)]) is None:
            continue
        images, reason = shown(data[:length])
        if reason is None:  # nothing but bytes that no decoder needs was missing
            assert images[0].tobytes() == whole
        else:
            assert reason in (Reason.TRUNCATED, Reason.CORRUPT, Reason.UNSUPPORTED_FORMAT)


@pytest.mark.slow
@pytest.mark.parametrize(
    "format_name", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "AVIF", "JPEG2000", "ICO", "TGA", "PCX", "QOI", "SGI"]
)
def test_flipped_bytes_raise_nothing_but_reasons(encoded: Encode, format_name: str) -> None:
    data = encoded(landscape(3, width=40, height=30), format_name)
    random = np.random.default_rng(1)
    for _ in range(60):
        hostile = bytearray(data)
        for at in random.integers(0, len(data), 6):
            hostile[at] = random.integers(0, 256)
        if sniff(bytes(hostile[:HEAD])) is not None:
            shown(bytes(hostile))


def test_the_hosts_switch_is_left_alone(encoded: Encode) -> None:
    data = encoded(DRAWN, "JPEG")
    shown(data[: len(data) // 2])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
