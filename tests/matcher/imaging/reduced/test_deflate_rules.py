"""What libdeflate inflates and zlib does not is found out, and nothing else."""

from __future__ import annotations

import zlib
from collections import Counter
from random import Random

import deflate
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.imaging.reduced.deflate_rules import PADDING, keeps_the_rules

MOST = 1 << 12


def kept(data: bytes) -> bool:
    return keeps_the_rules(np.frombuffer(data + bytes(PADDING), np.uint8))


def inflated_by_zlib(data: bytes) -> bytes | None:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return None


def inflated_by_libdeflate(raw: bytes) -> bytes | None:
    try:
        return bytes(deflate.deflate_decompress(raw, MOST))
    except deflate.DeflateError:
        return None


def compressed(content: bytes, level: int, memory: int, strategy: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, 15, memory, strategy)
    return compressor.compress(content) + compressor.flush()


@given(
    seed=st.integers(0, 2**32),
    length=st.integers(0, 40_000),
    values=st.integers(1, 256),
    level=st.integers(0, 9),
    memory=st.integers(1, 9),
    strategy=st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED, zlib.Z_FILTERED]),
)
def test_what_zlib_writes_keeps_them(
    seed: int, length: int, values: int, level: int, memory: int, strategy: int
) -> None:
    random = Random(seed)
    weights = [1 / (place + 1) ** 3 for place in range(values)]  # a few long codes
    content = bytes(random.choices(range(values), weights, k=length // 2)) + random.randbytes(length // 40) * 20
    assert kept(compressed(content, level, memory, strategy))


@given(content=st.binary(max_size=5000), level=st.integers(1, 12))
def test_what_libdeflate_writes_keeps_them(content: bytes, level: int) -> None:
    assert kept(bytes(deflate.zlib_compress(content * 5, level)))


class Bits:
    """Bits as deflate packs them."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def number(self, value: int, count: int) -> None:
        self.bits += [(value >> place) & 1 for place in range(count)]

    def code(self, text: str) -> None:
        self.bits += [int(bit) for bit in text]

    def ended(self, content: bytes) -> bytes:
        self.bits += [0] * (-len(self.bits) % 8)
        octets = [self.bits[at : at + 8] for at in range(0, len(self.bits), 8)]
        raw = bytes(sum(bit << place for place, bit in enumerate(octet)) for octet in octets)
        return b"\x78\x01" + raw + zlib.adler32(content).to_bytes(4, "big")


def _zeros(bits: Bits, count: int) -> None:
    """So many symbols more that have no code, 0 or 11 to 138."""
    if count:
        bits.code("11")
        bits.number(count - 11, 7)


def block(*, lengths: int = 0, distances: int = 0, far: str = "0") -> bytes:
    """Four zeros: a literal, and a length of 3 with a distance of 1, by codes that the block describes.

    Of the codes for lengths of codes, 1 is `0`, 2 is `10` and 18 is `11`.
    """
    bits = Bits()
    bits.number(0b101, 3)
    bits.number(1 + lengths, 5)
    bits.number(distances, 5)
    bits.number(14, 4)
    for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1):
        bits.number({1: 1, 2: 2, 18: 2}.get(symbol, 0), 3)
    bits.code("0")  # literal 0: one bit
    _zeros(bits, 138)
    _zeros(bits, 117)
    bits.code("10")  # end: two bits
    bits.code("10")  # a length of 3: two bits
    _zeros(bits, lengths)
    bits.code("0")  # a distance of 1: one bit
    _zeros(bits, distances)
    bits.code("0" + "11" + far + "10")
    return bits.ended(bytes(4))


def static(symbol: str, far: str) -> bytes:
    """A zero, a length and a distance by the codes that need no description."""
    bits = Bits()
    bits.number(0b011, 3)
    bits.code("00110000" + symbol + far + "0000000")
    return bits.ended(bytes(4))


def test_the_sound_forms_of_what_follows_keep_them() -> None:
    for data in (block(), static("0000001", "00000")):
        assert inflated_by_zlib(data) == bytes(4)
        assert kept(data)


@pytest.mark.parametrize(
    "data",
    [
        block(far="1"),
        block(lengths=29),
        block(distances=30),
        static("11000110", "00000"),
        static("11000111", "00000"),
        static("0000001", "11110"),
        static("0000001", "11111"),
    ],
    ids=[
        "a code that is not given",
        "a length too many",
        "a distance too many",
        "length 286",
        "length 287",
        "distance 30",
        "distance 31",
    ],
)
def test_what_zlib_refuses_does_not(data: bytes) -> None:
    assert inflated_by_zlib(data) is None
    assert not kept(data)


def test_faults_that_libdeflate_passes_over_are_those_that_are_found() -> None:
    """Damaged descriptions of codes, with the right Adler-32 of whatever comes out."""
    random = Random(4)
    outcomes: Counter[tuple[bool, bool]] = Counter()
    sound = [block(), *(compressed(bytes(random.choices(range(n), k=300)), 9, 9, 0) for n in (2, 3, 9, 60))]
    for _ in range(60_000):
        raw = bytearray(random.choice(sound)[2:-4])
        for _ in range(random.randint(1, 3)):
            place = random.randrange(min(len(raw), 24) * 8)
            raw[place // 8] ^= 1 << place % 8
        content = inflated_by_libdeflate(bytes(raw))
        if content is None:
            continue
        data = b"\x78\x01" + raw + zlib.adler32(content).to_bytes(4, "big")
        # zlib looks for the Adler-32 where its last block ends, which may be sooner than where it was put
        inflater = zlib.decompressobj(-15)
        try:
            by_zlib = inflater.decompress(bytes(raw), 2 * MOST) == content and inflater.eof
        except zlib.error:
            by_zlib = False
        assert kept(data) == by_zlib, data.hex()
        outcomes[kept(data), by_zlib] += 1
    assert outcomes[True, True] > 100
    assert outcomes[False, False] > 20
