"""Reading ahead: a thread reads the next items while the current one is being worked on.

Reading and digesting a file release the interpreter lock, as decoders do. An item that the thread has not begun when
it is requested is read by the caller. An item whose reading failed in the thread is read again by the caller, so that
the exception is raised there.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from matcher.executors import no_op
from matcher.model import Item

MOST_BYTES = 32 << 20
"""The most bytes of items that are read and not requested yet. An item that is larger by itself is not read ahead."""
MOST_ITEMS = 16
"""The most items that are read and not requested yet."""
Read = TypeVar("Read")

_WAITING, _BEGUN, _DONE = range(3)


class _Place(Generic[Read]):
    """An expected item, the state of its reading, and the result."""

    __slots__ = ("item", "read", "size", "state")

    def __init__(self, item: Item, size: int) -> None:
        self.item = item
        self.size = size
        self.state = _WAITING
        self.read: Read | None = None


class AheadReader(Generic[Read]):
    """Reads a bounded number of items ahead, in the order in which they are expected."""

    def __init__(self, read: Callable[[Item, Callable[[], None]], Read | None]) -> None:
        """`read(item, beat)` returns the content that is read ahead; None for an item that cannot be read ahead."""
        self._read = read
        self._turn = threading.Condition()
        """Guards everything below."""
        self._places: deque[_Place[Read]] = deque()
        self._bytes = 0
        """The bytes of the items that are begun or done; `_items` is their number."""
        self._items = 0
        self._idle = False
        self._beat: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def expect(self, item: Item) -> None:
        """Announce an item that will be requested after all items expected so far."""
        if item.status is not None or item.size is None or item.size > MOST_BYTES:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_reading, name="reading-ahead", daemon=True)
            self._thread.start()
        with self._turn:
            self._places.append(_Place(item, item.size))
            self._wake()

    def forget(self) -> None:
        """Drop all items that are expected and not requested yet: they will not be requested."""
        with self._turn:
            for place in self._places:
                if place.state != _WAITING:
                    self._bytes -= place.size
                    self._items -= 1
            self._places.clear()

    def take(self, item: Item, beat: Callable[[], None] = no_op) -> Read | None:
        """The content of an item; waits for it if its reading has begun. None where it has not begun, or failed."""
        with self._turn:
            if not self._places or self._places[0].item is not item:
                return None
            place = self._places.popleft()
            if place.state == _WAITING:
                return None
            self._beat = beat
            self._turn.wait_for(lambda: place.state == _DONE)
            self._beat = None
            self._bytes -= place.size
            self._items -= 1
            self._wake()
            return place.read

    def _wake(self) -> None:
        """Wake the thread if it is idle and at least half of the limits is free."""
        if self._idle and 2 * self._items <= MOST_ITEMS and 2 * self._bytes <= MOST_BYTES:
            self._turn.notify_all()

    def _keep_reading(self) -> None:
        while True:
            with self._turn:
                place = self._next()
                while place is None:
                    self._idle = True
                    self._turn.wait()
                    self._idle = False
                    place = self._next()
                place.state = _BEGUN
                self._bytes += place.size
                self._items += 1
            try:
                read = self._read(place.item, self._forward_beat)
            except Exception:  # noqa: BLE001 - the caller reads the item again, and the exception is raised there
                read = None
            with self._turn:
                place.read, place.state = read, _DONE
                if self._beat is not None:
                    self._turn.notify_all()

    def _next(self) -> _Place[Read] | None:
        """The first place that waits, if it fits in the limits."""
        for place in self._places:
            if place.state == _WAITING:
                fits = self._items < MOST_ITEMS and self._bytes + place.size <= MOST_BYTES
                return place if fits else None
        return None

    def _forward_beat(self) -> None:
        """Pass the progress of the thread to the caller of `take`, if one is waiting."""
        beat = self._beat
        if beat is not None:
            beat()
