"""What is said of decisions that no finding can show."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from matcher.commands import say

if TYPE_CHECKING:
    from matcher.record.current import CurrentState

_MOST_NAMED = 10


def say_of_no_item(state: CurrentState | None) -> None:
    """Name the decisions that cite no item, which earlier versions took, on stderr. Nothing of a case as scanned."""
    if state is None or not (count := len(state.later.of_no_item)):
        return
    for decision in islice(state.decisions_of_no_item(), _MOST_NAMED):
        say(f"note: a decision belongs to no item, so no finding shows it: {decision}")
    if count > _MOST_NAMED:
        say(f"note: {count - _MOST_NAMED:,} more decisions belong to no item")
