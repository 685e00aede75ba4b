"""The serial executor: one item after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

from matcher.executors import Job, Result, no_op
from matcher.executors.limits import Limits
from matcher.model import Item, Reason


class SerialExecutor:
    """The reference that every other executor must agree with. It isolates nothing: a decoder's crash ends the scan."""

    def __init__(self, workers: int = 0, *, limits: Limits | None = None) -> None:
        del workers, limits  # the only worker is this process, which has no limits

    def describe(self) -> dict[str, Any]:
        return {"kind": "serial"}

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], Item | None],
        on_tick: Callable[[], None] = no_op,
        on_retry: Callable[[Item, Reason], None] = lambda _item, _reason: None,
    ) -> Generator[tuple[Item, Result], None, None]:
        del on_retry
        work = job.start(no_op)
        for item in items:
            on_tick()
            result = work(item, None)
            while (again := on_result(item, result)) is not None:
                result = work(again, None)
            yield item, result
