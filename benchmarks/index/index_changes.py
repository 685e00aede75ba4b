"""How long does it take to add a thousand codes to ten million and to remove a thousand, and how fast are queries then?

    python -m benchmarks.index.index_changes WORK [--count 10000000]

Uniform codes of 256 bits, radius 31, one thread; batches of 500 and of 8. Each step is timed until a reader that opens
the index again finds the added codes and does not find the removed ones. Prints the times, and *slower*: the time of a
batch after the change divided by the time before, medians of 15 taken in turn. Then the index is compacted and queried
again; every answer is compared with the answers before, without the removed codes.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks.index.index_codes import queries, uniform
from matcher.index import Index, add_codes, build_index, compact_index, open_index, remove_rows

CHANGED = 1000
REPEATS = 15
Value = TypeVar("Value")


def timed(name: str, work: Callable[[], Value]) -> Value:
    begun = time.perf_counter()
    value = work()
    print(f"{name}: {time.perf_counter() - begun:.3f} s", flush=True)
    return value


def slower(before: Index, after: Index, batch: npt.NDArray[np.uint8], size: int) -> float:
    """The time of batches of `size` in `after` divided by their time in `before`; prints both."""
    taken: dict[int, list[float]] = {0: [], 1: []}
    for turn in range(REPEATS + 1):
        for number, index in enumerate((before, after)):
            begun = time.perf_counter()
            for at in range(0, len(batch), size):
                index.range_search(batch[at : at + size], radius=31)
            if turn:
                taken[number].append(time.perf_counter() - begun)
    one, other = statistics.median(taken[0]), statistics.median(taken[1])
    print(f"  batches of {size}: {one / len(batch) * 1e6:.1f} us a query before, {other / len(batch) * 1e6:.1f} after")
    return other / one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=10_000_000)
    arguments = parser.parse_args()
    path = arguments.work / "changes"
    shutil.rmtree(path, ignore_errors=True)
    codes = uniform(arguments.count, 32, 1)
    added = uniform(CHANGED, 32, 2)
    before = timed(f"{arguments.count:,} codes, built", lambda: build_index(codes, radius=31, path=path))
    batch = queries(codes, 500, 31, 3)
    before.range_search(batch, radius=31)

    def add() -> npt.NDArray[np.int64]:
        rows = add_codes(path, added)
        if not np.isin(rows, open_index(path).range_search(added, radius=0)[2]).all():
            sys.exit("an added code is not found")
        return rows

    gone = np.random.default_rng(4).permutation(arguments.count)[:CHANGED]

    def remove() -> None:
        remove_rows(path, gone)
        if np.isin(gone, open_index(path).range_search(codes[gone], radius=0)[2]).any():
            sys.exit("a removed code is found")

    rows = timed(f"{CHANGED} codes added, found by a new reader", add)
    timed(f"{CHANGED} rows removed, no longer found", remove)
    after = timed("opened", lambda: open_index(path))
    for size in (500, 8):
        print(f"  slower: {slower(before, after, batch, size):.2f} x")
    timed("compacted", lambda: compact_index(path))
    merged = open_index(path)
    for size in (500, 8):
        print(f"  slower: {slower(before, merged, batch, size):.2f} x")
    more = np.concatenate((batch, added, codes[gone]))
    limits, distances, matched = before.range_search(more, radius=31)
    remaining = ~np.isin(matched, gone)
    old = set(
        zip(
            np.repeat(np.arange(len(more)), np.diff(limits))[remaining],
            distances[remaining],
            matched[remaining],
            strict=True,
        )
    )
    for index in (after, merged):
        limits, distances, matched = index.range_search(more, radius=31)
        remaining = ~np.isin(matched, rows)
        now = set(
            zip(
                np.repeat(np.arange(len(more)), np.diff(limits))[remaining],
                distances[remaining],
                matched[remaining],
                strict=True,
            )
        )
        if now != old:
            sys.exit("other answers than before")
    shutil.rmtree(path)


if __name__ == "__main__":
    main()
