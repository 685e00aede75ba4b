"""Is any TIFF that common writers can write decoded into wrong pixels and called examined?

    python -m benchmarks.decoding.tiff_grid DIR [--workers N] [--every N] [--only TEXT] [--writers W,W]

Writes one drawn picture as thousands of TIFF files into DIR (tiff_variants.py), one after the other, reads each as a
scan does, and compares the PDQ of the nearest rendering with that of the picture that the file holds: 10 bits or less
agree. Referees (ImageMagick, libvips, tifffile) read every file that we read differently (grid_verdicts.py names the
verdicts). It needs tifffile and imagecodecs, which are installed by hand; programs may be missing.

Prints, as Markdown, the verdicts by dimension, and every file that is wrong, or holds another picture, or that nobody
reads; these stay in DIR. The exit code is 1 if one is wrong. A line a file goes into DIR/verdicts.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.decoding import tiff_variants
from benchmarks.decoding.tiff_pictures import Variant, truth
from benchmarks.shared.grid_verdicts import Verdict, judge

DIMENSIONS = (
    *("writer", "samples", "photometric", "planes", "order", "predictor", "compression", "layout", "fill"),
    *("big", "orientation", "subsampling", "table", "range", "used bits"),
)


REFEREES = {"tifffile": "tifffile", "convert": "ImageMagick", "vips": "libvips"}
"""The referee whose program is the writer."""

KEPT = frozenset({"wrong", "read by nobody", "other picture"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--every", type=int, default=1, help="one of so many files, chosen by its name")
    parser.add_argument("--only", default="", help="only files with this in their names")
    parser.add_argument("--writers", default="tifffile,tiffcp,convert,vips")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    programs = frozenset(filter(shutil.which, arguments.writers.split(",")))
    chosen = [
        variant
        for variant in dict.fromkeys(tiff_variants.variants(programs))
        if arguments.only in variant.name
        and variant.writer in arguments.writers.split(",")
        and zlib.crc32(variant.name.encode()) % arguments.every == 0
    ]
    counted: dict[str, dict[str, Counter[str]]] = {name: defaultdict(Counter) for name in DIMENSIONS}
    wrong: list[tuple[Variant, Verdict]] = []
    with (
        ProcessPoolExecutor(arguments.workers, initializer=_quiet) as pool,
        (arguments.folder / "verdicts.jsonl").open("w", encoding="utf-8") as lines,
    ):
        for variant, verdict in zip(chosen, _verdicts(pool, arguments.folder, chosen), strict=True):
            if verdict.word == "not written":
                continue
            for name in DIMENSIONS:
                value = variant.writer if name == "writer" else variant[name]
                counted[name][value][verdict.word] += 1
            if verdict.word in KEPT:
                wrong.append((variant, verdict))
            lines.write(json.dumps({"name": variant.name, **dict(variant.facts), **verdict.as_dict()}) + "\n")
    _print(counted, wrong)
    sys.exit(any(verdict.word == "wrong" for _, verdict in wrong))


def _verdicts(pool: ProcessPoolExecutor, folder: Path, chosen: list[Variant]) -> Iterator[Verdict]:
    yield from pool.map(partial(_verdict, folder), chosen, chunksize=20)


def _quiet() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff writes there


def _verdict(folder: Path, variant: Variant) -> Verdict:
    work = folder / f"work-{os.getpid()}"
    work.mkdir(exist_ok=True)
    path = work / variant.name
    try:
        tiff_variants.write(variant, path)
    except Exception:  # noqa: BLE001 - writers refuse combinations by exceptions of any type
        return Verdict("not written")
    finally:
        sys.stderr.flush()
    if not path.exists():
        return Verdict("not written")
    verdict = judge(path, truth(variant), turned=variant["orientation"] != "-", writer=REFEREES.get(variant.writer, ""))
    if verdict.word in KEPT:
        path.rename(folder / path.name)
    else:
        path.unlink()
    return verdict


def _print(counted: dict[str, dict[str, Counter[str]]], wrong: list[tuple[Variant, Verdict]]) -> None:
    total: Counter[str] = sum(counted["writer"].values(), Counter())
    words = [word for word, _ in total.most_common()]
    print(f"| dimension | value | written | {' | '.join(words)} |\n|{'---|' * (3 + len(words))}")
    for name, values in counted.items():
        for value, verdicts in sorted(values.items()):
            if value != "-":
                numbers = " | ".join(str(verdicts[word]) for word in words)
                print(f"| {name} | {value} | {verdicts.total()} | {numbers} |")
    print(f"| **all** | | {total.total()} | {' | '.join(str(total[word]) for word in words)} |\n")
    for variant, verdict in wrong:
        print(f"{verdict.word}: {variant.name}: {verdict.ours} {dict(verdict.referees)}")


if __name__ == "__main__":
    main()
