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
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, Generic

from pebble import ProcessExpired, ProcessPool

from matcher.errors import MatcherError
from matcher.executors import Job, Result
from matcher.model import Item

WINDOW = 64
"""Items under way for each worker, waiting, being worked on, or finished before their turn."""

_work: Callable[[Item], Any] | None = None
_failure: Exception | None = None


def quieten() -> None:
    """What decoding libraries print about hostile files must not garble the terminal."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    if sys.stderr is not None:
        sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # libtiff and its like write to the descriptor itself
    os.close(nowhere)


def _start(job: Job[Any]) -> None:
    global _work, _failure  # noqa: PLW0603 - a process pool can keep what a worker opened nowhere else
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; this process ends its workers
    quieten()
    try:
        _work = job.start()
    except MatcherError as error:
        _failure = error


def _run(item: Item) -> Any:
    if _work is None:
        raise _failure or RuntimeError("the worker was not started")
    return _work(item)


class _Task(Generic[Result]):
    """One item under way. Its result is made once and shown once, whichever thread of events asks first."""

    def __init__(self, item: Item, future: Future[Result]) -> None:
        self.item = item
        self.future = future
        self._result: list[Result] = []
        self._shown = False

    def result(self, job: Job[Result]) -> Result:
        """The worker's result, or what takes its place where the worker died."""
        if not self._result:
            try:
                self._result.append(self.future.result())
            except ProcessExpired:
                self._result.append(job.lost(self.item))
        return self._result[0]

    def show(self, job: Job[Result], on_result: Callable[[Item, Result], None]) -> None:
        if not self._shown:
            self._shown = True
            on_result(self.item, self.result(job))


class PoolExecutor:
    """`workers` processes. The results are those of the serial executor."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self, job: Job[Result], items: Iterable[Item], *, on_result: Callable[[Item, Result], None]
    ) -> Iterator[tuple[Item, Result]]:
        pending: deque[_Task[Result]] = deque()
        finished: SimpleQueue[_Task[Result]] = SimpleQueue()
        waiting = iter(items)
        pool = ProcessPool(
            max_workers=self._workers,
            initializer=_start,
            initargs=[job],
            context=multiprocessing.get_context("spawn"),
        )
        try:
            while True:
                for item in islice(waiting, self._workers * WINDOW - len(pending)):
                    task = _Task(item, pool.schedule(_run, args=[item]))
                    task.future.add_done_callback(partial(_put, finished, task))
                    pending.append(task)
                if not pending:
                    break
                for task in _wait(finished):
                    task.show(job, on_result)
                while pending and pending[0].future.done():
                    task = pending.popleft()
                    task.show(job, on_result)
                    yield task.item, task.result(job)
        finally:
            pool.stop()
            pool.join()


def _put(finished: SimpleQueue[_Task[Result]], task: _Task[Result], _done: Future[Result]) -> None:
    finished.put(task)


def _wait(finished: SimpleQueue[_Task[Result]]) -> Iterator[_Task[Result]]:
    """A generator of what is finished by now; it waits for the first for a second at most."""
    try:
        yield finished.get(timeout=1.0)
        while True:
            yield finished.get_nowait()
    except Empty:
        return
