"""The lookups of all algorithms, combined, for one rendering of a picture or one region of it.

A whole picture whose PDQ hash is of low quality is of low quality by all algorithms: nearly flat pictures are near each
other by each of them. Its hashes are compared by the thresholds for low quality.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from itertools import product

from matcher.algorithms import ALGORITHMS
from matcher.calibration.tables import KINDS, LOW_QUALITIES, LOW_QUALITY, PLAIN
from matcher.hashers.regularity import GATE
from matcher.imaging.renderings import is_own
from matcher.lookup.chances import REGION, WHOLE, Chances, low_kind_of
from matcher.lookup.low_quality import LowQualityPairs
from matcher.lookup.outcome import Matched
from matcher.lookup.pdq_with_phash import FIRST, SECOND, Confirm, JointLookup
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import NO_QUALITY, TRANSFORMS, Hash, OrientationHashes

FULL_QUALITY = ALGORITHMS[GATE].minimum_quality
"""The lowest PDQ quality of a picture that is not of low quality."""


class CombinedLookup:
    """One lookup per algorithm, combined. Immutable."""

    def __init__(self, lookups: Sequence[PictureLookup], chances: Chances) -> None:
        self.each = tuple(lookups)
        by_name = {lookup.algorithm: lookup for lookup in lookups}
        self._gate = by_name.get(GATE) if chances.settings.is_stricter_by_quality(GATE) else None
        has_pairs = self._gate is not None and SECOND in by_name and chances.settings.is_stricter_by_quality(SECOND)
        self._pairs = LowQualityPairs(by_name[FIRST], by_name[SECOND], chances) if has_pairs else None
        is_joint = chances.settings.most_false_matches is not None and {FIRST, SECOND} <= by_name.keys()
        self._joint = JointLookup(by_name[FIRST], by_name[SECOND], chances) if is_joint else None

    @property
    def joint_algorithms(self) -> tuple[str, ...]:
        """The algorithms that decide together; empty where each decides alone."""
        return () if self._joint is None else (FIRST, SECOND)

    def decides_alone(self, lookup: PictureLookup) -> bool:
        """Whether the hashes of one algorithm suffice to decide on a match."""
        return self._joint is None or not self._is_joint(lookup)

    def radius(self, lookup: PictureLookup, kind: str) -> int:
        """The largest distance at which a match by one algorithm is possible; negative where none is."""
        if self._joint is not None and self._is_joint(lookup):
            return self._joint.radius(lookup, kind)
        return lookup.threshold(kind)

    def may_match(self, turned: Mapping[str, OrientationHashes]) -> bool:
        """Whether screened hashes, by algorithm, may match an entry, so that the whole picture must be hashed."""
        kinds = self._possible_kinds(turned)
        if kinds != (LOW_QUALITY,):
            joint = self._joint if {FIRST, SECOND} <= turned.keys() else None
            if joint is not None and joint.may_match(turned, kinds[0]):
                return True
            alone = [lookup for lookup in self.each if joint is None or not self._is_joint(lookup)]
            if any(self.may_match_alone(lookup, turned, kinds[0]) for lookup in alone if lookup.algorithm in turned):
                return True
        if kinds == (REGION,) or (WHOLE in kinds and self._joint is None):
            return False  # alone, the thresholds for low quality are never above those for the whole
        return self._may_match_at_low_quality(turned)

    def may_match_alone(self, lookup: PictureLookup, turned: Mapping[str, OrientationHashes], kind: str = "") -> bool:
        """Whether screened hashes by one algorithm may match an entry. `kind`: the widest possible one without it."""
        return lookup.may_match(turned[lookup.algorithm], kind or self._possible_kinds(turned)[0])

    def _may_match_at_low_quality(self, turned: Mapping[str, OrientationHashes]) -> bool:
        """Whether the picture or an entry may be of low quality, and match as such."""
        if self._gate is None or GATE not in turned:
            return False
        some = [lookup for lookup in self.each if lookup.algorithm in turned]
        return (self._pairs is not None and SECOND in turned and self._pairs.may_match(turned[GATE])) or any(
            lookup.may_match(turned[lookup.algorithm], LOW_QUALITY) for lookup in some
        )

    def _has_low_candidates(self, turned: Mapping[str, OrientationHashes]) -> bool:
        """Whether a listed hash of low quality may be near."""
        return any(
            lookup.hash_lookup.is_low(
                lookup.candidates_for(turned[lookup.algorithm], lookup.threshold(WHOLE), WHOLE)
            ).any()
            for lookup in self.each
            if lookup.algorithm in turned
        )

    def matches(self, turned: Mapping[str, OrientationHashes], confirm: Confirm) -> list[Matched]:
        """The nearest match by each algorithm with each listed entry. Errors of `confirm` are passed on."""
        kind, low_kind = self._possible_kinds(turned)[0], LOW_QUALITY
        if kind != REGION and self._gate is not None and GATE in turned:
            if not self.may_match(turned):
                return []
            if LOW_QUALITY in self._possible_kinds(turned) or self._has_low_candidates(turned):
                gate = confirm(self._gate, TRANSFORMS[0]) if turned[GATE].slack[0] else turned[GATE][0]
                if gate is None:
                    return []
                low_kind = self._low_kind(gate)
                kind = WHOLE if self._is_full(gate.quality) else low_kind
        joint = self._joint if {FIRST, SECOND} <= turned.keys() and kind in KINDS else None
        matches = [] if joint is None else joint.matches(turned, confirm, kind, low_kind)
        for lookup in self.each:
            if lookup.algorithm in turned and not (joint is not None and self._is_joint(lookup)):
                matches.extend(lookup.matches(turned[lookup.algorithm], partial(confirm, lookup), kind, low_kind))
        if kind != REGION and self._pairs is not None and {FIRST, SECOND} <= turned.keys():
            matches.extend(self._pairs.matches(turned, confirm, low_kind, low_entries=kind == WHOLE))
        return matches

    def low_quality_thresholds(self, lookup: PictureLookup) -> dict[str, int]:
        """The largest distances of matches of low quality by one algorithm, by kind, alone or with another."""
        thresholds = {kind: lookup.threshold(kind) for kind in LOW_QUALITIES}
        if self._pairs is not None and self._is_joint(lookup):
            for kind in LOW_QUALITIES:
                thresholds[kind] = max(thresholds[kind], self._pairs.threshold(lookup.algorithm, kind))
        return thresholds

    @property
    def listed(self) -> tuple[str, ...]:
        """The algorithms by which the lists have hashes."""
        return tuple(lookup.algorithm for lookup in self.each if lookup.is_listed)

    def not_compared(self, pictures: Iterable[OrientationHashes]) -> tuple[str, ...]:
        """The listed algorithms by which none of a file's own frames is looked up, as a whole and as it stands.

        None are named where no frame of its own was decoded: the reason of the finding says so.
        """
        renderings: dict[str, dict[str, OrientationHashes]] = {}
        for turned in pictures:
            if turned.region is None and is_own(turned.rendering):
                renderings.setdefault(turned.rendering, {})[turned.algorithm] = turned
        outcomes = {outcome for each in renderings.values() for outcome in self._compared(each, {})}
        compared = {name for outcome in outcomes for name in outcome}
        return tuple(name for name in self.listed if renderings and name not in compared)

    def compared(self, turned: Mapping[str, OrientationHashes]) -> tuple[str, ...] | None:
        """The listed algorithms by which one rendering of a whole picture is looked up.

        None where that depends on the reference hashes, and these are screened ones.
        """
        deciding = [lookup.algorithm for lookup in self.each if self._is_joint(lookup)]
        others = [lookup.algorithm for lookup in self.each if not self._is_joint(lookup)]
        signs = [
            *(dict(zip(deciding, pair, strict=True)) for pair in product((-1, 1), repeat=len(deciding))),
            *({name: sign} for name in others for sign in (-1, 1)),  # each is looked up whatever the others are
        ]
        outcomes = {outcome for shifts in signs for outcome in self._compared(turned, shifts)}
        return outcomes.pop() if len(outcomes) == 1 else None

    def _compared(self, turned: Mapping[str, OrientationHashes], shifts: Mapping[str, int]) -> set[tuple[str, ...]]:
        """The possible results of `compared`: qualities are off by their margins, downwards (-1) or upwards (1)."""
        qualities = {
            lookup.algorithm: _shifted(lookup, turned[lookup.algorithm], shifts.get(lookup.algorithm, 0))
            for lookup in self.each
            if lookup.algorithm in turned
        }
        kinds: tuple[str, ...] = (WHOLE,)
        if self._gate is not None and GATE in turned and not self._is_full(qualities[GATE]):
            kinds = LOW_QUALITIES if turned[GATE].slack[0] else (self._low_kind(turned[GATE][0]),)
        good = {
            lookup.algorithm
            for lookup in self.each
            if lookup.is_listed
            and _is_good(qualities.get(lookup.algorithm, -1), lookup.hash_lookup.least_quality(WHOLE))
        }
        return {
            tuple(
                lookup.algorithm
                for lookup in self.each
                if lookup.algorithm in good and self._decides(lookup, kind, good)
            )
            for kind in kinds
        }

    def _decides(self, lookup: PictureLookup, kind: str, good: Set[str]) -> bool:
        """Whether a match by the algorithm, alone or with another of those that are `good`, is possible."""
        if lookup.threshold(kind) >= 0 or (kind == WHOLE and not self.decides_alone(lookup)):
            return True
        has_both = self._pairs is not None and {FIRST, SECOND} <= good and self._is_joint(lookup)
        return has_both and self._pairs is not None and self._pairs.decides(kind)

    def _possible_kinds(self, turned: Mapping[str, OrientationHashes]) -> tuple[str, ...]:
        """The kinds that the reference hashes may have, the one with the largest thresholds first.

        LOW_QUALITY stands for all of LOW_QUALITIES: alone, the hashes of the others match nothing.
        """
        if next(iter(turned.values())).region is not None:
            return (REGION,)
        gate = self._gate
        if gate is None or GATE not in turned:
            return (WHOLE,)
        full = [self._is_full(_shifted(gate, turned[GATE], sign)) for sign in (-1, 1)]
        return (*([WHOLE] if any(full) else []), *([] if all(full) else [LOW_QUALITY]))

    def _low_kind(self, gate: Hash) -> str:
        """The kind of a picture with this reference PDQ hash, if it, or an entry, is of low quality."""
        assert self._gate is not None, "without PDQ no picture is of low quality"
        return low_kind_of(gate.value) if self._gate.hash_lookup.is_good_enough(gate, WHOLE) else PLAIN

    @staticmethod
    def _is_full(quality: int | None) -> bool:
        return quality is None or quality >= FULL_QUALITY

    @staticmethod
    def _is_joint(lookup: PictureLookup) -> bool:
        return lookup.algorithm in (FIRST, SECOND)


def _is_good(quality: int | None, least: int) -> bool:
    return quality is None or quality >= least


def _shifted(lookup: PictureLookup, turned: OrientationHashes, sign: int) -> int | None:
    """The quality of a hash, off by the margin of screened ones; None where it has none."""
    quality = turned.qualities[0]
    if quality == NO_QUALITY:
        return None
    return max(0, min(100, quality + sign * (lookup.screen.quality_margin if turned.slack[0] else 0)))
