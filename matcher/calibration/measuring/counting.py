"""Hashes → the number of pairs by distance. Compiled: a calibration compares thousands of millions of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.index.words import difference, words_of
from matcher.system.compiled import compiled

Counts = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

MOST_PAIRS = 1 << 20
"""The largest number of pairs that `near_pairs` returns."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Hashes, each with its picture and the group of that: `codes` (n, 8k) uint8; `pictures`, `groups` (n,) int64.

    Pictures of one group may show the same, and are not compared.
    """

    codes: npt.NDArray[np.uint8]
    pictures: Numbers
    groups: Numbers


def distance_counts(queries: Coded, listed: Coded) -> Counts:
    """The number of pairs of a query and a listed hash, of different groups, by distance: (bits + 1,) int64."""
    counts = np.zeros(8 * queries.codes.shape[1] + 1, np.int64)
    _count(words_of(queries.codes), queries.groups, words_of(listed.codes), listed.groups, counts)
    return counts


def joint_counts(queries: tuple[Coded, Coded], listed: tuple[Coded, Coded]) -> Counts:
    """The number of pairs, of different groups, by the distances of two algorithms: (bits + 1, bits + 1) int64.

    The rows of both algorithms are of the same pictures.
    """
    counts = np.zeros(tuple(8 * coded.codes.shape[1] + 1 for coded in queries), np.int64)
    words = [words_of(coded.codes) for coded in (*queries, *listed)]
    _count_joint(words[0], words[1], queries[0].groups, words[2], words[3], listed[0].groups, counts)
    return counts


def near_pairs(queries: Coded, listed: Coded, *, within: int) -> Numbers:
    """Pairs of different groups within a distance, inclusive: (pairs, 3) int64.

    Each has the row of `queries`, the row of `listed`, and the distance. ValueError for more than MOST_PAIRS.
    """
    pairs = np.zeros((MOST_PAIRS, 3), np.int64)
    count = _find(words_of(queries.codes), queries.groups, words_of(listed.codes), listed.groups, within, pairs)
    if count > MOST_PAIRS:
        raise ValueError(f"{count} pairs are within {within}")
    return pairs[:count]


@compiled
def _count(queries: Words, groups: Numbers, listed: Words, listed_groups: Numbers, counts: Counts) -> None:
    for query in range(queries.shape[0]):
        for row in range(listed.shape[0]):
            if groups[query] != listed_groups[row]:
                counts[difference(listed, row, queries, query)] += 1


@compiled
def _count_joint(
    first: Words,
    second: Words,
    groups: Numbers,
    listed_first: Words,
    listed_second: Words,
    listed_groups: Numbers,
    counts: Counts,
) -> None:
    for query in range(first.shape[0]):
        for row in range(listed_first.shape[0]):
            if groups[query] != listed_groups[row]:
                apart = difference(listed_first, row, first, query)
                counts[apart, difference(listed_second, row, second, query)] += 1


@compiled
def _find(queries: Words, groups: Numbers, listed: Words, listed_groups: Numbers, within: int, pairs: Numbers) -> int:
    """The number of pairs within the distance; the first of them are written to `pairs`, as many as fit."""
    count = 0
    for query in range(queries.shape[0]):
        for row in range(listed.shape[0]):
            if groups[query] != listed_groups[row]:
                apart = difference(listed, row, queries, query)
                if apart <= within:
                    if count < pairs.shape[0]:
                        pairs[count, 0], pairs[count, 1], pairs[count, 2] = query, row, apart
                    count += 1
    return count
