"""Pictures of low quality with a regular PDQ hash: they match only where PDQ and pHash are both near.

The bits of a regular hash follow from each other, as in a picture that is half black and half white: the hashes of many
unrelated pictures are equal. That both hashes are near by chance is a hundred times as rare (docs/calibration.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from matcher.calibration.tables import LOW_QUALITY, PLAIN, REGULAR
from matcher.distances import hamming
from matcher.lists.opened import Candidates
from matcher.lookup.chances import Chances
from matcher.lookup.outcome import Matched
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import TRANSFORMS, Hash, OrientationHashes

MOST_PHASH = {REGULAR: 4, PLAIN: 2}
"""The largest pHash distance of such a match, by kind: their tables are of pairs within it."""

Confirm = Callable[[PictureLookup, str], Hash | None]


class LowQualityPairs:
    """Looks up both hashes of a whole picture. `first` is PDQ's lookup, `second` pHash's. Immutable."""

    def __init__(self, first: PictureLookup, second: PictureLookup, chances: Chances) -> None:
        self._first = first
        self._second = second
        self._chances = chances
        self._thresholds = {kind: chances.threshold(first.algorithm, kind) for kind in (REGULAR, PLAIN)}
        self.radius = max(self._thresholds.values())
        """The largest PDQ distance of any such match; negative where none is possible."""

    def threshold(self, algorithm: str, kind: str) -> int:
        """The largest distance of such a match by one of both algorithms; negative where none is possible."""
        most = self._thresholds.get(kind, -1)
        return most if algorithm == self._first.algorithm or most < 0 else MOST_PHASH[kind]

    def decides(self, kind: str) -> bool:
        """Whether a match of that kind is possible at any distance, with entries that have both hashes."""
        return self._first.is_listed and self._second.is_listed and self._thresholds.get(kind, -1) >= 0

    def may_match(self, turned: OrientationHashes) -> bool:
        """Whether the reference PDQ hashes may be near an entry."""
        return len(self._first.candidates_for(turned, self.radius, LOW_QUALITY)) > 0

    def matches(
        self, turned: Mapping[str, OrientationHashes], confirm: Confirm, kind: str, *, low_entries: bool
    ) -> Iterator[Matched]:
        """A generator of the two matches of each entry that is near by both.

        With `low_entries` only of entries of low quality. `kind` is the query's. Errors of `confirm` are passed on.
        """
        one, other = turned[self._first.algorithm], turned[self._second.algorithm]
        threshold = self._thresholds.get(kind, -1)
        near, firsts = self._first.confirmed(
            one, lambda transform: confirm(self._first, transform), threshold=threshold, kind=LOW_QUALITY
        )
        near, most_phash = near.where(near.distances <= threshold), MOST_PHASH.get(kind, -1)
        if low_entries:
            near = near.where(self._first.hash_lookup.is_low(near))

        @cache
        def seconds(query: int) -> Hash | None:
            return confirm(self._second, TRANSFORMS[query]) if other.slack[query] else other[query]

        upright = seconds(0) if len(near) else None
        if upright is None or not self._second.hash_lookup.is_good_enough(upright, LOW_QUALITY):
            return
        for first, second, value in self._nearest(near, seconds, most_phash):
            odds = self._chances.odds(self._first.algorithm, kind, int(first.distances[0]))
            pair = (
                (self._first.matched(first, 0, one, firsts, kind=kind, common=0), threshold),
                (
                    self._second.matched(second, 0, other, {int(second.queries[0]): value}, kind=kind, common=0),
                    most_phash,
                ),
            )
            for matched, most in pair:
                yield replace(matched, match=replace(matched.match, threshold=most, doubtful=True), odds=odds)

    def _nearest(
        self, near: Candidates, seconds: Callable[[int], Hash | None], most_phash: int
    ) -> Iterator[tuple[Candidates, Candidates, Hash]]:
        """A generator of the nearest pair of each entry: its two candidates, and the pHash that was looked up."""
        best: dict[tuple[int, int], tuple[tuple[int, int, int, bytes, bytes], Candidates, Candidates, Hash]] = {}
        for place in range(len(near)):
            value = seconds(int(near.queries[place]))
            if value is None:
                continue
            key = int(near.lists[place]), int(near.entries[place])
            opened = self._first.lists.opened[key[0]]
            least = self._second.hash_lookup.least_quality(LOW_QUALITY)
            for row in opened.rows_of(self._second.algorithm, key[1], minimum_quality=least):
                code = opened.code(self._second.algorithm, row)
                apart = hamming(value.value, code)
                if apart > most_phash:
                    continue
                first = near.where(np.arange(len(near)) == place)
                second = replace(first, distances=np.array([apart]), rows=np.array([row]))
                listed = opened.code(self._first.algorithm, int(near.rows[place]))
                rank = int(near.distances[place]), apart, int(near.queries[place]), listed, code
                if key not in best or rank < best[key][0]:
                    best[key] = rank, first, second, value
        for _rank, first, second, value in best.values():
            yield first, second, value
