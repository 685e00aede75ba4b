"""Hashes of one perceptual algorithm → matches: each listed entry within the threshold, once.

Hashes are looked up unchanged, without other orientations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Algorithm
from matcher.calibration.tables import KINDS
from matcher.lists.opened import Candidates
from matcher.lists.together import OpenLists
from matcher.lookup.chances import Chances, kind_of
from matcher.lookup.outcome import Matched
from matcher.model import TRANSFORMS, Hash, Match
from matcher.settings import Settings


class HashLookup:
    """Looks up hashes of one perceptual algorithm, unchanged, in all lists at once. Needs no hasher."""

    def __init__(self, lists: OpenLists, settings: Settings, facts: Algorithm, chances: Chances) -> None:
        self.metric = facts.metric
        self.algorithm = facts.name
        self.lists = lists
        self.quality = settings.quality(facts.name)
        self.thresholds = {kind: chances.threshold(facts.name, kind) for kind in KINDS}
        """The largest distance that is a match, by kind; negative where nothing matches."""
        self._chances = chances

    def meets_minimum_quality(self, value: Hash) -> bool:
        """Whether the hash of a picture in its stored orientation is good enough to be looked up."""
        return value.quality is None or value.quality >= self.quality

    def each(self, hashes: Sequence[Hash]) -> list[list[Matched]]:
        """For each reference hash of different pictures, its match with each listed entry."""
        matches: list[list[Matched]] = [[] for _ in hashes]
        for kind, threshold in self.thresholds.items():
            queries = [
                number
                for number, value in enumerate(hashes)
                if kind_of(value.region) == kind and threshold >= 0 and self.meets_minimum_quality(value)
            ]
            if not queries:
                continue
            near = self.near(codes_of([hashes[number] for number in queries]), threshold)
            for place in nearest_rows(self.lists, self.algorithm, near, threshold, groups=near.queries):
                number = queries[int(near.queries[place])]
                matches[number].append(self.matched(near, place, hashes[number]))
        return matches

    def near(self, codes: npt.NDArray[np.uint8], radius: int) -> Candidates:
        """The listed hashes within `radius`, inclusive, of codes, (q, width) uint8."""
        return self.lists.find_near(self.algorithm, codes, radius=radius, minimum_quality=self.quality)

    def matched(self, near: Candidates, place: int, value: Hash) -> Matched:
        """The match of a hash, of a picture in its stored orientation, with the candidate at `place` of `near`."""
        kind, distance = kind_of(value.region), int(near.distances[place])
        opened = self.lists.opened[int(near.lists[place])]
        entry = opened.entry(int(near.entries[place]))
        match = Match(
            list=opened.name,
            entry=entry.id,
            category=entry.category,
            algorithm=self.algorithm,
            value=value.value,
            entry_value=opened.code(self.algorithm, int(near.rows[place])),
            distance=distance,
            threshold=self.thresholds[kind],
            quality=value.quality,
            region=value.region,
            transform=TRANSFORMS[0],
        )
        odds = self._chances.odds(self.algorithm, kind, distance)
        return Matched(match, opened.disposition(entry), by_digest=False, odds=odds)


def nearest_rows(
    lists: OpenLists, algorithm: str, near: Candidates, threshold: int, *, groups: npt.NDArray[np.int64]
) -> list[int]:
    """The places in `near` of each group's nearest row of each entry, within the threshold, inclusive.

    Of equally near rows the one with the least hash is taken. One lookup may return a row for several queries of one
    group: eight, for the orientations of a picture.
    """
    within = np.flatnonzero(near.distances <= threshold)
    keys = (near.queries, near.distances, near.entries, near.lists, groups)
    order = within[np.lexsort([key[within] for key in (near.rows, *keys)])]
    tied = _repeats(keys, order)
    if tied.any():  # row numbers differ where the same list is divided into other records or parts
        some = np.zeros(len(near), bool)
        some[order[1:][tied]] = some[order[:-1][tied]] = True
        ranks = np.zeros(len(near), np.int64)
        ranks[some] = np.unique(lists.codes(algorithm, near.where(some)), axis=0, return_inverse=True)[1].reshape(-1)
        order = within[np.lexsort([key[within] for key in (near.rows, ranks, *keys)])]
    first = np.ones(len(order), bool)
    first[1:] = ~_repeats((near.entries, near.lists, groups), order)
    places: list[int] = order[first].tolist()
    return places


def _repeats(keys: Sequence[npt.NDArray[Any]], order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(n - 1,): which places of `order`, without the first, have the same keys as the place before."""
    same = [key[order][1:] == key[order][:-1] for key in keys]
    return np.asarray(np.logical_and.reduce(same))


def codes_of(hashes: Sequence[Hash]) -> npt.NDArray[np.uint8]:
    """The values of hashes of one algorithm, (n, width) uint8."""
    return np.frombuffer(b"".join(value.value for value in hashes), np.uint8).reshape(len(hashes), -1)
