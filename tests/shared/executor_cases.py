"""Jobs for tests of executors, and functions that run them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from matcher.executors import Executor, Job, Work
from matcher.executors.limits import Limits
from matcher.model import Item, Reason

GIVEN_UP = {Reason.WORKER_DIED: -1, Reason.TIMED_OUT: -2, Reason.OUT_OF_MEMORY: -3}
LOST = -4
QUICK = Limits(seconds=0.5, memory=1 << 30, alone=3 << 30)


def items(count: int) -> list[Item]:
    """Items whose sizes are 0 to `count` - 1."""
    return [Item(f"{number:04d}", b"", number) for number in range(count)]


@dataclass(frozen=True)
class Squares:
    """Squares an item's size; slow for every seventh, so that results come out of order."""

    def start(self, beat: Callable[[], None]) -> Work[int]:
        return lambda item, give_up: GIVEN_UP[give_up] if give_up else self.work(item, beat)

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        assert item.size is not None
        if item.size % 7 == 0:
            time.sleep(0.02)
        return item.size**2

    def limited(self, result: int) -> bool:
        return result == GIVEN_UP[Reason.OUT_OF_MEMORY]

    def lost(self, item: Item, reason: Reason) -> int:
        return LOST


@dataclass(frozen=True)
class Dying(Squares):
    """Kills its worker at every tenth item, as a decoder's crash does."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        if item.path.endswith("5"):
            os.abort()
        return super().work(item, beat)


def run_of(executor: Executor, job: Job[int], count: int) -> tuple[dict[str, int], list[tuple[str, Reason]]]:
    """Run a job on `count` items. Returns the results by path, in order, and the sorted retries with their reasons."""
    reported: dict[str, int] = {}
    retried: list[tuple[str, Reason]] = []
    results = executor.run(
        job,
        items(count),
        on_result=lambda item, result: reported.update({item.path: result}),
        on_retry=lambda item, reason: retried.append((item.path, reason)),
    )
    by_path = {item.path: result for item, result in results}
    assert reported == by_path
    assert list(by_path) == [item.path for item in items(count)]
    return by_path, sorted(retried)


def squares_but(count: int, other: int) -> dict[str, int]:
    """The expected results of `Dying`: squares, and `other` for the items that kill their worker."""
    return {item.path: other if item.path.endswith("5") else (item.size or 0) ** 2 for item in items(count)}
