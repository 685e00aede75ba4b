"""Executors: they run `examine` over items. Each is one file and an entry point in `matcher.executors`.

An executor takes a job and items and returns every item with its result in the order of the items, regardless of the
order in which they finish. It holds a bounded number of items at a time.

In an executor with worker processes, an item that fails affects no other item. An item whose worker died, or that hit
a limit of time or memory, is tried once more alone, with nothing else running. If that fails too, the item is read for
its digests without being decoded; if even that fails, its result is lost (`Job.lost`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol, TypeVar

from matcher.model import Item, Reason

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


def no_op() -> None:
    """Do nothing: the callback for ticks and beats where the caller passed none."""


class Work(Protocol[Result_co]):
    """The work on single items. It is pure and never raises because of an item's content."""

    def __call__(self, item: Item, give_up: Reason | None) -> Result_co:
        """The result of an item. With `give_up` nothing is decoded, and `give_up` is the result's reason."""


class Job(Protocol[Result]):
    """Work that can be pickled."""

    def start(self, beat: Callable[[], None]) -> Work[Result]:
        """Open the resources of the work; called once in every process. The work calls `beat` at each progress."""

    def limited(self, result: Result) -> bool:
        """Whether memory ran out for this result, so that its item may succeed when it runs alone."""

    def lost(self, item: Item, reason: Reason) -> Result:
        """The result of an item whose every try failed. It is made in this process, which does not open the item."""


class Executor(Protocol):
    """Runs a job over items."""

    def describe(self) -> dict[str, Any]:
        """The JSON object that describes the executor in a ledger's `scan.open` entry."""

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], Item | None],
        on_tick: Callable[[], None] = no_op,
        on_retry: Callable[[Item, Reason], None] = lambda _item, _reason: None,
    ) -> Generator[tuple[Item, Result], None, None]:
        """A generator of every item with its result, in the order of the items.

        `on_result` is called in this process as soon as a result arrives, before its turn; the item that it returns, if
        any, is worked on in place of the first, and the new result takes that turn. `on_tick` is called from time to
        time, also while a slow item delays the results, where the executor can do so. `on_retry` is called for an item
        that is tried once more. A caller that stops early closes the generator, which stops the workers.
        """
