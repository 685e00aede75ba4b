"""TIFF pages whose samples Pillow does not read exactly: each is the picture that was written, or is refused."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.formats.tiff_bytes import decompressed
from matcher.imaging.formats.tiff_directory import directories
from matcher.imaging.formats.tiff_layout import layout
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason
from tests.shared.tiff_files import (
    BLACK,
    CMYK,
    DEFLATE,
    LAB,
    LZW,
    PACKBITS,
    PALETTE,
    RAW,
    RGB,
    WHITE,
    YCBCR,
    Form,
    tiff_file,
)

DRAWN = landscape(1, width=61, height=47)
COLOURS = np.asarray(DRAWN)
GREY = np.asarray(DRAWN.convert("L"))[:, :, None]
INKS = np.asarray(DRAWN.convert("CMYK"))

Samples = npt.NDArray[Any]


def read(data: bytes, **limits: int) -> tuple[list[tuple[str, Image.Image]], Reason | None]:
    """Label and picture of every rendering, and why not more."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    try:
        decoded = decode(data, kind, Limits(**limits))
    except DecodeError as error:
        return [], error.reason
    found = [(picture.rendering, picture.image) for picture in decoded.renderings()]
    return found, decoded.reason


def shown(samples: Samples, form: Form) -> Image.Image:
    """The one picture of a file of one page, which is read whole."""
    found, reason = read(tiff_file((samples, form)))
    assert reason is None
    ((_, image),) = found
    return image


def widened(values: Samples, kind: str, bits: int) -> Samples:
    """Eight bits in the sample format: the whole range of whole numbers, floats from 0 to 1."""
    if kind == "f":
        return (values / 255).astype(f"f{bits // 8}")
    wide = next(size for size in (8, 16, 32) if bits <= size)
    if bits < 8:
        return (values >> (8 - bits)).astype(np.uint8)
    whole = values.astype(np.int64) << (bits - 8) | (values.astype(np.int64) >> max(0, 16 - bits))
    return (whole - (1 << (bits - 1)) if kind == "i" else whole).astype(f"{kind}{wide // 8}")


def agrees(image: Image.Image, values: Samples, bits: int = 8) -> bool:
    expected = Image.fromarray(values.squeeze()).convert("RGB")
    tolerance = 1 if bits >= 8 else 256 >> bits
    return bool(np.abs(np.asarray(image).astype(int) - np.asarray(expected).astype(int)).max() <= tolerance)


KINDS = [("u", bits) for bits in (2, 4, 6, 8, 10, 12, 14, 16, 24, 32)] + [("i", 8), ("i", 16), ("i", 32)]
FLOATS = [("f", 16), ("f", 32), ("f", 64)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [RAW, LZW, DEFLATE, PACKBITS])
@pytest.mark.parametrize(("kind", "bits"), KINDS + FLOATS)
def test_every_kind_of_samples(kind: str, bits: int, compression: int, order: Any) -> None:
    form = Form(bits=bits, order=order, compression=compression)
    raised = GREY.min() if kind == "i" else 0  # the least signed number is black
    assert agrees(shown(widened(GREY, kind, bits), form), GREY - raised, bits)
    raised = COLOURS.min() if kind == "i" else 0
    for separate in (False, True):
        form = replace(form, photometric=RGB, separate=separate)
        assert agrees(shown(widened(COLOURS, kind, bits), form), COLOURS - raised, bits)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("segment", [32, 100, (16, 32)])
@pytest.mark.parametrize(("kind", "bits"), [("u", 8), ("u", 16), ("u", 32), ("i", 16), *FLOATS])
def test_differences(kind: str, bits: int, segment: Any, order: Any) -> None:
    for predictor in (2, 3) if kind == "f" else (2,):
        for separate in (False, True):
            form = Form(RGB, bits, order, DEFLATE, predictor, separate, segment=segment)
            assert agrees(shown(widened(COLOURS, kind, bits), form), COLOURS)


@pytest.mark.parametrize("order", ["<", ">"])
def test_floats_whose_bytes_were_exchanged_before_the_differences_as_libtiff_does(order: Any) -> None:
    exchanged = (COLOURS / 255).astype(np.float32).byteswap()
    found, reason = read(tiff_file((exchanged, Form(RGB, 32, order, DEFLATE, 3))))
    if order == ">":
        assert agrees(found[0][1], COLOURS)
        noise = np.random.default_rng(1).integers(0, 256, (*COLOURS.shape[:2], 12), np.uint8).view(np.float32)
        found, reason = read(tiff_file((noise, Form(RGB, 32, order, DEFLATE, 3))))
        assert (found, reason) == ([], Reason.UNSUPPORTED_FORMAT)
    else:
        assert reason is None


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_unsigned_numbers_that_are_called_signed_as_imagemagick_does(bits: int) -> None:
    samples = widened(COLOURS, "u", bits).view(f"i{bits // 8}")
    assert agrees(shown(samples, Form(RGB, bits, compression=LZW)), COLOURS)


@pytest.mark.parametrize("compression", [RAW, LZW, DEFLATE])
@pytest.mark.parametrize("bits", [4, 8, 12, 16, 32])
def test_bits_in_the_other_order(bits: int, compression: int) -> None:
    for order in "<>":
        form = Form(RGB, bits, order, compression, fill_order=2)  # type: ignore[arg-type]
        assert agrees(shown(widened(COLOURS, "u", bits), form), COLOURS, bits)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [4, 8, 16])
def test_white_is_zero(bits: int, order: Any) -> None:
    for compression in (RAW, LZW):
        negative = widened(255 - GREY, "u", bits)
        assert agrees(shown(negative, Form(WHITE, bits, order, compression)), GREY, bits)


@pytest.mark.parametrize(("kind", "bits"), [("u", 12), ("u", 32), ("i", 16), ("f", 32)])
def test_white_is_zero_is_refused_where_programs_differ(kind: str, bits: int) -> None:
    assert read(tiff_file((widened(GREY, kind, bits), Form(WHITE, bits)))) == ([], Reason.UNSUPPORTED_FORMAT)


@pytest.mark.parametrize("gain", [1, 257])
@pytest.mark.parametrize("bits", [2, 4, 8, 12, 16])
def test_palettes_of_eight_and_sixteen_bits(bits: int, gain: int) -> None:
    image = DRAWN.quantize(min(200, 1 << bits), dither=Image.Dither.NONE)
    colours = np.zeros((1 << bits, 3), int)
    listed = np.array(image.getpalette()).reshape(-1, 3)
    colours[: len(listed)] = listed
    form = Form(PALETTE, bits, compression=LZW, tags={320: (colours.T.ravel() * gain).tolist()})
    samples = np.asarray(image)[:, :, None].astype(np.uint8 if bits <= 8 else np.uint16)
    assert shown(samples, form).tobytes() == image.convert("RGB").tobytes()


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_inks(bits: int, separate: bool) -> None:
    expected = Image.frombytes("CMYK", DRAWN.size, INKS.tobytes()).convert("RGB")
    for order in "<>":
        form = Form(CMYK, bits, order, separate=separate)  # type: ignore[arg-type]
        assert agrees(shown(widened(INKS, "u", bits), form), np.asarray(expected))
    assert read(tiff_file((widened(INKS, "i", bits), form))) == ([], Reason.UNSUPPORTED_FORMAT)
    named = replace(form, tags={332: [2]})
    assert bits == 8 or read(tiff_file((widened(INKS, "u", bits), named)))[1] is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", [LAB, 9, YCBCR])
def test_lab_and_ycbcr_in_planes(photometric: int, bits: int) -> None:
    """Neutral colours stay neutral: their grey is that of the drawing."""
    lightness = widened(GREY, "u", bits)
    middle = np.full_like(lightness, 0 if photometric == LAB else 128 << (bits - 8))
    samples = np.dstack([lightness, middle, middle])
    for separate in (False, True):
        form = Form(photometric, bits, separate=separate, tags={530: [1, 1]})
        image = np.asarray(shown(samples, form)).astype(int)
        assert np.ptp(image, axis=2).max() <= 3
        assert np.corrcoef(image[:, :, 1].ravel(), GREY.ravel())[0, 1] > 0.98


@pytest.mark.parametrize(("kind", "bits"), [("u", 12), ("u", 16), ("f", 32)])
def test_alpha(kind: str, bits: int) -> None:
    opacity = np.linspace(255, 100, GREY.size).astype(np.uint8).reshape(GREY.shape)
    for photometric, values in ((RGB, COLOURS), (BLACK, GREY)):
        for extra in (0, 1, 2):
            channels = values if extra != 1 else (values.astype(int) * opacity // 255).astype(np.uint8)
            samples = widened(np.dstack([channels, opacity]), kind, bits)
            found, reason = read(tiff_file((samples, Form(photometric, bits, tags={338: [extra]}))))
            assert reason is None
            plain = dict(found).get("alpha-dropped", found[0][1])
            assert (len(found) == 1) == (extra == 0)
            difference = np.abs(np.asarray(plain).astype(int) - values.astype(int))
            assert difference.max() <= (1 if extra != 1 else 4)


def test_values_that_use_few_of_their_bits() -> None:
    for kind, used in (("u2", 12), ("u4", 12), ("i4", 10)):
        samples = widened(COLOURS, "u", used).astype(kind)
        assert agrees(shown(samples, Form(RGB, samples.dtype.itemsize * 8)), COLOURS)
    high = (np.uint32(0xFFFF0000) + widened(GREY, "u", 16)).astype(np.uint32)
    image = shown(high, Form(BLACK, 32))
    assert np.corrcoef(np.asarray(image)[:, :, 0].ravel(), GREY.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
def test_bigtiff(bits: int, order: Any) -> None:
    for segment in (32, (16, 16)):
        form = Form(RGB, bits, order, LZW, segment=segment, big=True)
        assert agrees(shown(widened(COLOURS, "u", bits), form), COLOURS)


@pytest.mark.parametrize(
    ("samples", "form"),
    [
        (GREY.astype(np.uint64) << np.uint64(56), Form(bits=64)),
        ((GREY.astype(np.int64) - 128) << np.int64(56), Form(bits=64)),
        (GREY.astype(np.complex64).view(np.float32).view(np.uint64), Form(bits=64, tags={339: [6]})),
        (GREY, Form(compression=34887)),
        (GREY.view(np.int8), Form(compression=7)),
        (GREY, Form(photometric=32803)),
        (COLOURS, Form(YCBCR, tags={530: [2, 2]})),
        (COLOURS, Form(RGB, tags={258: [5, 6, 5]})),
        (widened(COLOURS, "u", 16), Form(RGB, 16, predictor=2)),
        (widened(COLOURS, "u", 16), Form(RGB, 16, compression=PACKBITS, predictor=2)),
        (widened(COLOURS, "u", 12), Form(RGB, 12, compression=LZW, predictor=2)),
        (np.dstack([GREY, GREY]) >> 7, Form(BLACK, 1, tags={338: [2]})),
        (widened(INKS, "u", 16).astype(np.uint32), Form(CMYK, 32)),
        (INKS.astype(np.uint16), Form(CMYK, 16)),
    ],
)
def test_what_is_not_understood_is_refused(samples: Samples, form: Form) -> None:
    assert read(tiff_file((samples, form))) == ([], Reason.UNSUPPORTED_FORMAT)


def test_small_numbers_in_64_bits_and_floats_without_an_interpretation() -> None:
    for kind in ("u8", "i8"):
        assert agrees(shown((GREY.astype(np.int64) * 16).astype(kind), Form(bits=64)), GREY)
    data = tiff_file((widened(GREY, "f", 32), Form(bits=32)))
    found, reason = read(data.replace(b"\x06\x01\x03\0\1\0\0\0", b"\x05\x01\x03\0\1\0\0\0"))
    assert reason is None
    assert agrees(found[0][1], GREY)


def test_colours_that_are_said_to_be_multiplied_by_alpha_and_are_not() -> None:
    opacity = np.full_like(GREY, 100)
    found, reason = read(tiff_file((widened(np.dstack([COLOURS, opacity]), "u", 16), Form(RGB, 16, tags={338: [1]}))))
    assert reason is None
    assert agrees(dict(found)["alpha-dropped"], COLOURS)


def test_palettes_with_alpha() -> None:
    image = DRAWN.quantize(200, dither=Image.Dither.NONE)
    table = np.zeros((256, 3), int)
    listed = np.array(image.getpalette()).reshape(-1, 3)
    table[: len(listed)] = listed
    samples = np.dstack([np.asarray(image), np.full_like(np.asarray(image), 100)])
    form = Form(PALETTE, tags={320: (table.T.ravel() * 257).tolist(), 338: [2]})
    found, reason = read(tiff_file((samples, form)))
    assert reason is None
    assert [label for label, _ in found] == ["", "alpha-dropped", "on-black"]
    assert found[1][1].tobytes() == image.convert("RGB").tobytes()


def test_pages_of_different_kinds() -> None:
    pages = [
        (COLOURS, Form(RGB)),
        ((COLOURS / 255).astype(np.float32)[::-1], Form(RGB, 32, compression=DEFLATE, predictor=3)),
        (GREY, Form(compression=34887)),
        (COLOURS[:, ::-1], Form(RGB, compression=LZW)),
    ]
    found, reason = read(tiff_file(*pages))
    assert [label for label, _ in found] == ["", "frame-2", "frame-4"]
    assert reason is Reason.UNSUPPORTED_FORMAT
    assert agrees(found[1][1], COLOURS[::-1])
    assert found[2][1].tobytes() == COLOURS[:, ::-1].tobytes()
    found, reason = read(tiff_file(*pages), max_frames=2)
    assert ([label for label, _ in found], reason) == (["", "frame-2"], Reason.TOO_MANY_FRAMES)


def test_a_chain_that_leaves_the_file_is_said() -> None:
    data = bytearray(tiff_file((widened(GREY, "u", 16), Form(bits=16))))
    directory = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[directory : directory + 2], "little")
    data[directory + 2 + 12 * entries :][:4] = b""
    data[directory + 2 + 12 * entries : directory + 6 + 12 * entries] = (1 << 30).to_bytes(4, "little")
    found, reason = read(bytes(data))
    assert (len(found), reason) == (1, Reason.TRUNCATED)


@pytest.mark.parametrize("form", [Form(bits=16), Form(bits=16, compression=DEFLATE)])
def test_limits_come_before_allocation(form: Form) -> None:
    data = tiff_file((widened(GREY, "u", 16), form))
    assert read(data, max_pixels=GREY.size - 1) == ([], Reason.TOO_MANY_PIXELS)
    tiled = replace(form, tags={322: [1 << 24], 323: [1 << 24], 324: [8], 325: [8]})
    assert read(tiff_file((widened(GREY, "u", 16), tiled))) == ([], Reason.TOO_MANY_PIXELS)
    many = replace(form, tags={277: [1 << 31]})
    assert read(tiff_file((widened(GREY, "u", 16), many))) == ([], Reason.TOO_MANY_PIXELS)


def test_rows_that_are_not_in_the_file_are_not_unpacked() -> None:
    tags: dict[int, Sequence[int]] = {256: [2600], 257: [2000], 277: [200], 258: [12], 339: [1], 278: [2000]}
    data = tiff_file((widened(COLOURS, "u", 12), Form(RGB, 12, tags=tags)))
    assert read(data)[1] is Reason.TRUNCATED
    page = layout(next(directories(data)))
    assert sum(part.rows.size for part in decompressed(data, page)) < 1 << 25 < page.height * page.row_bytes


def test_the_hosts_limit_of_pictures_is_not_one_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", GREY.size // 2)
    assert agrees(shown(widened(GREY, "u", 32), Form(bits=32, compression=LZW, segment=100)), GREY)


def test_the_part_of_a_raw_page_that_is_in_the_file_is_shown() -> None:
    samples = widened(GREY, "u", 16)
    rows = 30
    found, reason = read(tiff_file((samples, Form(bits=16, segment=100, tags={279: [rows * samples[0].nbytes]}))))
    assert reason is Reason.TRUNCATED
    ((_, image),) = found
    assert (np.asarray(image)[:rows, :, 0] == GREY[:rows, :, 0]).all()
    assert not np.asarray(image)[rows:].any()
    assert read(tiff_file((samples, Form(bits=16, segment=100, tags={279: [0]})))) == ([], Reason.TRUNCATED)
    assert read(tiff_file((samples, Form(bits=16, segment=100, tags={273: [1 << 30]})))) == ([], Reason.TRUNCATED)
    for tag, place in ((279, 10), (279, 0), (273, 1 << 30), (273, 8)):
        form = Form(bits=16, compression=DEFLATE, tags={tag: [place]})
        found, reason = read(tiff_file((samples, form)))
        assert (found, reason) in (([], Reason.TRUNCATED), ([], Reason.CORRUPT))


@pytest.mark.parametrize(
    ("low", "high"),
    [(-1e6, 3e6), (0, 1.2), (0, 4), (0, 1e-5), (0, 40_000), (0.5, 0.51), (30_000, 30_010), (-8e307, 9e307)],
)
def test_floats_of_any_range(low: float, high: float) -> None:
    samples = GREY / 255 * (high - low) + low
    image = np.asarray(shown(samples, Form(bits=64)))[:, :, 0]
    assert np.corrcoef(image.ravel(), GREY.ravel())[0, 1] > 0.999
    samples[5, 5], samples[6, 6] = np.nan, np.inf
    assert np.asarray(shown(samples, Form(bits=64)))[[5, 6], [5, 6], 0].max() <= image.min()


def test_overlapping_directories_cost_bounded_work() -> None:
    """A thousand directories of 20,000 entries in a file of 250 kilobytes: they are not all walked."""
    count, links = 20_000, 1000
    data = bytearray(b"II*\0" + struct.pack("<I", 8) + bytes(12 * count + 14 * links + 100))
    for number in range(links):
        at = 8 + 14 * number
        struct.pack_into("<H", data, at, count)
        struct.pack_into("<I", data, at + 2 + 12 * count, at + 14)
    walked = 0
    for _ in directories(bytes(data)):
        walked += 1
    assert 1 <= walked < 10


def hostile(data: bytes, random: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for at in random.integers(4, len(data), 5):
        changed[at] = random.integers(0, 256)
    return bytes(changed[: random.integers(len(data) // 2, len(data) + 1)])


@pytest.mark.parametrize("number", range(8))
def test_damaged_files_raise_nothing_but_reasons(number: int) -> None:
    forms = [
        (widened(COLOURS, "u", 12), Form(RGB, 12)),
        (widened(COLOURS, "f", 32), Form(RGB, 32, ">", LZW, 3, segment=(16, 16))),
        (widened(COLOURS, "u", 16), Form(RGB, 16, compression=DEFLATE, separate=True)),
        (widened(INKS, "u", 16), Form(CMYK, 16, ">", big=True)),
    ]
    small = [(samples[:16, :16], form) for samples, form in forms]
    random = np.random.default_rng(number)
    data = tiff_file(*small[number % 4 : number % 4 + 1], (GREY[:8, :8], Form()))
    for _ in range(40):
        damaged = hostile(data, random)
        if sniff(damaged[:HEAD]) is not None:
            read(damaged, max_pixels=1 << 20)
