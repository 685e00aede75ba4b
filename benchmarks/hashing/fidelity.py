"""How far is a hash of the reduced decode from the reference hash? The screening margins are chosen from this.

    python -m benchmarks.hashing.fidelity CORPUS [--most N] [--variants V …] [--processes 1] [--json FILE] [--plots DIR]

The input is every photograph and screenshot of the corpus's dev split, as it is and saved again in each variant: JPEG
with and without chroma subsampling, progressive, at a low quality; PNG; WebP; and JPEG of the picture with its
saturation tripled and with its contrast doubled. Each is hashed by each algorithm in eight orientations, from the
reduced picture and by the reference (screened_hashes.py). `--most N` takes the first N pictures by SHA-256.

Prints a Markdown table for each algorithm, with one line for each variant: the number of hashes, mean and largest
distance, the share within some distances, the margin, how many hashes are beyond it, for how many a match could be
missed (beyond the margin, or a bit differs that is not in doubt), and the share of pictures that are hashed at full
size because the reduced one is not informative. Then the pictures with the largest distances, by name. `--plots` gets
screen-fidelity.svg: the share of hashes beyond a distance, on a logarithmic axis. Exit code 1 where a match could be
missed.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance

from benchmarks.hashing.screened_hashes import ALGORITHMS, MOST_PIXELS, screened
from benchmarks.shared.corpus_pictures import manifest, upright
from benchmarks.shared.hash_peers import one_thread
from matcher.errors import DecodeError
from matcher.model import TRANSFORMS

AS_IS = "as it is"
WORST = 3
NOTHING = 1e-7
"""The value below the plot's logarithmic axis that represents a share of zero."""


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _saturated(image: Image.Image) -> bytes:
    return _saved(ImageEnhance.Color(image).enhance(3), "JPEG", quality=90)


def _contrasted(image: Image.Image) -> bytes:
    return _saved(ImageEnhance.Contrast(image).enhance(2), "JPEG", quality=90)


VARIANTS: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG 4:2:0": partial(_saved, kind="JPEG", quality=90, subsampling="4:2:0"),
    "JPEG 4:4:4": partial(_saved, kind="JPEG", quality=90, subsampling="4:4:4"),
    "JPEG, progressive": partial(_saved, kind="JPEG", quality=85, progressive=True),
    "JPEG, quality 30": partial(_saved, kind="JPEG", quality=30),
    "PNG": partial(_saved, kind="PNG", compress_level=1),
    "WebP": partial(_saved, kind="WEBP", quality=85, method=0),
    "saturated × 3": _saturated,
    "contrast × 2": _contrasted,
}


@dataclass(slots=True)
class Distances:
    """The measurements of one algorithm and variant."""

    counts: Counter[int] = field(default_factory=Counter)
    beyond: int = 0
    margin: int = 0
    allowed: int = 0
    whole: int = 0
    """Pictures that are hashed at full size because the reduced one is not informative."""
    worst: list[tuple[int, str]] = field(default_factory=list)


Measured = list[tuple[str, str, list[int], int, list[int]]]
"""Variant, algorithm, eight distances, the margin, and the eight allowed distances."""


def pictures(corpus: Path, most: int) -> list[Path]:
    """The dev split's photographs and screenshots, by SHA-256."""
    rows = [
        row
        for row in manifest(corpus)
        if row["file"].split("/")[0] in ("photos", "screenshots")
        and row["split"] == "dev"
        and row["width"]
        and int(row["width"]) * int(row["height"]) <= MOST_PIXELS
    ]
    return [corpus / row["file"] for row in sorted(rows, key=lambda row: row["sha256"])[:most]]


def measured(path: Path, variants: tuple[str, ...]) -> Measured:
    """The measurements of one picture in each variant."""
    results: Measured = []
    for name, data in forms(path, variants):
        try:
            answers = screened(data)
        except DecodeError:
            continue
        for algorithm, answer in answers.items():
            results.append((name, algorithm, answer.distances(), answer.margin, [*answer.allowed]))
    return results


def forms(path: Path, variants: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """A generator of the picture's bytes in each variant that can be made of it."""
    if AS_IS in variants:
        yield AS_IS, path.read_bytes()
    try:
        image = upright(path)
    except (OSError, SyntaxError, ValueError):
        return
    for name in variants:
        if name != AS_IS:
            try:
                yield name, VARIANTS[name](image)
            except (OSError, ValueError):  # larger than the format's pictures may be
                continue


def add(table: dict[tuple[str, str], Distances], path: Path, results: Measured) -> None:
    for variant, algorithm, distances, margin, allowed in results:
        row = table.setdefault((algorithm, variant), Distances())
        if not distances:
            row.whole += len(TRANSFORMS)
            continue
        row.counts.update(distances)
        row.margin = margin
        row.allowed = max(row.allowed, *allowed)
        row.beyond += sum(distance > most for distance, most in zip(distances, allowed, strict=True))
        row.worst = sorted([*row.worst, (max(distances), path.name)], reverse=True)[:WORST]


def report(table: dict[tuple[str, str], Distances], variants: tuple[str, ...]) -> bool:
    """Print the tables. Returns whether every hash is within its allowed distance."""
    good = True
    for algorithm in ALGORITHMS:
        rows = {variant: table[algorithm, variant] for variant in variants if (algorithm, variant) in table}
        limits = (0, 1, 2, 3, 4) if algorithm == "phash" else (0, 2, 4, 8, 12)
        print(f"\n{algorithm}\n\n| variant | hashes | mean | " + " | ".join(f"≤ {limit}" for limit in limits)
              + " | largest | margin | further | a match could be missed | hashed whole |\n"
              + "|---" * (len(limits) + 8) + "|")  # fmt: skip
        for variant, row in rows.items():
            total = row.counts.total()
            mean = sum(distance * count for distance, count in row.counts.items()) / total
            shares = [
                sum(count for distance, count in row.counts.items() if distance <= limit) / total for limit in limits
            ]
            further = sum(count for distance, count in row.counts.items() if distance > row.margin)
            print(f"| {variant} | {total:,} | {mean:.3f} | " + " | ".join(f"{share:.4%}" for share in shares)
                  + f" | {max(row.counts)} | {row.margin} | {further} | {row.beyond}"
                  + f" | {row.whole / (total + row.whole):.1%} |")  # fmt: skip
            good = good and not row.beyond
        furthest = sorted({(*one, variant) for variant, row in rows.items() for one in row.worst}, reverse=True)
        for distance, name, variant in furthest[:WORST]:
            print(f"\nfurthest: {distance} bits, {name}, {variant}")
    return good


def plot(table: dict[tuple[str, str], Distances], variants: tuple[str, ...], folder: Path) -> None:
    """Draw a panel for each algorithm: the share of hashes beyond a distance, over the distance."""
    from benchmarks.shared.plotting import save, subplots  # noqa: PLC0415 - only to draw

    figure, axes = subplots(len(ALGORITHMS), columns=2, height=4.5)
    for axis, algorithm in zip(axes, ALGORITHMS, strict=True):
        for variant in variants:
            row = table.get((algorithm, variant))
            if row is None:
                continue
            total = row.counts.total()
            reach = range(max(row.counts) + 1)
            further = [sum(count for distance, count in row.counts.items() if distance > limit) for limit in reach]
            axis.step(reach, [count / total if count else NOTHING for count in further], where="post",
                      label=variant, linewidth=1.2)  # fmt: skip
            axis.axvline(row.margin, color="black", linewidth=1, linestyle="--")
        axis.set(yscale="log", ylim=(10 * NOTHING, 1.5), xlabel="bits from the reference",
                 ylabel="share of hashes that are further",
                 title=f"{algorithm}; dashed: the margin")  # fmt: skip
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(visible=True, alpha=0.3)
        axis.legend(fontsize=8)
    save(figure, folder / "screen-fidelity.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--most", type=int, default=10**9)
    parser.add_argument("--variants", nargs="+", choices=[AS_IS, *VARIANTS], default=[AS_IS, *VARIANTS])
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json", type=Path, help="every count, for another look")
    parser.add_argument("--plots", type=Path)
    arguments = parser.parse_args()
    files = pictures(arguments.corpus, arguments.most)
    variants = tuple(arguments.variants)
    table: dict[tuple[str, str], Distances] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, mp_context=context) as pool:
        every = pool.map(partial(measured, variants=variants), files, chunksize=8)
        for path, results in zip(files, every, strict=True):
            add(table, path, results)
    print(f"{len(files):,} pictures, 8 orientations each")
    good = report(table, variants)
    if arguments.json:
        rows = [
            {"algorithm": algorithm, "variant": variant, "counts": dict(sorted(row.counts.items())),
             "margin": row.margin, "allowed": row.allowed, "beyond": row.beyond, "worst": row.worst}
            for (algorithm, variant), row in table.items()
        ]  # fmt: skip
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    if arguments.plots:
        plot(table, variants, arguments.plots)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    one_thread()
    main()
