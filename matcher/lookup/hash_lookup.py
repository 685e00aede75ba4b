"""Hashes of one perceptual algorithm → matches: each listed entry within the threshold, once.

Hashes are looked up unchanged, without other orientations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Algorithm
from matcher.calibration.bank import FEWEST
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
        self.by_commonness = {kind: self._thresholds_by_commonness(kind) for kind in KINDS}
        """The same, (levels,), by the lesser commonness of both hashes; `thresholds` has those of commonness 0."""
        self._commonness: dict[bytes, int] = {}
        self._is_negative = np.array([opened.is_negative for opened in lists.opened], bool)

    def _threshold(self, kind: str) -> int:
        stricter = self._stricter and self._chances.is_measured(self.algorithm, LOW_QUALITY)
        is_alone = not stricter or kind in (*KINDS, LOW_QUALITY)
        return self._chances.threshold(self.algorithm, kind) if is_alone else -1

    def _thresholds_by_commonness(self, kind: str) -> npt.NDArray[np.int64]:
        levels = self._chances.levels(self.algorithm, kind)
        if levels == 1:
            return np.array([self.thresholds[kind]], np.int64)
        every = [self._chances.threshold(self.algorithm, kind, common) for common in range(levels)]
        return np.minimum.accumulate(np.array(every, np.int64))

    def commonness(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """(n,): the commonness of each of `codes`, (n, width) uint8; 0 where it has no effect."""
        bank = self._chances.bank
        if bank is None or self.algorithm not in FEWEST:
            return np.zeros(len(codes), np.int64)
        keys = [code.tobytes() for code in codes]
        values = [self._commonness.get(key) for key in keys]
        if new := [place for place, value in enumerate(values) if value is None]:
            found = bank.commonness(self.algorithm, codes[new]).tolist()
            if len(self._commonness) > _MOST_REMEMBERED:
                self._commonness = {}
            for place, value in zip(new, found, strict=True):
                values[place] = self._commonness[keys[place]] = value
        return np.array(values, np.int64)

    def common_of(self, near: Candidates, queries: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(candidates,): the lesser commonness of each candidate's hash and of its query's, which `queries` has.

        That of an entry of a negative list counts as 0: it may only make other matches not notable (negative.py).
        """
        common = queries.copy()
        if (queries > 0).any():
            asked = np.flatnonzero(queries > 0)
            some = np.zeros(len(near), bool)
            some[asked] = True
            listed = self.commonness(self.lists.codes(self.algorithm, near.where(some)))
            listed[self._is_negative[near.lists[asked]]] = 0
            common[asked] = np.minimum(common[asked], listed)
        return common

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

    def limits(
        self, near: Candidates, kind: str, low_kind: str, common: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """(candidates,): the largest distance at which each matches a hash of `kind`, of `low_kind` if it were low.

        `common` (candidates,) is the commonness of each one's query.
        """
        usual = np.full(len(near), self.thresholds[kind], np.int64)
        levels = self.by_commonness.get(kind)
        if levels is not None and levels[-1] < levels[0] and (common > 0).any():
            strict = levels[np.minimum(common, len(levels) - 1)]
            undecided = (near.distances <= usual) & (near.distances > strict)
            if undecided.any():
                usual[undecided] = levels[self.common_of(near.where(undecided), common[undecided])]
        return np.where(self.is_low(near), self.thresholds[low_kind], usual)

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
            codes = codes_of([hashes[number] for number in queries])
            near = self.near(codes, threshold, kind)
            common = self.commonness(codes[np.unique(near.queries)])
            common = common[np.searchsorted(np.unique(near.queries), near.queries)]
            low_kinds = [self.low_kind_of(hashes[number]) for number in queries]
            limits = np.zeros(len(near), np.int64)
            for low_kind in set(low_kinds):
                own = np.array([each == low_kind for each in low_kinds])[near.queries]
                limits[own] = self.limits(near.where(own), kind, low_kind, common[own])
            places = nearest_rows(self.lists, self.algorithm, near, limits, groups=near.queries)
            if not places:
                continue
            lesser = self.common_of(near.where(_selected(len(near), places)), common[np.sort(places)])
            by_place = dict(zip(sorted(places), lesser.tolist(), strict=True))
            for place in places:
                number = queries[int(near.queries[place])]
                matches[number].append(self.matched(near, place, hashes[number], kind, by_place[place]))
        return matches

    def near(self, codes: npt.NDArray[np.uint8], radius: int, kind: str) -> Candidates:
        """The listed hashes within `radius`, inclusive, of codes of one kind, (q, width) uint8."""
        least = self.least_quality(kind)
        return self.lists.find_near(self.algorithm, codes, radius=radius, minimum_quality=least)

    def matched(self, near: Candidates, place: int, value: Hash, kind: str, common: int) -> Matched:
        """The match of a hash of `kind`, of a picture in its stored orientation, with the candidate at `place`.

        `common` is the lesser commonness of both hashes.
        """
        distance = int(near.distances[place])
        is_low = bool(self.is_low(near.where(np.arange(len(near)) == place))[0])
        kind = LOW_QUALITY if is_low else kind
        levels = self.by_commonness.get(kind)
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
            threshold=self.thresholds[kind] if levels is None else int(levels[min(common, len(levels) - 1)]),
            quality=value.quality,
            region=value.region,
            transform=TRANSFORMS[0],
            doubtful=kind == LOW_QUALITY or (value.quality is not None and value.quality < LOW),
        )
        odds = self._chances.odds(self.algorithm, kind, distance, common)
        return Matched(match, opened.disposition(entry), by_digest=False, odds=odds)


_MOST_REMEMBERED = 1 << 16
"""The most hashes whose commonness is remembered."""


def _selected(count: int, places: Sequence[int]) -> npt.NDArray[np.bool_]:
    selected = np.zeros(count, bool)
    selected[list(places)] = True
    return selected


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
