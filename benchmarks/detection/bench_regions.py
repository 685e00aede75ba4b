"""What do regions cost: detecting them compared with decoding, and an examination with them compared with one without?

    python -m benchmarks.detection.bench_regions CORPUS --work DIR [--count 12] [--listed 1000000] [--store STORE]
                                       [--thresholds 31 …] [--rounds 3]

The pictures are screenshots composed from the corpus's photographs (seed 7) and saved as PNG and JPEG 75, real
screenshots of a megapixel or more, and photographs. Each is examined `--rounds` times by each method in turn, and the
fastest time counts. The list has random hashes, so every match is by chance. Prints for each kind of picture the
milliseconds of Pillow's decode, of detecting the regions in the decoded picture, of an examination without regions, and
as ratios to that one (of the sums, and the median): with regions at each PDQ threshold (`--thresholds`), and with
--max-false-matches 1.
"""

from __future__ import annotations

import argparse
import io
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from benchmarks.detection.compose import compose
from benchmarks.hashing.corpus_recall import photographs
from benchmarks.shared.random_lists import random_store
from matcher import Matcher, Settings
from matcher.imaging.picture import Picture
from matcher.imaging.regions import find_regions

Answer = TypeVar("Answer")


def composed(corpus: Path, kind: str, count: int, form: str) -> list[bytes]:
    paths = [path for path in photographs(corpus, 200) if min(Image.open(path).size) >= 200]
    screens = [path for path in sorted((corpus / "screenshots").iterdir()) if Image.open(path).width >= 500]
    made = []
    for number in range(count):
        rng = np.random.default_rng([7, number])
        some = [Image.open(paths[place]).convert("RGB") for place in rng.choice(len(paths), 16, replace=False)]
        behind = [
            Image.open(one).convert("RGB") for one in rng.choice(np.array(screens if kind == "pasted" else paths), 4)
        ]
        stream = io.BytesIO()
        compose(kind, some, behind, rng).image.save(stream, form, quality=75)
        made.append(stream.getvalue())
    return made


def large(paths: Sequence[Path], count: int, pixels: int) -> list[bytes]:
    files = []
    for path in paths:
        with Image.open(path) as opened:
            if opened.width * opened.height >= pixels:
                files.append(path.read_bytes())
        if len(files) == count:
            break
    return files


def milliseconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - begin)


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def viewed(data: bytes) -> Callable[[], object]:
    view = Picture(decoded(data)).reduced().view()
    return lambda: find_regions(view) if view is not None else ()


def row(name: str, every: Sequence[bytes], matchers: Sequence[Matcher], rounds: int) -> str:
    """One line of the table. The first of `matchers` examines without regions."""
    decode, find = np.zeros(len(every)), np.zeros(len(every))
    took = np.zeros((len(matchers), len(every)))
    regions = 0
    for place, data in enumerate(every):
        finder = viewed(data)
        times = [
            [
                milliseconds(partial(decoded, data)),
                milliseconds(finder),
                *(milliseconds(partial(way.examine, data)) for way in matchers),
            ]
            for _ in range(rounds)
        ]
        decode[place], find[place], *examined = np.min(times, axis=0)
        took[:, place] = examined
        regions += sum(turned.region is not None for turned in matchers[1].examine(data).pictures) // 2
    ratios = [
        f"{took[way].sum() / took[0].sum():.2f} ({np.median(took[way] / took[0]):.2f})"
        for way in range(1, len(matchers))
    ]
    parts = [f"{decode.mean():.1f}", f"{find.mean():.1f} ({find.sum() / decode.sum():.2f} x)", f"{took[0].mean():.1f}"]
    return f"| {name} | {len(every)} | {regions / len(every):.1f} | {' | '.join((*parts, *ratios))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--listed", type=int, default=1_000_000)
    parser.add_argument("--store", type=Path, help="a store that is there already")
    parser.add_argument("--thresholds", type=int, nargs="+", default=[31])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    store = arguments.store or random_store(arguments.work, arguments.listed)
    names = ["without", *(f"≤ {limit}" for limit in arguments.thresholds), "--max-false-matches 1"]
    matchers = [
        Matcher.open(store, settings=Settings(regions=False)),
        *(Matcher.open(store, settings=Settings(thresholds={"pdq": limit})) for limit in arguments.thresholds),
        Matcher.open(store, settings=Settings(max_false_matches=1.0, reframings=True)),
    ]
    print(f"| pictures | of them | regions each | decode, ms | find, ms | {', ms | '.join(names[:1])}, ms | ", end="")
    print(f"{' | '.join(names[1:])} |\n|---|---|---|---|---|---|{'---|' * (len(names) - 1)}")
    kinds = {f"{kind}, {form}": (kind, form) for kind in ("desktop", "pasted", "grid") for form in ("PNG", "JPEG")}
    for name, (kind, form) in kinds.items():
        print(
            row(name, composed(arguments.corpus, kind, arguments.count, form), matchers, arguments.rounds), flush=True
        )
    screens = sorted((arguments.corpus / "screenshots").iterdir())
    pictures = [path for path in sorted((arguments.corpus / "photos").iterdir()) if path.stat().st_size > 400_000]
    cameras = [path for path in pictures if path.suffix.lower() in {".jpg", ".jpeg"}]
    for name, every in (
        ("real screenshots", large(screens, 3 * arguments.count, 1_000_000)),
        ("photographs, JPEG", large(cameras, 3 * arguments.count, 1_500_000)),
        ("photographs of any size", [path.read_bytes() for path in photographs(arguments.corpus, 8 * arguments.count)]),
    ):
        print(row(name, every, matchers, arguments.rounds), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
