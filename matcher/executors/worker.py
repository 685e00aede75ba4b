"""The parent's side of a worker process; serving.py is the side that runs in it.

Each worker has its own pipe, so that killing it at any moment cannot garble the answers of another. It receives tasks
ahead while it works on one, and answers them in their order: the task during which it dies is the first unanswered one.

On Linux a worker ends with the *thread* that started it, so that thread must live as long as the worker is needed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection, process
from typing import Any

from matcher.executors.limits import Limits, exceeds
from matcher.executors.messages import BEAT, GIVE_BACK, READY, RETURNED, unpacked
from matcher.executors.serving import NO_MEMORY, Startable, serve
from matcher.executors.waiting import Readable
from matcher.model import Reason

START = 120.0
"""The longest time in seconds until a worker is ready: it loads libraries and compiles kernels."""
PIPE = 1 << 16 if sys.platform == "linux" else 1 << 12
"""Bytes of tasks that every pipe of the system takes unread. More are sent only to a worker without tasks."""
_AT_ONCE = 64
"""The most answers that are read from one worker at a time, since others have answers too."""
_KILLED_ENDS = 5.0
"""Seconds within which a killed process ends, unless the system delays it, for a disk that does not respond, say."""
_SENDER_ENDS = 5.0
"""Seconds within which a write ends after its reader was killed."""


class Worker:
    """A worker process. `sent` holds the tasks that it has not answered; it works on the first."""

    def __init__(self, job: Startable, limits: Limits) -> None:
        context = multiprocessing.get_context("spawn")  # threads and FAISS do not survive a fork; Windows has none
        self._limits = limits
        self._channel, theirs = context.Pipe()
        self._readable = Readable(self._channel)
        self._process = context.Process(target=serve, args=(theirs, job, limits), name="matcher-worker", daemon=True)
        with _no_interrupt(), _one_thread():  # the worker inherits both, and so is not interrupted while it starts
            self._process.start()
        theirs.close()
        self._last_message = self._task_begun = time.monotonic()
        self._alone = False
        self.ready = False
        self.ended = False
        """Whether the last call of `answers` saw that the process has ended."""
        self.sent: deque[Any] = deque()
        self._sizes: deque[float] = deque()
        """Bytes of each task in `sent`, in its packed form."""
        self._returning = False
        self.returned: list[Any] = []
        """Tasks that it returned without having begun them, in their order; the caller of `answers` removes them."""
        self._sender: threading.Thread | None = None

    @property
    def handles(self) -> tuple[Any, Any]:
        """The handles to wait on: for an answer, and for the end of the process."""
        return self._channel, self._process.sentinel

    def room(self) -> int | None:
        """The bytes of tasks that can be sent now without waiting for the worker to read; None: any number."""
        if self._returning:
            return 0
        return PIPE - int(sum(self._sizes)) if self.sent else None

    def take_back(self) -> None:
        """Request the tasks that it has not begun; they appear in `returned` later. OSError where it has ended."""
        if not self._returning:
            self._returning = True
            self._channel.send_bytes(GIVE_BACK)

    @property
    def seconds_on_task(self) -> float:
        """An upper bound of the seconds that it has spent on its first task."""
        return time.monotonic() - self._task_begun

    def send(self, tasks: Sequence[Any], message: bytes, *, alone: bool) -> None:
        """Send tasks; `message` is their packed form. OSError where the worker has ended."""
        if not self.sent:
            self._last_message = self._task_begun = time.monotonic()
        self._alone = alone
        self.sent.extend(tasks)
        self._sizes.extend([len(message) / len(tasks)] * len(tasks))
        try:
            self._channel.send_bytes(message)
        except OSError:
            for _task in tasks:
                self.sent.pop()
                self._sizes.pop()
            raise

    def send_in_background(self, task: Any, message: bytes, *, alone: bool) -> None:
        """Send a task without waiting for the worker to read it. Raises nothing; `answers` notices a worker's end."""

        def send() -> None:
            with suppress(OSError):
                self.send([task], message, alone=alone)

        if len(message) <= PIPE:
            send()
        else:
            self._sender = threading.Thread(target=send, name="matcher-sender", daemon=True)
            self._sender.start()

    def answered(self) -> Any:
        """Remove the task that an answer belongs to, the first unanswered one, and return it."""
        self._task_begun = time.monotonic()
        self._sizes.popleft()
        return self.sent.popleft()

    def answers(self) -> list[tuple[str, Any, int]]:
        """The unread answers, without waiting, at most _AT_ONCE: kind, value, and size of the message in bytes."""
        unread: list[tuple[str, Any, int]] = []
        silent = True
        try:
            while len(unread) < _AT_ONCE and self._readable():
                message = self._channel.recv_bytes()
                silent = False
                kind, value = unpacked(message)
                if kind == READY:
                    self.ready = True
                elif kind == RETURNED:
                    self._returning = False
                    self._take_returned(value)
                elif kind != BEAT:
                    unread.append((kind, value, len(message)))
        except (EOFError, OSError):  # also where it was killed in the middle of an answer
            self.ended = True
        if silent:
            self.ended = self.ended or bool(connection.wait([self._process.sentinel], timeout=0))
        else:
            self._last_message = time.monotonic()
        return unread

    def _take_returned(self, count: int) -> None:
        back = [(self.sent.pop(), self._sizes.pop())[0] for _ in range(count)]
        self.returned.extend(reversed(back))

    def limit_hit(self) -> Reason | None:
        """The limit that the worker has hit, if any. Its answers must be read first."""
        silence = time.monotonic() - self._last_message
        if not self.ready:
            return Reason.TIMED_OUT if silence > START else None
        if not self.sent:
            return None
        if silence > self._limits.seconds:
            return None if self._readable() else Reason.TIMED_OUT
        if exceeds(self._limits, self._process.pid or 0, alone=self._alone):
            return None if self._readable() else Reason.OUT_OF_MEMORY
        return None

    def disown(self) -> None:
        """Make multiprocessing forget the process. The caller ends it; it also ends with this process.

        At its exit multiprocessing ends every process that it remembers, and so does a fork of this process. Whenever
        it starts a process, it also reaps others that have ended, which another thread may be doing.
        """
        process._children.discard(self._process)  # type: ignore[attr-defined]  # it offers nothing else

    def kill(self) -> None:
        """Kill the process. It writes nothing that a kill could damage; a thread that waits for its answer notices."""
        self._process.kill()

    def death_reason(self) -> Reason:
        """The reason why the process ended by itself."""
        self._process.join(_KILLED_ENDS)  # its pipe closes a moment before it ends
        return Reason.OUT_OF_MEMORY if self._process.exitcode == NO_MEMORY else Reason.WORKER_DIED

    def stop(self) -> None:
        """Kill the process and release it, also where the system does not let it end."""
        self.kill()
        self._process.join(_KILLED_ENDS)
        if self._process.exitcode is None:
            self.disown()
        with suppress(ValueError):  # it still runs; or another thread that starts a process has reaped it just now
            self._process.close()
        if self._sender is not None:
            self._sender.join(_SENDER_ENDS)
            if self._sender.is_alive():  # another process holds the pipe's other end: a fork at the wrong moment
                return
        self._channel.close()


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ignore Ctrl-C in the body. Only the main thread may request that, and only it is interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_STARTING = threading.Lock()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Make a process that is started in the body use one thread for its arrays: there is already one worker a core.

    Libraries read these variables once, when they are loaded. Variables that the user has set stay.
    """
    with _STARTING:
        mine = [name for name in _THREADS if name not in os.environ]
        os.environ.update(dict.fromkeys(mine, "1"))
        try:
            yield
        finally:
            for name in mine:
                os.environ.pop(name, None)
