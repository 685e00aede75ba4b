"""Worker processes that the threads of one program share: each thread sends its task and waits for the answer itself.

A thread takes an idle worker, sends it one task, waits for the answer and watches the limits. So a call blocks only
its own thread, and a worker that dies, hangs or exhausts memory affects only the call that uses it. A task that runs
*alone* gets a new worker, and nothing else runs meanwhile.

Workers are started on demand by a thread that lives as long as all of them (see worker.py); it also keeps Ctrl-C from
a worker that is just starting.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from multiprocessing import connection
from queue import SimpleQueue
from typing import Any

from matcher.errors import MatcherError
from matcher.executors.limits import Limits
from matcher.executors.messages import FAILED, packed_tasks
from matcher.executors.serving import Startable
from matcher.executors.worker import START, Worker
from matcher.model import Reason

RESTARTS = 5
"""How many workers in a row may die before they are ready; one more raises MatcherError."""

_TICK = 0.25
"""Seconds between two checks while a thread waits."""
_CLOSES = 5.0
"""The longest time in seconds that `close` waits for busy workers."""


class WorkerStopped(Exception):
    """The worker died during the task, or hit a limit; `reason` says which."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class SharedWorkers:
    """At most `count` workers, started on demand. Safe to share between threads, not across a fork."""

    def __init__(self, job: Startable, count: int, limits: Limits, *, out_of_memory: Callable[[Any], bool]) -> None:
        """`out_of_memory(result)` says whether memory ran out for a result; its worker is then not used again."""
        self._limits = limits
        self._out_of_memory = out_of_memory
        self._count = count
        self._owner = os.getpid()
        self._turn = threading.Condition()
        """Guards everything below."""
        self._used = 0
        self._alone = False
        self._wanted_alone = 0
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._ending = 0
        self._closed = False
        self._deaths = 0
        self._orders: SimpleQueue[Future[Worker] | None] = SimpleQueue()
        threading.Thread(target=self._keep, args=(job,), name="matcher-workers", daemon=True).start()

    def start(self) -> None:
        """Wait until one worker is ready, so that failures show early. Raises what the job's `start` raises."""
        with self._place(alone=False):
            self._return(self._started(restarts=0), keep=True)

    def run_task(self, task: Any, give_up: Reason | None, *, alone: bool) -> Any:
        """Run a task in a worker and return its result; waits for both.

        Raises WorkerStopped, MatcherError where this was closed, and the exceptions of the work itself.
        """
        message = packed_tasks([(task, give_up, alone)])
        with self._place(alone=alone):
            worker = self._new() if alone else self._ready()
            keep = False
            try:
                result = self._answer(worker, task, message, alone=alone)
                keep = not self._out_of_memory(result)
            finally:
                self._return(worker, keep=keep)
        return result

    def close(self) -> None:
        """End all workers; waiting calls raise MatcherError. In a fork of the process that opened this, do nothing."""
        if os.getpid() != self._owner:
            return
        with self._turn:
            self._closed = True
            ended, self._idle = self._idle, []
            for worker in self._busy:
                worker.kill()
            self._turn.notify_all()
        for worker in ended:
            worker.stop()
        self._orders.put(None)
        with self._turn:
            self._turn.wait_for(lambda: not (self._busy or self._ending), timeout=_CLOSES)  # each call ends its own

    def check(self) -> None:
        """Raise MatcherError where no task can run any more: this is closed, or was opened before a fork."""
        if os.getpid() != self._owner:
            raise MatcherError("opened in another process, before a fork: open it again in this one")
        if self._closed:
            raise MatcherError("it is closed")

    def _free(self, *, alone: bool) -> bool:
        if self._closed:
            return True
        return self._used == 0 if alone else self._used < self._count and not (self._alone or self._wanted_alone)

    @contextmanager
    def _place(self, *, alone: bool) -> Iterator[None]:
        """Wait for a place. With `alone` wait until no place is taken; such a caller goes before all others."""
        self.check()
        taken = False  # so that Ctrl-C, at any moment, leaves no place taken
        try:
            with self._turn:
                self._wait(alone=alone)
                self._used += 1
                self._alone = alone
                taken = True
            yield
        finally:
            if taken:
                with self._turn:
                    self._used -= 1
                    self._alone = False
                    self._turn.notify_all()

    def _wait(self, *, alone: bool) -> None:
        self._wanted_alone += alone
        try:
            while not self._turn.wait_for(lambda: self._free(alone=alone), timeout=1):
                pass  # on Windows, Ctrl-C does not end a wait without a limit
        finally:
            self._wanted_alone -= alone
            self._turn.notify_all()
        self.check()

    def _ready(self) -> Worker:
        """An idle worker that is alive, or else a new one."""
        while True:
            with self._turn:
                if not self._idle:
                    break
                worker = self._idle.pop()
                self._busy.add(worker)
            worker.answers()
            if not worker.ended:
                return worker
            self._return(worker, keep=False)  # killed from outside while it was idle: no call is affected
        return self._started()

    def _new(self) -> Worker:
        """A new worker, whose memory no earlier task has used. The caller runs alone."""
        with self._turn:
            surplus = self._idle[self._count - 1 :]
            del self._idle[self._count - 1 :]
            self._busy.update(surplus)
        for worker in surplus:
            self._return(worker, keep=False)
        return self._started()

    def _started(self, *, restarts: int | None = None) -> Worker:
        """A new worker that is ready. MatcherError where `restarts` + 1 in a row end before that; default RESTARTS."""
        while True:
            worker = self._ordered()
            ready = False
            try:
                ready = self._awaited(worker)
            finally:
                if not ready:
                    self._return(worker, keep=False)
            with self._turn:
                self._deaths = 0 if ready else self._deaths + 1
                deaths = self._deaths
            if ready:
                return worker
            self.check()
            if deaths > (RESTARTS if restarts is None else restarts):
                raise MatcherError(
                    "a worker process ends before it is ready. It imports the program's main module, which must not "
                    'open anything by being imported: see `if __name__ == "__main__"` in docs/library.md'
                )

    def _ordered(self) -> Worker:
        """A new worker from the thread that starts them; it may not be ready yet."""
        order: Future[Worker] = Future()
        self._orders.put(order)
        try:
            while True:
                with suppress(TimeoutError):
                    return order.result(timeout=_TICK)
                self.check()  # that thread may have ended before it came to the order
        except BaseException:
            order.add_done_callback(self._unwanted)
            raise

    def _unwanted(self, order: Future[Worker]) -> None:
        if order.exception() is None:
            self._return(order.result(), keep=False)

    def _awaited(self, worker: Worker) -> bool:
        """Wait for a worker that starts, and return whether it became ready.

        Raises what its start raised, and MatcherError where it is not ready after START seconds.
        """
        latest = time.monotonic() + START
        while time.monotonic() < latest:
            connection.wait(worker.handles, timeout=_TICK)
            for _kind, value, _size in worker.answers():
                raise value
            if worker.ready or worker.ended or self._closed:
                return worker.ready and not self._closed
        raise MatcherError(f"a worker process was not ready after {START:.0f} s")

    def _answer(self, worker: Worker, task: Any, message: bytes, *, alone: bool) -> Any:
        worker.send_in_background(task, message, alone=alone)
        while True:
            connection.wait(worker.handles, timeout=_TICK)
            for kind, value, _size in worker.answers():
                if kind == FAILED:
                    raise value
                worker.answered()
                return value
            self.check()
            if worker.ended:
                raise WorkerStopped(worker.death_reason())
            reason = worker.limit_hit()
            if reason is not None:
                raise WorkerStopped(reason)

    def _return(self, worker: Worker, *, keep: bool) -> None:
        """Make a worker idle again, or without `keep`, or after `close`, stop it."""
        with self._turn:
            self._busy.discard(worker)
            if keep and not self._closed:
                self._idle.append(worker)
                return
            self._ending += 1
        worker.stop()
        with self._turn:
            self._ending -= 1
            self._turn.notify_all()

    def _keep(self, job: Startable) -> None:
        """The loop of the thread that starts all workers and outlives them."""
        while (order := self._orders.get()) is not None:
            _hold_interrupts()
            try:
                worker = Worker(job, self._limits)
                worker.disown()
            except BaseException as error:  # noqa: BLE001 - raised in the thread that ordered it
                order.set_exception(MatcherError(f"a worker process cannot be started: {error!r}"))
            else:
                with self._turn:
                    self._busy.add(worker)
                order.set_result(worker)


def _hold_interrupts() -> None:
    """Block Ctrl-C in this thread and in the processes that it starts: Ctrl-C reaches the whole process group."""
    if hasattr(signal, "pthread_sigmask"):  # Windows has none
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
