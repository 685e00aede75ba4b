"""The common entries of lists: those near so many pictures of the negative bank that they have stricter thresholds.

Every listed PDQ and pHash is compared with every picture of the bank in its eight orientations: that is the whole cost,
about half a millisecond a hash on one core. Threads share it, for the comparison holds no lock.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.algorithms import ALGORITHMS
from matcher.calibration.bank import FEWEST, Bank
from matcher.lists.opened import OpenList

COMMON_FROM = 3
"""The least commonness of a hash that is named as common."""
_AT_A_TIME = 1 << 9


@dataclass(frozen=True, slots=True)
class CommonEntry:
    """A record of a list by one algorithm. `near` pictures of the bank are near to its most common hash."""

    list: str
    id: str
    category: str | None
    note: str | None
    algorithm: str
    commonness: int
    near: int


@dataclass(slots=True)
class CommonCounts:
    """The number of hashes of each commonness, by list and algorithm, without those of removed entries."""

    hashes: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)


def count_of(lists: Sequence[OpenList]) -> int:
    """The number of hashes that `common_entries` compares."""
    return sum(len(codes) for opened in lists for name in FEWEST for _records, codes in _blocks(opened, name))


def common_entries(
    lists: Sequence[OpenList],
    counts: CommonCounts,
    *,
    workers: int | None = None,
    on_compared: Callable[[int], None] = lambda _count: None,
) -> list[CommonEntry]:
    """The entries whose commonness by PDQ or pHash is COMMON_FROM at least, the most common first; fills `counts`.

    An entry that is common by both stands there twice. `on_compared` is called with the number of each block's hashes.
    `workers` threads; None for one a core.
    """
    found: list[CommonEntry] = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as threads:
        for opened in lists:
            for name in FEWEST:
                if name in opened.algorithms:
                    own = counts.hashes.setdefault((opened.name, name), Counter())
                    found.extend(_common(opened, name, own, threads, on_compared))
    order = {name: place for place, name in enumerate(FEWEST)}
    return sorted(found, key=lambda one: (-one.commonness, -one.near, one.list, one.id, order[one.algorithm]))


def _common(
    opened: OpenList,
    name: str,
    counts: Counter[int],
    threads: ThreadPoolExecutor,
    on_compared: Callable[[int], None],
) -> Iterator[CommonEntry]:
    bank = Bank.packaged()
    bank.near(name, np.zeros((1, ALGORITHMS[name].width), np.uint8))  # compiled, and the bank read, by one thread
    blocks = list(_blocks(opened, name))
    most: dict[int, int] = {}
    near_of = threads.map(lambda block: bank.near(name, block[1]), blocks)
    for (records, _codes), near in zip(blocks, near_of, strict=True):
        levels = np.searchsorted(FEWEST[name], near, side="right")
        counts.update(levels.tolist())
        for place in np.flatnonzero(levels >= COMMON_FROM).tolist():
            record = int(records[place])
            most[record] = max(most.get(record, 0), int(near[place]))
        on_compared(len(records))
    for record, near_count in most.items():
        entry = opened.entry(record)
        level = int(np.searchsorted(FEWEST[name], near_count, side="right"))
        yield CommonEntry(opened.name, entry.id, entry.category, entry.note, name, level, near_count)


def _blocks(opened: OpenList, name: str) -> Iterator[tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]]:
    """A generator of the records, (n,), and hashes, (n, width), that a list has by one algorithm, in blocks."""
    for part in opened.parts:
        if name not in part.indexes:
            continue
        codes, entries = part.indexes[name].codes, part.attributes[name].entries
        for begin in range(0, len(codes), _AT_A_TIME):
            records = (entries[begin : begin + _AT_A_TIME] + np.uint32(part.first)).astype(np.uint32)
            kept = opened.not_removed(records)
            yield records[kept], np.ascontiguousarray(codes[begin : begin + _AT_A_TIME][kept])
