"""What does a scan cost in addition to the work of its workers, and how much faster are two workers?

    python -m benchmarks.scan.bench_scan CORPUS --work DIR [--items 5000] [--listed 1000000] [--rounds 3] [--form FORM]
                                    [--without-peer]

`--items` photographs of the corpus (then screenshots), as they are or converted to a form, are scanned by `matcher
scan` against `--listed` PDQ and as many pHash values, with one worker and with two. Round by round, the same files are
also processed in bare loops, in as many processes: the decode alone, `Matcher.examine` without lists and digests, with
digests, with the lists, and threatexchange's PDQ with its own index. Numbers are medians of the rounds; processor time
is of all processes. The store and the files are stored in DIR.

Prints tables: the seconds of each method; the scan's cost over the sum of its workers' decode-and-hash time (≤ 10 %,
with the start-up and the lookups stated separately); the speed-up of two workers (≥ 1.85), and that of two loops that
share nothing on this machine; lookups of a picture at each radius (≤ 35 % of the mean decode at the radius of a default
scan). Exit code 1 where a requirement is not met. threatexchange hashes one orientation by one algorithm and records
nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.scan.scan_loops import WORKS, Loop, lookups, looped, screening_radii
from benchmarks.shared.corpus_pictures import FORMS, converted_files, evidence_files
from benchmarks.shared.hash_peers import one_thread
from benchmarks.shared.random_lists import random_store
from benchmarks.shared.scan_runs import Run, linked, scanned, started, use_configuration
from matcher import Matcher

Answer = TypeVar("Answer")
MOST_COST, LEAST_GAIN, MOST_LOOKUPS = 0.10, 1.85, 0.35
LOOKED_UP = 300
"""The number of pictures whose lookups are timed."""


def middle(values: Sequence[Answer], by: Callable[[Answer], float]) -> Answer:
    return sorted(values, key=by)[len(values) // 2]


def mark(met: bool) -> str:
    return "met" if met else "NOT MET"


def seconds_table(items: int, runs: dict[int, Run], starts: dict[int, Run], loops: dict[tuple[str, int], Loop]) -> None:
    print("\n| way | processes | wall, s | processor, s | items a second | start-up, s |\n|---|---|---|---|---|---|")
    for workers, run in runs.items():
        net = run - starts[workers]
        print(f"| `matcher scan` | {workers} | {net.wall:.2f} | {net.processor:.2f} | {items / net.wall:.0f} "
              f"| {starts[workers].wall:.2f} |")  # fmt: skip
    for (name, processes), loop in loops.items():
        print(f"| loop: {name} | {processes} | {loop.wall:.2f} | {loop.processor:.2f} | {items / loop.wall:.0f} "
              f"| {loop.started:.2f} |")  # fmt: skip


def judged_cost(
    runs: dict[int, Run], starts: dict[int, Run], loops: dict[tuple[str, int], Loop], searched: float
) -> bool:
    """Print the scan's cost over decoding and hashing, with and without lookups. Returns whether it is met."""
    print("\n| workers | decode and hash, s | scan | lookups | ledger, progress, processes | required | |")
    print("|---|---|---|---|---|---|---|")
    good = True
    for workers, run in runs.items():
        base = loops["digest", workers].processor
        net = run - starts[workers]
        cost = (net.processor - searched) / base - 1
        by_wall = (net.wall * workers - searched) / base - 1
        met = cost <= MOST_COST
        good = good and met
        print(f"| {workers} | {base:.2f} | {net.processor:.2f} s, {net.processor / base:.3f} × | {searched / base:.1%} "
              f"| {cost:.1%} by processor time, {by_wall:.1%} by wall × workers | ≤ {MOST_COST:.0%} "
              f"| {mark(met)} |")  # fmt: skip
    return good


def judged_gain(runs: dict[int, Run], starts: dict[int, Run], loops: dict[tuple[str, int], Loop]) -> bool:
    """Print the speed-up of two workers. Returns whether the requirement is met."""
    one, two = (runs[workers] - starts[workers] for workers in (1, 2))
    gain = one.wall / two.wall
    alone = loops["examine", 1].wall / loops["examine", 2].wall
    met = gain >= LEAST_GAIN
    print(f"\nTwo workers are {gain:.2f} times as fast as one (required {LEAST_GAIN}: {mark(met)}); two loops that "
          f"share nothing are {alone:.2f} times as fast as one on this machine. With the start-up: "
          f"{runs[1].wall / runs[2].wall:.2f}.")  # fmt: skip
    if ("peer", 1) in loops:
        for workers, run in ((1, one), (2, two)):
            print(f"threatexchange and its index in {workers} process(es) take "
                  f"{loops['peer', workers].wall / run.wall:.1f} times as long as the scan.")  # fmt: skip
    return met


def judged_lookups(
    by_algorithm: dict[str, dict[int, float]], radii: dict[str, int], items: int, loops: dict[tuple[str, int], Loop]
) -> bool:
    """Print the time of lookups at each radius, relative to the mean decode. Returns whether it is met."""
    decode = loops["decode", 1].processor / items
    hashed = loops["hash", 1].processor / items
    print(f"\nMean decode {decode * 1e3:.2f} ms, decode and hash {hashed * 1e3:.2f} ms. A picture's eight hashes:\n")
    print("| algorithm | radius | µs | of the mean decode | of decode and hash |\n|---|---|---|---|---|")
    for name, times in by_algorithm.items():
        for radius, seconds in times.items():
            default = " (default scan)" if radius == radii[name] else ""
            print(f"| {name} | {radius}{default} | {seconds * 1e6:.0f} | {seconds / decode:.1%} "
                  f"| {seconds / hashed:.1%} |")  # fmt: skip
    both = sum(by_algorithm[name][radius] for name, radius in radii.items())
    met = both <= MOST_LOOKUPS * decode
    print(f"\nBoth at the radius of a default scan: {both * 1e6:.0f} µs, {both / decode:.1%} of the mean decode "
          f"(required ≤ {MOST_LOOKUPS:.0%}: {mark(met)})")  # fmt: skip
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="on the file system of the corpus, for hard links")
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--listed", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--form", choices=list(FORMS), help="bring the pictures to this; as they are otherwise")
    parser.add_argument("--without-peer", action="store_true")
    arguments = parser.parse_args()
    work: Path = arguments.work
    use_configuration(work)
    files = evidence_files(arguments.corpus, arguments.items)
    known = files[:: max(1, len(files) // 50)]
    store = random_store(work / f"store-{arguments.listed}-{arguments.items}", arguments.listed, known)
    if arguments.form:
        files = converted_files(files, arguments.form, work)
    evidence = linked(files, work / "evidence")
    files = sorted(path for path in evidence.rglob("*") if path.is_file())
    total = sum(path.stat().st_size for path in files)
    print(f"{len(files):,} files, {total / 1e6:,.0f} MB, {arguments.listed:,} listed hashes of each algorithm")
    names = [name for name in WORKS if name != "peer" or not arguments.without_peer]
    runs: dict[int, list[Run]] = {1: [], 2: []}
    starts: dict[int, list[Run]] = {1: [], 2: []}
    loops: dict[tuple[str, int], list[Loop]] = {}
    scanned(evidence, store, work / "case", workers=2)  # so that files are cached and kernels compiled
    for _ in range(arguments.rounds):
        for workers in (1, 2):
            starts[workers].append(started(work, store, workers=workers))
            runs[workers].append(scanned(evidence, store, work / "case", workers=workers))
            for name in names:
                loops.setdefault((name, workers), []).append(
                    looped(name, files, store, listed=arguments.listed, processes=workers)
                )
        print("a round done", file=sys.stderr, flush=True)
    run = {workers: middle(values, lambda value: value.wall) for workers, values in runs.items()}
    start = {workers: middle(values, lambda value: value.wall) for workers, values in starts.items()}
    loop = {key: middle(values, lambda value: value.wall) for key, values in loops.items()}
    seconds_table(len(files), run, start, loop)
    searched = lookups(files[:: max(1, len(files) // LOOKED_UP)], store)
    radii = screening_radii(Matcher.open(store))
    searching = statistics.mean(
        [loop["examine", workers].processor - loop["digest", workers].processor for workers in (1, 2)]
    )
    good = [
        judged_cost(run, start, loop, searching),
        judged_gain(run, start, loop),
        judged_lookups(searched, radii, len(files), loop),
    ]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    one_thread()
    main()
