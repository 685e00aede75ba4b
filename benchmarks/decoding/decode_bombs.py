"""What do small files cost that decode to very large pictures?

    python -m benchmarks.decoding.decode_bombs

Makes small files of pictures that are as large as the default limits allow, or larger, and examines each in its own
process (decoded, and hashed by PDQ and pHash). Prints bytes, outcome, peak memory and time.
"""

from __future__ import annotations

import io
import multiprocessing
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable
from multiprocessing.connection import Connection

from PIL import Image

from matcher.examine.engine import Matcher
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture

SIDE = 16_384


def bilevel_png() -> bytes:
    return _encoded(Image.new("1", (SIDE, SIDE)), "PNG")


def deep_png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))

    compressor = zlib.compressobj(9)
    row = bytes(1 + 8 * SIDE)
    body = b"".join([*(compressor.compress(row) for _ in range(SIDE)), compressor.flush()])
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def cut_png() -> bytes:
    return deep_png()[:2000]


def long_gif() -> bytes:
    """A thousand frames of sixteen megapixels."""
    one = _encoded(Image.new("L", (4000, 4000)), "GIF")
    begin = one.index(b",", 13 + 768)
    return one[:begin] + one[begin:-1] * 1000 + b";"


def many_pages() -> bytes:
    """A TIFF of 201 directories that share one strip of 64 megapixels."""
    page = _encoded(Image.new("1", (16_000, 4000)), "TIFF", compression="group4")
    (begin,) = struct.unpack_from("<I", page, 4)
    (count,) = struct.unpack_from("<H", page, begin)
    size = 2 + 12 * count
    chain = bytearray(page)
    struct.pack_into("<I", chain, begin + size, len(chain))
    for _ in range(199):
        chain += page[begin : begin + size] + struct.pack("<I", len(chain) + size + 4)
    return bytes(chain + page[begin : begin + size] + bytes(4))


def _encoded(image: Image.Image, suffix: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, suffix, **options)
    return stream.getvalue()


BOMBS: tuple[Callable[[], bytes], ...] = (bilevel_png, deep_png, cut_png, long_gif, many_pages)


def _examine(data: bytes, answers: Connection) -> None:
    matcher = Matcher()
    for hasher in matcher.picture_hashers:  # compiled before the clock runs
        hasher.hash(Picture(landscape(1)))
    begin = time.perf_counter()
    finding = matcher.examine(data)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1 << 20)
    outcome = finding.status.value if finding.reason is None else f"{finding.status.value}: {finding.reason.value}"
    answers.send(f"{outcome} | {peak} | {seconds:.1f}")


def main() -> None:
    print("| file | bytes | outcome | peak MiB | seconds |\n|---|---|---|---|---|")
    context = multiprocessing.get_context("spawn")
    for make in BOMBS:
        data = make()
        answers, sending = context.Pipe(duplex=False)
        process = context.Process(target=_examine, args=(data, sending))
        process.start()
        sending.close()
        print(f"| {make.__name__.replace('_', ' ')} | {len(data)} | {answers.recv()} |", flush=True)
        process.join()


if __name__ == "__main__":
    main()
