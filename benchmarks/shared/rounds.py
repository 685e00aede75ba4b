"""Several methods for the same task, timed round by round, so that other load on the machine affects all alike.

    times = rounds({"ours": examine, "peer": peer}, samples, 7)
    times.milliseconds("ours"), times.ratio("peer", "ours")

Only ratios within one run are meaningful: the times themselves depend on the machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Method = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Times:
    """The measured `seconds`, [method][round][sample]."""

    seconds: Mapping[str, list[list[float]]]

    def milliseconds(self, method: str) -> float:
        """Milliseconds of a method: the mean over the samples of each sample's median over the rounds."""
        each = zip(*self.seconds[method], strict=True)
        return float(statistics.mean(statistics.median(times) for times in each) * 1e3)

    def ratio(self, slow: str, fast: str) -> float:
        """The time of the method `slow` divided by the time of the method `fast`."""
        return self.milliseconds(slow) / self.milliseconds(fast)

    def spread(self, slow: str, fast: str) -> tuple[float, float]:
        """The smallest and the largest ratio of a single round."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        ratios = [sum(one) / sum(other) for one, other in pairs]
        return min(ratios), max(ratios)


def rounds(methods: Mapping[str, Method], samples: Sequence[Any], count: int) -> Times:
    """Run each method on each sample `count` times: all methods of a sample in turn, each round starting with another.

    Every method runs once before, unmeasured, so that loading and compiling are not counted.
    """
    names = list(methods)
    for name in names:
        methods[name](samples[0])
    seconds: dict[str, list[list[float]]] = {name: [] for name in names}
    for number in range(count):
        turn = number % len(names)
        for name in names:
            seconds[name].append([])
        for sample in samples:
            for name in [*names[turn:], *names[:turn]]:
                begun = time.perf_counter()
                methods[name](sample)
                seconds[name][-1].append(time.perf_counter() - begun)
    return Times(seconds)
