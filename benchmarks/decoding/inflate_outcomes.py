"""Does zlib-ng, which inflates PNGs here, inflate what zlib inflates, to the same bytes, and nothing else?

    python -m benchmarks.decoding.inflate_outcomes [--streams 300000] [--seed 1]

Compresses drawn content by every level, strategy and window of zlib's, with stored, static and described blocks, and
damages it: bits, cuts, bytes too many, bytes taken out or put in, other windows in the header. Half of what ends in
spite of its damage gets the Adler-32 of what comes of it, without which nearly all would be refused for that alone.
Both inflate each stream, and the compressed data of it without its header, into as many bytes as it should give, or one
fewer or more. Beside them libdeflate, where it is installed: how often it would have decided otherwise. Exit code 1 if
zlib-ng decides otherwise once.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from random import Random

from zlib_ng import zlib_ng

from benchmarks.shared.deflate_streams import (
    HEADER,
    REFUSED,
    SOUND,
    TAIL,
    compressed,
    content_of,
    damaged,
    outcome,
    sealed,
)

MOST = 1 << 18
"""Bytes beyond which no damaged stream is followed."""

Decide = Callable[[bytes, int], bytes | None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"zlib {zlib.ZLIB_RUNTIME_VERSION}, zlib-ng {zlib_ng.ZLIBNG_RUNTIME_VERSION}, seed {arguments.seed}")
    random = Random(arguments.seed)
    peer = libdeflate()
    counts: Counter[str] = Counter()
    begun = time.monotonic()
    for _ in range(arguments.streams):
        stream, most = drawn(random)
        by_zlib = outcome(zlib, stream, most)
        if outcome(zlib_ng, stream, most) != by_zlib:
            print(f"decided otherwise, {most} bytes: {stream.hex()}")
            return 1
        raw = stream[HEADER:-TAIL]
        if outcome(zlib_ng, raw, most, -15) != outcome(zlib, raw, most, -15):
            print(f"decided otherwise without header, {most} bytes: {raw.hex()}")
            return 1
        counts["refused" if by_zlib is None else "inflated, and more follows" if by_zlib[1] else "inflated"] += 1
        counts["libdeflate"] += peer is not None and peer(stream, most) != (by_zlib and by_zlib[0])
    seconds = time.monotonic() - begun
    print(f"{arguments.streams} streams in {seconds:.0f} s, all decided as by zlib:")
    for name in ("inflated", "inflated, and more follows", "refused"):
        print(f"  {counts[name]} {name}")
    print(f"libdeflate: {'not installed' if peer is None else str(counts['libdeflate']) + ' decided otherwise'}")
    return 0


def drawn(random: Random) -> tuple[bytes, int]:
    """A stream, mostly damaged, and how many bytes are asked of it."""
    if random.random() < 0.2:
        sound, content = random.choice([*SOUND.values(), *REFUSED.values()]), bytes(4)
    else:
        content = content_of(random)
        sound = compressed(content, random)
    stream = damaged(sound, random) if random.random() < 0.95 else sound
    if random.random() < 0.5:
        # whichever of the two ends, so that a stream that only one of them inflates has its Adler-32, too
        raw = stream[HEADER:-TAIL]
        found = outcome(zlib_ng, raw, MOST, -15) or outcome(zlib, raw, MOST, -15)
        if found is not None:
            content, after = found
            stream = sealed(raw[: len(raw) - len(after)], content, stream[:HEADER])
    return stream, max(1, len(content) + random.choice([0, 0, 0, 0, -1, 1, 5000]))


def libdeflate() -> Decide | None:
    """What libdeflate inflates a stream to, or None where it refuses it; what follows the stream is passed over."""
    try:
        deflate = importlib.import_module("deflate")
    except ImportError:
        return None

    def decide(stream: bytes, most: int) -> bytes | None:
        try:
            return bytes(deflate.zlib_decompress(stream, most))
        except deflate.DeflateError:
            return None

    return decide


if __name__ == "__main__":
    sys.exit(main())
