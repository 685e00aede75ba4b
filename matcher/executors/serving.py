"""The loop of a worker process: it receives tasks through a pipe, some ahead, and works on one after the other."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from typing import Any, Protocol

from matcher.errors import MatcherError
from matcher.executors.limits import Limits, data_size, restrict
from matcher.executors.messages import BEAT, DONE, FAILED, READY, RETURNED, Task, packed, unpacked
from matcher.model import Reason

NO_MEMORY = 77
"""Exit code of a worker that ran out of memory and could not answer."""
_BEATS_EVERY = 1.0
"""The shortest time in seconds between two BEAT messages."""
_PR_SET_PDEATHSIG = 1


class Startable(Protocol):
    """The job of a worker: a Job, or any other object that can be pickled and starts work on its own kind of tasks."""

    def start(self, beat: Callable[[], None]) -> Callable[[Any, Reason | None], Any]:
        """Open the resources of the work; called once in every process. The work calls `beat` at each progress."""


class ReadsAhead(ABC):
    """Work that learns its next tasks in advance, so that it can read their items. That must not change any result."""

    @abstractmethod
    def expect(self, task: Any) -> None:
        """Announce a task that will follow all tasks expected so far. Returns at once."""

    @abstractmethod
    def forget(self) -> None:
        """Drop all tasks that are expected and not begun: they will not follow."""


def serve(channel: connection.Connection, job: Startable, limits: Limits) -> None:
    """Run a worker: start the job, then work on tasks until the parent closes the channel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    end_with_parent()
    quieten()
    beaten = time.monotonic()
    turn = threading.Lock()

    def answer(kind: str, value: Any) -> None:
        message = packed((kind, value))
        with turn:
            channel.send_bytes(message)

    def beat() -> None:
        nonlocal beaten
        if time.monotonic() - beaten >= min(_BEATS_EVERY, limits.seconds / 4):
            beaten = time.monotonic()
            answer(BEAT, None)

    try:
        work = job.start(beat)
    except Exception as error:  # noqa: BLE001 - sent to the parent
        _send_failure(channel, error)
        return
    baseline = data_size()
    answer(READY, None)
    tasks = _Tasks(channel, answer, work if isinstance(work, ReadsAhead) else _ReadsNothing())
    was_alone: bool | None = None
    with suppress(EOFError, OSError):  # the parent is done, or has ended
        while True:
            task, give_up, alone = tasks.next()
            if alone is not was_alone:
                restrict(limits, alone=alone, baseline=baseline)
                was_alone = alone
            beaten = time.monotonic()
            try:
                result = work(task, give_up)
            except MemoryError:
                os._exit(NO_MEMORY)
            except Exception as error:  # noqa: BLE001 - sent to the parent: a defect, since no task makes work raise
                _send_failure(channel, error)
                return
            answer(DONE, result)


class _ReadsNothing(ReadsAhead):
    """Stands in for work that does not read ahead."""

    def expect(self, task: Any) -> None:
        """Do nothing."""

    def forget(self) -> None:
        """Do nothing."""


class _Tasks:
    """The tasks that the parent sent and that are not begun. A thread receives them, so that they can be returned."""

    def __init__(self, channel: connection.Connection, answer: Callable[[str, Any], None], ahead: ReadsAhead) -> None:
        self._channel = channel
        self._answer = answer
        self._ahead = ahead
        self._turn = threading.Condition()
        """Guards everything below."""
        self._tasks: deque[Task] = deque()
        self._ended = False
        threading.Thread(target=self._keep_receiving, name="tasks", daemon=True).start()

    def next(self) -> Task:
        """The next task; waits for it. EOFError where there will be none."""
        with self._turn:
            self._turn.wait_for(lambda: self._tasks or self._ended)
            if self._ended:
                raise EOFError
            return self._tasks.popleft()

    def _keep_receiving(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                received: list[Task] | None = unpacked(self._channel.recv_bytes())
                if received is None:
                    with self._turn:
                        count = len(self._tasks)
                        self._tasks.clear()
                        self._ahead.forget()
                    self._answer(RETURNED, count)
                    continue
                with self._turn:
                    self._tasks.extend(received)
                    for task, give_up, alone in received:
                        if give_up is None and not alone:
                            self._ahead.expect(task)
                    self._turn.notify()
        with self._turn:
            self._ended = True
            self._turn.notify()


def quieten() -> None:
    """Discard the warnings and messages of decoding libraries about hostile files, which would garble the terminal."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # libtiff and its like write to the descriptor itself
    os.close(nowhere)


def end_with_parent() -> None:
    """Make this process end when its parent is killed, even in the middle of a task."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    if sys.platform == "linux":  # a decoder that never releases the interpreter lock stops that thread, but not this
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _send_failure(channel: connection.Connection, error: Exception) -> None:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - an exception of a plug-in may be of any class
        error = MatcherError(f"{type(error).__name__}: {error}")
    with suppress(OSError):
        channel.send_bytes(packed((FAILED, error)))
