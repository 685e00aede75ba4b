"""Compressed streams in zlib's format, sound, odd and damaged, and what a library makes of one: for tests and fuzzers.

Source: RFC 1950 and RFC 1951.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from random import Random
from types import ModuleType

HEADER, TAIL = 2, 4
"""Bytes around the compressed data: window and check; the Adler-32."""

STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
_FLUSHES = (zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH)


def outcome(library: ModuleType, stream: bytes, most: int, window: int = 15) -> tuple[bytes, bytes] | None:
    """What a stream holds, if it ends within `most` bytes (1 or more), and what follows it; None where it is refused.

    `library`: zlib, or a module with its interface. `window` as zlib has it: -15 for compressed data without header.
    """
    inflater = library.decompressobj(window)
    try:
        content = inflater.decompress(stream, most)
    except library.error:
        return None
    return (content, inflater.unused_data) if inflater.eof else None


def sealed(raw: bytes, content: bytes, head: bytes = b"\x78\x01") -> bytes:
    """Compressed data between a header and the Adler-32 of what comes of it."""
    return head + raw + zlib.adler32(content).to_bytes(TAIL, "big")


def content_of(random: Random) -> bytes:
    """A few hundred bytes, seldom many thousands: few values or all, with repetitions near and far."""
    length = random.choice([0, 1, 3, 40, 257, 258, 259, 300, 300, 300, 900])
    if random.random() < 0.03:
        length = random.choice([4_000, 16_384, 32_768, 33_100, 70_000])
    values = random.choice([1, 2, 3, 9, 60, 256])
    weights = [1 / (place + 1) ** random.choice([0, 1, 3]) for place in range(values)]  # a few long codes
    made = bytes(random.choices(range(values), weights, k=length))
    return made + made[: random.randint(0, length)] if random.random() < 0.5 else made


def compressed(content: bytes, random: Random) -> bytes:
    """By any of zlib's levels, strategies and windows; sometimes flushed in between, or with a dictionary."""
    dictionary = {"zdict": content[:200]} if content and random.random() < 0.03 else {}
    compressor = zlib.compressobj(
        random.randint(0, 9),
        zlib.DEFLATED,
        random.choice([9, 10, 12, 15, 15, 15]),
        random.randint(1, 9),
        random.choice(STRATEGIES),
        **dictionary,
    )
    cut = random.randint(0, len(content)) if random.random() < 0.2 else 0
    made = compressor.compress(content[:cut])
    if cut:
        made += compressor.flush(random.choice(_FLUSHES))
    return made + compressor.compress(content[cut:]) + compressor.flush()


def damaged(stream: bytes, random: Random) -> bytes:
    """A stream with one to three faults of any kind."""
    data = bytearray(stream)
    for _ in range(random.choice([1, 1, 2, 3])):
        random.choice(_FAULTS)(data, random)
    return bytes(data)


def _flipped(data: bytearray, random: Random) -> None:
    """Bits, mostly where the first block describes its codes."""
    for _ in range(random.randint(1, 3)):
        end = min(len(data), 2 + 24) if random.random() < 0.7 else len(data)
        if end:
            data[random.randrange(end)] ^= 1 << random.randrange(8)


def _cut(data: bytearray, random: Random) -> None:
    """Cut off, often within the Adler-32."""
    count = random.randint(1, 5) if random.random() < 0.5 else random.randint(0, len(data))
    del data[max(0, len(data) - count) :]


def _prolonged(data: bytearray, random: Random) -> None:
    data += random.choice([b"\0", random.randbytes(random.randint(1, 9)), bytes(data[:40])])


def _squeezed(data: bytearray, random: Random) -> None:
    """Bytes taken out or put in."""
    at = random.randint(0, len(data))
    if random.random() < 0.5:
        del data[at : at + random.randint(1, 4)]
    else:
        data[at:at] = random.randbytes(random.randint(1, 4))


def _other_window(data: bytearray, random: Random) -> None:
    """Another window in the header (8 to 23, where 15 is the most) or, seldom, a dictionary that nobody has."""
    if len(data) >= HEADER:
        method = 8 if random.random() < 0.95 else random.randrange(16)
        data[0] = random.randrange(16 if random.random() < 0.2 else 8) << 4 | method
        data[1] = random.randrange(4) << 6 | (0x20 if random.random() < 0.1 else 0)
        data[1] += -(data[0] << 8 | data[1]) % 31


_FAULTS: tuple[Callable[[bytearray, Random], None], ...] = (
    _flipped,
    _flipped,
    _flipped,
    _flipped,
    _cut,
    _prolonged,
    _squeezed,
    _other_window,
)


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
        return sealed(bytes(sum(bit << place for place, bit in enumerate(octet)) for octet in octets), content)


def _zeros(bits: Bits, count: int) -> None:
    """So many symbols more that have no code, 0 or 11 to 138."""
    if count:
        bits.code("11")
        bits.number(count - 11, 7)


def block(*, lengths: int = 0, distances: int = 0, far: str = "0") -> bytes:
    """Four zeros: a literal, and a length of 3 with a distance of 1, by codes that the block describes.

    Of the codes for lengths of codes, 1 is `0`, 2 is `10` and 18 is `11`. `lengths`, `distances`: symbols more than
    are needed, without a code; `far`: the code of the distance, of which only `0` is given.
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


SOUND = {"described codes": block(), "static codes": static("0000001", "00000")}
"""Four zeros each."""

REFUSED = {
    "a code that is not given": block(far="1"),
    "a length too many": block(lengths=29),
    "a distance too many": block(distances=30),
    "length 286": static("11000110", "00000"),
    "length 287": static("11000111", "00000"),
    "distance 30": static("0000001", "11110"),
    "distance 31": static("0000001", "11111"),
    "a distance beyond the beginning": static("0000001", "00001"),
}
"""The same with a fault that zlib refuses, though something could be made of it."""
