"""Reading ahead: a thread reads what will be asked for next, while what was asked for is being worked on.

Reading a file and digesting it let go of the interpreter, as decoders do. What the thread has not begun when it is
asked for, whoever asks reads himself; and what failed in the thread he tries again, so that it fails where it belongs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from matcher.executors import nothing
from matcher.model import Item

MOST_BYTES = 32 << 20
"""Of everything that is read and not asked for yet; what is larger by itself is not read ahead."""
MOST_ITEMS = 16
Read = TypeVar("Read")

_WAITING, _BEGUN, _DONE = range(3)


class _Place(Generic[Read]):
    __slots__ = ("item", "read", "size", "state")

    def __init__(self, item: Item, size: int) -> None:
        self.item = item
        self.size = size
        self.state = _WAITING
        self.read: Read | None = None


class AheadReader(Generic[Read]):
    """Reads items in the order in which they are expected, a bounded number ahead."""

    def __init__(self, read: Callable[[Item, Callable[[], None]], Read | None]) -> None:
        """`read(item, beat)` gives what is read of an item, None where nothing is to be had this way."""
        self._read = read
        self._turn = threading.Condition()
        """Guards everything below."""
        self._places: deque[_Place[Read]] = deque()
        self._bytes = 0
        """Of what is begun or done."""
        self._items = 0
        self._idle = False
        self._beat: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def expect(self, item: Item) -> None:
        """This will be asked for, behind all that was expected before."""
        if item.status is not None or item.size is None or item.size > MOST_BYTES:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_reading, name="reading-ahead", daemon=True)
            self._thread.start()
        with self._turn:
            self._places.append(_Place(item, item.size))
            self._wake()

    def forget(self) -> None:
        """What was expected and not asked for yet will not be."""
        with self._turn:
            for place in self._places:
                if place.state != _WAITING:
                    self._bytes -= place.size
                    self._items -= 1
            self._places.clear()

    def take(self, item: Item, beat: Callable[[], None] = nothing) -> Read | None:
        """What was read of an item, which is waited for if that is begun; None where it is not, or failed."""
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
        """Tell the thread, unless it has something to do, or would not find enough of it."""
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
                read = self._read(place.item, self._heard)
            except Exception:  # noqa: BLE001 - whatever it is, it comes again where it is told
                read = None
            with self._turn:
                place.read, place.state = read, _DONE
                if self._beat is not None:
                    self._turn.notify_all()

    def _next(self) -> _Place[Read] | None:
        for place in self._places:
            if place.state == _WAITING:
                fits = self._items < MOST_ITEMS and self._bytes + place.size <= MOST_BYTES
                return place if fits else None
        return None

    def _heard(self) -> None:
        """What is read gets on: that is news only to somebody who waits for it."""
        beat = self._beat
        if beat is not None:
            beat()
