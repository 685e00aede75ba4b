"""A worker process: what runs in it, and the end of it that the parent holds.

Each worker has a pipe of its own, so that one that is killed at any moment garbles nobody else's answers. It is sent
the next task while it works on one, and answers in their order: what it dies of is the first that is not answered.

On Linux a worker ends with the *thread* that started it: let that be one that lives as long as the worker is wanted.
"""

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
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection, process
from typing import Any, Protocol

from matcher.errors import MatcherError
from matcher.executors.limits import Limits, exceeds, held, restrict
from matcher.model import Reason

READY, BEAT, DONE, FAILED = "ready", "beat", "done", "failed"

START = 120.0
"""Seconds within which a worker is ready, at most: libraries are loaded, kernels compiled."""
_BEATS_EVERY = 1.0
_SMALL = 1 << 12
"""Bytes of a task that fit any pipe: a larger one is sent to a worker that waits for it."""
_KILLED_ENDS = 5.0
"""Seconds within which a killed process ends, unless the system holds it: for a disk that does not answer, say."""
_NO_MEMORY = 77
"""Exit code of a worker that had no memory left even to say so."""
_SENDER_ENDS = 5.0
"""Seconds within which a write ends after its reader was killed."""
_PR_SET_PDEATHSIG = 1


class Startable(Protocol):
    """What a worker is given: a Job, or anything else that can be pickled and starts work on tasks of its own kind."""

    def start(self, beat: Callable[[], None]) -> Callable[[Any, Reason | None], Any]:
        """Open what the work needs; called once in every process. The work calls `beat` whenever it got on."""


def quieten() -> None:
    """What decoding libraries print about hostile files must not garble the terminal."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # libtiff and its like write to the descriptor itself
    os.close(nowhere)


def end_with_parent() -> None:
    """Let this process end when its parent is killed, whatever it is doing then."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    if sys.platform == "linux":  # a decoder that never lets go of the interpreter stops that thread, but not this
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(channel: connection.Connection, job: Startable, limits: Limits) -> None:
    """The worker's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    end_with_parent()
    quieten()
    beaten = time.monotonic()

    def beat() -> None:
        nonlocal beaten
        if time.monotonic() - beaten >= min(_BEATS_EVERY, limits.seconds / 4):
            beaten = time.monotonic()
            channel.send((BEAT, None))

    try:
        work = job.start(beat)
    except Exception as error:  # noqa: BLE001 - told to the parent
        _send_failure(channel, error)
        return
    besides = held()
    channel.send((READY, None))
    with suppress(EOFError, OSError):  # the parent is done, or gone
        while True:
            task, give_up, alone = channel.recv()
            restrict(limits, alone=alone, besides=besides)
            beaten = time.monotonic()
            try:
                result = work(task, give_up)
            except MemoryError:
                os._exit(_NO_MEMORY)
            except Exception as error:  # noqa: BLE001 - told to the parent: a defect, since no task makes work raise
                _send_failure(channel, error)
                return
            channel.send((DONE, result))


def _send_failure(channel: connection.Connection, error: Exception) -> None:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - an exception of a plug-in may be anything
        error = MatcherError(f"{type(error).__name__}: {error}")
    with suppress(OSError):
        channel.send((FAILED, error))


class Worker:
    """A worker as its parent sees it. `sent` are the tasks that it has not answered, the first being worked on."""

    def __init__(self, job: Startable, limits: Limits) -> None:
        context = multiprocessing.get_context("spawn")  # threads and FAISS do not survive a fork; Windows has none
        self._limits = limits
        self._channel, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, job, limits), name="matcher-worker", daemon=True)
        with _no_interrupt():  # the worker inherits that, and so is not interrupted while it starts
            self._process.start()
        theirs.close()
        self._since = time.monotonic()
        self._alone = False
        self.ready = False
        self.ended = False
        """Whether the process is gone, as far as `answers` found."""
        self.sent: deque[Any] = deque()
        self._sender: threading.Thread | None = None

    @property
    def handles(self) -> tuple[Any, Any]:
        """What to wait for: an answer, the end of the process."""
        return self._channel, self._process.sentinel

    def takes(self, size: int) -> bool:
        """Whether a task of `size` bytes can be sent now: one ahead, and never into a pipe that may be full."""
        return self.ready and (not self.sent or (len(self.sent) < 2 and size <= _SMALL))

    def send(self, task: Any, message: bytes, *, alone: bool) -> None:
        """Send a task, `message` being its `packed` form. OSError where the worker is gone."""
        if not self.sent:
            self._since = time.monotonic()
        self._alone = alone
        self.sent.append(task)
        try:
            self._channel.send_bytes(message)
        except OSError:
            self.sent.pop()
            raise

    def send_aside(self, task: Any, message: bytes, *, alone: bool) -> None:
        """The same without ever waiting for the worker to read, nor telling whether it is gone: it is heard anyway."""

        def send() -> None:
            with suppress(OSError):
                self.send(task, message, alone=alone)

        if len(message) <= _SMALL:
            send()
        else:
            self._sender = threading.Thread(target=send, name="matcher-sender", daemon=True)
            self._sender.start()

    def answers(self) -> list[tuple[str, Any]]:
        """What the worker has said and nobody has heard yet, without waiting."""
        heard = []
        try:
            while self._channel.poll():
                kind, value = self._channel.recv()
                self._since = time.monotonic()
                if kind == READY:
                    self.ready = True
                elif kind != BEAT:
                    heard.append((kind, value))
        except (EOFError, OSError):  # also where it was killed in the middle of an answer
            self.ended = True
        self.ended = self.ended or bool(connection.wait([self._process.sentinel], timeout=0))
        return heard

    def stopped_for(self) -> Reason | None:
        """Which limit the worker has hit, if any. Its answers are to be read first."""
        if not self.ready:
            return Reason.TIMED_OUT if time.monotonic() - self._since > START else None
        if not self.sent or self._channel.poll():
            return None
        if time.monotonic() - self._since > self._limits.seconds:
            return Reason.TIMED_OUT
        if exceeds(self._limits, self._process.pid or 0, alone=self._alone):
            return Reason.OUT_OF_MEMORY
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
        return Reason.OUT_OF_MEMORY if self._process.exitcode == _NO_MEMORY else Reason.WORKER_DIED

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


def packed(task: Any, give_up: Reason | None, *, alone: bool) -> bytes:
    """A task as it is sent."""
    return pickle.dumps((task, give_up, alone), protocol=pickle.HIGHEST_PROTOCOL)


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
