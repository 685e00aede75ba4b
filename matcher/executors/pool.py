"""A pool of worker processes on this machine, by pebble: a worker that dies costs the one item that it had.

Workers are spawned, never forked (threads and FAISS do not survive a fork, and Windows has none). At most a window of
items is under way, so that neither the results of a fast worker nor the items of a fast source pile up behind one
slow item.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, Generic

from pebble import ProcessExpired, ProcessPool

from matcher.errors import MatcherError
from matcher.executors import Job, Result, nothing
from matcher.model import Item

WINDOW = 64
"""Items under way for each worker, waiting, being worked on, or finished before their turn."""

RESTARTS = 5
"""How often in a row a pool is begun anew without one result, before the work is given up."""

TICK = 1.0
"""Seconds between two calls of `on_tick`, at most, while nothing is finished."""

_work: Callable[[Item], Any] | None = None
_failure: Exception | None = None


def quieten() -> None:
    """What decoding libraries print about hostile files must not garble the terminal."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # libtiff and its like write to the descriptor itself
    os.close(nowhere)


def _start(job: Job[Any]) -> None:
    global _work, _failure  # noqa: PLW0603 - a process pool can keep what a worker opened nowhere else
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; this process ends its workers
    quieten()
    try:
        _work = job.start()
    except Exception as error:  # noqa: BLE001 - told to the parent by the first item; a worker that dies here cannot
        _failure = error


def _run(item: Item) -> Any:
    if _work is None:
        raise _failure or RuntimeError("the worker was not started")
    return _work(item)


class _Task(Generic[Result]):
    """One item under way. Its result is made once and shown once, whichever event asks first."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.future: Future[Result] | None = None
        self._result: list[Result] = []
        self._shown = False

    @property
    def done(self) -> bool:
        return bool(self._result) or (self.future is not None and self.future.done())

    def result(self, job: Job[Result]) -> Result:
        """The worker's result, or what takes its place where the worker died. BrokenProcessPool is for the pool."""
        if not self._result:
            assert self.future is not None
            try:
                self._result.append(self.future.result())
            except ProcessExpired:
                self._result.append(job.lost(self.item))
        return self._result[0]

    def forget(self) -> None:
        """Be done anew, unless it is done already: its pool is gone."""
        if not self._result and self.future is not None and (not self.future.done() or _is_broken(self.future)):
            self.future = None

    def show(self, job: Job[Result], on_result: Callable[[Item, Result], None]) -> None:
        result = self.result(job)
        if not self._shown:
            self._shown = True
            on_result(self.item, result)


class PoolExecutor:
    """`workers` processes. The results are those of the serial executor."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], None],
        on_tick: Callable[[], None] = nothing,
    ) -> Generator[tuple[Item, Result], None, None]:
        pending: deque[_Task[Result]] = deque()
        waiting = iter(items)
        without_result = 0
        while True:
            try:
                for result in self._run_pool(job, waiting, pending, on_result=on_result, on_tick=on_tick):
                    without_result = 0
                    yield result
                return
            except BrokenProcessPool as error:
                # pebble gives a pool up when a worker dies between two items: begin anew with what is not done
                without_result += 1
                if without_result > RESTARTS:
                    raise MatcherError(f"workers die before they do anything, {RESTARTS} times in a row") from error

    def _run_pool(
        self,
        job: Job[Result],
        waiting: Iterator[Item],
        pending: deque[_Task[Result]],
        *,
        on_result: Callable[[Item, Result], None],
        on_tick: Callable[[], None],
    ) -> Generator[tuple[Item, Result], None, None]:
        finished: SimpleQueue[_Task[Result]] = SimpleQueue()
        pool = ProcessPool(
            max_workers=self._workers,
            initializer=_start,
            initargs=[job],
            context=multiprocessing.get_context("spawn"),
        )
        try:
            with _no_interrupt():  # a worker inherits that, and so is not interrupted while it starts
                for task in pending:
                    if not task.done:
                        _schedule(pool, task, finished)
            while True:
                for item in islice(waiting, self._workers * WINDOW - len(pending)):
                    task = _Task(item)
                    pending.append(task)
                    with _no_interrupt():
                        _schedule(pool, task, finished)
                if not pending:
                    return
                on_tick()
                for task in _wait(finished):
                    task.show(job, on_result)
                while pending and pending[0].done:
                    pending[0].show(job, on_result)
                    task = pending.popleft()
                    yield task.item, task.result(job)
        except BrokenProcessPool:
            for task in pending:
                task.forget()
            raise
        finally:
            pool.stop()
            pool.join()


def _schedule(pool: ProcessPool, task: _Task[Result], finished: SimpleQueue[_Task[Result]]) -> None:
    try:
        task.future = pool.schedule(_run, args=[task.item])
    except RuntimeError as error:  # what pebble raises when the pool broke a moment ago
        raise BrokenProcessPool(str(error)) from error
    task.future.add_done_callback(partial(_put, finished, task))


def _is_broken(future: Future[Any]) -> bool:
    return future.cancelled() or isinstance(future.exception(), BrokenProcessPool)


def _put(finished: SimpleQueue[_Task[Result]], task: _Task[Result], _done: Future[Result]) -> None:
    finished.put(task)


def _wait(finished: SimpleQueue[_Task[Result]]) -> Iterator[_Task[Result]]:
    """A generator of what is finished by now; it waits for the first for a while."""
    try:
        yield finished.get(timeout=TICK)
        while True:
            yield finished.get_nowait()
    except Empty:
        return


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ignore Ctrl-C for a moment; only the main thread may ask for that, and only it is interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
