"""The lookups of all algorithms, combined, for one rendering of a picture or one region of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from matcher.lookup.chances import Chances
from matcher.lookup.outcome import Matched
from matcher.lookup.pdq_with_phash import FIRST, SECOND, Confirm, JointLookup
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import OrientationHashes


class CombinedLookup:
    """One lookup per algorithm, combined. Immutable."""

    def __init__(self, lookups: Sequence[PictureLookup], chances: Chances) -> None:
        self.each = tuple(lookups)
        by_name = {lookup.algorithm: lookup for lookup in lookups}
        is_joint = chances.settings.max_false_matches is not None and {FIRST, SECOND} <= by_name.keys()
        self._joint = JointLookup(by_name[FIRST], by_name[SECOND], chances) if is_joint else None

    @property
    def joint_algorithms(self) -> tuple[str, ...]:
        """The algorithms that decide together; empty where each decides alone."""
        return () if self._joint is None else (FIRST, SECOND)

    def decides_alone(self, lookup: PictureLookup) -> bool:
        """Whether the hashes of one algorithm suffice to decide on a match."""
        return self._joint is None or lookup not in (self._joint.first, self._joint.second)

    def radius(self, lookup: PictureLookup, kind: str) -> int:
        """The largest distance at which a match by one algorithm is possible; negative where none is."""
        if self._joint is not None and lookup is self._joint.first:
            return self._joint.radius(kind)
        return lookup.threshold(kind)

    def may_match(self, turned: Mapping[str, OrientationHashes]) -> bool:
        """Whether screened hashes, by algorithm, may match an entry, so that the whole picture must be hashed."""
        joint = self._joint if {FIRST, SECOND} <= turned.keys() else None
        alone = [lookup for lookup in self.each if lookup.algorithm in turned and self._is_alone(lookup, joint)]
        if any(lookup.may_match(turned[lookup.algorithm]) for lookup in alone):
            return True
        return joint is not None and joint.may_match(turned)

    def matches(self, turned: Mapping[str, OrientationHashes], confirm: Confirm) -> list[Matched]:
        """The nearest match by each algorithm with each listed entry. Errors of `confirm` are passed on."""
        joint = self._joint if {FIRST, SECOND} <= turned.keys() else None
        matches = [] if joint is None else joint.matches(turned, confirm)
        for lookup in self.each:
            if lookup.algorithm in turned and self._is_alone(lookup, joint):
                matches.extend(lookup.matches(turned[lookup.algorithm], partial(confirm, lookup)))
        return matches

    @staticmethod
    def _is_alone(lookup: PictureLookup, joint: JointLookup | None) -> bool:
        return joint is None or lookup not in (joint.first, joint.second)
