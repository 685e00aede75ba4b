"""How long do the steps of a search take on this machine? Measures the constants of the cost model.

    python -m benchmarks.index.index_costs WORK [--most 10000000]

Uniform codes of 256 bits, one thread, batches of 500. For each size the times of many radii are fitted to the numbers
of probes, candidates and survivors that the model expects (non-negative least squares on relative errors); a scan is
timed with 500 queries and with one. Prints the constants beside those of `DEFAULT_COSTS` for that size, and at the end
the number of codes from which the multi-index is faster than FAISS's `IndexBinaryFlat` for batches of 8 and of 500
queries: `BREAK_EVEN`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from benchmarks.index.index_codes import uniform
from matcher.index import build_index
from matcher.index.chunks import DEFAULT_COSTS, expected_cost
from matcher.index.multi import MultiIndex, open_multi
from matcher.index.segment import open_segment

RADII = [15, 20, 26, 31, 35, 39, 41, 44, 48]
SIZES = [30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
BATCH = 500
SMALL = [20, 50, 100, 200, 400, 800, 1600, 3200, 6400]


def nanoseconds(search: Callable[[], object], batch: int, repeats: int = 5) -> float:
    """The median time of a query in nanoseconds, after one unmeasured call."""
    search()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        search()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) / batch * 1e9


def steps(index: MultiIndex, radius: int) -> list[float]:
    """The expected numbers of probes, candidates and survivors of a query."""
    planned = index.plan(radius)
    assert planned is not None
    none = replace(DEFAULT_COSTS, probe=0.0, candidate=0.0, survivor=0.0, near=1.0)
    return [
        expected_cost(index.chunks, planned.shares, index.count, replace(none, **{name: 1.0}))
        for name in ("probe", "candidate", "survivor")
    ]


def measure(count: int, work: Path) -> None:
    """Print one line: the constants for one size."""
    path = work / "costs"
    shutil.rmtree(path, ignore_errors=True)
    build_index(uniform(count, 32, 1), radius=31, path=path, kind="multi")
    index = open_multi(path / "1", costs=replace(DEFAULT_COSTS, scanned=1e9, read=1e9))
    batch = uniform(BATCH, 32, 2)
    rows, measured = [], []
    for radius in RADII:
        taken = nanoseconds(partial(index.range_search, batch, radius=radius), BATCH)
        rows.append([number / taken for number in steps(index, radius)])
        measured.append(taken)
    constants, error = nnls(np.array(rows), np.ones(len(rows)))
    scanning = open_multi(path / "1", costs=replace(DEFAULT_COSTS, probe=1e12))
    many = nanoseconds(lambda: scanning.range_search(batch, radius=39), BATCH, 3) / count
    one = nanoseconds(lambda: scanning.range_search(batch[:1], radius=39), 1, 3) / count
    size = sum(file.stat().st_size for file in path.rglob("*"))
    documented = DEFAULT_COSTS.at(size)
    pairs = zip(constants, (documented.probe, documented.candidate, documented.survivor), strict=True)
    steps_taken = "  ".join(f"{mine:7.2f} ({theirs:5.2f})" for mine, theirs in pairs)
    scans = f"{many:.2f} ({documented.scan(BATCH):.2f})  {one:.2f} ({documented.scan(1):.2f})"
    print(
        f"{count:>10,} {size / 1e6:>8,.0f}   {steps_taken}   {scans}   error {error / len(RADII) ** 0.5:.0%}",
        flush=True,
    )
    ratios = [f"{radius}: {taken / index.plan(radius).cost:.2f}" for radius, taken in zip(RADII, measured, strict=True)]  # type: ignore[union-attr]
    print(f"{'':>22}measured by expected, at radius {', '.join(ratios)}", flush=True)
    shutil.rmtree(path)


def break_even(work: Path) -> None:
    """Print the times of both kinds of index for few codes."""
    print(f"\nus a query{'':<8}" + "".join(f"{f'multi, flat of {size}':>24}" for size in (1, 8, BATCH)))
    batch: npt.NDArray[np.uint8] = uniform(BATCH, 32, 2)
    for count in SMALL:
        codes = uniform(count, 32, 1)
        indexes = []
        for kind in ("multi", "flat"):
            path = work / kind
            shutil.rmtree(path, ignore_errors=True)
            build_index(codes, radius=31, path=path, kind=kind)
            indexes.append(open_segment(path / "1"))
        line = f"{count:>6,} codes{'':<6}"
        for size in (1, 8, BATCH):
            searches = (partial(index.range_search, batch[:size], radius=31) for index in indexes)
            multi, flat = (nanoseconds(search, size, 51) / 1e3 for search in searches)
            line += f"{f'{multi:.2f}, {flat:.2f}':>24}"
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    print(
        "     codes       MB   probe (said)   candidate (said)   survivor (said)   scan of 500 (said), of 1 (said): ns"
    )
    for count in SIZES:
        if count <= arguments.most:
            measure(count, arguments.work)
    break_even(arguments.work)


if __name__ == "__main__":
    main()
