"""How much faster is the index than its peers, with the same answers?

    python -m benchmarks.index.bench_index WORK [--corpus CORPUS] [--scale 1.0] [--only uniform,grown,hostile]

One thread. WORK is a folder for the indexes (8 GB at full scale) and, with --corpus, for the hashes of its pictures.
`--scale 0.01` runs everything on a hundredth of the codes. Every answer is compared with that of FAISS's
`IndexBinaryFlat` on the queries that both answer. Prints a line for each width, size and radius.

Peers: FAISS `IndexBinaryFlat`; FAISS `IndexBinaryMultiHash`, 16 tables of 16 bits, one flip, exact up to radius 31;
pynear's BK-tree (up to a million codes). Queries: half unrelated codes of the same kind, half listed ones of which up
to `radius` bits were changed. A query's time is that of a batch of 500, the median of five.

The floor: the number of cache lines that a query must fetch (offsets, signatures, ids, codes) times the time to fetch
one line on this machine, one after the other and many at a time. The lines are counted by a slow run of the same steps.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from benchmarks.index.index_codes import grown, hostile, queries, uniform
from benchmarks.index.index_floor import cache_lines, line_times
from benchmarks.shared.corpus_hashes import corpus_hashes
from matcher.index import open_index
from matcher.index.changing import build_index
from matcher.index.multi import MultiIndex

Codes = npt.NDArray[np.uint8]
Answer = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]

BATCH = 500
REPEATS = 5
PEER_QUERIES = 60
MILLION = 1_000_000

CELLS: dict[int, dict[int, list[tuple[int, float]]]] = {
    256: {
        1: [(31, 25), (36, 0), (39, 6), (41, 0), (48, 0), (60, 0)],
        5: [(31, 120), (39, 0), (48, 4)],
        10: [(31, 200), (39, 45), (41, 0), (48, 0), (60, 0)],
    },
    64: {1: [(8, 25), (10, 0), (12, 0)]},
}
"""By width and millions of codes: the radii, and how many times faster than flat each must be (0: not stated)."""
MULTI_HASH = {1: 20.0, 5: 80.0}
"""How many times faster than MultiHash at radius 31, by millions of codes."""


def timed(search: Callable[[], Answer], repeats: int = REPEATS) -> tuple[float, Answer]:
    """The median time of a call in seconds, and its answer."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        answer = search()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), answer


def same(mine: Answer, theirs: Answer, count: int) -> None:
    """Exit where the answers to the first `count` queries differ in rows or distances."""
    for query in range(count):
        matched = []
        for limits, distances, rows in (mine, theirs):
            part = slice(limits[query], limits[query + 1])
            matched.append(sorted(zip(rows[part].tolist(), distances[part].tolist(), strict=True)))
        if matched[0] != matched[1]:
            sys.exit(f"query {query}: {len(matched[0])} matches, by brute force {len(matched[1])}")


def flat_of(codes: Codes) -> faiss.IndexBinaryFlat:
    flat = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    flat.add(codes)
    return flat


def search_faiss(index: faiss.IndexBinary, batch: Codes, radius: int) -> Answer:
    limits, distances, rows = index.range_search(batch, radius + 1)
    return limits.astype(np.int64), distances.astype(np.int32), rows


def multi_hash(codes: Codes, batch: Codes, expected: Answer) -> tuple[float, float]:
    """MultiHash's seconds for a query and seconds to build. The benchmark exits where its answer is not complete."""
    index = faiss.IndexBinaryMultiHash(codes.shape[1] * 8, 16, 16)
    index.nflip = 1
    begun = time.perf_counter()
    index.add(codes)
    built = time.perf_counter() - begun
    taken, answer = timed(lambda: search_faiss(index, batch, 31), 3)
    same(answer, expected, len(batch))
    return taken / len(batch), built


def bk_tree(codes: Codes, batch: Codes, radius: int, expected: Answer) -> float | None:
    """Seconds for a query by pynear's exact tree; None where it is not installed."""
    try:
        from pynear import BKTreeBinaryIndex256  # noqa: PLC0415 - a peer that is rarely installed
    except ImportError:
        return None
    tree = BKTreeBinaryIndex256()
    tree.set(codes)
    begun = time.perf_counter()
    rows = tree.find_threshold(batch, radius)[0]
    taken = (time.perf_counter() - begun) / len(batch)
    if [len(matched) for matched in rows] != np.diff(expected[0])[: len(batch)].tolist():
        sys.exit("pynear answers otherwise")
    return taken


def one_size(codes: Codes, name: str, millions: int, work: Path, *, scale: float) -> None:
    """Print a line for every radius of one width and size."""
    bits = codes.shape[1] * 8
    cells = CELLS[bits][millions]
    path = work / f"{name}-{bits}-{millions}"
    shutil.rmtree(path, ignore_errors=True)
    begun = time.perf_counter()
    build_index(codes, radius=cells[0][0], path=path, kind="multi")
    built = time.perf_counter() - begun
    index = open_index(path)
    assert isinstance(index, MultiIndex)
    flat = flat_of(codes)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    print(f"\n{name}, {len(codes):,} codes of {bits} bits: built in {built:.1f} s, {size / 1e6:,.0f} MB, "
          f"{index.chunks.count} chunks")  # fmt: skip
    demand = 0.5 if name == "grown" else 1.0
    for radius, target in cells:
        batch = queries(codes, BATCH, radius, seed=radius)
        index.range_search(batch[: BATCH // 2], radius=radius)
        taken, answer = timed(lambda batch=batch, radius=radius: index.range_search(batch, radius=radius))  # type: ignore[misc]
        mine = taken / BATCH
        count = BATCH if (bits, millions, radius) == (256, 5, 48) else PEER_QUERIES
        taken, expected = timed(lambda batch=batch[:count], radius=radius: search_faiss(flat, batch, radius), 1)  # type: ignore[misc]
        same(answer, expected, count)
        theirs = taken / count
        alone = statistics.median(
            timed(lambda q=q, radius=radius: index.range_search(q, radius=radius), 1)[0]  # type: ignore[misc]
            for q in (batch[at : at + 1] for at in range(100))
        )
        needed = f" (must: {target * demand:g})" if target and name != "hostile" else ""
        line = (f"  radius {radius}: {mine * 1e6:8.1f} us, alone {alone * 1e6:6.0f}; flat {theirs * 1e6:8.0f} us, "
                f"{theirs / mine:6.1f} x{needed}; {answer[0][-1] / BATCH:.1f} matches")  # fmt: skip
        if target and scale == 1.0 and name != "hostile" and theirs / mine < target * demand:
            line += "  TOO SLOW"
        print(line, flush=True)
        if radius == 31 and bits == 256:
            if millions in MULTI_HASH or (millions == 10 and name == "uniform"):
                hashed, took = multi_hash(codes, batch[:count], expected)
                must = (
                    f" (must: {MULTI_HASH[millions] * demand:g})"
                    if millions in MULTI_HASH and name != "hostile"
                    else ""
                )
                print(
                    f"             MultiHash {hashed * 1e6:,.0f} us, {hashed / mine:.1f} x{must}; built in {took:.1f} s"
                )
            if millions == 1 and name == "uniform" and (tree := bk_tree(codes, batch[:20], radius, expected)):
                print(f"             pynear's BK-tree {tree * 1e6:,.0f} us, {tree / mine:,.0f} x")
        if name == "uniform" and radius in {8, 31, 39, 41}:
            lines = cache_lines(index, batch[:100], radius)
            one, many = line_times(size)
            print(f"             floor: {lines:.0f} lines a query x {one:.0f} ns / {one / many:.1f} at a time = "
                  f"{lines * many / 1e3:.1f} us; the query takes {mine * 1e9 / (lines * many):.2f} x that")  # fmt: skip
    shutil.rmtree(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="uniform,grown,hostile")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    faiss.omp_set_num_threads(1)
    for name in arguments.only.split(","):
        if name == "grown" and arguments.corpus is None:
            print("\ngrown: skipped, for want of --corpus")
            continue
        for bits, sizes in CELLS.items():
            for millions in sizes:
                count = int(millions * MILLION * arguments.scale)
                if name == "grown":
                    algorithm = "pdq" if bits == 256 else "phash"
                    codes = grown(count, bits // 8, 1, corpus_hashes(arguments.corpus, algorithm, arguments.work))
                else:
                    codes = (uniform if name == "uniform" else hostile)(count, bits // 8, 1)
                one_size(codes, name, millions, arguments.work, scale=arguments.scale)


if __name__ == "__main__":
    main()
