"""The lower bound that memory sets to an index search: the cache lines it must fetch, and the time to fetch one."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from matcher.index.chunks import masks
from matcher.index.multi import MultiIndex
from matcher.index.vectors import prefetch
from matcher.index.words import words_of
from matcher.system.compiled import compiled

LINE = 64
CHASES = 2_000_000


@compiled
def _chase(following: npt.NDArray[np.uint32], steps: int) -> int:
    """Read one line after the other, where each contains the place of the next."""
    at = np.uint32(0)
    for _ in range(steps):
        at = following[np.int64(at) * 16]
    return int(at)


@compiled
def _gather(values: npt.NDArray[np.uint32], places: npt.NDArray[np.uint32], ahead: int) -> int:
    """Read lines whose places are all known beforehand."""
    total = 0
    for at in range(places.shape[0] - ahead):
        prefetch(values, np.int64(places[at + ahead]) * 16)
        total += values[np.int64(places[at]) * 16]
    return total


def line_times(size: int) -> tuple[float, float]:
    """Nanoseconds to fetch a line from `size` bytes of memory: one after the other, and many at a time."""
    lines = max(size // LINE, 1024)
    order = np.random.default_rng(1).permutation(lines).astype(np.uint32)
    values = np.zeros(lines * 16, np.uint32)
    values[order.astype(np.int64) * 16] = np.roll(order, -1)
    places = np.random.default_rng(2).integers(0, lines, CHASES).astype(np.uint32)
    times = []
    works: list[Callable[[], object]] = [lambda: _chase(values, CHASES), lambda: _gather(values, places, 16)]
    for work in works:
        work()
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) / CHASES * 1e9)
    return times[0], times[1]


def cache_lines(index: MultiIndex, queries: npt.NDArray[np.uint8], radius: int) -> float:
    """The mean number of cache lines that a query's search touches, counted by a slow run of its steps."""
    tables, planned = index.tables, index.plan(radius)
    if planned is None:
        return index.count * index.bits / 8 / LINE
    query_words = words_of(queries)
    starts, widths, signature_widths = tables.cuts.T.tolist()
    total = 0
    for query in query_words:
        whole = int.from_bytes(query.tobytes(), "little")
        for chunk, share in enumerate(planned.shares):
            following = (chunk + 1) % len(planned.shares)
            key = (whole >> starts[chunk]) & ((1 << widths[chunk]) - 1)
            signature = np.uint16((whole >> starts[following]) & ((1 << signature_widths[chunk]) - 1))
            if share == 0:
                continue
            patterns, levels = masks(widths[chunk], share - 1)
            flips = np.repeat(np.arange(share), np.diff(levels))
            keys = tables.firsts[chunk] + (key ^ patterns.astype(np.int64))
            begins, ends = tables.offsets[keys].astype(np.int64), tables.offsets[keys + 1].astype(np.int64)
            total += len(np.unique(keys * 4 // LINE))
            base = chunk * tables.listed
            both = share + planned.shares[following] - 1
            for begin, end, ones in zip(begins.tolist(), ends.tolist(), flips.tolist(), strict=True):
                if begin == end:
                    continue
                total += (base + end - 1) * 2 // LINE - (base + begin) * 2 // LINE + 1
                differences = np.bitwise_count(tables.signatures[base + begin : base + end] ^ signature)
                total += 2 * int(np.count_nonzero(differences <= both - ones))  # its id, and its code
    return total / len(query_words)
