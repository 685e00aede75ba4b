"""Counts of distances → the probability of each distance, as far as it was seen, and beyond.

Where ENOUGH pairs were seen, the probability is their share, and three times its standard error more: boxes of one
picture are not independent of each other. Nearer than that, its logarithm goes on along a straight line, as flat as it
was in the last half decade that was seen, in the last one, in the last two, or in a calibration of more pictures,
whichever is flattest. Chance alone would make it ever steeper (a binomial's tail does), and so the line says too much
of it; pictures that are alike for a reason make it flatter, and then it says what was seen of those.
docs/calibration.md compares it with others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.calibration.tables import LEAST, STEP

Counts = npt.NDArray[np.int64]

ENOUGH = 50
"""Pairs within a distance: with fewer its probability is not said to be measured."""
_DECADES = (3, 10, 100)
"""How many times ENOUGH pairs there are where a line begins whose slope is taken."""


@dataclass(frozen=True, slots=True)
class Tail:
    """`chance[distance]` in hundredths of log10, rising to 0; measured from `seen` on, which `pairs` it came from.

    Below `seen` it falls by `slope` hundredths a place.
    """

    chance: tuple[int, ...]
    seen: int
    pairs: int
    slope: float

    def as_json(self, *, falling: bool = False) -> dict[str, object]:
        """As it stands in a calibration's file; `falling` for places that count from the furthest."""
        if not falling:
            return {"chance": list(self.chance), "pairs": self.pairs, "seen": self.seen}
        return {"chance": list(self.chance[::-1]), "pairs": self.pairs, "seen": len(self.chance) - 1 - self.seen}


def tail(counts: Counts, *, flattest: float | None = None) -> Tail:
    """The probability of each place and all before it, of `counts` (places,) int64, the nearest first.

    `flattest` is a slope, in hundredths a place, that is not exceeded. ValueError with too few pairs to see any tail.
    """
    within = np.cumsum(counts)
    pairs = int(within[-1])
    if pairs < _DECADES[-1] * ENOUGH:
        raise ValueError(f"{pairs} pairs are too few")
    seen = int(np.argmax(within >= ENOUGH))
    upper = within + 1 + 3 * np.sqrt(within + 1)
    logs = 100 * np.log10(np.minimum(upper / pairs, 1))
    slope = min([_slope(within, logs, seen, times) for times in _DECADES], default=0.0)
    slope = slope if flattest is None else min(slope, flattest)
    places = np.arange(len(counts))
    logs = np.where(places < seen, logs[seen] - slope * (seen - places), logs)
    logs = np.maximum.accumulate(np.clip(np.ceil(logs), LEAST, 0))
    logs[-1] = 0
    return Tail(tuple(int(value) for value in logs), seen, pairs, float(slope))


def _slope(within: Counts, logs: npt.NDArray[np.float64], seen: int, times: int) -> float:
    """Hundredths a place between where ENOUGH and where so many times as many were seen."""
    far = max(int(np.argmax(within >= times * within[seen])), seen + 1)
    far = min(far, len(logs) - 1)
    return float((logs[far] - logs[seen]) / (far - seen)) if far > seen else 0.0


def together(counts: Counts, first: Sequence[int], second: Sequence[int], *, flattest: float | None = None) -> Tail:
    """The tail of the sum of two algorithms' chances, of the (places, places) counts of their distances.

    Its places count from the rarest sum: the last place is a sum of 0 to STEP hundredths.
    """
    sums = -(np.asarray(first)[:, None] + np.asarray(second)[None, :]) // STEP
    most = -2 * LEAST // STEP
    found = np.bincount(sums.ravel(), weights=counts.ravel(), minlength=most + 1).astype(np.int64)
    return tail(found[::-1], flattest=flattest)
