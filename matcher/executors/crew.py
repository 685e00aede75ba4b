"""The workers of a pool and their queue: sends tasks, reads answers, and kills workers that make no progress.

Several tasks are sent ahead to each worker, limited by bytes and by number, so that no worker waits while this process
is busy. Towards the end fewer are sent ahead, so that all workers share the last ones.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic

from matcher.errors import MatcherError
from matcher.executors import Job, Result
from matcher.executors.limits import Limits
from matcher.executors.messages import FAILED, Task, packed_tasks
from matcher.executors.order import Order, Waiting
from matcher.executors.waiting import Waiter
from matcher.executors.worker import Worker
from matcher.model import Item, Reason

AHEAD = 64
"""The most items that are sent to a worker and not answered."""
AHEAD_BYTES = 8 << 20
"""The most bytes of those items. A larger item is sent by itself, with none behind it."""

RESTARTS = 5
"""How many workers in a row may die before they are ready; one more ends the run with an error."""

_GATHER = 0.004
"""Seconds in which answers are left to collect while every worker has more than _QUEUED tasks: each wake-up of this
process costs as much as reading an answer."""
_QUEUED = 8
_CHECK_EVERY = 0.25
"""The longest time in seconds between two checks of the limits."""
_SLOW = 0.25
"""Seconds that a worker may spend on one item before the tasks behind it are taken back for the other workers."""
_PICKLED = 100
"""The pickled bytes of a task without its names."""


class Assignment(Waiting, Generic[Result]):
    """One item in the window. `alone` is set from the second try on, `give_up` from the third."""

    __slots__ = ("alone", "give_up", "result", "sent_item", "size")

    def __init__(self, item: Item) -> None:
        super().__init__(item)
        self.sent_item = item
        """The item that is sent to a worker: `item`, or the one that `on_result` returned in its place."""
        self.alone = False
        self.give_up: Reason | None = None
        self.result: list[Result] = []
        """Empty, or the one result."""
        self.size = 0
        """Bytes of the result in its packed form."""

    def task(self) -> Task:
        """The task to send."""
        return self.sent_item, self.give_up, self.alone

    def sent_size(self) -> int:
        """An estimate of the bytes of the packed task."""
        return _PICKLED + 2 * len(self.item.path) + len(self.item.locator)


class Crew(Generic[Result]):
    """At most `workers` processes, and the items that wait for them."""

    def __init__(
        self,
        job: Job[Result],
        workers: int,
        limits: Limits,
        *,
        on_result: Callable[[Item, Result], Item | None],
        on_retry: Callable[[Item, Reason], None],
    ) -> None:
        self._job = job
        self._limits = limits
        self._on_result = on_result
        self._on_retry = on_retry
        self._count = workers
        self._workers: list[Worker] = []
        self._waiter: Waiter[Worker] = Waiter()
        self._order: Order[Assignment[Result]] = Order(workers)
        self._suspects: deque[Assignment[Result]] = deque()
        """Items that are tried once more alone, as soon as no other task in the window is left."""
        self._failed_starts = 0
        self._checked = time.monotonic()
        self.received = 0
        """Bytes of all results so far, in their packed form."""

    def __len__(self) -> int:
        """The number of items that are not sent to a worker, without the suspects."""
        return len(self._order)

    def add(self, item: Item) -> Assignment[Result]:
        """Queue an item."""
        added = Assignment[Result](item)
        self._order.add(added)
        return added

    def complete(self) -> None:
        """Declare that no more items will be added."""
        self._order.complete()

    def work(self, seconds: float, *, only: Assignment[Result] | None) -> None:
        """Send tasks, wait at most `seconds` for an answer, and process the answers that arrived.

        With `only`, no other task is sent: the finished results hold so much memory that this one must come first.
        """
        left = len(self._order) + len(self._suspects) + sum(len(worker.sent) for worker in self._workers)
        while not self._is_alone() and len(self._workers) < min(self._count, left):
            self._start()
        self._hand_out(only)
        if all(len(worker.sent) > _QUEUED for worker in self._workers):
            time.sleep(_GATHER)
        ready = self._waiter.wait(min(seconds, _CHECK_EVERY))
        for worker in ready:
            self._read_answers(worker)
        if not ready or time.monotonic() - self._checked > _CHECK_EVERY:
            self._checked = time.monotonic()
            for worker in list(self._workers):
                self._check(worker)

    def _check(self, worker: Worker) -> None:
        reason = worker.limit_hit()
        if reason is not None:
            self._end(worker, reason)
        elif len(worker.sent) > 1 and worker.seconds_on_task > _SLOW and self._count > 1:
            with suppress(OSError):  # it died a moment ago; `answers` reports that next
                worker.take_back()

    def stop(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            worker.stop()
        self._workers.clear()
        self._waiter.close()

    def _start(self) -> None:
        worker = Worker(self._job, self._limits)
        self._workers.append(worker)
        self._waiter.add(worker, worker.handles)

    def _is_alone(self) -> bool:
        """Whether a task is running that must run alone."""
        return any(worker.sent[0].alone for worker in self._workers if worker.sent)

    def _hand_out(self, only: Assignment[Result] | None) -> None:
        """Send tasks to workers that are ready: waiting ones first, then a suspect if nothing else runs."""
        if self._is_alone():
            return
        ready = [worker for worker in self._workers if worker.ready]
        if only is not None:
            self._hand_out_this(ready, only)
        else:
            share = max(1, min(AHEAD, len(self._order) // (2 * self._count)))
            for few, most in ((1, 1), (share // 2, share)):  # each worker gets one task before any gets two
                for worker in ready:
                    if self._order and len(worker.sent) < max(1, few):
                        self._send_some(worker, most)
        if self._suspects and (only is not None or not self._order) and not any(worker.sent for worker in ready):
            for worker in ready:
                if self._send(worker, [self._suspects[0]]):
                    self._suspects.popleft()
                    return

    def _hand_out_this(self, ready: list[Worker], only: Assignment[Result]) -> None:
        idle = next((worker for worker in ready if not worker.sent), None)
        if idle is not None and self._order.take_this(only) and not self._send(idle, [only]):
            self._order.put_back([only])

    def _send_some(self, worker: Worker, most: int) -> None:
        """Send tasks up to `most` unanswered ones, as far as their bytes fit in AHEAD_BYTES and the pipe."""
        room = worker.room()
        ahead = sum(task.item.size or 0 for task in worker.sent)
        chosen: list[Assignment[Result]] = []
        while self._order and len(worker.sent) + len(chosen) < most:
            if (worker.sent or chosen) and ahead >= AHEAD_BYTES:
                break
            task = self._order.take()
            size, more = task.item.size or 0, task.sent_size()
            fits = (room is None and not chosen) or more <= (_A_MESSAGE if room is None else room)
            if not fits or (ahead + size > AHEAD_BYTES and (worker.sent or chosen)):
                self._order.put_back([task])
                break
            chosen.append(task)
            ahead += size
            room = (_A_MESSAGE if room is None else room) - more
        if chosen and not self._send(worker, chosen):
            self._order.put_back(chosen)

    @staticmethod
    def _send(worker: Worker, tasks: list[Assignment[Result]]) -> bool:
        try:
            worker.send(tasks, packed_tasks(task.task() for task in tasks), alone=tasks[0].alone)
        except OSError:  # it died a moment ago; `answers` reports that next
            return False
        return True

    def _read_answers(self, worker: Worker) -> None:
        for kind, value, size in worker.answers():
            if kind == FAILED:
                raise value
            self._failed_starts = 0
            if self._take(worker.answered(), value, size):
                self._end(worker, None)  # it may never release its memory
                return
        if worker.ended:
            self._end(worker, worker.death_reason())
        else:
            self._order.put_back(worker.returned)
            worker.returned.clear()

    def _take(self, task: Assignment[Result], result: Result, size: int) -> bool:
        """Process a result: finish its task, or queue it for another try. Returns whether memory ran out."""
        limited = self._job.limited(result)
        if limited and not task.alone:
            self._suspect(task, Reason.OUT_OF_MEMORY)
        else:
            self._finish(task, result, size)
        return limited

    def _finish(self, task: Assignment[Result], result: Result, size: int) -> None:
        again = self._on_result(task.item, result)
        if again is not None:
            task.sent_item = again
            if task.alone:
                self._suspects.appendleft(task)
            else:
                self._order.put_back([task])
            return
        task.result.append(result)
        task.size = size
        self.received += size

    def _end(self, worker: Worker, reason: Reason | None) -> None:
        """Stop a worker. With a reason, the task that it worked on is suspect; the tasks after it were not begun."""
        self._workers.remove(worker)
        self._waiter.discard(worker.handles)
        sent, returned, ready = list(worker.sent), worker.returned, worker.ready
        worker.stop()
        if not ready:
            self._failed_starts += 1
            if self._failed_starts > RESTARTS:
                raise MatcherError(f"workers die before they do anything, {RESTARTS} times in a row")
        if reason is not None and sent:
            self._suspect(sent.pop(0), reason)
        self._order.put_back([*sent, *returned])

    def _suspect(self, task: Assignment[Result], reason: Reason) -> None:
        if task.give_up is not None:
            self._finish(task, self._job.lost(task.item, task.give_up), 0)
        elif task.alone:
            task.give_up = reason
            self._suspects.appendleft(task)
        else:
            task.alone = True
            self._suspects.append(task)
            self._on_retry(task.item, reason)


_A_MESSAGE = 1 << 15
"""The most bytes of several tasks that are sent in one message to a worker without tasks."""
