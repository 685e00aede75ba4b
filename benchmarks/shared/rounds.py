"""Several ways to do the same, timed round by round, so that whatever else the machine does hits all of them alike.

    times = rounds({"ours": examine, "peer": peer}, samples, 7)
    times.milliseconds("ours"), times.ratio("peer", "ours")

Only ratios of one run say something: the machine is part of every number.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Way = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Times:
    """`seconds` of each way, [way][round][sample]."""

    seconds: Mapping[str, list[list[float]]]

    def milliseconds(self, way: str) -> float:
        """The mean over the samples of each one's median over the rounds."""
        each = zip(*self.seconds[way], strict=True)
        return float(statistics.mean(statistics.median(times) for times in each) * 1e3)

    def ratio(self, slow: str, fast: str) -> float:
        """How many times as long as `fast` the way `slow` takes."""
        return self.milliseconds(slow) / self.milliseconds(fast)

    def spread(self, slow: str, fast: str) -> tuple[float, float]:
        """The least and the largest ratio of a single round."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        ratios = [sum(one) / sum(other) for one, other in pairs]
        return min(ratios), max(ratios)


def rounds(ways: Mapping[str, Way], samples: Sequence[Any], count: int) -> Times:
    """Do each way for each sample `count` times, all ways of a sample one after the other, each round begun by another.

    Every way is done once before, unmeasured: what is loaded and compiled by its first call is not its cost.
    """
    names = list(ways)
    for name in names:
        ways[name](samples[0])
    seconds: dict[str, list[list[float]]] = {name: [] for name in names}
    for number in range(count):
        turn = number % len(names)
        for name in names:
            seconds[name].append([])
        for sample in samples:
            for name in [*names[turn:], *names[:turn]]:
                begun = time.perf_counter()
                ways[name](sample)
                seconds[name][-1].append(time.perf_counter() - begun)
    return Times(seconds)
