"""One item after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from matcher.executors import Job, Result, nothing
from matcher.model import Item


class SerialExecutor:
    """The executor that every other one must agree with."""

    def __init__(self, workers: int = 0) -> None:
        del workers  # there is one: this process

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], None],
        on_tick: Callable[[], None] = nothing,
    ) -> Generator[tuple[Item, Result], None, None]:
        work = job.start()
        for item in items:
            on_tick()
            result = work(item)
            on_result(item, result)
            yield item, result
