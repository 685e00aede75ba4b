"""The grey block means of a PNG are those of the picture that Pillow decodes, or it is left to Pillow."""

from __future__ import annotations

import gzip
import os
import struct
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zlib_ng import zlib_ng

from benchmarks.shared import deflate_streams
from benchmarks.shared.deflate_streams import REFUSED, STRATEGIES, outcome, sealed
from benchmarks.shared.deflate_streams import SOUND as SOUND_STREAMS
from benchmarks.shared.png_cases import (
    CHANNELS,
    COLOURS,
    MAGIC,
    damaged,
    header,
    is_read,
    joined,
    means,
    opaque_screen,
    ordinary,
    picture,
    pixels_of,
    sound_files,
    split,
)
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.png import MAX_INFLATED, MAX_WIDTH, reduced
from matcher.imaging.reduced.png_kernel import GREY, GREY_ALPHA_ON_GROUND, PALETTE, RGB, RGBA, block_means

KINDS = {0: GREY, 2: RGB, 3: PALETTE, 4: GREY_ALPHA_ON_GROUND, 6: RGBA}
SOUND = picture(pixels_of(1, 40, 30, 3), 2, (0, 1, 2, 3, 4))
CORPUS = "EVIDENCE_MATCHER_CORPUS"
"""The variable that names a folder of pictures, with screenshots/ in it."""

END = (b"IEND", b"")

FOUR_ZEROS = header(1, 2, 0)
"""Of a picture whose scanlines are four zeros."""


def with_dictionary(content: bytes) -> bytes:
    compressor = zlib.compressobj(zdict=content[:99])
    return compressor.compress(content) + compressor.flush()


def with_chunks(*between: tuple[bytes, bytes]) -> bytes:
    return picture(pixels_of(1, 40, 30, 3), 2, between=between)


@pytest.mark.slow
@pytest.mark.parametrize("colour", CHANNELS)
@given(
    seed=st.integers(0, 2**32),
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    filters=st.lists(st.integers(0, 4), min_size=1, max_size=70),
    pieces=st.integers(1, 50),
)
def test_any_filters_give_what_pillow_gives(
    colour: int, seed: int, width: int, height: int, filters: list[int], pieces: int
) -> None:
    palette = COLOURS if colour == 3 else b""
    data = picture(pixels_of(seed, width, height, CHANNELS[colour]), colour, filters, pieces=pieces, palette=palette)
    assert is_read(data)


@pytest.mark.slow
@pytest.mark.parametrize("colour", CHANNELS)
@given(
    seed=st.integers(0, 2**32),
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    filters=st.lists(st.integers(0, 4), min_size=1, max_size=70),
    scale=st.integers(1, 80),
)
def test_any_scale_gives_the_means_of_its_blocks(
    colour: int, seed: int, width: int, height: int, filters: list[int], scale: int
) -> None:
    pixels = pixels_of(seed, width, height, CHANNELS[colour])
    data = picture(pixels, colour, filters, palette=COLOURS if colour == 3 else b"")
    scanlines = zlib.decompress(b"".join(body for name, body in split(data) if name == b"IDAT"))
    colours = np.frombuffer(COLOURS, np.uint8).reshape(-1, 3).astype(np.int32)
    table = (colours @ np.array([19595, 38470, 7471], np.int32) + 32768) >> 16
    if colour == 4:
        table[1] = 255  # the alpha channel is ignored
    grey, seen = block_means(np.frombuffer(scanlines, np.uint8), table, KINDS[colour], width, height, scale)
    pillow = ordinary(data)
    assert pillow is not None
    assert np.array_equal(grey, means(pillow[""], scale))
    if colour == 3:
        assert seen == pixels.max()
    elif colour == 4:
        assert seen == np.bitwise_and.reduce(pixels.reshape(-1, 2)).view(np.uint16)[0]
    elif colour == 6:
        assert seen == np.bitwise_and.reduce(pixels.reshape(-1, 4)).view(np.uint32)[0]


@pytest.mark.parametrize("colour", CHANNELS)
@pytest.mark.parametrize("used", range(5))
def test_every_sum_of_neighbours_is_undone(colour: int, used: int) -> None:
    """Extreme values in all combinations, where bytes overflow."""
    random = np.random.default_rng(used)
    pixels = random.choice(np.array([0, 1, 127, 128, 254, 255], np.uint8), (90, 90, CHANNELS[colour]))
    assert is_read(picture(pixels, colour, (used,), palette=COLOURS if colour == 3 else b""))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1536, 512), (600, 1300), (1, 700), (700, 1), (1023, 1025)])
def test_large_pictures_are_reduced(width: int, height: int) -> None:
    data = picture(pixels_of(5, width, height, 3), 2, (4, 2, 0, 2, 2, 1, 3, 0))
    results = reduced(data, Limits())
    assert results is not None
    (found,) = results
    assert found.scale == max(1, min(width, height) // 256)
    assert found.grey.flags.c_contiguous
    assert is_read(data)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_what_pillow_writes_is_read(encoded: Callable[..., bytes], mode: str) -> None:
    assert is_read(encoded(opaque_screen(1, mode=mode, width=640, height=600)))


def test_real_screenshots_give_what_pillow_gives() -> None:
    if CORPUS not in os.environ:
        pytest.skip(f"REAL SCREENSHOTS NOT TESTED: {CORPUS} is not set")
    paths = sorted(Path(os.environ[CORPUS], "screenshots").rglob("*.png"))[::60]
    outcomes = Counter(is_read(path.read_bytes()) for path in paths)
    assert outcomes[True] > len(paths) // 4


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"Software\0gnome-screenshot"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"text" * 99)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
        (b"iTXt", b"Title\0\1\0\0\0" + zlib.compress(b"text")),
        (b"iCCP", b"sRGB\0\0" + zlib.compress(bytes(3000))),
        (b"iCCP", b"sRGB\0\0" + zlib.compress(Random(1).randbytes(9000))),
        (b"gAMA", struct.pack(">I", 45455)),
        (b"pHYs", bytes(9)),
        (b"eXIf", b"MM\0*"),
        (b"iDOT", bytes(28)),
        (b"bKGD", bytes(6)),
    ],
)
def test_what_cameras_and_systems_add_is_passed_over(chunk: tuple[bytes, bytes], place: str) -> None:
    chunks = split(SOUND)
    chunks.insert(1 if place == "before" else len(chunks) - 1, chunk)
    assert is_read(joined(chunks))


def test_a_file_may_go_on_after_its_end() -> None:
    assert is_read(SOUND + b"more")


CHUNKS = split(SOUND)
PIXELS = CHUNKS[1][1]
LEFT_TO_PILLOW = {
    "nothing": b"",
    "no picture": b"text",
    "header only": MAGIC,
    "cut": SOUND[:-1],
    "16 bits": joined([header(40, 30, 2, depth=16), *CHUNKS[1:]]),
    "grey and alpha, of another length": joined([header(40, 30, 4), *CHUNKS[1:]]),
    "interlaced": joined([header(40, 30, 2, rest=b"\0\0\1"), *CHUNKS[1:]]),
    "filters of another kind": joined([header(40, 30, 2, rest=b"\0\1\0"), *CHUNKS[1:]]),
    "no width": joined([header(0, 30, 2), *CHUNKS[1:]]),
    "no height": joined([header(40, 0, 2), *CHUNKS[1:]]),
    "a row too many": joined([header(40, 31, 2), *CHUNKS[1:]]),
    "a row too few": joined([header(40, 29, 2), *CHUNKS[1:]]),
    "too wide": joined([header(MAX_WIDTH + 1, 1, 2), *CHUNKS[1:]]),
    "too large": joined([header(MAX_WIDTH, MAX_INFLATED // MAX_WIDTH, 0), *CHUNKS[1:]]),
    "more than can come of it": joined([header(MAX_WIDTH, 512, 0), *CHUNKS[1:]]),
    "no pixels": joined([CHUNKS[0], END]),
    "empty pixels": joined([CHUNKS[0], (b"IDAT", b""), END]),
    "pixels in two places": joined([CHUNKS[0], (b"IDAT", PIXELS[:50]), (b"tIME", b""), (b"IDAT", PIXELS[50:]), END]),
    "a wrong Adler-32": joined([CHUNKS[0], (b"IDAT", PIXELS[:-1] + bytes([PIXELS[-1] ^ 1])), END]),
    "an Adler-32 that is missing": joined([CHUNKS[0], (b"IDAT", PIXELS[:-4]), END]),
    "an Adler-32 that is cut": joined([CHUNKS[0], (b"IDAT", PIXELS[:-1]), END]),
    "a byte after the Adler-32": joined([CHUNKS[0], (b"IDAT", PIXELS + b"\0"), END]),
    "pixels twice": joined([CHUNKS[0], (b"IDAT", PIXELS), (b"IDAT", PIXELS), END]),
    "a byte too many": joined([CHUNKS[0], (b"IDAT", zlib.compress(zlib.decompress(PIXELS) + b"\0")), END]),
    "a byte too few": joined([CHUNKS[0], (b"IDAT", zlib.compress(zlib.decompress(PIXELS)[:-1])), END]),
    "a dictionary that nobody has": joined([CHUNKS[0], (b"IDAT", with_dictionary(zlib.decompress(PIXELS))), END]),
    "no header of zlib's": joined([CHUNKS[0], (b"IDAT", PIXELS[2:-4]), END]),
    "gzip": joined([CHUNKS[0], (b"IDAT", gzip.compress(zlib.decompress(PIXELS))), END]),
    **{name: joined([FOUR_ZEROS, (b"IDAT", stream), END]) for name, stream in REFUSED.items()},
    "no end": joined(CHUNKS[:-1]),
    "an end with a body": joined([*CHUNKS[:-1], (b"IEND", b"x")]),
    "two headers": joined([CHUNKS[0], *CHUNKS]),
    "the header second": joined([(b"tIME", bytes(7)), *CHUNKS]),
    "a wrong CRC": SOUND[:-20] + bytes([SOUND[-20] ^ 1]) + SOUND[-19:],
    "a filter that there is not": joined([CHUNKS[0], (b"IDAT", zlib.compress(b"\5" * 30 * 121)), END]),
    "two frames": with_chunks((b"acTL", struct.pack(">II", 2, 0))),
    "a transparent colour": with_chunks((b"tRNS", bytes(6))),
    "a critical chunk of Apple's": joined([(b"CgBI", bytes(4)), *CHUNKS]),
    "a name with a digit": with_chunks((b"a1b2", b"")),
    "gamma cut": with_chunks((b"gAMA", b"\0")),
    "a text that would count as transparency": with_chunks((b"tEXt", b"transparency\0x")),
    "a text that would count as interlacing": with_chunks((b"tEXt", b"interlace\0x")),
    "a text that is a bomb": with_chunks((b"zTXt", b"Title\0\0" + zlib.compress(bytes(2 << 20)))),
    "a text of another compression": with_chunks((b"zTXt", b"Title\0\1" + zlib.compress(b"x"))),
    "a profile that is a bomb": with_chunks((b"iCCP", b"x\0\0" + zlib.compress(bytes(2 << 20)))),
    "a profile of another compression": with_chunks((b"iCCP", b"x\0\1" + zlib.compress(b"x"))),
    "a palette that is missing": joined([header(40, 30, 3), (b"IDAT", zlib.compress(bytes(30 * 41))), END]),
    "an index beyond the palette": picture(pixels_of(2, 9, 9, 1) | np.uint8(2), 3, palette=bytes(6)),
    "half a colour": picture(pixels_of(2, 9, 9, 1) & np.uint8(1), 3, palette=bytes(7)),
    "two palettes": picture(pixels_of(2, 9, 9, 1), 3, between=[(b"PLTE", bytes(768))], palette=bytes(768)),
    "more alphas than colours": picture(
        pixels_of(2, 9, 9, 1) & np.uint8(1), 3, between=[(b"tRNS", bytes(3))], palette=bytes(6)
    ),
    "no alphas": picture(pixels_of(2, 9, 9, 1), 3, between=[(b"tRNS", b"")], palette=bytes(768)),
    "alphas twice": picture(pixels_of(2, 9, 9, 1), 3, between=[(b"tRNS", b"\0")] * 2, palette=bytes(768)),
    "alphas before the palette": picture(pixels_of(2, 9, 9, 1), 3, between=[(b"tRNS", b"\0"), (b"PLTE", bytes(768))]),
    "alphas of pixels that have their own": picture(pixels_of(2, 9, 9, 4), 6, between=[(b"tRNS", b"\0")]),
    "a palette after the pixels": joined([*CHUNKS[:-1], (b"PLTE", bytes(768)), END]),
    "a window smaller than what refers to it": joined(
        [header(4000, 3, 0), (b"IDAT", b"\x08\x1d" + zlib.compress((b"\0" + Random(1).randbytes(4000)) * 3)[2:]), END]
    ),
}


@pytest.mark.parametrize("name", LEFT_TO_PILLOW)
def test_anything_else_is_left_to_pillow(name: str) -> None:
    assert reduced(LEFT_TO_PILLOW[name], Limits()) is None


def test_limits_come_before_the_pixels() -> None:
    assert reduced(SOUND, Limits(max_pixels=40 * 30)) is not None
    assert reduced(SOUND, Limits(max_pixels=40 * 30 - 1)) is None
    assert reduced(SOUND, Limits(max_total_pixels=40 * 30 - 1)) is None


def test_no_memory_is_asked_for_what_cannot_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def inflate(*_: object) -> bytes:
        raise AssertionError("inflated")

    monkeypatch.setattr(zlib_ng, "decompressobj", inflate)
    for name in ("too large", "more than can come of it", "empty pixels"):
        assert reduced(LEFT_TO_PILLOW[name], Limits()) is None


def test_no_more_is_inflated_than_the_picture_needs() -> None:
    bomb = joined([CHUNKS[0], (b"IDAT", zlib.compress(bytes(64 << 20))), END])
    tracemalloc.start()
    try:
        assert reduced(bomb, Limits()) is None
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * len(bomb)  # copies of what is compressed; its content is a thousand times as long


@pytest.mark.parametrize("name", SOUND_STREAMS)
def test_codes_as_few_programs_write_them_are_read(name: str) -> None:
    """The sound forms of those that are left to Pillow."""
    assert is_read(joined([FOUR_ZEROS, (b"IDAT", SOUND_STREAMS[name]), END]))


@pytest.mark.parametrize("name", REFUSED)
def test_what_zlib_refuses_is_refused(name: str) -> None:
    assert outcome(zlib, REFUSED[name], 4) is None
    assert outcome(zlib_ng, REFUSED[name], 4) is None


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32),
    length=st.integers(1, 40_000),
    values=st.integers(1, 256),
    level=st.integers(0, 9),
    memory=st.integers(1, 9),
    strategy=st.sampled_from(STRATEGIES),
    window=st.integers(9, 15),
)
def test_what_zlib_writes_is_read(
    seed: int, length: int, values: int, level: int, memory: int, strategy: int, window: int
) -> None:
    random = Random(seed)
    weights = [1 / (place + 1) ** 3 for place in range(values)]  # a few long codes
    line = bytes(random.choices(range(values), weights, k=length // 2)) + random.randbytes(length // 40) * 20
    compressor = zlib.compressobj(level, zlib.DEFLATED, window, memory, strategy)
    compressed = compressor.compress(b"\0" + line) + compressor.flush()
    # a picture that is one scanline; of one that goes beyond a small window Pillow is asked
    data = joined([header(len(line), 1, 0), (b"IDAT", compressed), END])
    assert is_read(data) == (len(line) > 0 and (window == 15 or len(line) < 1 << window))


@given(content=st.binary(min_size=1, max_size=5000), level=st.integers(0, 9))
def test_what_zlib_ng_writes_is_read(content: bytes, level: int) -> None:
    line = content * 5
    assert is_read(joined([header(len(line), 1, 0), (b"IDAT", zlib_ng.compress(b"\0" + line, level)), END]))


@pytest.mark.slow
def test_zlib_ng_decides_as_zlib_does() -> None:
    """Whatever is damaged, however much is asked for; with the right Adler-32 of whatever comes out."""
    random = Random(4)
    outcomes: Counter[bool] = Counter()
    sound = [*SOUND_STREAMS.values(), *(compressed_values(random, count) for count in (2, 3, 9, 60))]
    for _ in range(60_000):
        raw = deflate_streams.damaged(random.choice(sound), random)[2:-4]
        found = outcome(zlib_ng, raw, 1 << 12, -15)
        assert found == outcome(zlib, raw, 1 << 12, -15), raw.hex()
        if found is None:
            outcomes[False] += 1
            continue
        content, after = found
        data = sealed(raw[: len(raw) - len(after)], content) + after
        for most in {max(1, len(content) + more) for more in (-1, 0, 1)}:
            by_zlib = outcome(zlib, data, most)
            assert outcome(zlib_ng, data, most) == by_zlib, data.hex()
            assert (by_zlib is not None) == (most >= len(content))
        outcomes[True] += 1
    assert outcomes[True] > 100
    assert outcomes[False] > 20


def compressed_values(random: Random, count: int) -> bytes:
    return zlib.compress(bytes(random.choices(range(count), k=300)), 9)


@pytest.mark.slow
def test_damaged_files_are_read_as_pillow_reads_them_or_not_at_all() -> None:
    random = Random(6)
    files = sound_files()
    outcomes = Counter(is_read(damaged(random.choice(files), random)) for _ in range(1500))
    assert outcomes[True] > 100
    assert outcomes[False] > 500
