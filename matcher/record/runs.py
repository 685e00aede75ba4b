"""Runs of numbers that follow each other, and where each run is: for very many items in few entries."""

from __future__ import annotations

from bisect import bisect_right


class Runs:
    """Number → the beginning of its run, and where that is. Numbers are added in ascending order."""

    def __init__(self) -> None:
        self._first: list[int] = []
        self._where: list[int] = []

    def add(self, first: int, where: int) -> None:
        """From the number `first` on there is another run, which begins at `where`."""
        self._first.append(first)
        self._where.append(where)

    def add_place(self, number: int, where: int) -> None:
        """The same where places are counted one by one as numbers are: often the last run goes on."""
        if not self._first or self._where[-1] + number - self._first[-1] != where:
            self.add(number, where)

    def find(self, number: int) -> tuple[int, int]:
        """The beginning of a number's run, and where that is. IndexError in front of the first."""
        place = bisect_right(self._first, number) - 1
        if place < 0:
            raise IndexError(number)
        return self._first[place], self._where[place]
