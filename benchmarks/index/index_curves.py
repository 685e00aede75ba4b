"""How does the cost of the index grow with the radius, and with the number of codes?

    python -m benchmarks.index.index_curves WORK PLOTS [--most 50000000] [--scale 1.0]

One thread, uniform codes of 256 bits, batches of 500. WORK takes the indexes (6 GB for 50 million codes; that many need
10 GB of memory while they are built). PLOTS gets index-radius.svg and index-growth.svg (by matplotlib; without it,
none). Prints two tables.

The radius curve has four methods: the one that the index chooses, its tables alone, its own scan alone, and FAISS's
`IndexBinaryFlat`. The growth curve has the time of a query, the time to build, the bytes on disk, and the proportional
set size of one of two processes that search the same index (Linux).
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from benchmarks.index.index_codes import queries, uniform
from matcher.index import Index, build_index, open_index
from matcher.index.chunks import DEFAULT_COSTS, choose_chunks, plan
from matcher.index.multi import MultiIndex, open_multi

Codes = npt.NDArray[np.uint8]

WIDTH = 32
BATCH = 500
FEW = 20
RADII = [0, 8, 16, 24, 28, 31, 34, 36, 39, 41, 44, 48, 52, 56, 60, 64]
GROWTH = [100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 20_000_000, 50_000_000]
TABLES_ALONE = replace(DEFAULT_COSTS, scanned=1e9, read=1e9)
SCAN_ALONE = replace(DEFAULT_COSTS, probe=1e12)
MOST_BY_TABLES = 60
BILLION = 10**9


def microseconds(search: Callable[[], object], batch: int, repeats: int = 3) -> float:
    """The median time of a query in microseconds."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        search()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) / batch * 1e6


def built(count: int, work: Path) -> tuple[Path, Codes, float]:
    """The folder of an index's one segment, its codes, and the seconds that building took."""
    codes = uniform(count, WIDTH, 1)
    path = work / f"curve-{count}"
    shutil.rmtree(path, ignore_errors=True)
    begun = time.perf_counter()
    build_index(codes, radius=31, path=path, kind="multi")
    return path, codes, time.perf_counter() - begun


def _search(index: Index, batch: Codes, radius: int) -> object:
    return index.range_search(batch, radius=radius)


def radius_curve(count: int, work: Path) -> dict[str, list[float | None]]:
    """Microseconds of a query for every radius, by each method."""
    path, codes, _seconds = built(count, work)
    flat = faiss.IndexBinaryFlat(WIDTH * 8)
    flat.add(codes)
    methods: dict[str, Callable[[Codes, int], object]] = {}
    for name, costs in (("index", DEFAULT_COSTS), ("tables", TABLES_ALONE), ("scan", SCAN_ALONE)):
        methods[name] = partial(_search, open_multi(path / "1", costs=costs))
    methods["FAISS flat"] = lambda batch, radius: flat.range_search(batch, radius + 1)
    curve: dict[str, list[float | None]] = {name: [] for name in methods}
    print(f"\n{count:,} codes; us a query\n{'radius':>8}" + "".join(f"{name:>12}" for name in methods))
    for radius in RADII:
        batch = queries(codes, BATCH, radius, seed=radius)
        for name, method in methods.items():
            if name == "tables" and radius > MOST_BY_TABLES:
                curve[name].append(None)
                continue
            some = batch[:FEW] if name == "FAISS flat" else batch
            method(some[:5], radius)
            curve[name].append(microseconds(partial(method, some, radius), len(some)))
        print(
            f"{radius:>8}"
            + "".join(f"{'' if (us := curve[name][-1]) is None else f'{us:.1f}':>12}" for name in methods)
        )
    shutil.rmtree(path)
    return curve


def proportional(kind: str) -> float:
    """The megabytes of this process's `Pss`, `Rss`, … on Linux; NaN elsewhere."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) * 1024 / 1e6


def sharer(path: Path, batch: Codes, pipe: Connection) -> None:
    """Search an index and send the memory before and after. Runs in its own process."""
    before = proportional("Pss")
    begun = time.perf_counter()
    index = open_index(path)
    opened = time.perf_counter() - begun
    index.range_search(batch, radius=31)
    np.asarray(index.codes).sum()  # so that every page of the codes is read too
    pipe.send("ready")
    pipe.recv()
    pipe.send({"opened": opened * 1e3, "pss": proportional("Pss") - before, "rss": proportional("Rss")})


def shared(path: Path, batch: Codes) -> list[dict[str, float]]:
    """The memory that two processes report while they search one index at the same time."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(2):
        mine, theirs = context.Pipe()
        processes.append(context.Process(target=sharer, args=(path, batch, theirs)))
        processes[-1].start()
        pipes.append(mine)
    for pipe in pipes:
        pipe.recv()
    answers: list[dict[str, float]] = []
    for pipe in pipes:
        pipe.send("now")
        answers.append(pipe.recv())
    for process in processes:
        process.join()
    return answers


def growth_curve(sizes: list[int], work: Path) -> list[dict[str, Any]]:
    """The measurements for each size."""
    rows = []
    print("\nus a query within 31, 39, by FAISS's flat; opened in a new process; pss: MB of each of two; peak of this")
    print("     codes chunks       31       39      flat  built: s  disk: MB  B/code  opened: ms  pss; peak")
    for count in sizes:
        path, codes, seconds = built(count, work)
        index = open_index(path)
        assert isinstance(index, MultiIndex)
        batch = queries(codes, 4 * BATCH, 31, seed=3)
        index.range_search(batch[BATCH:], radius=39)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        flat = faiss.IndexBinaryFlat(WIDTH * 8)
        flat.add(codes)
        row: dict[str, Any] = {
            "codes": count,
            "chunks": index.chunks.count,
            "near": microseconds(partial(_search, index, batch[:BATCH], 31), BATCH, 5),
            "far": microseconds(partial(_search, index, batch[:BATCH], 39), BATCH, 5),
            "flat": microseconds(partial(flat.range_search, batch[:FEW], 32), FEW, 1),
            "built": seconds,
            "disk": size / 1e6,
        }
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        flat.reset()
        del codes
        both = shared(path, np.concatenate([batch] * 4))
        rows.append(row)
        times = f"{row['near']:>8.1f} {row['far']:>8.1f} {row['flat']:>9.0f} {seconds:>9.1f}"
        sizes_of = f"{row['disk']:>9,.0f} {size / count:>7.1f} {both[0]['opened']:>11.1f}"
        memory = f"{both[0]['pss']:,.0f} and {both[1]['pss']:,.0f}; {peak:,.0f}"
        print(f"{count:>10,} {row['chunks']:>6} {times} {sizes_of}  {memory}", flush=True)
        shutil.rmtree(path)
    return rows


def on_paper(rows: list[dict[str, Any]]) -> None:
    """Print an estimate for one billion codes, from the largest measured size and the cost model."""
    last = rows[-1]
    then = choose_chunks(256, 31, last["codes"], DEFAULT_COSTS)
    chunks = choose_chunks(256, 31, BILLION, DEFAULT_COSTS)
    minutes = last["built"] * BILLION / last["codes"] * chunks.count / then.count / 60
    print(
        f"{BILLION:,} codes: {chunks.count} chunks, {chunks.size(BILLION) / 1e9:.0f} GB, built in {minutes:.0f} minutes"
    )
    for radius, name in ((31, "near"), (39, "far")):
        here, there = plan(then, radius, last["codes"], DEFAULT_COSTS), plan(chunks, radius, BILLION, DEFAULT_COSTS)
        assert here is not None
        assert there is not None
        scaled = there.cost / here.cost * last[name] / 1e3
        print(
            f"  radius {radius}: {scaled:.2f} ms a query by the measured time, {there.cost / 1e6:.2f} ms by the model"
        )


def plots(curves: dict[int, dict[str, list[float | None]]], rows: list[dict[str, Any]], folder: Path) -> None:
    """Draw both plots."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 - only to draw
    except ImportError:
        print("no plots: matplotlib is not installed")
        return
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "index"
    from matplotlib import pyplot  # noqa: PLC0415 - only to draw

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(1, len(curves), figsize=(6 * len(curves), 4.5), squeeze=False)
    for axis, (count, curve) in zip(axes[0], curves.items(), strict=True):
        for name, values in curve.items():
            axis.plot(RADII, [np.nan if value is None else value for value in values], marker=".", label=name,
                      linewidth=2.5 if name == "index" else 1.2)  # fmt: skip
        axis.set(yscale="log", xlabel="radius (bits of 256)", ylabel="us a query", title=f"{count:,} codes")
        axis.grid(visible=True, alpha=0.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(folder / "index-radius.svg", metadata={"Date": None})
    figure, (times, sizes) = pyplot.subplots(1, 2, figsize=(12, 4.5))
    counts = [row["codes"] for row in rows]
    for name, key in (("radius 31", "near"), ("radius 39", "far"), ("FAISS flat, radius 31", "flat")):
        times.plot(counts, [row[key] for row in rows], marker="o", label=name)
    times.set(xscale="log", yscale="log", xlabel="codes", ylabel="us a query")
    sizes.plot(counts, [row["disk"] for row in rows], marker="o", label="on disk, MB")
    sizes.plot(counts, [row["built"] for row in rows], marker="o", label="built, seconds")
    sizes.set(xscale="log", yscale="log", xlabel="codes")
    for axis in (times, sizes):
        axis.grid(visible=True, alpha=0.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(folder / "index-growth.svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("plots", type=Path)
    parser.add_argument("--most", type=int, default=GROWTH[-1])
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    faiss.omp_set_num_threads(1)
    curves = {}
    for millions in (1, 10):
        count = int(millions * 1_000_000 * arguments.scale)
        curves[count] = radius_curve(count, arguments.work)
    rows = growth_curve([int(size * arguments.scale) for size in GROWTH if size <= arguments.most], arguments.work)
    on_paper(rows)
    plots(curves, rows, arguments.plots)


if __name__ == "__main__":
    main()
