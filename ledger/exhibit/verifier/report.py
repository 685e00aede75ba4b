"""The verifier's report, its steps and its exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

MAX_PROBLEMS = 50


class Refused(Exception):
    """A check has failed: the exhibit is not verified."""


class CannotCheck(Exception):
    """Nothing could be checked: a named file cannot be read, or is not of the expected kind."""


def printable(text: str) -> str:
    """The text with control characters escaped, so that text of a file cannot control the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def many(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun in singular or plural."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


class Step:
    """The lines and problems of one numbered step; at most MAX_PROBLEMS problems, others are counted in `hidden`."""

    def __init__(self, number: int, title: str) -> None:
        self.number = number
        self.title = title
        self.lines: list[str] = []
        self.problems: list[str] = []
        self.hidden = 0

    def say(self, text: str) -> None:
        """Adds a line."""
        self.lines.append(f"   {text}")

    def note(self, text: str) -> None:
        """Adds a remark that is no problem."""
        self.lines.append(f"   note: {text}")

    def problem(self, text: str) -> None:
        """Adds a problem: the exhibit is not verified."""
        if len(self.problems) < MAX_PROBLEMS:
            self.lines.append(f"   NOT VERIFIED: {text}")
            self.problems.append(text)
        else:
            self.hidden += 1

    @contextmanager
    def refusing(self, what: str = "") -> Iterator[None]:
        """Makes a Refused that is raised inside a problem of this step, so that the verifier continues."""
        try:
            yield
        except Refused as error:
            self.problem(f"{what}: {error}" if what else str(error))


class Report:
    """The steps by number, from 1. `show` prints one; one pass over the entries may fill several."""

    def __init__(self, titles: tuple[str, ...], write: Callable[[str], None]) -> None:
        self._steps = [Step(number, title) for number, title in enumerate(titles, start=1)]
        self._write = write

    def __getitem__(self, number: int) -> Step:
        return self._steps[number - 1]

    def show(self, number: int) -> None:
        """Prints a step's heading and lines."""
        step = self[number]
        self._write(f"{number}. {step.title}")
        for line in step.lines:
            self._write(printable(line))
        if step.hidden:
            self._write(f"   and {step.hidden} more problems")

    def problems(self) -> list[str]:
        """All problems, in the order of the steps."""
        return [problem for step in self._steps for problem in step.problems]
