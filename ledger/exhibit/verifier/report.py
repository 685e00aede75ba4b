"""What the verifier says, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

MAX_PROBLEMS = 50


class Refused(Exception):
    """Something is not as it must be: the exhibit is not verified."""


class CannotCheck(Exception):
    """Nothing could be checked: a file that was named cannot be read, or is not of its kind."""


def printable(text: str) -> str:
    """What a file says must not steer the terminal of whoever reads it."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def many(number: int, noun: str, nouns: str = "") -> str:
    """A number and what it counts."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


class Step:
    """What one numbered step found."""

    def __init__(self, number: int, title: str) -> None:
        self.number = number
        self.title = title
        self.lines: list[str] = []
        self.problems: list[str] = []
        self.hidden = 0

    def say(self, text: str) -> None:
        self.lines.append(f"   {text}")

    def note(self, text: str) -> None:
        self.lines.append(f"   note: {text}")

    def problem(self, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.lines.append(f"   NOT VERIFIED: {text}")
            self.problems.append(text)
        else:
            self.hidden += 1

    @contextmanager
    def refusing(self, what: str = "") -> Iterator[None]:
        """A Refused that is raised inside becomes a problem of this step, and the verifier goes on."""
        try:
            yield
        except Refused as error:
            self.problem(f"{what}: {error}" if what else str(error))


class Report:
    """The steps by number, each printed when it is `show`n; several may be filled by one pass over the entries."""

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
