"""What does it cost that a transparent picture is looked at on white, without its alpha channel, and on black?

    python -m benchmarks.decoding.transparency_costs FOLDER [--files 300] [--rounds 3] [--most-megapixels 16]

The transparent pictures of FOLDER are examined against a list that nothing matches; beside them the same pictures as
opaque PNGs or WebPs, which have one rendering. Prints a Markdown table, a row for each format: the number of pictures,
the processor time of a picture in milliseconds (the least of the rounds of each file), and the ratio. `by Pillow` is
the transparent picture where no file is left to the faster decoder of PNGs.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from PIL import Image

from benchmarks.shared.examining import examined_seconds
from benchmarks.shared.random_lists import random_store
from matcher import Matcher
from matcher.imaging import decode

Pair = tuple[str, bytes, bytes]


def pairs(folder: Path, most: int, pixels: float) -> Iterator[Pair]:
    """A generator of (format, a transparent picture's file, the same picture's without alpha)."""
    found = 0
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        try:
            with Image.open(io.BytesIO(data)) as image:
                if image.format not in ("PNG", "WEBP") or getattr(image, "n_frames", 1) > 1:
                    continue
                if image.width * image.height > pixels or not image.has_transparency_data:
                    continue
                name = f"{image.format}, {'palette' if image.mode == 'P' else image.mode}"
                with_alpha = image.convert("RGBA")
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
        if with_alpha.getchannel("A").getextrema() == (255, 255):
            continue
        stream = io.BytesIO()
        opaque = with_alpha.convert("L" if image.mode == "LA" else "RGB")
        opaque = opaque.quantize(256) if image.mode == "P" else opaque
        opaque.save(stream, image.format, **({"lossless": True} if image.format == "WEBP" else {}))
        yield name, data, stream.getvalue()
        found += 1
        if found == most:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most-megapixels", type=float, default=16)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    groups: dict[str, list[tuple[bytes, bytes]]] = {}
    for name, transparent, opaque in pairs(arguments.folder, arguments.files, arguments.most_megapixels * 1e6):
        for group in (name, "all"):
            groups.setdefault(group, []).append((transparent, opaque))
    with tempfile.TemporaryDirectory() as work:
        matcher = Matcher.open(random_store(Path(work, "store"), 1000))
        ways: dict[str, Callable[[tuple[bytes, bytes]], float]] = {
            "opaque": lambda pair: examined_seconds(matcher, pair[1]),
            "transparent": lambda pair: examined_seconds(matcher, pair[0]),
            "by Pillow": lambda pair: by_pillow(matcher, pair[0]),
        }
        print(f"| pictures | number | {' | '.join(f'{way}, ms' for way in ways)} | transparent / opaque |")
        print(f"|{'---|' * (len(ways) + 3)}")
        for name, of_kind in sorted(groups.items()):
            times = {way: [9.0] * len(of_kind) for way in ways}
            for _ in range(arguments.rounds):
                for place, pair in enumerate(of_kind):
                    for way, work_of in ways.items():
                        times[way][place] = min(times[way][place], work_of(pair))
            means = {way: 1e3 * sum(values) / len(of_kind) for way, values in times.items()}
            numbers = " | ".join(f"{value:.1f}" for value in means.values())
            print(f"| {name} | {len(of_kind)} | {numbers} | {means['transparent'] / means['opaque']:.2f} |", flush=True)


def by_pillow(matcher: Matcher, data: bytes) -> float:
    reducers = {"PNG": lambda _data, _limits: None}
    with mock.patch.dict(decode._REDUCERS, reducers):
        return examined_seconds(matcher, data)


if __name__ == "__main__":
    main()
