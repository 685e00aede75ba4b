"""The workers of a pool, and what they still have to do: hands out, listens, and puts an end to what stands still.

Tasks are sent ahead by bytes and by number, so that no worker waits for this process, whatever it does for a moment.
Towards the end that becomes less, so that the last ones are shared.
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
"""Items that a worker has in hand, at most."""
AHEAD_BYTES = 8 << 20
"""And their bytes: what is larger comes alone, with nothing behind it."""

RESTARTS = 5
"""How many workers in a row may die before they take an item, until the work is given up."""

_GATHER = 0.004
"""Seconds in which answers gather, where every worker has more in hand than that takes: each time that this process
wakes up costs as much as reading an answer."""
_IN_HAND = 8
_LOOK = 0.25
"""Seconds between two looks at the limits, at most."""
_STANDS = 0.25
"""Seconds that a worker is at one item, until what it has behind that is taken back for the others."""
_PICKLED = 100
"""Bytes of a task besides its names."""


class Assignment(Waiting, Generic[Result]):
    """One item under way. `alone` from the second try on; `give_up` from the third."""

    __slots__ = ("alone", "asked", "give_up", "result", "size")

    def __init__(self, item: Item) -> None:
        super().__init__(item)
        self.asked = item
        """What a worker is sent for it."""
        self.alone = False
        self.give_up: Reason | None = None
        self.result: list[Result] = []
        """The result, once there is one."""
        self.size = 0
        """Bytes of the result, as it was sent."""

    def task(self) -> Task:
        return self.asked, self.give_up, self.alone

    def sent_size(self) -> int:
        """About as many bytes as it takes to send this."""
        return _PICKLED + 2 * len(self.item.path) + len(self.item.locator)


class Crew(Generic[Result]):
    """At most so many workers."""

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
        """What is tried once more, alone, when nothing else is left to do in the window."""
        self._failed_starts = 0
        self._looked = time.monotonic()
        self.held = 0
        """Bytes of all results so far, as they were sent."""

    def __len__(self) -> int:
        """Items that no worker has."""
        return len(self._order)

    def add(self, item: Item) -> Assignment[Result]:
        """Work on an item."""
        added = Assignment[Result](item)
        self._order.add(added)
        return added

    def complete(self) -> None:
        """No item will be added any more."""
        self._order.complete()

    def work(self, seconds: float, *, only: Assignment[Result] | None) -> None:
        """Hand out what can be, wait for some answer for a while, and take what came.

        With `only`, nothing else is handed out: so much is finished that one must come first.
        """
        left = len(self._order) + len(self._suspects) + sum(len(worker.sent) for worker in self._workers)
        while not self._is_alone() and len(self._workers) < min(self._count, left):
            self._start()
        self._hand_out(only)
        if all(len(worker.sent) > _IN_HAND for worker in self._workers):
            time.sleep(_GATHER)
        ready = self._waiter.wait(min(seconds, _LOOK))
        for worker in ready:
            self._listen(worker)
        if not ready or time.monotonic() - self._looked > _LOOK:
            self._looked = time.monotonic()
            for worker in list(self._workers):
                self._look_at(worker)

    def _look_at(self, worker: Worker) -> None:
        reason = worker.stopped_for()
        if reason is not None:
            self._end(worker, reason)
        elif len(worker.sent) > 1 and worker.stands > _STANDS and self._count > 1:
            with suppress(OSError):  # it has died a moment ago, which is heard next
                worker.take_back()

    def stop(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()
        self._waiter.close()

    def _start(self) -> None:
        worker = Worker(self._job, self._limits)
        self._workers.append(worker)
        self._waiter.add(worker, worker.handles)

    def _is_alone(self) -> bool:
        """Whether a task is being tried that nothing else may run beside."""
        return any(worker.sent[0].alone for worker in self._workers if worker.sent)

    def _hand_out(self, only: Assignment[Result] | None) -> None:
        if self._is_alone():
            return
        ready = [worker for worker in self._workers if worker.ready]
        if only is not None:
            self._hand_out_this(ready, only)
        else:
            share = max(1, min(AHEAD, len(self._order) // (2 * self._count)))
            for few, most in ((1, 1), (share // 2, share)):  # each has one before anybody has two
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
        except OSError:  # it has died a moment ago, which is heard next
            return False
        return True

    def _listen(self, worker: Worker) -> None:
        for kind, value, size in worker.answers():
            if kind == FAILED:
                raise value
            self._failed_starts = 0
            if self._take(worker.answered(), value, size):
                self._end(worker, None)  # what it holds of its memory may be for ever
                return
        if worker.ended:
            self._end(worker, worker.died_of())
        else:
            self._order.put_back(worker.returned)
            worker.returned.clear()

    def _take(self, task: Assignment[Result], result: Result, size: int) -> bool:
        """Take a result, unless it is to be tried again. Whether memory ran out."""
        limited = self._job.limited(result)
        if limited and not task.alone:
            self._suspect(task, Reason.OUT_OF_MEMORY)
        else:
            self._finish(task, result, size)
        return limited

    def _finish(self, task: Assignment[Result], result: Result, size: int) -> None:
        again = self._on_result(task.item, result)
        if again is not None:
            task.asked = again
            if task.alone:
                self._suspects.appendleft(task)
            else:
                self._order.put_back([task])
            return
        task.result.append(result)
        task.size = size
        self.held += size

    def _end(self, worker: Worker, reason: Reason | None) -> None:
        """Put an end to a worker. With a reason the task that it was at is suspect; those after it were not begun."""
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
"""Bytes of tasks that are sent at once to a worker that waits, where there are several."""
