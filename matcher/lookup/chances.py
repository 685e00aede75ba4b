"""Matches by chance: thresholds for the lists that are open, and the chance of each match.

A query is one hash that is looked up. A picture makes eight for each of its renderings, and eight for each of its
regions that are looked up. The probability that one listed hash is within a distance of one query is measured
(matcher/calibration/tables.py); here it is multiplied by the number of listed hashes and the number of queries.
Recorded numbers are computed from whole hundredths of log10 and a table, so that every machine writes the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from math import ceil, floor, log10
from typing import Any

from matcher.algorithms import Metric
from matcher.calibration.tables import KINDS, LOW_QUALITIES, LOW_QUALITY, MOST_REGULARITY, Calibration, probability
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
ASSUMED_LOW_QUALITY = Fraction(1, 20)
"""The assumed share of pictures of low quality among listed hashes without a stated quality."""
MOST_BY_REGIONS = 1.0
"""The permitted false matches by regions in ASSUMED_PICTURES, where the settings do not limit them."""


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
        for opened in lists.opened:
            self.listed.update(opened.facts.counts["hashes"])
        self.listed_low = _count_low(lists) if self.listed[GATE] else 0
        """The number of listed pictures of low quality: as far as PDQ qualities are stated, and else assumed."""
        chosen = settings.calibration
        self.calibration = Calibration.default() if chosen is None else Calibration.load(chosen)
        self.low_quality = Calibration.of_low_quality()
        self.kinds = KINDS if settings.regions else (WHOLE,)

    def is_measured(self, algorithm: str, kind: str) -> bool:
        """Whether the calibration has the distances of unrelated pictures by an algorithm."""
        return self._calibration(kind).measures(algorithm, kind)

    def _calibration(self, kind: str) -> Calibration:
        return self.low_quality if kind in LOW_QUALITIES else self.calibration

    def queries(self, kind: str) -> int:
        """The number of queries that a picture is assumed to make. Each reframing of the whole makes as many again."""
        framed = kind != REGION and self.settings.max_false_matches is not None
        return QUERIES[REGION if kind == REGION else WHOLE] * (1 + len(REFRAMINGS) if framed else 1)

    def threshold(self, algorithm: str, kind: str) -> int:
        """The largest distance that is a match; -1 where none is. `kind` is one of KINDS or of LOW_QUALITIES."""
        if kind in LOW_QUALITIES:
            return self._low_quality_threshold(algorithm, kind)
        fixed = self.settings.threshold(algorithm)
        most = self.settings.max_false_matches
        if kind == WHOLE and (most is None or not self.is_measured(algorithm, kind)):
            return fixed
        if not self.is_measured(algorithm, kind):
            return -1
        threshold = self.calibration.threshold(
            algorithm,
            kind,
            listed=max(1, self.listed[algorithm]),
            queries=ASSUMED_PICTURES * self.queries(kind),
            most=self._share(most),
        )
        return min(fixed, threshold) if most is None else threshold

    def _low_quality_threshold(self, algorithm: str, kind: str) -> int:
        """The largest distance of a match where the picture or the entry is of low quality: at most the usual one."""
        usual = self.threshold(algorithm, WHOLE)
        if not self.settings.is_stricter_by_quality(algorithm) or not self.is_measured(algorithm, LOW_QUALITY):
            return usual
        if not self.is_measured(algorithm, kind):
            return -1
        most = self.settings.max_false_matches
        threshold = self.low_quality.threshold(
            algorithm,
            kind,
            listed=self._low_listed(algorithm),
            queries=ASSUMED_PICTURES * self.queries(kind),
            most=MOST_BY_LOW_QUALITY if most is None else min(MOST_BY_LOW_QUALITY, most),
        )
        return min(usual, threshold)

    def _low_listed(self, algorithm: str) -> int:
        """The number of listed pictures of low quality that have a hash by the algorithm, at least 1."""
        assumed = ceil(self.listed[algorithm] * ASSUMED_LOW_QUALITY)
        return max(1, min(self.listed_low, self.listed[algorithm]) if self.listed[GATE] else assumed)

    def _share(self, most: float | None) -> float:
        """The share of one algorithm and one kind in all false matches that are permitted, `most`."""
        return (MOST_BY_REGIONS if most is None else most) / max(1, self._parts)

    @cached_property
    def _parts(self) -> int:
        """The number of shares of the permitted false matches: one per algorithm and kind that can match at all.

        No match is possible where even equal hashes are too frequent by chance (64 bits, of a long list).
        """
        limit = self.settings.max_false_matches
        kinds = (REGION,) if limit is None else self.kinds
        most = Fraction(MOST_BY_REGIONS if limit is None else limit)
        least = [
            probability(self.calibration.chance(name, kind, 0)) * count * ASSUMED_PICTURES * self.queries(kind)
            for name, count in self.listed.items()
            for kind in kinds
            if count and self.is_measured(name, kind)
        ]
        parts = len(least)
        while parts and (fitting := sum(part <= most / parts for part in least)) < parts:
            parts = fitting
        return parts

    def limit(self, algorithm: str, kind: str) -> int:
        """The largest odds of a match, in hundredths of log10, that the algorithm's share of false matches permits."""
        pairs = max(1, self.listed[algorithm]) * ASSUMED_PICTURES * self.queries(kind)
        return _not_above(min(Fraction(1), Fraction(self._share(self.settings.max_false_matches)) / pairs))

    def odds(self, algorithm: str, kind: str, distance: int) -> int | None:
        """Hundredths of log10 of the probability that a listed hash is this near by chance; None where not measured."""
        calibration = self._calibration(kind)
        return calibration.chance(algorithm, kind, distance) if calibration.measures(algorithm, kind) else None

    def expected(self, kind: str) -> str:
        """The most false matches expected in ASSUMED_PICTURES, over all algorithms that were measured."""
        return total(self._expected(name, kind) for name in sorted(self.listed))

    def _expected(self, algorithm: str, kind: str) -> str | None:
        if not self.is_measured(algorithm, kind) or not self.listed[algorithm]:
            return None
        threshold = self.threshold(algorithm, kind)
        if self.settings.max_false_matches is not None:  # also where two algorithms decide together
            odds = self.limit(algorithm, kind)
        elif threshold < 0:
            return None
        else:
            odds = self.calibration.chance(algorithm, kind, threshold)
        return decimal(odds + hundredths(self.listed[algorithm] * ASSUMED_PICTURES * self.queries(kind)))

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
            "not_known": sorted(name for name in self.listed if self._is_unknown(name)),
        }


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
