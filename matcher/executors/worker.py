"""A worker process as its parent sees it; what runs in it is in serving.py.

Each worker has a pipe of its own, so that one that is killed at any moment garbles nobody else's answers. It is sent
tasks ahead while it works on one, and answers one by one in their order: what it dies of is the first that is not
answered.

On Linux a worker ends with the *thread* that started it: let that be one that lives as long as the worker is wanted.
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
"""Seconds within which a worker is ready, at most: libraries are loaded, kernels compiled."""
PIPE = 1 << 16 if sys.platform == "linux" else 1 << 12
"""Bytes of tasks that any pipe of the system takes unread: more are sent only to a worker that waits for them."""
_AT_ONCE = 64
"""Answers that are taken together, at most: other workers have some too."""
_KILLED_ENDS = 5.0
"""Seconds within which a killed process ends, unless the system holds it: for a disk that does not answer, say."""
_SENDER_ENDS = 5.0
"""Seconds within which a write ends after its reader was killed."""


class Worker:
    """A worker. `sent` are the tasks that it has not answered, the first being worked on."""

    def __init__(self, job: Startable, limits: Limits) -> None:
        context = multiprocessing.get_context("spawn")  # threads and FAISS do not survive a fork; Windows has none
        self._limits = limits
        self._channel, theirs = context.Pipe()
        self._readable = Readable(self._channel)
        self._process = context.Process(target=serve, args=(theirs, job, limits), name="matcher-worker", daemon=True)
        with _no_interrupt(), _one_thread():  # the worker inherits that, and so is not interrupted while it starts
            self._process.start()
        theirs.close()
        self._since = self._got_on = time.monotonic()
        self._alone = False
        self.ready = False
        self.ended = False
        """Whether the process is gone, as far as `answers` found."""
        self.sent: deque[Any] = deque()
        self._sizes: deque[float] = deque()
        """Bytes of each task in `sent`, as it was sent."""
        self._returning = False
        self.returned: list[Any] = []
        """Tasks that it gave back, which were not begun, in their order; for whoever listens to take."""
        self._sender: threading.Thread | None = None

    @property
    def handles(self) -> tuple[Any, Any]:
        """What to wait for: an answer, the end of the process."""
        return self._channel, self._process.sentinel

    def room(self) -> int | None:
        """The bytes of tasks that can be sent now without waiting for it to read; None: any number."""
        if self._returning:
            return 0
        return PIPE - int(sum(self._sizes)) if self.sent else None

    def take_back(self) -> None:
        """Ask for what it has not begun: `returned`, later. OSError where it is gone."""
        if not self._returning:
            self._returning = True
            self._channel.send_bytes(GIVE_BACK)

    @property
    def stands(self) -> float:
        """Seconds for which it has been at its first task, at most."""
        return time.monotonic() - self._got_on

    def send(self, tasks: Sequence[Any], message: bytes, *, alone: bool) -> None:
        """Send tasks, `message` being their packed form. OSError where the worker is gone."""
        if not self.sent:
            self._since = self._got_on = time.monotonic()
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

    def send_aside(self, task: Any, message: bytes, *, alone: bool) -> None:
        """The same without ever waiting for the worker to read, nor telling whether it is gone: it is heard anyway."""

        def send() -> None:
            with suppress(OSError):
                self.send([task], message, alone=alone)

        if len(message) <= PIPE:
            send()
        else:
            self._sender = threading.Thread(target=send, name="matcher-sender", daemon=True)
            self._sender.start()

    def answered(self) -> Any:
        """The task that an answer is for: the first that had none."""
        self._got_on = time.monotonic()
        self._sizes.popleft()
        return self.sent.popleft()

    def answers(self) -> list[tuple[str, Any, int]]:
        """What the worker has said and nobody has heard yet, without waiting: kind, value, and bytes of the message."""
        heard: list[tuple[str, Any, int]] = []
        silent = True
        try:
            while len(heard) < _AT_ONCE and self._readable():
                message = self._channel.recv_bytes()
                silent = False
                kind, value = unpacked(message)
                if kind == READY:
                    self.ready = True
                elif kind == RETURNED:
                    self._returning = False
                    self._is_back(value)
                elif kind != BEAT:
                    heard.append((kind, value, len(message)))
        except (EOFError, OSError):  # also where it was killed in the middle of an answer
            self.ended = True
        if silent:
            self.ended = self.ended or bool(connection.wait([self._process.sentinel], timeout=0))
        else:
            self._since = time.monotonic()
        return heard

    def _is_back(self, count: int) -> None:
        back = [(self.sent.pop(), self._sizes.pop())[0] for _ in range(count)]
        self.returned.extend(reversed(back))

    def stopped_for(self) -> Reason | None:
        """Which limit the worker has hit, if any. Its answers are to be read first."""
        silence = time.monotonic() - self._since
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
        """Let multiprocessing forget the process, which the caller ends; as it ends anyway with this one.

        For at its exit, multiprocessing ends whatever it remembers, and a fork of this process remembers it too; and
        whenever it starts a process, it reaps others that have ended, which another thread may be doing.
        """
        process._children.discard(self._process)  # type: ignore[attr-defined]  # it offers nothing else

    def kill(self) -> None:
        """Kill the process: it writes nothing that a kill could spoil. Whoever waits for its answer hears of it."""
        self._process.kill()

    def died_of(self) -> Reason:
        """Why the process ended by itself."""
        self._process.join(_KILLED_ENDS)  # its pipe closes a moment before it ends
        return Reason.OUT_OF_MEMORY if self._process.exitcode == NO_MEMORY else Reason.WORKER_DIED

    def stop(self) -> None:
        """Kill the process and let go of it, also where the system does not let it end."""
        self.kill()
        self._process.join(_KILLED_ENDS)
        if self._process.exitcode is None:
            self.disown()
        with suppress(ValueError):  # it still runs; or another thread that starts a process has reaped it just now
            self._process.close()
        if self._sender is not None:
            self._sender.join(_SENDER_ENDS)
            if self._sender.is_alive():  # someone else holds the pipe's other end: a fork in the wrong moment
                return
        self._channel.close()


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


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_STARTING = threading.Lock()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let a process that is started meanwhile use one thread for its arrays: there is one worker a core already.

    Libraries read that once, when they are loaded. What the user has set stays.
    """
    with _STARTING:
        mine = [name for name in _THREADS if name not in os.environ]
        os.environ.update(dict.fromkeys(mine, "1"))
        try:
            yield
        finally:
            for name in mine:
                os.environ.pop(name, None)
