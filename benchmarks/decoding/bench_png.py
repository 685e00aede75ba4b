"""How fast is a PNG read for screening, compared with decoders, and is it ever read where Pillow would refuse it?

    python -m benchmarks.decoding.bench_png [--corpus CORPUS] [--count 12] [--rounds 9]
    python -m benchmarks.decoding.bench_png --fuzz 600 [--seed 1]

The input is screenshots of CORPUS (a folder with screenshots/), converted to 1920 × 1080 and written by Pillow as RGB,
opaque RGBA, grey and palette; without CORPUS drawn ones. One thread. Prints a line for each colour mode: milliseconds
for Pillow's decode, and the share of it that the others take, the median of the pictures, each the best of its rounds.
`zlib-ng` only inflates, which is the floor of `reduced`; `to grey` is Pillow's decode and conversion to grey.
libdeflate (inflating alone), OpenCV and imagecodecs take part where they are installed; the last two and Pillow stop at
the pixels, while `reduced` also computes the grey means. Then the same for icons.

--fuzz damages small files for that many seconds and compares with Pillow's decode; exit code 1 if one differs. It
damages files; benchmarks/decoding/inflate_outcomes.py damages compressed data.
"""

from __future__ import annotations

import argparse
import importlib
import io
import statistics
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from zlib_ng import zlib_ng

from benchmarks.shared.png_cases import CHANNELS, damaged, is_read, opaque_screen, sound_files, split
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.png import reduced

SIZE = (1920, 1080)
ICON = (48, 48)
MODES = ("RGB", "RGBA", "L", "P")
Work = Callable[[bytes], object]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--fuzz", type=float, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.fuzz is not None:
        return fuzz(arguments.fuzz, arguments.seed)
    screens = [image.convert("RGB") for image in pictures(arguments.corpus, arguments.count)]
    print(f"{len(screens)} {'screenshots' if arguments.corpus else 'drawn screens'}, {SIZE[0]} × {SIZE[1]}, one thread")
    table(screens, arguments.rounds)
    print(f"the same at {ICON[0]} × {ICON[1]}")
    table([screen.resize(ICON) for screen in screens], 20 * arguments.rounds)
    return 0


def pictures(corpus: Path | None, count: int) -> Iterator[Image.Image]:
    """A generator of pictures of SIZE, chosen evenly from the screenshots in the order of their names."""
    if corpus is None:
        for seed in range(count):
            yield opaque_screen(seed, mode="RGB", width=SIZE[0], height=SIZE[1])
        return
    paths = sorted((corpus / "screenshots").rglob("*.png"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        with Image.open(path) as image:
            yield image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)


def decoders() -> dict[str, Work]:
    """Our decoder and the installed peers, by name."""
    installed: dict[str, Work] = {"Pillow": lambda data: Image.open(io.BytesIO(data)).load()}
    installed["to grey"] = lambda data: Image.open(io.BytesIO(data)).convert("RGB").convert("L")
    installed["reduced"] = lambda data: reduced(data, Limits())
    installed["zlib-ng"] = lambda data: zlib_ng.decompressobj().decompress(*compressed_pixels(data))
    peers: dict[str, tuple[str, Callable[[Any], Work]]] = {
        "libdeflate": ("deflate", lambda deflate: lambda data: deflate.zlib_decompress(*compressed_pixels(data))),
        "OpenCV": ("cv2", lambda cv2: lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)),
        "libpng": ("imagecodecs", lambda imagecodecs: imagecodecs.png_decode),
        "spng": ("imagecodecs", lambda imagecodecs: imagecodecs.spng_decode),
    }
    for name, (module, make) in peers.items():
        try:
            installed[name] = make(importlib.import_module(module))
        except ImportError:
            print(f"{name}: not installed")
    return installed


def compressed_pixels(data: bytes) -> tuple[bytes, int]:
    """What is compressed in a file, and how many bytes it inflates to."""
    chunks = split(data)
    width, height, _, colour = struct.unpack_from(">IIBB", chunks[0][1])
    length = height * (1 + width * CHANNELS[colour])
    return b"".join(body for name, body in chunks if name == b"IDAT"), length


def table(screens: list[Image.Image], rounds: int) -> None:
    works = decoders()
    others = [name for name in works if name != "Pillow"]
    print(f"{'mode':<6}{'KB':>6}{'Pillow ms':>11}" + "".join(f"{name:>11}" for name in others))
    for mode in MODES:
        files = [encoded(screen, mode) for screen in screens]
        times = {name: [best(work, data, rounds) for data in files] for name, work in works.items()}
        shares = {
            name: statistics.median(ours / pillow for ours, pillow in zip(times[name], times["Pillow"], strict=True))
            for name in others
        }
        size = statistics.median(len(data) for data in files) / 1000
        line = f"{mode:<6}{size:>6.0f}{1e3 * statistics.median(times['Pillow']):>11.3f}"
        print(line + "".join(f"{shares[name]:>11.2f}" for name in others))


def encoded(image: Image.Image, mode: str) -> bytes:
    stream = io.BytesIO()
    (image.quantize(256) if mode == "P" else image.convert(mode)).save(stream, "PNG")
    assert reduced(stream.getvalue(), Limits()) is not None
    return stream.getvalue()


def best(work: Work, data: bytes, rounds: int) -> float:
    """The seconds of the fastest round."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work(data)
        times.append(time.perf_counter() - begun)
    return min(times)


def fuzz(seconds: float, seed: int) -> int:
    random = Random(seed)
    files = sound_files()
    outcomes: Counter[bool] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = damaged(random.choice(files), random)
        try:
            outcomes[is_read(data)] += 1
        except AssertionError as error:
            print(f"read otherwise than by Pillow: {error}\n{data.hex()}")
            return 1
    print(f"seed {seed}: {outcomes[True]} read as Pillow reads them, {outcomes[False]} left to Pillow")
    return 0


if __name__ == "__main__":
    sys.exit(main())
