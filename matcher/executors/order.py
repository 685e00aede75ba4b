"""Which of the waiting items comes next: the source's order, but nothing large at the very end.

A pool whose last item is the slowest one ends on one worker. So once the source has no more items, the largest one that
waits is taken as soon as it might outlast the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from matcher.model import Item

EACH = 1 << 16
"""Bytes that an item costs besides its own."""
OUTLASTS = 4
"""How much slower a byte of the largest item may be than the others'."""


class Waiting:
    """An item that waits for a worker."""

    __slots__ = ("cost", "item", "taken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.cost = EACH + (item.size or 0)
        self.taken = False


Queued = TypeVar("Queued", bound=Waiting)


class Order(Generic[Queued]):
    """What waits. `workers` share it."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._first: deque[Queued] = deque()
        """What comes before everything else: it was sent already."""
        self._rest: deque[Queued] = deque()
        self._by_cost: list[Queued] = []
        self._cost = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, waiting: Queued) -> None:
        """Put behind everything else."""
        self._rest.append(waiting)
        self._counted(waiting, 1)

    def put_back(self, several: Iterable[Queued]) -> None:
        """Put in front of everything else, in this order."""
        back = list(several)
        for waiting in back:
            waiting.taken = False
            self._counted(waiting, 1)
        self._first.extendleft(reversed(back))

    def complete(self) -> None:
        """There is no more to come but what is put back."""
        self._by_cost = sorted([*self._first, *self._rest], key=lambda waiting: waiting.cost)

    def take(self) -> Queued:
        """The next one. There is one."""
        found = self._large() or self._front(self._first) or self._front(self._rest)
        assert found is not None
        return self._took(found)

    def take_this(self, waiting: Queued) -> bool:
        """Take this one, if it waits."""
        if waiting.taken:
            return False
        self._took(waiting)
        return True

    def _took(self, waiting: Queued) -> Queued:
        waiting.taken = True
        self._counted(waiting, -1)
        return waiting

    def _counted(self, waiting: Queued, sign: int) -> None:
        self._count += sign
        self._cost += sign * waiting.cost

    def _large(self) -> Queued | None:
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
