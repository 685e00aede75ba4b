"""Where examine runs. One file an engine; each is an entry point in `matcher.executors`.

An executor is given a job and items, and gives back every item with its result, in the order of the items, whatever
the order in which they were finished. It holds a bounded number of items at a time.

Where items are worked on by processes of their own, each costs itself at most. A limit by the clock or by memory, or
a worker's death, is tried once more alone, with nothing else running; what fails again is read without being decoded,
for its digests; what fails even then is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol, TypeVar

from matcher.model import Item, Reason

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


def nothing() -> None:
    """What happens at a tick or a beat where nobody asked for anything."""


class Work(Protocol[Result_co]):
    """The work on single items. Pure, and never raises for what an item holds."""

    def __call__(self, item: Item, give_up: Reason | None) -> Result_co:
        """The result. With `give_up` nothing is decoded, and that is the result's reason."""


class Job(Protocol[Result]):
    """Work that can be pickled."""

    def start(self, beat: Callable[[], None]) -> Work[Result]:
        """Open what the work needs; called once in every process. The work calls `beat` whenever it got on."""

    def limited(self, result: Result) -> bool:
        """Whether memory ran out, so that the same may succeed alone."""

    def lost(self, item: Item, reason: Reason) -> Result:
        """The result for an item that every worker died of: made in this process, which does not open it."""


class Executor(Protocol):
    """Runs a job over items."""

    def describe(self) -> dict[str, Any]:
        """What a ledger's `scan.open` entry says of it."""

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], Item | None],
        on_tick: Callable[[], None] = nothing,
        on_retry: Callable[[Item, Reason], None] = lambda _item, _reason: None,
    ) -> Generator[tuple[Item, Result], None, None]:
        """A generator of every item with its result, in the order of the items.

        `on_result` is called in this process as soon as a result is there, before its turn has come; the item that
        it returns, if any, is worked on once more in its place, and that result takes its turn. `on_tick` is called now
        and then, also while a slow item holds everything up (where the executor can); `on_retry` for an item that
        is tried once more. Whoever stops reading closes the generator, which stops the workers.
        """
