"""PDQ and pHash of one picture, decided together: by the probability that both are so near by chance.

Where thresholds are chosen by chance, and an entry has hashes of full quality by both, neither distance decides alone.
A distance within the threshold of one is no match if the other is too large; which is too large depends on how common
the two hashes are (matcher/calibration/bank.py). An entry that has only one of the two hashes is decided by that one.
Pictures of low quality are not looked up here (all_algorithms.py); listed PDQ hashes of low quality are decided alone,
by the thresholds for low quality.

Candidates are the entries within the published threshold of either algorithm, of a region within what chance permits
it alone. Where thresholds may be above the published ones, they come from PDQ's index alone, within WIDER bits more
than its own threshold: these bits make chance matches ten times as many, which a very near pHash about makes up for;
a larger radius would add hardly any matches, and cost several times the lookup.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from matcher.calibration.tables import LOW_QUALITY
from matcher.distances import hamming
from matcher.lists.opened import Candidates
from matcher.lookup.chances import REGION, TOGETHER, Chances
from matcher.lookup.outcome import Matched
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import NO_QUALITY, TRANSFORMS, Hash, OrientationHashes

FIRST, SECOND = TOGETHER
WIDER = 8

Confirm = Callable[[PictureLookup, str], Hash | None]
"""confirm(lookup, transform): the reference hash; None where it is not available."""
References = Callable[[int], Hash | None]
"""The reference hash in the orientation at a place of TRANSFORMS; None where it is not available."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two listed hashes of one entry, each as the only candidate by its algorithm.

    `values` are the two query hashes, `common` the lesser commonness by each algorithm, of the query and the entry.
    """

    kind: str
    odds: int
    one: Candidates
    other: Candidates
    values: tuple[Hash, Hash]
    common: Mapping[str, int]


@dataclass(slots=True)
class _Query:
    """A rendering or a region that is looked up: its reference hashes, and its commonness by each algorithm."""

    kind: str
    firsts: References
    seconds: References
    common: Mapping[str, int]


class JointLookup:
    """Looks up both hashes of a rendering or a region together. Immutable."""

    def __init__(self, first: PictureLookup, second: PictureLookup, chances: Chances) -> None:
        self.first = first
        self.second = second
        self._chances = chances
        self._is_capped = chances.settings.is_capped
        self._lists = first.lists.opened
        self._limits: dict[tuple[str, int], int] = {}

    def radius(self, lookup: PictureLookup, kind: str) -> int:
        """The largest distance by one algorithm at which the other's is compared, or at which it decides alone."""
        alone = lookup.threshold(kind)
        if not self._is_capped:
            return alone + WIDER if lookup is self.first else alone
        return alone if kind == REGION else self._chances.settings.threshold(lookup.algorithm)

    def may_match(self, turned: Mapping[str, OrientationHashes], kind: str) -> bool:
        """Whether the reference hashes may match an entry, considering the slack of the screened ones."""
        one, other = turned[FIRST], turned[SECOND]
        every = self.first.candidates_for(one, self.radius(self.first, kind), kind)
        low = self.first.hash_lookup.is_low(every)
        least = every.distances - np.array(one.slack)[every.queries]
        if (least[low] <= self.first.threshold(LOW_QUALITY)).any():
            return True
        near, distances = every.where(~low), least[~low]
        has = self._have(near, self.second)
        if (distances[~has] <= self.first.threshold(kind)).any():
            return True
        for place in np.flatnonzero(has).tolist():
            query = int(near.queries[place])
            for _row, distance in self._others(self.second, near, place, other[query].value):
                if self._may_accept(kind, int(distances[place]), distance - other.slack[query]):
                    return True
        return self._may_match_by_second(one, other, kind)

    def _may_match_by_second(self, one: OrientationHashes, other: OrientationHashes, kind: str) -> bool:
        """Whether an entry near by the second algorithm may match, alone or together."""
        sure = self.first.hash_lookup.least_quality(kind) + self.first.screen.quality_margin
        surely_queried = one.qualities[0] != NO_QUALITY and one.qualities[0] >= sure
        near = self.second.candidates_for(other, self.radius(self.second, kind), kind)
        has = self._have(near, self.first) if surely_queried else np.zeros(len(near), bool)
        alone = near.where(~has)
        if (alone.distances - np.array(other.slack)[alone.queries] <= self.second.threshold(kind)).any():
            return True
        both = near.where(has if self._is_capped else np.zeros(len(near), bool))
        for place in range(len(both)):
            query = int(both.queries[place])
            for _row, distance in self._others(self.first, both, place, one[query].value):
                apart = int(both.distances[place]) - other.slack[query]
                if self._may_accept(kind, distance - one.slack[query], apart):
                    return True
        return False

    def _may_accept(self, kind: str, first: int, second: int) -> bool:
        """Whether distances that are at least so large are accepted of the least common hashes."""
        return self._accepts(kind, {FIRST: max(0, first), SECOND: max(0, second)}, {}) is not None

    def matches(
        self, turned: Mapping[str, OrientationHashes], confirm: Confirm, kind: str, low_kind: str
    ) -> list[Matched]:
        """The nearest match by each of both algorithms with each listed entry. Errors of `confirm` are passed on.

        An entry that has both hashes matches by both or by neither.
        """
        one, other = turned[FIRST], turned[SECOND]
        every, by_first = self.first.confirmed(
            one,
            lambda transform: confirm(self.first, transform),
            threshold=self.radius(self.first, kind),
            kind=kind,
        )
        every = every.where(every.distances <= self.radius(self.first, kind))
        low = self.first.hash_lookup.is_low(every)
        near = every.where(~low)
        firsts = cache(lambda query: self._reference(self.first, one, query, confirm))
        seconds = cache(lambda query: self._reference(self.second, other, query, confirm))
        usable = bool(len(near)) and self._is_good(self.second, seconds(0), kind)
        has = self._have(near, self.second) if usable else np.zeros(len(near), bool)
        matches = self.first.nearest(every.where(low), one, by_first, kind, low_kind)
        matches.extend(self.first.nearest(near.where(~has), one, by_first, kind, low_kind))
        by_second, confirmed = self.second.confirmed(
            other,
            lambda transform: confirm(self.second, transform),
            threshold=self.radius(self.second, kind),
            kind=kind,
        )
        by_second = by_second.where(by_second.distances <= self.radius(self.second, kind))
        queried = bool(len(by_second)) and self._is_queried(firsts(0), kind)
        has_first = self._have(by_second, self.first) if queried else np.zeros(len(by_second), bool)
        both = by_second.where(has_first) if self._is_capped else by_second.where(np.zeros(len(by_second), bool))
        some = has.any() or len(both)
        common = {lookup.algorithm: self._commonness(lookup, of) for lookup, of in self._with(firsts, seconds) if some}
        query = _Query(kind, firsts, seconds, common)
        for pair in self._best(query, near.where(has), both):
            matches.extend(self._both(pair, turned))
        alone = by_second.where(~has_first)
        return [*matches, *self.second.nearest(alone, other, confirmed, kind, low_kind)]

    def _best(self, query: _Query, near: Candidates, by_second: Candidates) -> Iterator[_Pair]:
        """A generator of the accepted pair of hashes with the least odds, of each entry that has one.

        `near` are candidates by the first algorithm, `by_second` by the second.
        """
        best: dict[tuple[int, int], tuple[tuple[int, ...], bytes, bytes, _Pair]] = {}
        for candidates, lookup in ((near, self.second), (by_second, self.first)):
            for place in range(len(candidates)):
                for pair in self._pairs(query, candidates, place, lookup):
                    key = int(pair.one.lists[0]), int(pair.one.entries[0])
                    listed = self._lists[key[0]]
                    codes = listed.code(FIRST, int(pair.one.rows[0])), listed.code(SECOND, int(pair.other.rows[0]))
                    distances = int(pair.one.distances[0]), int(pair.other.distances[0])
                    ranked = (pair.odds, *distances, int(pair.one.queries[0])), *codes, pair
                    if key not in best or ranked[:3] < best[key][:3]:
                        best[key] = ranked
        for *_rank, pair in best.values():
            yield pair

    def _pairs(self, query: _Query, candidates: Candidates, place: int, lookup: PictureLookup) -> Iterator[_Pair]:
        """A generator of the accepted pairs of one candidate and the hashes of its entry by the other `lookup`."""
        turn = int(candidates.queries[place])
        first, second = query.firsts(turn), query.seconds(turn)
        if first is None or second is None:
            return
        value = first if lookup is self.first else second
        for row, distance in self._others(lookup, candidates, place, value.value):
            known = candidates.where(np.arange(len(candidates)) == place)
            added = replace(known, distances=np.array([distance], np.int32), rows=np.array([row]))
            one, other = (added, known) if lookup is self.first else (known, added)
            distances = {FIRST: int(one.distances[0]), SECOND: int(other.distances[0])}
            if self._accepts(query.kind, distances, {}) is None:
                continue
            common = {
                each.algorithm: int(each.hash_lookup.common_of(of, np.array([query.common[each.algorithm]]))[0])
                for each, of in ((self.first, one), (self.second, other))
            }
            odds = self._accepts(query.kind, distances, common)
            if odds is not None:
                yield _Pair(query.kind, odds, one, other, (first, second), common)

    def _both(self, pair: _Pair, turned: Mapping[str, OrientationHashes]) -> Iterator[Matched]:
        """A generator of the two matches of a pair; the threshold of each depends on the distance of the other."""
        turn = int(pair.one.queries[0])
        distances = {FIRST: int(pair.one.distances[0]), SECOND: int(pair.other.distances[0])}
        for lookup, candidates, value in (
            (self.first, pair.one, pair.values[0]),
            (self.second, pair.other, pair.values[1]),
        ):
            name = lookup.algorithm
            query = {turn: value}
            matched = lookup.matched(candidates, 0, turned[name], query, kind=pair.kind, common=pair.common[name])
            furthest = self._furthest(lookup, pair, distances)
            yield replace(matched, match=replace(matched.match, threshold=furthest), odds=pair.odds)

    def _furthest(self, lookup: PictureLookup, pair: _Pair, distances: Mapping[str, int]) -> int:
        """The largest accepted distance by one algorithm at the distance by the other."""
        name, other = lookup.algorithm, self.second if lookup is self.first else self.first
        most = lookup.hasher.algorithm.furthest
        if lookup is self.first if not self._is_capped else distances[other.algorithm] > self.radius(other, pair.kind):
            most = self.radius(lookup, pair.kind)
        beyond = range(distances[name] + 1, most + 1)
        accepted = bisect_left(
            beyond, True, key=lambda one: self._accepts(pair.kind, {**distances, name: one}, pair.common) is None
        )
        return distances[name] + accepted

    def _accepts(self, kind: str, distances: Mapping[str, int], common: Mapping[str, int]) -> int | None:
        """The odds of two distances; None where they are too large for a match."""
        odds = self._chances.combined(kind, distances, common)
        return odds if odds <= self._limit(kind, max(common.values(), default=0)) else None

    def _limit(self, kind: str, common: int) -> int:
        key = kind, common
        if key not in self._limits:
            self._limits[key] = self._chances.limit(FIRST, kind, common)
        return self._limits[key]

    def _have(self, near: Candidates, lookup: PictureLookup) -> npt.NDArray[np.bool_]:
        """(candidates,): whether the entry of each candidate also has a hash by the algorithm of `lookup`."""
        pairs = zip(near.lists.tolist(), near.entries.tolist(), strict=True)
        return np.array([bool(self._rows(lookup, place, entry)) for place, entry in pairs], bool)

    def _rows(self, lookup: PictureLookup, place: int, entry: int) -> list[int]:
        return self._lists[place].rows_of(lookup.algorithm, entry, minimum_quality=lookup.hash_lookup.full_quality)

    def _others(self, lookup: PictureLookup, near: Candidates, place: int, value: bytes) -> Iterator[tuple[int, int]]:
        """A generator of the rows of a candidate entry's hashes by `lookup`, with their distances to `value`."""
        listed = int(near.lists[place])
        for row in self._rows(lookup, listed, int(near.entries[place])):
            yield row, hamming(value, self._lists[listed].code(lookup.algorithm, row))

    def _with(self, firsts: References, seconds: References) -> tuple[tuple[PictureLookup, References], ...]:
        return (self.first, firsts), (self.second, seconds)

    @staticmethod
    def _commonness(lookup: PictureLookup, references: References) -> int:
        upright = references(0)
        return 0 if upright is None else lookup.commonness(upright)

    @staticmethod
    def _reference(lookup: PictureLookup, turned: OrientationHashes, query: int, confirm: Confirm) -> Hash | None:
        return confirm(lookup, TRANSFORMS[query]) if turned.slack[query] else turned[query]

    @staticmethod
    def _is_good(lookup: PictureLookup, upright: Hash | None, kind: str) -> bool:
        return upright is not None and lookup.hash_lookup.is_good_enough(upright, kind)

    def _is_queried(self, upright: Hash | None, kind: str) -> bool:
        """Whether the first hash is good enough to be looked up, so that it takes part in the decision."""
        return upright is None or self._is_good(self.first, upright, kind)
