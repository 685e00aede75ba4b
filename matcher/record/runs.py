"""Runs of consecutive numbers, and the position of each run: very many items in few entries."""

from __future__ import annotations

from bisect import bisect_right


class Runs:
    """Number → the beginning of its run, and the position of the run. Numbers are added in ascending order."""

    def __init__(self) -> None:
        self._first: list[int] = []
        self._where: list[int] = []

    def add(self, first: int, where: int) -> None:
        """Begin a run at the number `first`, whose position is `where`."""
        self._first.append(first)
        self._where.append(where)

    def add_place(self, number: int, where: int) -> None:
        """Add one number whose position is `where`. It extends the last run where both follow on that by one."""
        if not self._first or self._where[-1] + number - self._first[-1] != where:
            self.add(number, where)

    def find(self, number: int) -> tuple[int, int]:
        """The beginning of a number's run, and the run's position. IndexError for a number before the first run."""
        place = bisect_right(self._first, number) - 1
        if place < 0:
            raise IndexError(number)
        return self._first[place], self._where[place]
