"""What a format says of a whole file, besides the lines that it refuses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListNotice:
    """A sentence without a full stop. `needs_a_look`: known material may be missed unless somebody reads it."""

    text: str
    needs_a_look: bool


def say_nothing(_notice: ListNotice) -> None:
    """Whoever reads a list and does not ask for its notices gets none."""
