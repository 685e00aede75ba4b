"""How near are the hashes of unrelated pictures, by how common they are? And does that hold for other pictures?

    python -m benchmarks.calibration.commonness BANK CORPUS --work DIR [--regions] [--write] [--plot FILE]

BANK is the folder of negative_bank.py. 1. Fits the tables of whole pictures on the pictures of BANK that are not the
bank's. 2. Counts chance matches among the pictures of CORPUS, none of which was used for 1 or is in the bank, by class
of the query: photographs, drawings and icons, interface and text, star fields. Prints expected and observed numbers.
Pictures of one package, of packages with the same subject, of one family or near-duplicate group are not compared,
nor those that are near by both algorithms (matcher/calibration/measuring/common.py). 3. With `--write`, writes the
calibration that comes with the package: these tables, with those of the other algorithms and of regions from
without_commonness.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.calibration.negative_bank import hashed, hashed_file, packages
from benchmarks.shared.corpus_pictures import manifest, related_pairs
from matcher.calibration.bank import Bank
from matcher.calibration.measuring.common import (
    COMMON,
    PAIR,
    Hashed,
    PairCounts,
    common_tables,
    joint_counts,
    pair_counts,
)
from matcher.calibration.measuring.making import joined
from matcher.calibration.measuring.sample import as_file
from matcher.calibration.tables import JOINT_FROM, SCHEMA_COMMON, STEP, Calibration

NAME = "pictures of free software packages, by commonness, 1"
PACKAGED = Path(__file__).parents[2] / "matcher" / "calibration"
CLASSES = {
    "photographs": {"photo", "wallpaper", "photo-and-filter-result", "photo-and-figure", "scan-or-photo", "texture"},
    "drawings and icons": {"drawing", "photo-and-drawing"},
    "interface and text": {"screenshot"},
    "star fields": {"astro-photo"},
}
SAME_SUBJECT = ({"deb:debian-handbook", "deb:debian-edu-doc-en", "deb:freedombox-doc-en"},)
"""Packages whose screenshots show the same: the dialogs of one installer."""
SAME_PICTURES = Path(__file__).with_name("bank_same.csv")
"""Pictures for measuring that show the same as one of another package (the flag of one country, an icon): each pair
whose sum of chances is below 10^-10.8 was inspected."""
MOST_COMMON = 8
"""The most pictures of one group with the same commonness from COMMON on: or those of one game would be the tail."""
Curves = dict[tuple[str, str], list[tuple[int, float, int]]]
"""Class and hash → place, expected, observed."""
FEWEST = 10
"""The fewest observed matches of a row."""


def of_bank(folder: Path, bank: Bank) -> Hashed:
    """The hashes of BANK's pictures for measuring."""
    every, chosen = hashed(folder), packages()
    numbers = {group: number for number, group in enumerate(dict.fromkeys(package.group for package in chosen))}
    groups = np.array([numbers[chosen[number].group] for number in every.package], np.int64)
    measured = np.array([not chosen[number].in_bank for number in every.package])
    with SAME_PICTURES.open(encoding="utf-8", newline="") as stream:
        left_out = {bytes.fromhex(row["sha256"]) for row in csv.DictReader(stream)}
    measured &= np.array([digest.tobytes() not in left_out for digest in every.sha256])
    one = Hashed.of({"pdq": every.pdq[measured], "phash": every.phash[measured]}, groups[measured], bank)
    return one.part(_few_of_each_group(one))


def _few_of_each_group(one: Hashed) -> np.ndarray:
    """(n,): which pictures remain: of one group at most MOST_COMMON of each commonness from COMMON on."""
    remains = np.ones(len(one.groups), bool)
    for name in PAIR:
        taken: Counter[tuple[int, int]] = Counter()
        for place in np.flatnonzero(one.common[name] >= COMMON).tolist():
            key = int(one.groups[place]), int(one.common[name][place])
            taken[key] += 1
            remains[place] &= taken[key] <= MOST_COMMON
    return remains


def of_corpus(corpus: Path, work: Path, bank: Bank) -> tuple[Hashed, list[dict[str, str]]]:
    """The hashes of CORPUS's pictures of full quality, and their rows of the manifest."""
    rows = [
        row
        for row in manifest(corpus)
        if row["file"].partition("/")[0] in ("photos", "screenshots")
        and row["width"]
        and int(row["width"]) * int(row["height"]) < 20_000_000
    ]
    stored = work / "corpus_hashes.npz"
    if not stored.exists():
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            found = list(pool.map(hashed_file, [corpus / row["file"] for row in rows], chunksize=8))
        kept = [(place, one) for place, one in enumerate(found) if one is not None]
        work.mkdir(parents=True, exist_ok=True)
        np.savez(
            stored,
            place=[place for place, _ in kept],
            pdq=np.frombuffer(b"".join(one[1] for _, one in kept), np.uint8).reshape(-1, 8, 32),
            phash=np.frombuffer(b"".join(one[2] for _, one in kept), np.uint8).reshape(-1, 8, 8),
        )
    with np.load(stored) as arrays:
        rows = [rows[place] for place in arrays["place"]]
        codes = {name: arrays[name] for name in PAIR}
    return Hashed.of(codes, np.array(joined(len(rows), list(_related(corpus, rows))), np.int64), bank), rows


def _related(corpus: Path, rows: list[dict[str, str]]) -> Iterator[tuple[int, int]]:
    """A generator of the pairs of rows that may show the same."""
    yield from related_pairs(corpus, rows)
    for together in SAME_SUBJECT:
        some = [place for place, row in enumerate(rows) if row["package"] in together]
        yield from ((some[0], place) for place in some)


def expected_by_distance(calibration: Calibration, name: str, pairs: PairCounts, axis: int) -> np.ndarray:
    """(distances,): the number of pairs within each distance that the tables expect of these queries."""
    asked = pairs.queries.sum(axis=1 - axis)
    total = np.zeros(129)
    for level in range(len(asked)):
        chances = np.array([calibration.chance(name, "whole", distance, level) for distance in range(129)])
        total += asked[level:].sum() * 10.0 ** (chances / 100)
    return total


def compare(calibration: Calibration, pairs: PairCounts) -> Iterator[tuple[str, list[tuple[int, float, int]]]]:
    """A generator of each algorithm's rows: place, expected, observed; and of both together, by the sum of chances."""
    for axis, name in enumerate(PAIR):
        observed = np.cumsum(pairs.counts.sum(axis=(0, 1, 3 - axis)))
        expected = expected_by_distance(calibration, name, pairs, axis)
        last = min(len(observed), 129)
        places = [d for d in range(0, last, 2) if FEWEST <= observed[d] <= 1000 * FEWEST]
        yield name, [(d, float(expected[d]), int(observed[d])) for d in places]
    tables = json.loads((PACKAGED / "calibration.json").read_text("utf-8"))["tables"]["whole"]
    first, second = ([table["chance"] for table in tables[name]] for name in PAIR)
    observed_sums, expected_sums = np.zeros(1), np.zeros(1)
    for table, counts in zip(tables["+".join(PAIR)], joint_counts(pairs, first, second), strict=True):
        chance = 10.0 ** (np.array(table["chance"][::-1]) / 100)
        observed_sums = observed_sums + np.cumsum(counts)
        expected_sums = expected_sums + chance * counts.sum()
    last = len(observed_sums) - 1
    places = [p for p in range(last) if FEWEST <= observed_sums[p] <= 1000 * FEWEST and (last - p) % 5 == 0]
    yield "pdq+phash", [(last - p, float(expected_sums[p]), int(observed_sums[p])) for p in places]


def validate(
    calibration: Calibration, corpus: Hashed, rows: list[dict[str, str]]
) -> dict[tuple[str, str], list[tuple[int, float, int]]]:
    kinds = np.array([row["kind"] for row in rows])
    curves = {}
    print("\n| class | pictures | hash | expected / observed (observed) by distance | worst factor, two decades |")
    print("|---|---|---|---|---|")
    for name, members in {**CLASSES, "all": set(kinds.tolist())}.items():
        queries = np.isin(kinds, list(members))
        pairs = pair_counts(corpus.part(queries), corpus)
        for algorithm, found in compare(calibration, pairs):
            curves[name, algorithm] = found
            shown = found[:: max(1, len(found) // 7)][:8]

            def place(number: int, algorithm: str = algorithm) -> str:
                return f"10^-{number * STEP / 100:.1f}" if "+" in algorithm else str(number)

            cells = ", ".join(f"{place(p)}: {e / o:.2f} ({o:,})" for p, e, o in shown)
            two = [row for row in found if row[2] <= 100 * found[0][2]]
            worst = max((max(e / o, o / e) for _, e, o in two), default=0)
            print(f"| {name} | {int(queries.sum()):,} | {algorithm} | {cells} | {worst:.2f} |")
    return curves


def draw(curves: Curves, path: Path) -> None:
    from benchmarks.shared.plotting import save, subplots  # noqa: PLC0415 - needs matplotlib

    shown = [(name, algorithm) for name in CLASSES for algorithm in (*PAIR, "+".join(PAIR))]
    figure, axes = subplots(len(shown), columns=3, height=3.2)
    for axis, key in zip(axes, shown, strict=True):
        rows = curves[key]
        axis.semilogy([p for p, _, _ in rows], [e for _, e, _ in rows], label="expected")
        axis.semilogy([p for p, _, _ in rows], [o for _, _, o in rows], ".", label="observed")
        axis.set_title(f"{key[0]}, {key[1]}")
        axis.set_xlabel("distance" if "+" not in key[1] else "sum of both chances, in tenths of a power of ten")
        if "+" in key[1]:
            axis.invert_xaxis()
        axis.legend()
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    bank = Bank.packaged()
    fit = of_bank(options.bank, bank)
    print(f"{len(bank):,} pictures in the bank, {len(fit.groups):,} for measuring")
    for name in PAIR:
        print(f"{name}: pictures by commonness {np.bincount(fit.common[name]).tolist()}")
    if options.write:
        before = json.loads((PACKAGED / "without_commonness.json").read_text("utf-8"))["tables"]
        whole = {name: [table] for name, table in before["whole"].items()} | common_tables(pair_counts(fit, fit))
        regions = {name: [table] for name, table in before["region"].items()}
        data = as_file(NAME, {"whole": whole, "region": regions}, schema=SCHEMA_COMMON)
        (PACKAGED / "calibration.json").write_bytes(data)
    calibration = Calibration.default()
    for name in (*PAIR, "+".join(PAIR)):
        for level in range(calibration.levels(name, "whole")):
            common = JOINT_FROM[level] if "+" in name else level
            seen = calibration.measured_from(name, "whole", level)
            print(f"{name} commonness {common}: measured from {seen}", end="")
            if "+" not in name:
                at = (0, 16, 31, 48, 64, 80) if name == "pdq" else (0, 2, 4, 6, 8, 10, 12)
                print(
                    ":",
                    ", ".join(f"{d}: 10^{calibration.chance(name, 'whole', d, level) / 100:.1f}" for d in at),
                    end="",
                )
            print()
    corpus, rows = of_corpus(options.corpus, options.work, bank)
    curves = validate(calibration, corpus, rows)
    if options.plot:
        draw(curves, options.plot)


if __name__ == "__main__":
    main()
