"""A pool of worker processes on this machine: a worker that dies, hangs or exhausts memory affects only its own item.

One thread does everything: it sends items, waits for answers, and kills workers that make no progress. Items are
worked on before their turn, within a window, so that a slow one delays no other: at most WINDOW items for each worker,
and HELD bytes of results that wait for their turn.

An item whose worker died, or that hit a limit, waits until nothing else runs and is tried once more alone. If that
fails too, it is read for its digests without being decoded, and its reason is that of the second failure.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any

from matcher.executors import Job, Result, no_op
from matcher.executors.crew import Assignment, Crew
from matcher.executors.limits import Limits, limits_for
from matcher.model import Item, Reason

WINDOW = 8192
"""Items in the window for each worker: waiting, being worked on, or finished before their turn; some 500 bytes each.
At 5 milliseconds an item, one that takes 40 seconds delays no other."""

HELD = 32 << 20
"""Bytes of results in their packed form that may wait for their turn; in memory they take two to three times that."""

MOST_WORKERS = 30 if sys.platform == "win32" else 1000
"""Windows waits for at most 63 handles at a time, and each worker has two."""

TICK = 1.0
"""The longest time in seconds between two calls of `on_tick` while no item finishes."""

_LISTED = 64
"""Items that are taken from the source between two calls of `Crew.work`: listing takes time too."""


class PoolExecutor:
    """A pool of `workers` processes. Its results are those of the serial executor."""

    def __init__(self, workers: int, *, limits: Limits | None = None) -> None:
        self._workers = min(workers, MOST_WORKERS)
        self._limits = limits_for(workers) if limits is None else limits

    def describe(self) -> dict[str, Any]:
        limits = self._limits
        return {
            "kind": "pool",
            "workers": self._workers,
            "time_limit_ms": round(1000 * limits.seconds),
            "memory_limit": limits.memory,
            "memory_limit_alone": limits.alone,
        }

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], Item | None],
        on_tick: Callable[[], None] = no_op,
        on_retry: Callable[[Item, Reason], None] = lambda _item, _reason: None,
    ) -> Generator[tuple[Item, Result], None, None]:
        source = iter(items)
        more = True
        pending: deque[Assignment[Result]] = deque()
        crew = Crew(job, self._workers, self._limits, on_result=on_result, on_retry=on_retry)
        done = 0
        try:
            while True:
                if more and (room := self._workers * WINDOW - len(pending)) > 0:
                    wanted = min(room, _LISTED)
                    listed = [crew.add(item) for item in islice(source, wanted)]
                    pending.extend(listed)
                    if len(listed) < wanted:
                        more = False
                        crew.complete()
                if not pending:
                    return
                on_tick()
                crew.work(TICK, only=pending[0] if crew.received - done >= HELD else None)
                while pending and pending[0].result:
                    task = pending.popleft()
                    done += task.size
                    yield task.item, task.result.pop()  # others may hold the task for a while
        finally:
            crew.stop()
