"""FITS: physical values, cubes and extensions, and what is refused."""

from __future__ import annotations

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
TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


def unit(values: npt.NDArray[Any], bits: int, *, primary: bool = True, **cards: object) -> bytes:
    """A header and its data; the last axis of `values` is FITS's first."""
    kind = [("SIMPLE", "T")] if primary else [("XTENSION", "'IMAGE   '")]
    axes = [(f"NAXIS{place}", size) for place, size in enumerate(reversed(values.shape), 1)]
    pairs = [*kind, ("BITPIX", bits), ("NAXIS", values.ndim), *axes, *cards.items()]
    text = "".join(f"{name:<8}= {value!s:>20} / comment".ljust(80) for name, value in pairs) + "END".ljust(80)
    data = values.astype(TYPES[bits]).tobytes()
    return text.encode().ljust(-(-len(text) // 2880) * 2880) + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


def read(data: bytes, **limits: int) -> tuple[list[tuple[str, npt.NDArray[np.uint8]]], Reason | None]:
    kind = sniff(data[:HEAD])
    assert kind is not None
    try:
        decoded = decode(data, kind, Limits(**limits))
    except DecodeError as error:
        return [], error.reason
    found = [(picture.rendering, np.asarray(picture.image)) for picture in decoded.renderings()]
    return found, decoded.reason


def shown(data: bytes) -> npt.NDArray[np.uint8]:
    found, reason = read(data)
    assert reason is None
    return found[0][1]


def alike(image: npt.NDArray[np.uint8], values: npt.NDArray[Any] = GREY) -> float:
    """The correlation of a picture with values, whatever their gain and offset."""
    luma = np.asarray(Image.fromarray(image).convert("L")) if values.ndim == 2 else image
    return float(np.corrcoef(luma.ravel(), values.ravel())[0, 1])


@pytest.mark.parametrize("bits", TYPES)
def test_every_type_the_first_row_at_the_bottom(bits: int) -> None:
    gain = {16: 100, 32: 5_000_000, 64: 1 << 40, -32: 1 / 255, -64: 7.5}.get(bits, 1)
    assert alike(shown(unit(GREY[::-1] * np.array(gain), bits))) > 0.999


@pytest.mark.parametrize(("scale", "zero"), [(1, 32768), (1, -5000), (-1, 0), (-1, 40_000), (0.01, 3), (-2.5, 100)])
@pytest.mark.parametrize("bits", TYPES)
def test_physical_values(bits: int, scale: float, zero: float) -> None:
    """What decides is the value after BSCALE and BZERO: a negative scale makes a negative."""
    stored = GREY[::-1].astype(float)
    if abs(bits) > 8:
        stored = stored * 200 - 20_000
    image = shown(unit(stored, bits, BSCALE=scale, BZERO=zero))
    assert alike(image, (stored * scale + zero)[::-1]) > 0.998


def test_blank_values_are_dark() -> None:
    values = GREY[::-1].astype(int) * 40 + 1000
    values[10:20, 10:20] = -32768
    image = shown(unit(values, 16, BLANK=-32768))
    assert image[-20:-10, 10:20].max() <= image[image > image.min()].min()
    shape = np.ones_like(GREY, bool)
    shape[-20:-10, 10:20] = False
    assert np.corrcoef(image[:, :, 0][shape], GREY[shape])[0, 1] > 0.999


@pytest.mark.parametrize("bits", [8, 16, -32])
def test_a_cube_of_three_planes_is_colour_and_three_pictures(bits: int) -> None:
    planes = np.moveaxis(COLOURS[::-1], 2, 0) * np.array(1 if bits == 8 else 100)
    found, reason = read(unit(planes, bits))
    assert reason is None
    assert [label for label, _ in found] == ["", "frame-2", "frame-3", "frame-4"]
    assert alike(found[0][1], COLOURS) > 0.999
    for place in range(3):
        assert alike(found[1 + place][1], COLOURS[:, :, place]) > 0.999
    assert alike(shown(unit(COLOURS[::-1] * np.array(1 if bits == 8 else 100), bits)), COLOURS) > 0.999


def test_every_plane_and_every_extension_is_read() -> None:
    flipped = GREY[::-1].astype(int)
    cube = np.stack([flipped, 255 - flipped, flipped.T.reshape(flipped.shape), flipped // 2 + flipped[:, ::-1] // 2])
    table = unit(GREY, 8, primary=False).replace(b"'IMAGE   '", b"'BINTABLE'")
    data = unit(np.zeros((0,)), 8) + unit(cube, 16, primary=False) + table + unit(flipped[:, ::-1], 8, primary=False)
    found, reason = read(data)
    assert (len(found), reason) == (5, None)
    assert alike(found[-1][1], GREY[:, ::-1]) > 0.999
    assert read(data, max_frames=3)[1] is Reason.TOO_MANY_FRAMES
    assert read(data, max_pixels=GREY.size - 1) == ([], Reason.TOO_MANY_PIXELS)
    assert len(read(data, max_total_pixels=2 * GREY.size)[0]) == 2
    compressed = table.replace(b"GCOUNT", b"_COUNT").replace(
        b"BITPIX  =", b"ZIMAGE  = " + b"T".rjust(20).ljust(70) + b"BITPIX  ="
    )
    header, _, rest = compressed.partition(b"END")
    compressed = (header + b"END").ljust(2880) + rest.lstrip(b" ")
    assert read(unit(flipped, 8) + compressed)[1] is Reason.UNSUPPORTED_FORMAT


def test_a_file_without_a_picture_is_unsupported() -> None:
    assert read(unit(np.zeros((0,)), 8)) == ([], Reason.UNSUPPORTED_FORMAT)
    assert read(unit(GREY[0], 8)) == ([], Reason.UNSUPPORTED_FORMAT)


def test_truncated_and_lying_files() -> None:
    data = unit(GREY[::-1].astype(int) * 100, 16)
    found, reason = read(data[: 2880 + GREY.size])
    assert reason is Reason.TRUNCATED
    assert len(found) == 1
    assert read(data[:2880]) == ([], Reason.TRUNCATED)
    assert read(data[:800]) == ([], Reason.TRUNCATED)
    for before, after in [(b"61 /", b"-1 /"), (b"NAXIS2 ", b"NAXISX "), (b" 2 /", b"-2 /")]:
        assert read(data.replace(before, after, 1))[1] in (Reason.CORRUPT, Reason.TRUNCATED)
    assert read(data.replace(b"16 /", b"-8 /", 1)) == ([], Reason.UNSUPPORTED_FORMAT)
    huge = data.replace(b"                  61 /", b"99999999999999999999 /", 1)
    assert read(huge) == ([], Reason.TOO_MANY_PIXELS)
    many = data.replace(b"NAXIS2  =", b"NAXIS2  = ".ljust(9), 1)
    assert len(read(many)[0]) == 1


@pytest.mark.parametrize("number", range(4))
def test_damaged_files_raise_nothing_but_reasons(number: int) -> None:
    random = np.random.default_rng(number)
    data = unit(GREY[:8, :8], (8, 16, -32, -64)[number], BZERO=3, BLANK=7) + unit(COLOURS[:6, :6], 8, primary=False)
    for _ in range(60):
        damaged = bytearray(data)
        for at in random.integers(30, 900, 6):
            damaged[at] = random.choice(list(b"0123456789-.E '=/T"))
        read(bytes(damaged[: random.integers(2880, len(data))]), max_pixels=1 << 16, max_frames=5)
