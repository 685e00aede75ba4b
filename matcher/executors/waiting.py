"""Waiting for processes and their pipes. The handles are registered once, not at every wait.

A scan waits thousands of times a second. On Windows a pipe is no file, and only multiprocessing can wait for it.
"""

from __future__ import annotations

import select
import selectors
import sys
from multiprocessing import connection
from typing import Any, Generic, TypeVar

Waited = TypeVar("Waited")

if sys.platform == "win32":

    class Waiter(Generic[Waited]):
        """Things with handles, and which of them is ready."""

        def __init__(self) -> None:
            self._handles: dict[Any, Waited] = {}

        def add(self, waited: Waited, handles: tuple[Any, ...]) -> None:
            self._handles.update(dict.fromkeys(handles, waited))

        def discard(self, handles: tuple[Any, ...]) -> None:
            for handle in handles:
                del self._handles[handle]

        def wait(self, seconds: float) -> list[Waited]:
            """Those that are ready, each once, as soon as there is one; none after so many seconds."""
            ready = connection.wait(list(self._handles), timeout=seconds)
            return list(dict.fromkeys(self._handles[handle] for handle in ready))

        def close(self) -> None:
            self._handles.clear()

    class Readable:
        """Whether something can be read from a pipe now, or its other end is closed."""

        def __init__(self, channel: connection.Connection) -> None:
            self._channel = channel

        def __call__(self) -> bool:
            return self._channel.poll()

else:

    class Waiter(Generic[Waited]):
        """Things with handles, and which of them is ready."""

        def __init__(self) -> None:
            self._selector = selectors.DefaultSelector()

        def add(self, waited: Waited, handles: tuple[Any, ...]) -> None:
            for handle in handles:
                self._selector.register(handle, selectors.EVENT_READ, waited)

        def discard(self, handles: tuple[Any, ...]) -> None:
            for handle in handles:
                self._selector.unregister(handle)

        def wait(self, seconds: float) -> list[Waited]:
            """Those that are ready, each once, as soon as there is one; none after so many seconds."""
            return list(dict.fromkeys(key.data for key, _events in self._selector.select(seconds)))

        def close(self) -> None:
            self._selector.close()

    class Readable:
        """Whether something can be read from a pipe now, or its other end is closed."""

        def __init__(self, channel: connection.Connection) -> None:
            self._poll = select.poll()
            self._poll.register(channel.fileno(), select.POLLIN)

        def __call__(self) -> bool:
            return bool(self._poll.poll(0))
