"""One item after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from matcher.executors import Job, Result
from matcher.model import Item


class SerialExecutor:
    """The executor that every other one must agree with. `workers` is taken for the sake of being one of them."""

    def __init__(self, workers: int = 0) -> None:
        self.workers = workers

    def run(
        self, job: Job[Result], items: Iterable[Item], *, on_result: Callable[[Item, Result], None]
    ) -> Iterator[tuple[Item, Result]]:
        work = job.start()
        for item in items:
            result = work(item)
            on_result(item, result)
            yield item, result
