"""The order in which waiting items are taken: the source's order, but no large item at the very end.

A pool whose last item is the slowest one ends with a single busy worker. So once the source has no more items, the
largest waiting item is taken as soon as it might take longer than the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from matcher.model import Item

EACH = 1 << 16
"""The fixed cost of an item, in bytes, in addition to its size."""
OUTLASTS = 4
"""How many times slower a byte of the largest item may be than a byte of the others."""


class Waiting:
    """An item that waits for a worker."""

    __slots__ = ("cost", "item", "taken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.cost = EACH + (item.size or 0)
        self.taken = False


Queued = TypeVar("Queued", bound=Waiting)


class Order(Generic[Queued]):
    """The queue of waiting items, which `workers` processes share."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._first: deque[Queued] = deque()
        """Items that are taken before all others: they were sent once and put back."""
        self._rest: deque[Queued] = deque()
        self._by_cost: list[Queued] = []
        self._cost = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, waiting: Queued) -> None:
        """Put an item behind all others."""
        self._rest.append(waiting)
        self._count_in(waiting, 1)

    def put_back(self, several: Iterable[Queued]) -> None:
        """Put items in front of all others, in this order."""
        back = list(several)
        for waiting in back:
            waiting.taken = False
            self._count_in(waiting, 1)
        self._first.extendleft(reversed(back))

    def complete(self) -> None:
        """Declare that no items will be added, other than those that are put back."""
        self._by_cost = sorted([*self._first, *self._rest], key=lambda waiting: waiting.cost)

    def take(self) -> Queued:
        """Remove the next item and return it. The queue must not be empty."""
        waiting = self._large() or self._front(self._first) or self._front(self._rest)
        assert waiting is not None
        return self._mark_taken(waiting)

    def take_this(self, waiting: Queued) -> bool:
        """Remove this item. Returns whether it was waiting."""
        if waiting.taken:
            return False
        self._mark_taken(waiting)
        return True

    def _mark_taken(self, waiting: Queued) -> Queued:
        waiting.taken = True
        self._count_in(waiting, -1)
        return waiting

    def _count_in(self, waiting: Queued, sign: int) -> None:
        self._count += sign
        self._cost += sign * waiting.cost

    def _large(self) -> Queued | None:
        """The largest waiting item, if it might take longer than the rest. None until `complete` was called."""
        while self._by_cost and self._by_cost[-1].taken:
            self._by_cost.pop()
        if self._by_cost and self._by_cost[-1].cost * self._workers * OUTLASTS >= self._cost:
            return self._by_cost[-1]
        return None

    @staticmethod
    def _front(queue: deque[Queued]) -> Queued | None:
        while queue and queue[0].taken:
            queue.popleft()
        return queue[0] if queue else None
