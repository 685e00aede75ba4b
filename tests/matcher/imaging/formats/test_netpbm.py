"""Netpbm and PFM: every picture of a file, of any maximum, in grey and colour."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

DRAWN = landscape(1, width=61, height=47)
COLOURS = np.asarray(DRAWN)
GREY = np.asarray(DRAWN.convert("L"))


def read(data: bytes, **limits: int) -> tuple[list[Image.Image], Reason | None]:
    kind = sniff(data[:HEAD])
    assert kind is not None
    try:
        decoded = decode(data, kind, Limits(**limits))
    except DecodeError as error:
        return [], error.reason
    found = [picture.image for picture in decoded.renderings()]
    return found, decoded.reason


def raw(values: npt.NDArray[Any], maximum: int, gap: str = " ") -> bytes:
    magic = "P5" if values.ndim == 2 else "P6"
    scaled = np.rint(values / 255 * maximum).astype(">u2" if maximum > 255 else "u1")
    return f"{magic}{gap}{values.shape[1]}{gap}{values.shape[0]}{gap}{maximum}\n".encode() + scaled.tobytes()


def pfm(values: npt.NDArray[Any], scale: float) -> bytes:
    magic = "Pf" if values.ndim == 2 else "PF"
    floats = (values[::-1] / 255).astype("<f4" if scale < 0 else ">f4")
    return f"{magic}\n{values.shape[1]} {values.shape[0]}\n{scale}\n".encode() + floats.tobytes()


@pytest.mark.parametrize("maximum", [1, 7, 100, 255, 256, 1000, 1023, 4095, 65535])
def test_every_maximum_as_pillow_reads_it(maximum: int) -> None:
    for values in (GREY, COLOURS):
        data = raw(values, maximum)
        ((image,), reason) = read(data)
        assert reason is None
        with Image.open(io.BytesIO(data)) as opened:
            if opened.mode == "I":
                pixels = np.asarray(opened) >> 8
                expected = np.dstack([pixels] * 3)
            else:
                expected = np.asarray(opened.convert("RGB"))
        assert np.abs(np.asarray(image).astype(int) - expected).max() <= (0 if opened.mode != "I" else 1)


@pytest.mark.parametrize("scale", [-1.0, 1.0, -255.0, 0.01])
def test_pfm_in_grey_and_colour_and_both_byte_orders(scale: float) -> None:
    for values in (GREY, COLOURS):
        ((image,), reason) = read(pfm(values, scale))
        assert reason is None
        expected = np.asarray(Image.fromarray(values).convert("RGB"))
        assert np.abs(np.asarray(image).astype(int) - expected).max() <= 1


def test_comments_and_bilevel_pictures() -> None:
    ((image,), _) = read(raw(GREY, 255, "\n# 1 2 3\n  "))
    assert (np.asarray(image)[:, :, 0] == GREY).all()
    bilevel = DRAWN.convert("1")
    stream = io.BytesIO()
    bilevel.save(stream, "PPM")
    ((image,), _) = read(stream.getvalue())
    assert image.tobytes() == bilevel.convert("RGB").tobytes()


def test_plain_forms() -> None:
    numbers = " ".join(map(str, GREY.ravel()))
    ((image,), reason) = read(f"P2\n# plain\n61 47 255\n{numbers}\n".encode())
    assert reason is None
    assert (np.asarray(image)[:, :, 0] == GREY).all()


def test_every_picture_of_a_file() -> None:
    data = raw(GREY, 255) + raw(COLOURS, 255) + b"\n" + pfm(GREY[::-1], -1.0) + b"trailing"
    found, reason = read(data)
    assert (len(found), reason) == (3, None)
    assert found[1].tobytes() == COLOURS.tobytes()
    assert read(data, max_frames=2)[1] is Reason.TOO_MANY_FRAMES
    assert read(raw(GREY, 255) + b"P2 1 1 255 7")[1] is Reason.FRAMES_NOT_READ


def test_truncated_and_lying_files() -> None:
    data = raw(GREY, 255)
    found, reason = read(data[:-500])
    assert (len(found), reason) == (1, Reason.TRUNCATED)
    assert (np.asarray(found[0])[:30, :, 0] == GREY[:30]).all()
    assert read(b"P5 61 47 255\n") == ([], Reason.TRUNCATED)
    assert read(b"P5 61 47 255") == ([], Reason.TRUNCATED)
    for header in (b"P5 61 47 0\n", b"P5 0 47 255\n", b"Pf 61 47 0\n", b"Pf 61 47 nan\n"):
        assert read(header + data) == ([], Reason.CORRUPT)
    assert read(b"P5 61 47 65536\n" + data) == ([], Reason.UNSUPPORTED_FORMAT)
    assert read(b"P6 999999999 999999999 255\n" + data) == ([], Reason.TOO_MANY_PIXELS)
    assert read(data, max_pixels=GREY.size - 1) == ([], Reason.TOO_MANY_PIXELS)
