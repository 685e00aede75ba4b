"""What does an exact Euclidean lookup cost, compared with FAISS's `IndexFlatL2` in memory and brute force in numpy?

    python -m benchmarks.index.bench_euclidean [--codes 100000] [--seed 0] [--rounds 3]

The codes have 144 bytes (PhotoDNA's) and are clustered; the radius is 40,000; queries are slightly altered listed
codes. Every answer is compared with numpy's, in integers: `missed` and `wrong` count matches and distances. Plain FAISS
gets radius + 1, as its own is exclusive. One thread. Prints the times of the best round, of which only the ratios are
meaningful; `held` is the memory of each in every process, without the mapped file.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from matcher.algorithms import ALGORITHMS
from matcher.index import Index, build_index

FACTS = ALGORITHMS["photodna"]
BATCHES = (1, 8, 19, 20, 64)
"""The numbers of queries in a batch; 8 is the number of orientations of a picture."""

Codes = npt.NDArray[np.uint8]
Answer = set[tuple[int, int, int]]
"""Query, row, squared distance."""


def drawn(rng: np.random.Generator, count: int) -> Codes:
    """`count` codes near `count` / 10 centres."""
    centres = rng.integers(0, 256, (max(1, count // 10), FACTS.width))
    noise = rng.normal(0, 12, (count, FACTS.width)).round().astype(np.int64)
    return (centres[rng.integers(0, len(centres), count)] + noise).clip(0, 255).astype(np.uint8)


def by_numpy(codes: Codes, queries: Codes) -> Answer:
    answer: Answer = set()
    for number, query in enumerate(queries.astype(np.int32)):
        for first in range(0, len(codes), 8192):
            apart = codes[first : first + 8192] - query
            distances = np.einsum("ij,ij->i", apart, apart)
            near = np.flatnonzero(distances <= FACTS.threshold)
            answer.update((number, first + row, int(distances[row])) for row in near.tolist())
    return answer


def ours(index: Index, queries: Codes) -> Answer:
    return answer_of(index.range_search(queries, radius=FACTS.threshold))


def faiss_flat(plain: Any, queries: npt.NDArray[np.float32]) -> Answer:
    return answer_of(plain.range_search(queries, FACTS.threshold + 1))


def answer_of(answer: tuple[npt.NDArray[np.int64], npt.NDArray[np.generic], npt.NDArray[np.int64]]) -> Answer:
    limits, distances, rows = answer
    ends = limits.astype(np.int64)  # FAISS's are unsigned
    batch = np.repeat(np.arange(len(ends) - 1), ends[1:] - ends[:-1])
    return set(zip(batch.tolist(), rows.tolist(), [int(one) for one in distances.tolist()], strict=True))


def timed(search: Callable[[], Answer], rounds: int) -> tuple[float, Answer]:
    """Seconds of the fastest round, and the answer."""
    best = float("inf")
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = search()
        best = min(best, time.perf_counter() - begun)
    return best, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(arguments.seed)
    codes = drawn(rng, arguments.codes)
    plain = faiss.IndexFlatL2(FACTS.width)
    plain.add(codes.astype(np.float32))
    held = {"ours": 0.0, "faiss IndexFlatL2": codes.size * 4 / 2**20, "numpy": 0.0}
    print(f"seed {arguments.seed}, {len(codes):,} codes, mapped file {codes.size / 2**20:.0f} MiB, one thread\n")
    print("| queries | | ms a query | times ours | matches | missed | wrong | held, MiB |")
    print("|---|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        index = build_index(codes, radius=FACTS.threshold, path=Path(folder) / "i", metric=FACTS.metric)
        for count in BATCHES:
            noise = rng.integers(-8, 9, (count, FACTS.width))
            queries = (codes[rng.integers(0, len(codes), count)] + noise).clip(0, 255).astype(np.uint8)
            floats = queries.astype(np.float32)
            searches: dict[str, Callable[[], Answer]] = {
                "ours": partial(ours, index, queries),
                "faiss IndexFlatL2": partial(faiss_flat, plain, floats),
                "numpy": partial(by_numpy, codes, queries),
            }
            results = {name: timed(search, arguments.rounds) for name, search in searches.items()}
            expected = results["numpy"][1]
            for name, (seconds, answer) in results.items():
                print(
                    f"| {count} | {name} | {seconds / count * 1e3:.2f} | {seconds / results['ours'][0]:.1f} "
                    f"| {len(expected)} | {len(expected - answer)} | {len(answer - expected)} | {held[name]:.0f} |"
                )


if __name__ == "__main__":
    main()
