"""PDQ and pHash of one picture, decided together: by the probability that both are so near by chance.

Where a limit of false matches is set, and an entry has hashes of full quality by both, neither distance decides alone.
A distance slightly above the threshold of one is a match if the other is small enough, and a distance just within the
threshold of one is no match if the other is too large. An entry that has only one of the two hashes is decided by that
one. Pictures of low quality are not looked up here (all_algorithms.py); listed PDQ hashes of low quality are decided
alone, by the thresholds for low quality.

Candidates come from PDQ's index, within WIDER bits more than PDQ's own threshold: by the calibration in this package
these bits make chance matches ten times as many, of regions and of whole pictures, which a very near pHash about makes
up for. A larger radius would add hardly any matches, and cost several times the lookup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from matcher.calibration.tables import LOW_QUALITY
from matcher.distances import hamming
from matcher.lists.opened import Candidates
from matcher.lookup.chances import Chances
from matcher.lookup.outcome import Matched
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import NO_QUALITY, TRANSFORMS, Hash, OrientationHashes

FIRST, SECOND = "pdq", "phash"
WIDER = 8

Confirm = Callable[[PictureLookup, str], Hash | None]
"""confirm(lookup, transform): the reference hash; None where it is not available."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two listed hashes of one entry, each as the only candidate by its algorithm; `value`: the second query hash."""

    kind: str
    odds: int
    one: Candidates
    other: Candidates
    value: Hash


class JointLookup:
    """Looks up both hashes of a rendering or a region together. Immutable."""

    def __init__(self, first: PictureLookup, second: PictureLookup, chances: Chances) -> None:
        self.first = first
        self.second = second
        self._chances = chances
        self._lists = first.lists.opened

    def radius(self, kind: str) -> int:
        """The largest distance of the first hash at which the second is compared."""
        return self.first.threshold(kind) + WIDER

    def may_match(self, turned: Mapping[str, OrientationHashes], kind: str) -> bool:
        """Whether the reference hashes may match an entry, considering the slack of the screened ones."""
        one, other = turned[FIRST], turned[SECOND]
        every = self.first.candidates_for(one, self.radius(kind), kind)
        low = self.first.hash_lookup.is_low(every)
        least = every.distances - np.array(one.slack)[every.queries]
        if (least[low] <= self.first.threshold(LOW_QUALITY)).any():
            return True
        near, distances = every.where(~low), least[~low]
        has = self._have(near, self.second)
        if (distances[~has] <= self.first.threshold(kind)).any():
            return True
        codes = {place: (value.value, other.slack[place]) for place, value in enumerate(other.hashes)}
        for place in np.flatnonzero(has).tolist():
            value, slack = codes[int(near.queries[place])]
            for _row, distance in self._seconds(near, place, value):
                if self._accepts(kind, max(0, int(distances[place])), max(0, distance - slack)) is not None:
                    return True
        alone = self.second.candidates_for(other, self.second.threshold(kind), kind)
        sure = self.first.hash_lookup.least_quality(kind) + self.first.screen.quality_margin
        surely_queried = one.qualities[0] != NO_QUALITY and one.qualities[0] >= sure
        return bool(len(alone)) and not (surely_queried and bool(self._have(alone, self.first).all()))

    def matches(
        self, turned: Mapping[str, OrientationHashes], confirm: Confirm, kind: str, low_kind: str
    ) -> list[Matched]:
        """The nearest match by each of both algorithms with each listed entry. Errors of `confirm` are passed on.

        An entry that has both hashes matches by both or by neither.
        """
        one, other = turned[FIRST], turned[SECOND]
        every, firsts = self.first.confirmed(
            one, lambda transform: confirm(self.first, transform), threshold=self.radius(kind), kind=kind
        )
        low = self.first.hash_lookup.is_low(every)
        near = every.where(~low)
        seconds = cache(lambda query: self._reference(other, query, confirm))
        upright = seconds(0) if len(near) else None
        usable = upright is not None and self.second.hash_lookup.is_good_enough(upright, kind)
        has = self._have(near, self.second) if usable else np.zeros(len(near), bool)
        matches = self.first.nearest(every.where(low), one, firsts, kind, low_kind)
        matches.extend(self.first.nearest(near.where(~has), one, firsts, kind, low_kind))
        for pair in self._best(kind, near.where(has), seconds):
            matches.extend(self._both(pair, turned, firsts))
        alone, confirmed = self.second.confirmed(
            other,
            lambda transform: confirm(self.second, transform),
            threshold=self.second.threshold(kind),
            kind=kind,
        )
        if len(alone) and self._is_queried(one, confirm, kind):
            alone = alone.where(~self._have(alone, self.first))
        return [*matches, *self.second.nearest(alone, other, confirmed, kind, low_kind)]

    def _best(self, kind: str, near: Candidates, seconds: Callable[[int], Hash | None]) -> Iterator[_Pair]:
        """A generator of the accepted pair of hashes with the least odds, of each entry that has one."""
        best: dict[tuple[int, int], tuple[tuple[int, ...], bytes, bytes, _Pair]] = {}
        for place in range(len(near)):
            query, distance = int(near.queries[place]), int(near.distances[place])
            value = seconds(query)
            if value is None:
                continue
            key = int(near.lists[place]), int(near.entries[place])
            for row, other in self._seconds(near, place, value.value):
                odds = self._accepts(kind, distance, other)
                if odds is None:
                    continue
                listed = self._lists[key[0]]
                codes = listed.code(FIRST, int(near.rows[place])), listed.code(SECOND, row)
                first = near.where(np.arange(len(near)) == place)
                second = replace(first, distances=np.array([other]), rows=np.array([row]))
                pair = _Pair(kind, odds, first, second, value)
                ranked = (odds, distance, other, query), *codes, pair
                if key not in best or ranked[:3] < best[key][:3]:
                    best[key] = ranked
        for *_rank, pair in best.values():
            yield pair

    def _both(
        self, pair: _Pair, turned: Mapping[str, OrientationHashes], firsts: Mapping[int, Hash]
    ) -> Iterator[Matched]:
        """A generator of the two matches of a pair; the threshold of each depends on the distance of the other."""
        query, first, second = (int(value[0]) for value in (pair.one.queries, pair.one.distances, pair.other.distances))
        one = self.first.matched(pair.one, 0, turned[FIRST], firsts, pair.kind)
        other = self.second.matched(pair.other, 0, turned[SECOND], {query: pair.value}, pair.kind)
        for matched, furthest in (
            (one, self._furthest(pair.kind, FIRST, second, first)),
            (other, self._furthest(pair.kind, SECOND, first, second)),
        ):
            yield replace(matched, match=replace(matched.match, threshold=furthest), odds=pair.odds)

    def _furthest(self, kind: str, name: str, other: int, distance: int) -> int:
        """The largest accepted distance by algorithm `name` at the distance `other` by the other algorithm."""
        most = self.radius(kind) if name == FIRST else self.second.hasher.algorithm.furthest
        while distance < most:
            pair = (distance + 1, other) if name == FIRST else (other, distance + 1)
            if self._accepts(kind, *pair) is None:
                break
            distance += 1
        return distance

    def _accepts(self, kind: str, first: int, second: int) -> int | None:
        """The odds of two distances; None where they are too large for a match."""
        odds = self._chances.calibration.combined(kind, {FIRST: first, SECOND: second})
        return odds if odds <= self._chances.limit(FIRST, kind) else None

    def _have(self, near: Candidates, lookup: PictureLookup) -> npt.NDArray[np.bool_]:
        """(candidates,): whether the entry of each candidate also has a hash by the algorithm of `lookup`."""
        pairs = zip(near.lists.tolist(), near.entries.tolist(), strict=True)
        return np.array([bool(self._rows(lookup, place, entry)) for place, entry in pairs], bool)

    def _rows(self, lookup: PictureLookup, place: int, entry: int) -> list[int]:
        return self._lists[place].rows_of(lookup.algorithm, entry, minimum_quality=lookup.hash_lookup.full_quality)

    def _seconds(self, near: Candidates, place: int, value: bytes) -> Iterator[tuple[int, int]]:
        """A generator of the rows of a candidate entry's second hashes, with their distances to `value`."""
        listed = int(near.lists[place])
        for row in self._rows(self.second, listed, int(near.entries[place])):
            yield row, hamming(value, self._lists[listed].code(SECOND, row))

    def _reference(self, turned: OrientationHashes, query: int, confirm: Confirm) -> Hash | None:
        return confirm(self.second, TRANSFORMS[query]) if turned.slack[query] else turned[query]

    def _is_queried(self, turned: OrientationHashes, confirm: Confirm, kind: str) -> bool:
        """Whether the first hash is good enough to be looked up, so that it takes part in the decision."""
        upright = confirm(self.first, TRANSFORMS[0]) if turned.slack[0] else turned[0]
        return upright is None or self.first.hash_lookup.is_good_enough(upright, kind)
