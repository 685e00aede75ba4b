"""What does it cost to look at the pictures that are embedded in files?

    python -m benchmarks.decoding.embedded_costs FOLDER --work DIR [--files 500] [--rounds 5] [--drawn]

The files of FOLDER, or with `--drawn` drawn photographs of 2 and 12 megapixels with thumbnails and with files behind
their ends, are examined against a list that nothing matches, with and without a search for embedded pictures. Prints
a Markdown table, a row for each group of files: their number, how many have embedded pictures, the processor time of a
file without and with them (the least of the rounds of each file), and how much more that is.
"""

from __future__ import annotations

import argparse
import io
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.shared.examining import examined_seconds
from benchmarks.shared.random_lists import random_store
from matcher import Matcher, Settings
from matcher.examine import pictures
from matcher.imaging.drawing import landscape
from matcher.imaging.embedded import Found, find
from matcher.imaging.limits import DEFAULT_LIMITS, Limits
from matcher.imaging.sniff import HEAD, Kind, sniff

Group = tuple[str, list[bytes]]


def _nothing(_data: bytes, _kind: Kind, _limits: Limits) -> Found:
    return Found()


def _files(folder: Path, most: int) -> Iterator[Group]:
    """A generator of the folder's files by their kind, those with embedded pictures apart."""
    groups: dict[str, list[bytes]] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file())[:most]:
        data = path.read_bytes()
        kind = sniff(data[:HEAD])
        if kind is not None:
            has = "with embedded pictures" if find(data, kind, DEFAULT_LIMITS).pictures else "without"
            groups.setdefault(f"{kind.media_type}, {has}", []).append(data)
            groups.setdefault("all", []).append(data)
    yield from sorted(groups.items())


def _encoded(image: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85, **options)
    return stream.getvalue()


def _exif(thumbnail: bytes) -> bytes:
    """Exif metadata with one tag in the first directory, and a thumbnail."""
    first = struct.pack("<HHHIII", 1, 274, 3, 1, 1, 26)
    second = struct.pack("<HHHIIHHIII", 2, 513, 4, 1, 56, 514, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + thumbnail


def _drawn() -> Iterator[Group]:
    for megapixels, size in ((2, (1632, 1224)), (12, (4000, 3000))):
        small = landscape(7, width=500, height=375)
        image = small.resize(size, Image.Resampling.BICUBIC)
        grain = np.random.default_rng(1).normal(0, 4, (*image.size[::-1], 1))
        image = Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))
        thumbnail = _encoded(image.resize((160, 120)))
        plain = _encoded(image)
        film = (
            struct.pack(">I4s", 16, b"ftyp") + b"isom\0\0\0\0" + struct.pack(">I4s", 1 << 22, b"mdat") + bytes(1 << 22)
        )
        yield f"{megapixels} MP JPEG", [plain]
        yield f"{megapixels} MP JPEG, thumbnail", [_encoded(image, exif=_exif(thumbnail))]
        yield f"{megapixels} MP JPEG, film of 4 MB behind", [plain + film]
        yield (
            f"{megapixels} MP JPEG, half of its size behind",
            [plain + _encoded(image.resize((size[0] // 2, size[1] // 2)))],
        )


def _seconds(matcher: Matcher, data: bytes, *, with_parts: bool) -> float:
    setattr(pictures, "find", find if with_parts else _nothing)  # noqa: B010 - mypy knows no such name there
    return examined_seconds(matcher, data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drawn", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    matcher = Matcher.open(random_store(arguments.work / "store", 1000), settings=Settings())
    print(
        "| files | number | with embedded pictures | ms without them | ms with them | more |\n|---|---|---|---|---|---|"
    )
    for name, group in _drawn() if arguments.drawn else _files(arguments.folder, arguments.files):
        times = {with_parts: [9.0] * len(group) for with_parts in (False, True)}
        for number in range(arguments.rounds):
            for place, data in enumerate(group):
                for with_parts in (False, True) if number % 2 else (True, False):
                    taken = _seconds(matcher, data, with_parts=with_parts)
                    times[with_parts][place] = min(times[with_parts][place], taken)
        has = sum(bool(find(data, kind, DEFAULT_LIMITS).pictures) for data in group if (kind := sniff(data[:HEAD])))
        without, with_them = (sum(times[key]) / len(group) * 1e3 for key in (False, True))
        more = f"{100 * (with_them / without - 1):.1f} %"
        print(f"| {name} | {len(group)} | {has} | {without:.1f} | {with_them:.1f} | {more} |")


if __name__ == "__main__":
    main()
