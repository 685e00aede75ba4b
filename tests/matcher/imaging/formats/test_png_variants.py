"""PNG of sixteen bits, with long texts, of Apple's kind and of high dynamic range: what is seen is what was drawn."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from benchmarks.shared.png_cases import MAGIC, Chunk, filtered, header, joined, split
from matcher.errors import DecodeError
from matcher.imaging.decode import decode, decode_reduced
from matcher.imaging.drawing import landscape
from matcher.imaging.formats.png_text import MOST_CHUNKS, without_long_texts
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

Pixels = npt.NDArray[np.uint16]
END = (b"IEND", b"")
DRAWN = landscape(3, width=61, height=47)
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
ADAM7 = b"\0\0\1"


def seen(data: bytes) -> tuple[dict[str, npt.NDArray[np.int64]], Reason | None]:
    kind = sniff(data[:HEAD])
    assert kind is not None
    decoded = decode(data, kind)
    found = {each.rendering: np.asarray(each.image).astype(np.int64) for each in decoded.renderings()}
    return found, decoded.reason


def deep_lines(values: Pixels, filters: Sequence[int]) -> bytes:
    height, width, channels = values.shape
    return filtered(values.astype(">u2").view(np.uint8).reshape(height, width, 2 * channels), filters)


def deep(values: Pixels, colour: int, *, interlaced: bool = False, between: Sequence[Chunk] = ()) -> bytes:
    """A PNG of sixteen bits, with all filters."""
    height, width, _ = values.shape
    if interlaced:
        parts = [values[top::down, left::across] for left, top, across, down in PASSES]
        lines = b"".join(deep_lines(part, (4, 3, 2, 1, 0)) for part in parts if part.size)
    else:
        lines = deep_lines(values, (4, 3, 2, 1, 0))
    head = header(width, height, colour, depth=16, rest=ADAM7 if interlaced else b"\0\0\0")
    return joined([head, *between, (b"IDAT", zlib.compress(lines)), END])


def wide(bits: int, *, channels: int = 3, seed: int = 1) -> Pixels:
    """Noise that uses `bits` bits, in the form (47, 61, channels)."""
    values = np.random.default_rng(seed).integers(0, 1 << bits, (47, 61, channels)).astype(np.uint16)
    values[0, 0] = (1 << bits) - 1
    return values


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 10, 12, 15, 16])
@pytest.mark.parametrize("interlaced", [False, True])
def test_the_highest_eight_of_the_used_bits(bits: int, interlaced: bool) -> None:
    values = wide(bits)
    found, reason = seen(deep(values, 2, interlaced=interlaced))
    assert reason is None
    assert np.array_equal(found[""], values >> max(0, bits - 8))


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_grey_with_alpha_and_colours_with_alpha(bits: int) -> None:
    for colour, channels in ((4, 2), (6, 4)):
        values = wide(bits, channels=channels)
        found, reason = seen(deep(values, colour))
        assert reason is None
        shown = np.repeat(values[:, :, :1], 3, axis=2) if colour == 4 else values[:, :, :3]
        assert np.array_equal(found["alpha-dropped"], shown >> (bits - 8))
        opaque = values.copy()
        opaque[:, :, -1] = (1 << bits) - 1
        found, _ = seen(deep(opaque, colour))
        assert list(found) == [""]


def test_alpha_keeps_its_scale_where_the_colours_use_all_bits() -> None:
    values = wide(16, channels=4)
    values[:, :, 3] = 0x3FFF
    found, _ = seen(deep(values, 6))
    white = 255 - (255 - (values[:, :, :3] >> 8).astype(np.int64)) * (0x3F / 255)
    assert np.abs(found[""] - white).max() <= 1


@pytest.mark.parametrize("bits", [10, 16])
def test_a_transparent_colour_of_sixteen_bits_is_compared_in_all_of_them(bits: int) -> None:
    values = wide(bits)
    values[5, 7], values[5, 8] = (0x102, 0x203, 0x304), (0x102, 0x203, 0x305)
    found, _ = seen(deep(values, 2, between=[(b"tRNS", struct.pack(">HHH", 0x102, 0x203, 0x304))]))
    shown = values >> (bits - 8)
    assert np.array_equal(found["alpha-dropped"], shown)
    shown[5, 7] = 255
    assert np.array_equal(found[""], shown)


def test_a_transparent_grey_of_sixteen_bits() -> None:
    values = wide(16, channels=1)
    values[3, 4], values[3, 5] = 0x8001, 0x8002
    found, _ = seen(deep(values, 0, between=[(b"tRNS", b"\x80\x01")]))
    assert found[""][3, 4].tolist() == [255, 255, 255]
    assert found[""][3, 5].tolist() == [0x80, 0x80, 0x80]
    assert found["alpha-dropped"][3, 4].tolist() == [0x80, 0x80, 0x80]


def test_the_readable_part_of_a_cut_file_of_sixteen_bits() -> None:
    values = wide(10)
    data = deep(values, 2)
    found, reason = seen(data[: len(data) // 2])
    assert reason is Reason.TRUNCATED
    assert np.array_equal(found[""][:15], values[:15] >> 2)
    assert not found[""][-5:].any()


def frame_control(number: int, width: int, height: int) -> Chunk:
    return b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 1, 0, 0)


def animation(frames: Sequence[bytes], head: Chunk, size: tuple[int, int], *, texts: Sequence[Chunk] = ()) -> bytes:
    """An APNG of whole frames, given as their inflated scanlines."""
    chunks: list[Chunk] = [head, (b"acTL", struct.pack(">II", len(frames), 0)), *texts]
    for number, lines in enumerate(frames):
        chunks.append(frame_control(max(0, 2 * number - 1), *size))
        body = zlib.compress(lines)
        chunks.append((b"IDAT", body) if not number else (b"fdAT", struct.pack(">I", 2 * number) + body))
    return joined([*chunks, END])


def test_later_frames_of_a_deep_animation_are_said_to_be_unread_where_their_low_bytes_matter() -> None:
    head = header(61, 47, 2, depth=16)
    for bits, expected in ((10, Reason.FRAMES_NOT_READ), (16, None)):
        lines = [deep_lines(wide(bits, seed=seed), (0,)) for seed in (1, 2, 3)]
        found, reason = seen(animation(lines, head, (61, 47)))
        assert reason is expected
        assert np.array_equal(found[""], wide(bits) >> (bits - 8))


def long_text(name: bytes, length: int) -> Chunk:
    body = zlib.compress(bytes(length))
    return name, {b"zTXt": b"Note\0\0", b"iTXt": b"Note\0\1\0\0\0", b"iCCP": b"Name\0\0"}[name] + body


def eight(*between: Chunk, behind: Sequence[Chunk] = ()) -> bytes:
    lines = filtered(np.asarray(DRAWN), (4, 1))
    return joined([header(61, 47, 2), *between, (b"IDAT", zlib.compress(lines)), *behind, END])


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_text_or_profile_too_long_for_pillow_is_no_damage(name: bytes) -> None:
    for data in (eight(long_text(name, 5 << 20)), eight(behind=[long_text(name, 5 << 20)])):
        found, reason = seen(data)
        assert reason is None
        assert np.array_equal(found[""], np.asarray(DRAWN))


def test_many_long_texts_are_no_damage() -> None:
    text = (b"zTXt", b"Note\0\0" + zlib.compress(bytes(1 << 20)))
    found, reason = seen(eight(*[text] * 70))
    assert reason is None
    assert np.array_equal(found[""], np.asarray(DRAWN))


def test_a_long_text_hides_no_frames() -> None:
    pictures = [landscape(seed, width=61, height=47) for seed in (1, 2, 3)]
    lines = [filtered(np.asarray(each), (0,)) for each in pictures]
    found, reason = seen(animation(lines, header(61, 47, 2), (61, 47), texts=[long_text(b"zTXt", 5 << 20)]))
    assert reason is None
    assert [np.array_equal(found[name], np.asarray(each)) for name, each in zip(found, pictures, strict=True)] == [
        1
    ] * 3


def test_a_damaged_long_text_is_damage() -> None:
    data = bytearray(eight(long_text(b"zTXt", 5 << 20)))
    data[data.index(b"zTXt") + 50] ^= 1
    found, reason = seen(bytes(data))
    assert reason is Reason.CORRUPT
    assert np.array_equal(found[""], np.asarray(DRAWN))


def test_short_texts_stay_and_endless_chunks_end() -> None:
    data = eight((b"tEXt", b"Note\0short"))
    assert without_long_texts(data) is data
    endless = MAGIC + (struct.pack(">I", 0) + b"tEXt" + bytes(4)) * (MOST_CHUNKS // 256)
    assert without_long_texts(endless) is endless


def cgbi(pixels: npt.NDArray[np.uint8], colour: int, *, information: int = 0x50002002, depth: int = 8) -> bytes:
    """What Apple's tools write: blue first, multiplied by alpha, deflated without a header."""
    if colour in (2, 6):
        pixels = pixels[:, :, [2, 1, 0, *range(3, pixels.shape[2])]]
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = compressor.compress(filtered(pixels, (4, 3, 1, 2, 0))) + compressor.flush()
    half = len(body) // 2
    head = header(pixels.shape[1], pixels.shape[0], colour, depth=depth)
    parts = [(b"IDAT", body[:half]), (b"IDAT", body[half:])]
    return joined([(b"CgBI", struct.pack(">I", information)), head, *parts, END])


def test_apples_variant_in_colours_grey_and_with_alpha() -> None:
    pixels = np.asarray(DRAWN)
    found, reason = seen(cgbi(pixels, 2))
    assert reason is None
    assert np.array_equal(found[""], pixels)
    found, _ = seen(cgbi(pixels[:, :, :1], 0))
    assert np.array_equal(found[""], np.repeat(pixels[:, :, :1], 3, axis=2))
    alpha = np.asarray(Image.linear_gradient("L").resize((61, 47)))[:, :, None].astype(np.int64)
    multiplied = (pixels * alpha + 127) // 255
    found, reason = seen(cgbi(np.dstack([multiplied, alpha]).astype(np.uint8), 6))
    assert reason is None
    assert np.abs(found[""] - (multiplied + 255 - alpha)).max() <= 2
    heavy = alpha[:, :, 0] > 128
    assert np.abs(found["alpha-dropped"] - pixels)[heavy].max() <= 3


def test_apples_variant_damaged_or_of_unknown_order() -> None:
    data = cgbi(np.asarray(DRAWN), 2)
    found, reason = seen(data[: len(data) * 2 // 3])
    assert reason is Reason.TRUNCATED
    assert np.array_equal(found[""][:10], np.asarray(DRAWN)[:10])
    wrong = bytearray(data)
    wrong[-20] ^= 1  # in the CRC of the pixels, which have no other checksum
    assert seen(bytes(wrong))[1] is Reason.CORRUPT
    for unknown in (cgbi(np.asarray(DRAWN), 2, information=0x50004002), cgbi(np.asarray(DRAWN)[:, ::2], 2, depth=16)):
        with pytest.raises(DecodeError) as caught:
            seen(unknown)
        assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    with pytest.raises(DecodeError) as caught:
        decode(data, sniff(data), Limits(max_pixels=100))  # type: ignore[arg-type]
    assert caught.value.reason is Reason.TOO_MANY_PIXELS


def codings() -> Iterator[Chunk]:
    yield b"cICP", bytes([9, 16, 0, 1])
    yield b"iCCP", b"ITUR_2100_PQ_FULL\0\0" + zlib.compress(b"any")


def test_high_dynamic_range_is_converted_and_never_screened_as_it_is() -> None:
    for coding in codings():
        data = eight(coding)
        kind = sniff(data)
        assert kind is not None
        assert decode_reduced(data, kind) is None
        found, reason = seen(data)
        assert reason is None
        assert np.abs(found[""] - np.asarray(DRAWN)).mean() > 10
    ordinary = eight((b"cICP", bytes([1, 13, 0, 1])))
    assert np.array_equal(seen(ordinary)[0][""], np.asarray(DRAWN))
    assert [name for name, _ in split(ordinary)][1] == b"cICP"
