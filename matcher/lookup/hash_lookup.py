"""Hashes of one perceptual algorithm → matches: each listed entry within the threshold, once.

Hashes are looked up unchanged, without other orientations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Algorithm
from matcher.calibration.tables import KINDS, LOW_QUALITIES, LOW_QUALITY
from matcher.distances import balances
from matcher.hashers.regularity import GATE
from matcher.lists.opened import Candidates
from matcher.lists.together import OpenLists
from matcher.lookup.chances import REGION, Chances, kind_of, low_kind_of
from matcher.lookup.outcome import Matched
from matcher.model import LOW_QUALITY as LOW
from matcher.model import TRANSFORMS, Hash, Match
from matcher.settings import Settings


class HashLookup:
    """Looks up hashes of one perceptual algorithm, unchanged, in all lists at once. Needs no hasher."""

    def __init__(self, lists: OpenLists, settings: Settings, facts: Algorithm, chances: Chances) -> None:
        self.metric = facts.metric
        self.algorithm = facts.name
        self.lists = lists
        self.full_quality = settings.quality(facts.name)
        """The lowest quality of a hash that is compared by the threshold of its kind."""
        self._least_balance = facts.least_balance
        self._least_quality = settings.least_quality(facts.name)
        self._chances = chances
        self._stricter = settings.is_stricter_by_quality(facts.name)
        self.thresholds = {kind: self._threshold(kind) for kind in (*KINDS, *LOW_QUALITIES)}
        """The largest distance that is a match by this algorithm alone, by kind; negative where nothing matches."""

    def _threshold(self, kind: str) -> int:
        stricter = self._stricter and self._chances.is_measured(self.algorithm, LOW_QUALITY)
        is_alone = not stricter or kind in (*KINDS, LOW_QUALITY)
        return self._chances.threshold(self.algorithm, kind) if is_alone else -1

    def least_quality(self, kind: str) -> int:
        """The lowest quality of a hash that is looked up, and of a listed one that may match."""
        return self.full_quality if kind == REGION else self._least_quality

    def is_good_enough(self, value: Hash, kind: str) -> bool:
        """Whether the hash of a picture in its stored orientation is good enough to be looked up."""
        return value.quality is None or value.quality >= self.least_quality(kind)

    def kind_of(self, value: Hash) -> str:
        """The kind of a hash, by its own quality alone."""
        kind = kind_of(value.region)
        low = kind != REGION and value.quality is not None and value.quality < self.full_quality
        return self.low_kind_of(value) if low else kind

    def low_kind_of(self, value: Hash) -> str:
        """The kind of a hash where it, or the entry's, is of low quality."""
        return low_kind_of(value.value) if self.algorithm == GATE else LOW_QUALITY

    def is_low(self, near: Candidates) -> npt.NDArray[np.bool_]:
        """(candidates,): whether each candidate's hash is compared as one of low quality.

        The list states a low quality, or none of the balance of its bits says that it is of a flat picture.
        """
        if not len(near) or not self._stricter:
            return np.zeros(len(near), np.bool_)
        low = self.lists.qualities(self.algorithm, near) < self.full_quality
        if self._least_balance:
            low |= balances(self.lists.codes(self.algorithm, near)) < self._least_balance
        return np.asarray(low)

    def limits(self, near: Candidates, kind: str, low_kind: str) -> npt.NDArray[np.int64]:
        """(candidates,): the largest distance at which each matches a hash of `kind`, of `low_kind` if it were low."""
        return np.where(self.is_low(near), self.thresholds[low_kind], self.thresholds[kind])

    def each(self, hashes: Sequence[Hash]) -> list[list[Matched]]:
        """For each reference hash of different pictures, its match with each listed entry."""
        matches: list[list[Matched]] = [[] for _ in hashes]
        for kind, threshold in self.thresholds.items():
            queries = [
                number
                for number, value in enumerate(hashes)
                if self.kind_of(value) == kind and threshold >= 0 and self.is_good_enough(value, kind)
            ]
            if not queries:
                continue
            near = self.near(codes_of([hashes[number] for number in queries]), threshold, kind)
            kinds = [self.low_kind_of(hashes[number]) for number in queries]
            low = np.array([self.thresholds[low_kind] for low_kind in kinds])[near.queries]
            limits = np.where(self.is_low(near), low, threshold)
            for place in nearest_rows(self.lists, self.algorithm, near, limits, groups=near.queries):
                number = queries[int(near.queries[place])]
                matches[number].append(self.matched(near, place, hashes[number], kind))
        return matches

    def near(self, codes: npt.NDArray[np.uint8], radius: int, kind: str) -> Candidates:
        """The listed hashes within `radius`, inclusive, of codes of one kind, (q, width) uint8."""
        least = self.least_quality(kind)
        return self.lists.find_near(self.algorithm, codes, radius=radius, minimum_quality=least)

    def matched(self, near: Candidates, place: int, value: Hash, kind: str) -> Matched:
        """The match of a hash of `kind`, of a picture in its stored orientation, with the candidate at `place`."""
        distance = int(near.distances[place])
        is_low = bool(self.is_low(near.where(np.arange(len(near)) == place))[0])
        kind = LOW_QUALITY if is_low else kind
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
            doubtful=kind == LOW_QUALITY or (value.quality is not None and value.quality < LOW),
        )
        odds = self._chances.odds(self.algorithm, kind, distance)
        return Matched(match, opened.disposition(entry), by_digest=False, odds=odds)


def nearest_rows(
    lists: OpenLists,
    algorithm: str,
    near: Candidates,
    limits: npt.NDArray[np.int64],
    *,
    groups: npt.NDArray[np.int64],
) -> list[int]:
    """The places in `near` of each group's nearest row of each entry, within its limit, (n,), inclusive.

    Of equally near rows the one with the least hash is taken. One lookup may return a row for several queries of one
    group: eight, for the orientations of a picture.
    """
    within = np.flatnonzero(near.distances <= limits)
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
