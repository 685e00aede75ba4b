"""Pairs of hashes counted by how common they are (bank.py), and the tables of each commonness.

A table of commonness C has the probability that a listed hash of any commonness is within a distance of a query of
commonness C or more, and that the less common of both has commonness C. So the tables of 0 to C together are what is
expected for one query of commonness C.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.calibration.bank import MOST, Bank
from matcher.calibration.measuring.tails import Tail, tail
from matcher.calibration.tables import JOINT_FROM, STEP
from matcher.index.words import difference, words_of
from matcher.system.compiled import compiled

Numbers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

PAIR = ("pdq", "phash")
SAME = {"pdq": 64, "phash": 12}
"""Two pictures within both distances in any orientation count as the same, unless their hashes are common: for those
below COMMON, fewer than one such pair in a thousand million is chance."""
COMMON = JOINT_FROM[-1]
LAST_DECADE = (10,)
"""A combined table continues with the slope of its last measured decade: it falls evenly, whatever the commonness."""
_SAME_FIRST, _SAME_SECOND = SAME[PAIR[0]], SAME[PAIR[1]]


@dataclass(frozen=True)
class Hashed:
    """Hashes by algorithm of PAIR, (n, turns, width) uint8; the group of each picture, (n,), and its commonnesses.

    Pictures of one group may show the same, and are not compared.
    """

    codes: Mapping[str, npt.NDArray[np.uint8]]
    groups: Numbers
    common: Mapping[str, Numbers]

    @classmethod
    def of(cls, codes: Mapping[str, npt.NDArray[np.uint8]], groups: Numbers, bank: Bank) -> Hashed:
        """The hashes with their commonness in `bank`: that of the first turn."""
        upright = {name: np.ascontiguousarray(of[:, 0]) for name, of in codes.items()}
        return cls(codes, groups, {name: bank.commonness(name, of) for name, of in upright.items()})

    def part(self, selected: npt.NDArray[np.bool_]) -> Hashed:
        """Those of the selected pictures."""
        return Hashed(
            {name: of[selected] for name, of in self.codes.items()},
            self.groups[selected],
            {name: of[selected] for name, of in self.common.items()},
        )

    def words(self, name: str) -> Words:
        """(n, turns, words) uint64."""
        pictures, turns, width = self.codes[name].shape
        return words_of(self.codes[name].reshape(pictures * turns, width)).reshape(pictures, turns, -1)


@dataclass(frozen=True, slots=True)
class PairCounts:
    """The number of pairs of a query, in each turn, and an upright listed hash of another group.

    `counts` (commonness by the first of PAIR, by the second, distance by the first, by the second): the less common of
    both hashes counts. `queries` (commonness by the first, by the second): all pairs by the query's own.
    """

    counts: Numbers
    queries: Numbers


def pair_counts(queries: Hashed, listed: Hashed) -> PairCounts:
    """Count all pairs."""
    levels = [MOST[name] + 1 for name in PAIR]
    bits = [8 * queries.codes[name].shape[2] + 1 for name in PAIR]
    counts, of_queries = np.zeros((*levels, *bits), np.int64), np.zeros(levels, np.int64)
    words = tuple(queries.words(name) for name in PAIR)
    upright = tuple(np.ascontiguousarray(listed.words(name)[:, 0]) for name in PAIR)
    common = tuple(np.stack([of.common[name] for name in PAIR]) for of in (queries, listed))
    _count(words, queries.groups, common[0], upright, listed.groups, common[1], counts, of_queries)
    return PairCounts(counts, of_queries)


def common_tables(pairs: PairCounts) -> dict[str, list[dict[str, object]]]:
    """The tables of both algorithms of PAIR and of both together, by commonness."""
    tables: dict[str, list[dict[str, object]]] = {}
    chances = []
    for axis, name in enumerate(PAIR):
        within = pairs.counts.sum(axis=(1 - axis, 3 - axis))
        asked = np.cumsum(pairs.queries.sum(axis=1 - axis)[::-1])[::-1]
        tails = _rising([tail(_among(of, int(all_of))) for of, all_of in zip(within, asked, strict=True)])
        tables[name] = [each.as_json() for each in tails]
        chances.append([each.chance for each in tails])
    joint = _rising([tail(each, decades=LAST_DECADE) for each in joint_counts(pairs, chances[0], chances[1])])
    tables["+".join(PAIR)] = [each.as_json(falling=True) for each in joint]
    return tables


def _rising(tails: list[Tail]) -> list[Tail]:
    """The tails, none of which is anywhere below the one before: more common hashes have no smaller chances."""
    for place in range(1, len(tails)):
        pairs = zip(tails[place - 1].chance, tails[place].chance, strict=True)
        tails[place] = replace(tails[place], chance=tuple(max(pair) for pair in pairs))
    return tails


def joint_counts(pairs: PairCounts, first: Any, second: Any) -> list[Numbers]:
    """For each of JOINT_FROM, the pairs by the sum of both chances, the rarest first; the last place has all others."""
    most = 4000 // STEP
    groups = [np.zeros(most + 1, np.int64) for _ in JOINT_FROM]
    asked = [0] * len(JOINT_FROM)
    for one in range(pairs.counts.shape[0]):
        for other in range(pairs.counts.shape[1]):
            group = int(np.searchsorted(JOINT_FROM, max(one, other), side="right")) - 1
            sums = -(np.asarray(first[one])[:, None] + np.asarray(second[other])[None, :]) // STEP
            weights = pairs.counts[one, other].ravel()
            groups[group] += np.bincount(sums.ravel(), weights=weights, minlength=most + 1).astype(np.int64)
            for lower in range(group + 1):
                asked[lower] += int(pairs.queries[one, other])
    return [_among(of[::-1], all_of) for of, all_of in zip(groups, asked, strict=True)]


def _among(counts: Numbers, asked: int) -> Numbers:
    """The counts with all other pairs, of `asked`, in the last place."""
    result = counts.copy()
    result[-1] += max(0, asked - int(counts.sum()))
    return result


@compiled
def _count(
    words: Any,
    groups: Numbers,
    common: Numbers,
    listed: Any,
    listed_groups: Numbers,
    listed_common: Numbers,
    counts: Numbers,
    of_queries: Numbers,
) -> None:
    turns = words[0].shape[1]
    apart = np.zeros((turns, 2), np.int64)
    for query in range(groups.shape[0]):
        for row in range(listed_groups.shape[0]):
            if groups[query] == listed_groups[row]:
                continue
            one = min(common[0, query], listed_common[0, row])
            other = min(common[1, query], listed_common[1, row])
            same = False
            for turn in range(turns):
                apart[turn, 0] = difference(listed[0], row, words[0][query], turn)
                apart[turn, 1] = difference(listed[1], row, words[1][query], turn)
                same |= apart[turn, 0] <= _SAME_FIRST and apart[turn, 1] <= _SAME_SECOND
            if same and max(one, other) < COMMON:
                continue
            of_queries[common[0, query], common[1, query]] += turns
            for turn in range(turns):
                counts[one, other, apart[turn, 0], apart[turn, 1]] += 1
