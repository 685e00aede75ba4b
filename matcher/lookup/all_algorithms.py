"""The lookups of all algorithms, asked together about one rendering of a picture, or one region of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from matcher.lookup.chances import Chances
from matcher.lookup.outcome import Matched
from matcher.lookup.pdq_with_phash import FIRST, SECOND, Confirm, JointLookup
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import OrientationHashes


class CombinedLookup:
    """One lookup an algorithm. Immutable."""

    def __init__(self, lookups: Sequence[PictureLookup], chances: Chances) -> None:
        self.each = tuple(lookups)
        by_name = {lookup.algorithm: lookup for lookup in lookups}
        together = chances.settings.max_false_matches is not None and {FIRST, SECOND} <= by_name.keys()
        self._joint = JointLookup(by_name[FIRST], by_name[SECOND], chances) if together else None

    @property
    def joint_algorithms(self) -> tuple[str, ...]:
        """The algorithms that decide together."""
        return () if self._joint is None else (FIRST, SECOND)

    def decides_alone(self, lookup: PictureLookup) -> bool:
        """Whether the hashes of one algorithm are enough to tell of a match."""
        return self._joint is None or lookup not in (self._joint.first, self._joint.second)

    def radius(self, lookup: PictureLookup, kind: str) -> int:
        """The largest distance at which a match is possible by one algorithm; negative where none is."""
        if self._joint is not None and lookup is self._joint.first:
            return self._joint.radius(kind)
        return lookup.threshold(kind)

    def may_match(self, turned: Mapping[str, OrientationHashes]) -> bool:
        """Whether what was screened, by algorithm, may match anything, so that it must be looked at in full."""
        joint = self._joint if {FIRST, SECOND} <= turned.keys() else None
        alone = [lookup for lookup in self.each if lookup.algorithm in turned and self._is_alone(lookup, joint)]
        if any(lookup.may_match(turned[lookup.algorithm]) for lookup in alone):
            return True
        return joint is not None and joint.may_match(turned)

    def matches(self, turned: Mapping[str, OrientationHashes], confirm: Confirm) -> list[Matched]:
        """The nearest match by each algorithm with each listed entry. What `confirm` raises is its."""
        joint = self._joint if {FIRST, SECOND} <= turned.keys() else None
        found = [] if joint is None else joint.matches(turned, confirm)
        for lookup in self.each:
            if lookup.algorithm in turned and self._is_alone(lookup, joint):
                found.extend(lookup.matches(turned[lookup.algorithm], partial(confirm, lookup)))
        return found

    @staticmethod
    def _is_alone(lookup: PictureLookup, joint: JointLookup | None) -> bool:
        return joint is None or lookup not in (joint.first, joint.second)
