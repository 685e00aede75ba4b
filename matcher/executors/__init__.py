"""Where examine runs. One file an engine; each is an entry point in `matcher.executors`.

An executor is given a job and items, and gives back every item with its result, in the order of the items, whatever
the order in which they were finished. It holds a bounded number of items at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

from matcher.model import Item

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Job(Protocol[Result_co]):
    """Work on single items. Can be pickled; `start` is called once in every process that works."""

    def start(self) -> Callable[[Item], Result_co]:
        """Open what the work needs. The function that comes back is pure and never raises for what an item holds."""

    def lost(self, item: Item) -> Result_co:
        """The result for an item whose worker died: made in this process, touching nothing that may kill it too."""


def nothing() -> None:
    """What happens at a tick where nobody asked for anything."""


class Executor(Protocol):
    """Runs a job over items."""

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], None],
        on_tick: Callable[[], None] = nothing,
    ) -> Generator[tuple[Item, Result], None, None]:
        """A generator of every item with its result, in the order of the items.

        `on_result` is called in this process as soon as a result is there, before its turn has come; `on_tick` now
        and then, also while a slow item holds everything up (where the executor can). Whoever stops reading closes
        the generator, which stops the workers.
        """
