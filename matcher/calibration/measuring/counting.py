"""Hashes → how many pairs have which distance. Compiled: a calibration compares thousands of millions of pairs."""

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
"""That are given one by one."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Hashes with the pictures that they are of: `codes` (n, 8k) uint8; `pictures` and `groups` (n,) int64.

    Pictures of one group may show the same, and are not compared.
    """

    codes: npt.NDArray[np.uint8]
    pictures: Numbers
    groups: Numbers


def distance_counts(asked: Coded, listed: Coded) -> Counts:
    """How many pairs of an asked and a listed hash, of different groups, have each distance: (bits + 1,) int64."""
    counts = np.zeros(8 * asked.codes.shape[1] + 1, np.int64)
    _count(words_of(asked.codes), asked.groups, words_of(listed.codes), listed.groups, counts)
    return counts


def joint_counts(asked: tuple[Coded, Coded], listed: tuple[Coded, Coded]) -> Counts:
    """The same of two algorithms: how many pairs have which two distances, (bits + 1, bits + 1) int64.

    The rows of both algorithms are of the same pictures.
    """
    counts = np.zeros(tuple(8 * coded.codes.shape[1] + 1 for coded in asked), np.int64)
    words = [words_of(coded.codes) for coded in (*asked, *listed)]
    _count_joint(words[0], words[1], asked[0].groups, words[2], words[3], listed[0].groups, counts)
    return counts


def near_pairs(asked: Coded, listed: Coded, *, within: int) -> Numbers:
    """Pairs of different groups that are so near: (pairs, 3) int64, rows of `asked` and of `listed` and the distance.

    ValueError where there are more than MOST_PAIRS.
    """
    found = np.zeros((MOST_PAIRS, 3), np.int64)
    count = _find(words_of(asked.codes), asked.groups, words_of(listed.codes), listed.groups, within, found)
    if count > MOST_PAIRS:
        raise ValueError(f"{count} pairs are within {within}")
    return found[:count]


@compiled
def _count(asked: Words, groups: Numbers, listed: Words, listed_groups: Numbers, counts: Counts) -> None:
    for question in range(asked.shape[0]):
        for row in range(listed.shape[0]):
            if groups[question] != listed_groups[row]:
                counts[difference(listed, row, asked, question)] += 1


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
    for question in range(first.shape[0]):
        for row in range(listed_first.shape[0]):
            if groups[question] != listed_groups[row]:
                apart = difference(listed_first, row, first, question)
                counts[apart, difference(listed_second, row, second, question)] += 1


@compiled
def _find(asked: Words, groups: Numbers, listed: Words, listed_groups: Numbers, within: int, found: Numbers) -> int:
    """How many there are; the first MOST_PAIRS are written to `found`."""
    count = 0
    for question in range(asked.shape[0]):
        for row in range(listed.shape[0]):
            if groups[question] != listed_groups[row]:
                apart = difference(listed, row, asked, question)
                if apart <= within:
                    if count < found.shape[0]:
                        found[count, 0], found[count, 1], found[count, 2] = question, row, apart
                    count += 1
    return count
