"""A pool of worker processes on this machine: a worker that dies, hangs or eats memory costs the one item that it had.

One thread does everything: it hands out items, waits for answers, and kills what stands still. At most a window of
items is under way, so that neither the results of a fast worker nor the items of a fast source pile up behind one
slow item.

An item that a worker died of, or whose limit was hit, waits until nothing else runs and is tried once more alone. If
that fails too, it is read for its digests without being decoded, and the reason is the second failure's.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from multiprocessing import connection
from typing import Any, Generic

from matcher.errors import MatcherError
from matcher.executors import Job, Result, nothing
from matcher.executors.limits import Limits, limits_for
from matcher.executors.worker import FAILED, Worker, packed
from matcher.model import Item, Reason

WINDOW = 64
"""Items under way for each worker, waiting, being worked on, or finished before their turn."""

RESTARTS = 5
"""How many workers in a row may die before they take an item, until the work is given up."""

MOST_WORKERS = 30 if sys.platform == "win32" else 1000
"""Windows waits for at most 63 things at a time, and each worker is two."""

TICK = 1.0
"""Seconds between two calls of `on_tick`, at most, while nothing is finished."""


class _Task(Generic[Result]):
    """One item under way. `alone` from the second try on; `give_up` from the third."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.alone = False
        self.give_up: Reason | None = None
        self.result: list[Result] = []
        """The result, once there is one."""

    def message(self) -> bytes:
        return packed(self.item, self.give_up, alone=self.alone)


class PoolExecutor:
    """`workers` processes. The results are those of the serial executor."""

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
        on_result: Callable[[Item, Result], None],
        on_tick: Callable[[], None] = nothing,
        on_retry: Callable[[Item, Reason], None] = lambda _item, _reason: None,
    ) -> Generator[tuple[Item, Result], None, None]:
        waiting = iter(items)
        pending: deque[_Task[Result]] = deque()
        crew = _Crew(job, self._workers, self._limits, on_result=on_result, on_retry=on_retry)
        try:
            while True:
                for item in islice(waiting, self._workers * WINDOW - len(pending)):
                    task = _Task[Result](item)
                    pending.append(task)
                    crew.add(task)
                if not pending:
                    return
                on_tick()
                crew.work(TICK)
                while pending and pending[0].result:
                    task = pending.popleft()
                    yield task.item, task.result[0]
        finally:
            crew.stop()


class _Crew(Generic[Result]):
    """The workers, and what they still have to do."""

    def __init__(
        self,
        job: Job[Result],
        workers: int,
        limits: Limits,
        *,
        on_result: Callable[[Item, Result], None],
        on_retry: Callable[[Item, Reason], None],
    ) -> None:
        self._job = job
        self._limits = limits
        self._on_result = on_result
        self._on_retry = on_retry
        self._count = workers
        self._workers: list[Worker] = []
        self._queue: deque[_Task[Result]] = deque()
        self._suspects: deque[_Task[Result]] = deque()
        """What is tried once more, alone, when nothing else is left to do in the window."""
        self._failed_starts = 0

    def add(self, task: _Task[Result]) -> None:
        self._queue.append(task)

    def work(self, seconds: float) -> None:
        """Hand out what can be, wait for some answer for a while, and take what came."""
        left = len(self._queue) + len(self._suspects) + sum(len(worker.sent) for worker in self._workers)
        while not self._is_alone() and len(self._workers) < min(self._count, left):
            self._workers.append(Worker(self._job, self._limits))
        self._hand_out()
        handles = [handle for worker in self._workers for handle in worker.handles]
        ready = set(connection.wait(handles, timeout=seconds))
        for worker in list(self._workers):
            if not ready.isdisjoint(worker.handles):
                self._listen(worker)
        for worker in list(self._workers):
            reason = worker.stopped_for()
            if reason is not None:
                self._end(worker, reason)

    def stop(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def _is_alone(self) -> bool:
        """Whether a task is being tried that nothing else may run beside."""
        return any(task.alone for worker in self._workers for task in worker.sent)

    def _hand_out(self) -> None:
        if self._is_alone():
            return
        for worker in self._workers:
            if self._queue and not worker.sent:
                self._send(worker, self._queue)
        for worker in self._workers:  # one ahead, unless that would keep the last items from a worker that is idle soon
            if len(self._queue) > self._count:
                self._send(worker, self._queue)
        if self._suspects and not self._queue and not any(worker.sent for worker in self._workers):
            for worker in self._workers:
                if self._send(worker, self._suspects):
                    return

    @staticmethod
    def _send(worker: Worker, queue: deque[_Task[Result]]) -> bool:
        message = queue[0].message()
        if not worker.takes(len(message)):
            return False
        try:
            worker.send(queue[0], message, alone=queue[0].alone)
        except OSError:  # it has died a moment ago, which is heard next
            return False
        queue.popleft()
        return True

    def _listen(self, worker: Worker) -> None:
        for kind, value in worker.answers():
            if kind == FAILED:
                raise value
            self._failed_starts = 0
            if self._take(worker.sent.popleft(), value):
                self._end(worker, None)  # what it holds of its memory may be for ever
                return
        if worker.ended:
            self._end(worker, worker.died_of())

    def _take(self, task: _Task[Result], result: Result) -> bool:
        """Take a result, unless it is to be tried again. Whether memory ran out."""
        limited = self._job.limited(result)
        if limited and not task.alone:
            self._suspect(task, Reason.OUT_OF_MEMORY)
        else:
            self._finish(task, result)
        return limited

    def _finish(self, task: _Task[Result], result: Result) -> None:
        task.result.append(result)
        self._on_result(task.item, result)

    def _end(self, worker: Worker, reason: Reason | None) -> None:
        """Put an end to a worker. With a reason the task that it was at is suspect; the one after it was not begun."""
        self._workers.remove(worker)
        sent, ready = list(worker.sent), worker.ready
        worker.stop()
        if not ready:
            self._failed_starts += 1
            if self._failed_starts > RESTARTS:
                raise MatcherError(f"workers die before they do anything, {RESTARTS} times in a row")
        if reason is not None and sent:
            self._suspect(sent.pop(0), reason)
        self._queue.extendleft(reversed(sent))

    def _suspect(self, task: _Task[Result], reason: Reason) -> None:
        if task.give_up is not None:
            self._finish(task, self._job.lost(task.item, task.give_up))
        elif task.alone:
            task.give_up = reason
            self._suspects.appendleft(task)
        else:
            task.alone = True
            self._suspects.append(task)
            self._on_retry(task.item, reason)
