"""Matches by chance: thresholds for the lists that are open, and the chance of each match.

A query is one hash that is looked up. A picture makes eight for each of its renderings, and eight for each of its
regions that are looked up. The probability that one listed hash is within a distance of one query is measured
(matcher/calibration/tables.py), for each commonness of the two (matcher/calibration/bank.py); here it is multiplied by
the number of listed hashes and the number of queries.
Recorded numbers are computed from whole hundredths of log10 and a table, so that every machine writes the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from math import ceil, floor, log10
from typing import Any

from matcher.algorithms import Metric
from matcher.calibration.bank import Bank
from matcher.calibration.tables import (
    JOINT_FROM,
    KINDS,
    LOW_QUALITIES,
    LOW_QUALITY,
    MOST_REGULARITY,
    Calibration,
    probability,
)
from matcher.hashers import known_algorithm
from matcher.hashers.regularity import GATE, regularity
from matcher.imaging.reframing import REFRAMINGS
from matcher.lists.together import OpenLists
from matcher.lookup.outcome import Matched
from matcher.model import LOW_QUALITY as LOW
from matcher.model import TRANSFORMS, Match, OrientationHashes, Region
from matcher.settings import Settings

WHOLE, REGION = KINDS

ASSUMED_PICTURES = 10_000
"""The number of pictures for which the expected number of false matches is stated, and limited."""
REGIONS = 10
"""The assumed number of looked-up regions of a screenshot that shows pictures.

More than the mean of the real screenshots that have any, 6.3, and less than that of galleries, about 30
(docs/calibration.md)."""
QUERIES = {WHOLE: len(TRANSFORMS), REGION: len(TRANSFORMS) * REGIONS}
"""The queries of such a screenshot, by kind: those of one rendering, and those of its regions."""
MOST_BY_LOW_QUALITY = 100.0
"""The permitted false matches by each algorithm in ASSUMED_PICTURES pictures of low quality. They are few among the
pictures of a disk, and their matches are doubtful and come last."""
BY_LOW_QUALITY = 10.0
"""The same, for each permitted false match in ASSUMED_PICTURES items, where thresholds are chosen by chance: at the
assumed share of such pictures that is half a match more."""
FURTHEST_WITH_PHASH = 64
"""The largest PDQ distance of a match of low quality where pHash has to be near too."""
ASSUMED_LOW_QUALITY = Fraction(1, 20)
"""The assumed share of pictures of low quality among listed hashes without a stated quality."""
MOST_BY_REGIONS = 1.0
"""The permitted false matches by regions in ASSUMED_PICTURES, where the settings do not limit them."""
WEIGHTS = {WHOLE: 3, REGION: 1}
"""The shares of both kinds in what is permitted, by commonness."""
JOINT_PORTIONS = (0.25, 0.25, 0.5)
"""The portions of the joint tables in what is permitted to algorithms that decide together. The most common pictures
need most: their near-identical copies are hardly less probable by chance."""
TOGETHER = ("pdq", "phash")
"""The algorithms that decide together, where thresholds are chosen by chance."""


def kind_of(region: Region | None) -> str:
    """The kind of a hash, one of KINDS: WHOLE for no region."""
    return WHOLE if region is None else REGION


def low_kind_of(code: bytes) -> str:
    """The one of LOW_QUALITIES to which a picture of low quality with this PDQ hash belongs."""
    value = regularity(code)
    return next(kind for kind in LOW_QUALITIES if value <= MOST_REGULARITY[kind])


def _count_low(lists: OpenLists) -> int:
    low, unstated = lists.count_qualities(GATE, below=LOW)
    return ceil(low + unstated * ASSUMED_LOW_QUALITY)


class Chances:
    """Thresholds and chances for the lists that are open, by the number of their hashes. Immutable."""

    def __init__(self, lists: OpenLists, settings: Settings) -> None:
        self.settings = settings
        self.listed: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        for opened in lists.opened:
            counts = opened.facts.counts["hashes"]
            self.listed.update(counts)
            entries = opened.facts.counts["entries"]
            for name, other in (TOGETHER, TOGETHER[::-1]):
                own, others = counts.get(name, 0), counts.get(other, 0)
                alone[name] += min(own, max(0, own - others, entries - others))
        self._alone = alone
        """By each of TOGETHER, the most listed hashes whose entries may have none by the other."""
        self.listed_low = _count_low(lists) if self.listed[GATE] else 0
        """The number of listed pictures of low quality: as far as PDQ qualities are stated, and else assumed."""
        packaged = Calibration.default() if settings.by_commonness else Calibration.without_commonness()
        self.calibration = packaged if settings.calibration is None else Calibration.load(settings.calibration)
        self._packaged = packaged
        self.low_quality = Calibration.of_low_quality()
        self.bank = Bank.packaged() if settings.by_commonness else None
        """The pictures that tell how common a hash is; None where that has no effect."""
        self.kinds = KINDS if settings.regions else (WHOLE,)

    def alone(self, algorithm: str) -> int:
        """The most listed hashes by an algorithm that decide alone: their entries may have none that decides too."""
        return self._alone[algorithm] if self.is_together and algorithm in TOGETHER else self.listed[algorithm]

    def is_measured(self, algorithm: str, kind: str) -> bool:
        """Whether the calibration has the distances of unrelated pictures by an algorithm."""
        return self._calibration(kind).measures(algorithm, kind)

    def _calibration(self, kind: str) -> Calibration:
        return self.low_quality if kind in LOW_QUALITIES else self.calibration

    def levels(self, algorithm: str, kind: str) -> int:
        """The number of commonnesses that have thresholds of their own; 1 where commonness does not matter."""
        return self._packaged.levels(algorithm, kind) if self._packaged.measures(algorithm, kind) else 1

    def queries(self, kind: str) -> int:
        """The number of queries that a picture is assumed to make. Each reframing of the whole makes as many again."""
        framed = kind != REGION and self.settings.reframings
        return QUERIES[REGION if kind == REGION else WHOLE] * (1 + len(REFRAMINGS) if framed else 1)

    def threshold(self, algorithm: str, kind: str, common: int = 0) -> int:
        """The largest distance that is a match; -1 where none is. `kind` is one of KINDS or of LOW_QUALITIES.

        `common` is the lesser commonness of the two hashes.
        """
        if kind in LOW_QUALITIES:
            return self._low_quality_threshold(algorithm, kind)
        fixed = self.settings.threshold(algorithm)
        most = self.settings.most_false_matches
        if kind == WHOLE and (most is None or not self.is_measured(algorithm, kind)):
            return fixed
        if not self.is_measured(algorithm, kind):
            return -1
        threshold = self._by_chance(algorithm, kind, common, self._share(most, kind))
        return min(fixed, threshold) if most is None or self.settings.is_capped else threshold

    def _by_chance(self, algorithm: str, kind: str, common: int, share: float) -> int:
        """The largest distance within which `share` matches are expected at most, by a commonness and all below it."""
        levels = self.levels(algorithm, kind)
        level = min(common, levels - 1)
        asked = self._packaged.share(algorithm, kind, level) if levels > 1 else 1
        expected: dict[str, Any] = {
            "listed": max(1, self.listed[algorithm]),
            "queries": ASSUMED_PICTURES * self.queries(kind),
            "most": share * portion(level, levels) / float(asked),
            "common": common,
        }
        threshold = self.calibration.threshold(algorithm, kind, **expected)
        if common and self.calibration is not self._packaged and self._packaged.measures(algorithm, kind):
            threshold = min(threshold, self._packaged.threshold(algorithm, kind, **expected))
        return threshold

    def _low_quality_threshold(self, algorithm: str, kind: str) -> int:
        """The largest distance of a match where the picture or the entry is of low quality: at most the usual one."""
        usual = self.threshold(algorithm, WHOLE)
        if not self.settings.is_stricter_by_quality(algorithm) or not self.is_measured(algorithm, LOW_QUALITY):
            return usual
        if not self.is_measured(algorithm, kind):
            return -1
        threshold = self.low_quality.threshold(
            algorithm,
            kind,
            listed=self._low_listed(algorithm),
            queries=ASSUMED_PICTURES * self.queries(kind),
            most=self._most_by_low_quality,
        )
        if self.settings.is_capped and kind != LOW_QUALITY and self.settings.most_false_matches is not None:
            return min(FURTHEST_WITH_PHASH, threshold)  # pHash has to be within its published threshold there
        return min(usual, threshold)

    @property
    def _most_by_low_quality(self) -> float:
        most = self.settings.most_false_matches
        if most is None:
            return MOST_BY_LOW_QUALITY
        return min(MOST_BY_LOW_QUALITY, BY_LOW_QUALITY * most if self.settings.by_commonness else most)

    def _low_listed(self, algorithm: str) -> int:
        """The number of listed pictures of low quality that have a hash by the algorithm, at least 1."""
        assumed = ceil(self.listed[algorithm] * ASSUMED_LOW_QUALITY)
        return max(1, min(self.listed_low, self.listed[algorithm]) if self.listed[GATE] else assumed)

    def _share(self, most: float | None, kind: str) -> float:
        """The share of one algorithm and one kind in all false matches that are permitted, `most`."""
        return (MOST_BY_REGIONS if most is None else most) * self._weight(kind) / max(1, self._parts)

    @property
    def is_together(self) -> bool:
        """Whether the algorithms of TOGETHER decide together."""
        return self.settings.most_false_matches is not None and all(self.listed[name] for name in TOGETHER)

    @cached_property
    def _parts(self) -> float:
        """The number of shares of the permitted false matches: one per algorithm and kind that can match at all.

        No match is possible where even equal hashes are too frequent by chance (64 bits, of a long list). Algorithms
        that decide together have one share, and each of them a part of another for the entries with its hash alone.
        """
        limit = self.settings.most_false_matches
        kinds = (REGION,) if limit is None else self.kinds
        most = Fraction(MOST_BY_REGIONS if limit is None else limit)
        together = self.settings.by_commonness and self.is_together
        least = [
            (
                self._weight(kind),
                probability(self.calibration.chance(name, kind, 0)) * count * ASSUMED_PICTURES * self.queries(kind),
            )
            for name, count in self.listed.items()
            for kind in kinds
            if count and self.is_measured(name, kind) and not (together and name in TOGETHER)
        ]
        joint = Fraction(0)
        if together:
            alone = sum(self._share_alone(name) for name in TOGETHER)
            measured = [kind for kind in kinds if self.is_measured("+".join(TOGETHER), kind)]
            joint = Fraction(1 + alone) * sum(self._weight(kind) for kind in measured)
        parts = sum(weight for weight, _ in least) + joint
        while parts:
            fitting = sum(weight for weight, part in least if part <= most * weight / parts) + joint
            if fitting == parts:
                break
            parts = fitting
        return float(parts)

    def _weight(self, kind: str) -> int:
        return WEIGHTS[kind] if self.settings.by_commonness else 1

    def _share_alone(self, algorithm: str) -> Fraction:
        """The share of the hashes by one of TOGETHER whose entries have no hash by the other."""
        return Fraction(self._alone[algorithm], max(1, self.listed[algorithm]))

    def limit(self, algorithm: str, kind: str, common: int = 0) -> int:
        """The largest odds of a match by algorithms that decide together, in hundredths of log10.

        That is what their share of the false matches permits, at the larger commonness of the two algorithms.
        """
        pairs = max(1, self.listed[algorithm]) * ASSUMED_PICTURES * self.queries(kind)
        key = "+".join(TOGETHER)
        share = Fraction(self._share(self.settings.most_false_matches, kind))
        if self._packaged.levels(key, kind) > 1:
            group = bisect_right(JOINT_FROM, common) - 1
            share *= Fraction(JOINT_PORTIONS[group]) / self._packaged.share(key, kind, group)
        return _not_above(min(Fraction(1), share / pairs))

    def combined(self, kind: str, distances: Mapping[str, int], common: Mapping[str, int]) -> int:
        """The odds of the distances by TOGETHER, each with the lesser commonness of the two hashes."""
        odds = self.calibration.combined(kind, distances, common)
        if any(common.values()) and self.calibration is not self._packaged:
            odds = max(odds, self._packaged.combined(kind, distances, common))
        return odds

    def odds(self, algorithm: str, kind: str, distance: int, common: int = 0) -> int | None:
        """Hundredths of log10 of the probability that a listed hash is this near by chance; None where not measured."""
        calibration = self._calibration(kind)
        if not calibration.measures(algorithm, kind):
            return None
        odds = calibration.chance(algorithm, kind, distance, common)
        if common and calibration is not self._packaged and self._packaged.measures(algorithm, kind):
            odds = max(odds, self._packaged.chance(algorithm, kind, distance, common))
        return odds

    def expected(self, kind: str) -> str:
        """The most false matches expected in ASSUMED_PICTURES, over all algorithms that were measured."""
        return total(self._expected(name, kind) for name in sorted(self.listed))

    def _expected(self, algorithm: str, kind: str) -> str | None:
        if not self.is_measured(algorithm, kind) or not self.listed[algorithm]:
            return None
        pairs = hundredths(self.listed[algorithm] * ASSUMED_PICTURES * self.queries(kind))
        if self.is_together and algorithm in TOGETHER:
            if self.settings.by_commonness:  # once for both, and again for entries that have only this hash
                shares = (algorithm == TOGETHER[0]) + float(self._share_alone(algorithm))
                share = self._share(self.settings.most_false_matches, kind)
                return total([repr(share * shares)]) if shares else None
            return decimal(self.limit(algorithm, kind) + pairs)
        if not self.settings.by_commonness and self.settings.most_false_matches is not None:
            return decimal(self.limit(algorithm, kind) + pairs)
        parts: list[str | None] = []
        for level in range(self.levels(algorithm, kind)):
            threshold = self.threshold(algorithm, kind, level)
            odds = self.odds(algorithm, kind, threshold, level) if threshold >= 0 else None
            if odds is not None:
                asked = self._packaged.share(algorithm, kind, level) if level else Fraction(1)
                parts.append(decimal(_not_below(probability(odds) * asked) + pairs))
        return total(parts) if parts else None

    def _is_unknown(self, algorithm: str) -> bool:
        """Whether an algorithm's hashes are compared although its distances of unrelated pictures were not measured."""
        facts = known_algorithm(algorithm)
        return facts is not None and facts.metric is not Metric.EXACT and not self.is_measured(algorithm, WHOLE)

    def with_chances(self, matches: Iterable[Matched], queries: Counter[tuple[str, str]]) -> list[Matched]:
        """The same matches, each with its chance. `queries`: the number of queries, by algorithm and kind."""
        return [self._with_chance(each, queries[each.match.algorithm, kind_of(each.match.region)]) for each in matches]

    def _with_chance(self, matched: Matched, queries: int) -> Matched:
        name = matched.match.algorithm
        listed = self._low_listed(name) if matched.match.doubtful else self.listed[name]
        if matched.odds is None or not listed or not queries:
            return matched
        return replace(matched, match=with_chance(matched.match, matched.odds + hundredths(listed * queries)))

    def as_json(self) -> dict[str, Any]:
        """The `chances` of a `scan.open` entry, without `combined`. `questions` are the queries, by kind."""
        return {
            "calibration": {
                "name": self.calibration.name,
                "digest": self.calibration.digest,
                "pairs": self.calibration.pairs,
            },
            "listed": dict(sorted(self.listed.items())),
            "pictures": ASSUMED_PICTURES,
            "questions": {kind: self.queries(kind) for kind in self.kinds},
            "expected": {kind: self.expected(kind) for kind in self.kinds},
            **({} if self.bank is None else {"bank": {"digest": self.bank.digest, "pictures": len(self.bank)}}),
            "not_known": sorted(name for name in self.listed if self._is_unknown(name)),
        }


def portion(level: int, levels: int) -> float:
    """The share of one of several commonnesses in what is permitted: the least one has half, the others the rest."""
    if levels == 1:
        return 1.0
    return 0.5 if level == 0 else 0.5 / (levels - 1)


def count_queries(pictures: Iterable[OrientationHashes]) -> Counter[tuple[str, str]]:
    """The number of queries that the hashes of one item make, by algorithm and kind."""
    queries: Counter[tuple[str, str]] = Counter()
    for hashes in pictures:
        queries[hashes.algorithm, kind_of(hashes.region)] += len(TRANSFORMS)
    return queries


def with_chance(match: Match, value: int) -> Match:
    """The match with its chance, which is passed as hundredths of log10."""
    return replace(match, chance=decimal(value))


@cache
def _not_above(most: Fraction) -> int:
    """The largest hundredths of log10 of a number that is not above `most`."""
    value = floor(100 * (log10(most.numerator) - log10(most.denominator))) + 1
    while probability(value) > most:
        value -= 1
    return value


def _not_below(value: Fraction) -> int:
    """The least hundredths of log10 of a number that is not below `value`."""
    found = _not_above(value)
    return found if probability(found) == value else found + 1


@cache
def hundredths(number: int) -> int:
    """100 · log10 of a number of 1 or more, rounded up."""
    power = number**100
    digits = len(str(power)) - 1
    return digits if power == 10**digits else digits + 1


def decimal(value: int) -> str:
    """10^(value / 100) with two digits, rounded up: `3.2e-09`."""
    exponent, place = divmod(value, 100)
    tens = mantissas()[place]
    return f"{tens // 10}.{tens % 10}e{exponent:+03d}"


@cache
def mantissas() -> tuple[int, ...]:
    """Ten times 10^(place / 100), rounded up, for 0 to 99: whole numbers from 10 to 98."""
    return tuple(next(tens for tens in range(10, 100) if tens**100 >= 10 ** (100 + place)) for place in range(100))


def total(parts: Iterable[str | None]) -> str:
    """The sum of numbers as `decimal` formats them, with two digits, rounded up; None is left out."""
    summed = sum((Decimal(part) for part in parts if part is not None), Decimal(0))
    if not summed:
        return "0"
    exponent = summed.adjusted()
    tens = int((summed.scaleb(1 - exponent)).to_integral_value(rounding="ROUND_CEILING"))
    if tens == 100:
        tens, exponent = 10, exponent + 1
    return f"{tens // 10}.{tens % 10}e{exponent:+03d}"
