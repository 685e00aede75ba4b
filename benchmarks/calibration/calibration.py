"""How near are the hashes of unrelated pictures, and does the expected number of chance matches equal the observed?

    python -m benchmarks.calibration.calibration CORPUS --work DIR [--write FILE] [--plot FILE] [--near ALGORITHM=N]

1. Validates: the pictures are split by their SHA-256. The tails are fitted on one half, as for the file; chance matches
   are counted on the other half. Prints expected and observed counts for thresholds down to where fewer than ten are
   observed.
2. Validates the extrapolation: the same with a tenth, and with a fiftieth, of the query pictures in the fit, so that
   one or two more decades of the observed counts lie beyond the fitted ones.
3. Fits on all pictures, prints the result for lists of a million hashes, and with `--write` writes the file that comes
   with the package (matcher/calibration/calibration.json).

`--near` prints the nearest pairs instead. Those were inspected, and the pairs that show the same picture are in
calibration_pairs.csv. The hashes are stored in DIR; computing them takes half an hour.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.calibration.calibration_composed import half_of
from benchmarks.calibration.calibration_corpus import sample, upright_only
from matcher.algorithms import ALGORITHMS
from matcher.calibration.measuring.sample import JOINT, Sample, as_file, tables
from matcher.calibration.measuring.tails import Tail, tail, together
from matcher.calibration.tables import KINDS, STEP, Calibration
from matcher.hashers.regularity import GATE, regularity
from matcher.lookup.chances import QUERIES

NAME = "photographs of free software packages, 2"
FEWEST_OBSERVED = 10
LISTED = 1_000_000
PICTURES = 10_000
LISTS = (100_000, 1_000_000, 10_000_000)


def fitted(part: Sample, algorithm: str, kind: str) -> Tail:
    return tail(part.counts(algorithm, kind))


def compare(fitted_tail: Tail, counts: np.ndarray) -> list[tuple[int, float, int]]:
    """(place, expected, observed), from the place where ten are observed to the one with 100,000 times as many."""
    within = np.cumsum(counts)
    chances = 10 ** (np.array(fitted_tail.chance) / 100)
    places = [p for p in range(len(counts)) if FEWEST_OBSERVED <= within[p] <= 1e6 and (p == 0 or counts[p])]
    return [(place, float(chances[place] * within[-1]), int(within[place])) for place in places]


def pairs_of(fit: Sample, test: Sample, kind: str, names: Sequence[str]) -> dict[str, tuple[Tail, np.ndarray]]:
    """Algorithm → the tail fitted on `fit` and the counts observed on `test`, also for the two of JOINT together."""
    tails = {name: (fitted(fit, name, kind), test.counts(name, kind)) for name in names}
    chances = [tails[name][0].chance for name in JOINT]
    counts = test.joint(kind)
    sums = -(np.asarray(chances[0])[:, None] + np.asarray(chances[1])[None, :]) // STEP
    both = together(fit.joint(kind), *chances)
    places = np.bincount(sums.ravel(), weights=counts.ravel(), minlength=len(both.chance)).astype(np.int64)
    tails["+".join(JOINT)] = both, places[::-1]
    return tails


def validate(
    fit: Sample, test: Sample, what: str, *, names: Sequence[str] | None = None
) -> dict[tuple[str, str], list[tuple[int, float, int]]]:
    """Validate the algorithms `names`, or all."""
    print(f"\n{what}\n")
    print("| kind | hash | measured from | expected / observed (observed) by threshold | worst factor |")
    print("|---|---|---|---|---|")
    curves = {}
    for kind in KINDS:
        for name, (fitted_tail, counts) in pairs_of(fit, test, kind, names or fit.algorithms(kind)).items():
            rows = compare(fitted_tail, counts)
            if not rows:
                continue
            curves[kind, name] = rows
            shown = rows[:: max(1, len(rows) // 7)][:8]
            last = len(fitted_tail.chance) - 1

            def place(number: int, name: str = name, last: int = last) -> str:
                return f"10^-{(last - number) * STEP / 100:.1f}" if "+" in name else str(number)

            cells = ", ".join(f"{place(p)}: {e / o:.2f} ({o:,})" for p, e, o in shown)
            two = [row for row in rows if row[2] <= 100 * rows[0][2]]
            worst = max(max(e / o, o / e) for _, e, o in two)
            print(f"| {kind} | {name} | {place(fitted_tail.measured_from)} | {cells} | {worst:.2f} |")
    return curves


def meaning(calibration: Calibration) -> None:
    print(f"\nThresholds for at most one chance match in {PICTURES:,} pictures, by listed hashes\n")
    print("| kind | hash | measured from | " + " | ".join(f"{listed:,}" for listed in LISTS), end="")
    print(f" | expected at the fixed threshold, {LISTED:,} listed |\n|---|---|---" + "|---" * len(LISTS) + "|---|")
    for kind in KINDS:
        queries = QUERIES[kind] * PICTURES
        for name, facts in ALGORITHMS.items():
            if calibration.measures(name, kind):
                seen = calibration.measured_from(name, kind)
                thresholds = [
                    str(calibration.threshold(name, kind, listed=listed, queries=queries, most=1)) for listed in LISTS
                ]
                fixed = calibration.expected(name, kind, distance=facts.threshold, listed=LISTED, queries=queries)
                measured = f"{seen}: 10^{calibration.chance(name, kind, seen) / 100:.1f}"
                print(f"| {kind} | {name} | {measured} | {' | '.join(thresholds)} | {facts.threshold}: {fixed:.3g} |")
    print("\nBoth of pdq and phash: the widest distance of one for each of the other\n")
    for kind in KINDS:
        limit = -100 * np.log10(LISTED * PICTURES * QUERIES[kind])
        cells = []
        for other in range(0, 22, 2):
            fits = [d for d in range(257) if calibration.combined(kind, {"pdq": d, "phash": other}) <= limit]
            cells.append(f"{other}: {max(fits, default=-1)}")
        print(f"{kind}: phash: pdq  {', '.join(cells)}")


def gate(every: Sample, files: list[str]) -> None:
    """Print what the limit on regularity costs; whole photographs represent planted ones."""
    photographs = [one for one, file in zip(every.pictures, files, strict=True) if file.startswith("photos/")]
    regular = np.array([regularity(one.whole[GATE][0].tobytes()) for one in photographs if GATE in one.whole])
    print(f"\nOf {len(regular):,} photographs those whose PDQ code is more regular than a limit\n")
    print(", ".join(f"{limit}: {100 * np.mean(regular > limit):.2f} %" for limit in range(30, 81, 5)))
    for folder in ("screenshots/", "photos/", "composed"):
        regions = np.array(
            [one.detected for one, file in zip(every.pictures, files, strict=True) if file.startswith(folder)]
        )
        some = regions[regions > 0]
        print(
            f"{folder}: {len(regions):,} pictures, {regions.sum():,} regions looked up, {regions.mean():.2f} each, "
            f"{some.mean():.2f} of the {len(some):,} with any"
        )


def fields(apart: Sample, calibration: Calibration) -> None:
    """Print the ratio of observed to expected matches where star fields are queries (whole: also listed ones)."""
    print("\nAsked of star fields: observed / expected (observed)\n")
    for kind in KINDS:
        for name in JOINT:
            within = np.cumsum(apart.counts(name, kind))
            places = [p for p in range(len(within)) if within[p] >= FEWEST_OBSERVED and p % 4 == 0][:8]
            chances = [10 ** (calibration.chance(name, kind, p) / 100) * within[-1] for p in places]
            print(
                kind,
                name,
                ", ".join(f"{p}: {within[p] / c:.1f} ({within[p]})" for p, c in zip(places, chances, strict=True)),
            )


def draw(curves: dict[tuple[str, str], list[tuple[int, float, int]]], path: Path) -> None:
    from benchmarks.shared.plotting import save, subplots  # noqa: PLC0415 - needs matplotlib

    shown = [(kind, name) for kind in KINDS for name in (*JOINT, "+".join(JOINT))]
    figure, axes = subplots(len(shown), columns=3, height=3.6)
    for axis, key in zip(axes, shown, strict=True):
        rows = curves[key]
        axis.semilogy([p for p, _, _ in rows], [e for _, e, _ in rows], label="expected")
        axis.semilogy([p for p, _, _ in rows], [o for _, _, o in rows], ".", label="observed")
        axis.set_title(f"{key[0]}, {key[1]}")
        axis.set_xlabel("threshold" if "+" not in key[1] else "place in the combined table, from the rarest")
        axis.legend()
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--near", metavar="ALGORITHM=N")
    arguments = parser.parse_args()
    every, files = sample(arguments.corpus, arguments.work)
    if arguments.near:
        name, _, within = arguments.near.partition("=")
        for kind in KINDS:
            for query, listed, which, distance in every.nearest(name, kind, within=int(within)).tolist():
                print(kind, distance, files[query], which // 8, files[listed])
        return
    gate(every, files)
    boxes = sum(len(one.regions.get("pdq", ())) for one in every.pictures)
    print(f"{len(files)} pictures, of which {sum(every.listed)} photographs are listed; {boxes:,} boxes")
    odd = [half_of(one.key) == 1 for one in every.pictures]
    first, second = every.part(odd), every.part([not one for one in odd])
    curves = validate(first, second, "Fitted on one half of the pictures, observed on the other")
    validate(second, first, "The other way round", names=JOINT)
    for share in (10, 50):
        pictures = [one if int.from_bytes(one.key[-3:-1]) % share == 0 else upright_only(one) for one in first.pictures]
        fewer = Sample(pictures, first.groups, first.listed)
        validate(fewer, second, f"Fitted where one in {share} of that half is a query", names=JOINT)
    data = as_file(NAME, tables(every, shape=None))
    target = arguments.write or arguments.work / "calibration.json"
    target.write_bytes(data)
    calibration = Calibration.load(target)
    meaning(calibration)
    fields(sample(arguments.corpus, arguments.work, apart=True)[0], calibration)
    if arguments.plot:
        draw(curves, arguments.plot)


if __name__ == "__main__":
    main()
