"""Counts of distances → the probability of each distance, measured as far as possible, and extrapolated beyond.

Where at least ENOUGH pairs are within a distance, the probability is their share plus three times its standard error:
boxes of one picture are not independent of each other. Below that distance, its logarithm continues along a straight
line. The slope is that of the last half decade that was measured, of the last one, of the last two, or that of a
calibration of more pictures, whichever is flattest. By chance alone the logarithm would become ever steeper (as a
binomial's tail does), and the line overestimates it; pictures that are alike for a reason make it flatter, and then
the line continues what was measured of those. docs/calibration.md compares it with others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.calibration.tables import LEAST, STEP

Counts = npt.NDArray[np.int64]

ENOUGH = 50
"""The least number of pairs within a distance whose probability counts as measured."""
_DECADES = (3, 10, 100)
"""The multiples of ENOUGH pairs from which the slope of the line is taken, each down to ENOUGH."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The chances of one table: `chance[distance]` in hundredths of log10, rising to 0.

    Measured on `pairs` pairs, from the place `measured_from` on. Below that, it falls by `slope` hundredths a place.
    """

    chance: tuple[int, ...]
    measured_from: int
    pairs: int
    slope: float

    def as_json(self, *, falling: bool = False) -> dict[str, object]:
        """The table in a calibration's file; with `falling`, places count from the furthest."""
        if not falling:
            return {"chance": list(self.chance), "pairs": self.pairs, "seen": self.measured_from}
        last = len(self.chance) - 1
        return {"chance": list(self.chance[::-1]), "pairs": self.pairs, "seen": last - self.measured_from}


def tail(counts: Counts, *, flattest: float | None = None, decades: Sequence[int] = _DECADES) -> Tail:
    """The probability of each place and all before it, from `counts`, (places,) int64, the nearest first.

    `flattest` is the largest permitted slope, in hundredths of log10 a place. `decades`: the slopes of which the
    flattest is taken. ValueError with too few pairs to measure a tail.
    """
    within = np.cumsum(counts)
    pairs = int(within[-1])
    if pairs < _DECADES[-1] * ENOUGH:
        raise ValueError(f"{pairs} pairs are too few")
    measured_from = int(np.argmax(within >= ENOUGH))
    upper = within + 1 + 3 * np.sqrt(within + 1)
    logs = 100 * np.log10(np.minimum(upper / pairs, 1))
    slope = min([_slope(within, logs, measured_from, times) for times in decades], default=0.0)
    slope = slope if flattest is None else min(slope, flattest)
    places = np.arange(len(counts))
    logs = np.where(places < measured_from, logs[measured_from] - slope * (measured_from - places), logs)
    logs = np.maximum.accumulate(np.clip(np.ceil(logs), LEAST, 0))
    logs[-1] = 0
    return Tail(tuple(int(value) for value in logs), measured_from, pairs, float(slope))


def _slope(within: Counts, logs: npt.NDArray[np.float64], near: int, times: int) -> float:
    """The slope, in hundredths of log10 a place, from the place `near` to that with `times` as many pairs within."""
    far = max(int(np.argmax(within >= times * within[near])), near + 1)
    far = min(far, len(logs) - 1)
    return float((logs[far] - logs[near]) / (far - near)) if far > near else 0.0


def together(counts: Counts, first: Sequence[int], second: Sequence[int], *, flattest: float | None = None) -> Tail:
    """The tail of the sum of two algorithms' chances, from the (places, places) counts of their distances.

    Its places count from the rarest sum: the last place is a sum of 0 to STEP hundredths.
    """
    sums = -(np.asarray(first)[:, None] + np.asarray(second)[None, :]) // STEP
    most = -2 * LEAST // STEP
    of_sums = np.bincount(sums.ravel(), weights=counts.ravel(), minlength=most + 1).astype(np.int64)
    return tail(of_sums[::-1], flattest=flattest)
