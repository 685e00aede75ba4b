"""The lookups of all algorithms, asked together about one rendering of a picture, or one region of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from matcher.chances import Chances
from matcher.lookup import PictureLookup
from matcher.model import Hash, Turned
from matcher.outcome import Matched

Confirm = Callable[[PictureLookup, str], Hash | None]
"""confirm(lookup, transform): the reference hash; None where it cannot be had."""


class Lookups:
    """One lookup an algorithm. Immutable."""

    def __init__(self, lookups: Sequence[PictureLookup], chances: Chances) -> None:
        self.each = tuple(lookups)
        self.chances = chances

    def may_match(self, turned: Mapping[str, Turned]) -> bool:
        """Whether what was screened, by algorithm, may match anything, so that it must be looked at in full."""
        return any(lookup.may_match(turned[lookup.algorithm]) for lookup in self.each if lookup.algorithm in turned)

    def matches(self, turned: Mapping[str, Turned], confirm: Confirm) -> list[Matched]:
        """The nearest match by each algorithm with each listed entry. What `confirm` raises is its."""
        found: list[Matched] = []
        for lookup in self.each:
            if lookup.algorithm in turned:
                found.extend(lookup.matches(turned[lookup.algorithm], partial(confirm, lookup)))
        return found
