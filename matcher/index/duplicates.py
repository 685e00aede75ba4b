"""Equal codes, which an index lists once: a hundred thousand copies of one hash cost a search no more than one.

A group is the set of all rows with one code, two rows or more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.index.words import Words

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Groups:
    """firsts: (g,) uint32, the first row of each group, ascending. starts: (g + 1,) uint32, where in `rows` each group
    begins. rows: uint32, every row of each group, ascending.
    """

    firsts: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]

    def expand(
        self, limits: npt.NDArray[np.int64], distances: npt.NDArray[np.int32], rows: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Complete an answer of range_search that has only first rows with all rows of their groups.

        IndexError where the rows of such a group are invalid.
        """
        if len(self.firsts) == 0 or len(rows) == 0:
            return limits, distances, rows
        group = np.minimum(np.searchsorted(self.firsts, rows), len(self.firsts) - 1)
        grouped = self.firsts[group] == rows
        begins, group_ends = self.starts[group].astype(np.int64), self.starts[group + 1].astype(np.int64)
        if ((group_ends < begins + 2) | (group_ends > len(self.rows)))[grouped].any():
            raise IndexError("a group's rows are not among the rows")
        sizes = np.where(grouped, group_ends - begins, 1)
        ends = np.concatenate(([0], np.cumsum(sizes)))
        expanded = np.repeat(rows, sizes)
        within = np.arange(len(expanded)) - np.repeat(ends[:-1], sizes)
        several = np.repeat(grouped, sizes)
        places = np.repeat(begins, sizes)[several] + within[several]
        expanded[several] = self.rows[places]
        return ends[limits], np.repeat(distances, sizes), expanded


def group_equal(words: Words) -> Groups:
    """The groups of equal rows of (n, k) uint64, n below 2^32."""
    mixed = np.empty(len(words), np.uint64)
    for start in range(0, len(words), _BLOCK):
        mixed[start : start + _BLOCK] = _mixed(words[start : start + _BLOCK])
    order = np.argsort(mixed)
    same = np.flatnonzero(mixed[order[1:]] == mixed[order[:-1]])
    suspects = np.unique(np.concatenate((order[same], order[same + 1])))  # equal codes, and others by chance
    del mixed, order
    codes = words[suspects]
    suspects = suspects[np.lexsort((suspects, *codes.T))]
    codes = words[suspects]
    fresh = np.ones(len(suspects) + 1, bool)
    fresh[1:-1] = (codes[1:] != codes[:-1]).any(axis=1)
    edges = np.flatnonzero(fresh)
    sizes = np.diff(edges)
    edges, sizes = edges[:-1][sizes > 1], sizes[sizes > 1]
    firsts = suspects[edges]
    by_first = np.argsort(firsts)
    edges, sizes = edges[by_first], sizes[by_first]
    starts = np.concatenate(([0], np.cumsum(sizes)))
    places = np.repeat(edges - starts[:-1], sizes) + np.arange(starts[-1])
    return Groups(firsts[by_first].astype(np.uint32), starts.astype(np.uint32), suspects[places].astype(np.uint32))


def _mixed(words: Words) -> npt.NDArray[np.uint64]:
    """A number for each row: the same for equal rows, and different for most others."""
    total = np.zeros(len(words), np.uint64)
    for column in words.T:
        total = (total ^ column) * _FACTOR
        total ^= total >> _SHIFT
    return total


def without_repeats(count: int, groups: Groups) -> npt.NDArray[np.uint32]:
    """The rows below `count` without those that equal an earlier row, ascending."""
    kept = np.ones(count, bool)
    kept[groups.rows] = False
    kept[groups.firsts] = True
    return np.flatnonzero(kept).astype(np.uint32)
