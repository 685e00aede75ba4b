"""What every executor must do: the serial one's results, in the order of the items, and no more than a window ahead.

A new one passes by subclassing ExecutorContract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from matcher.errors import StoreError
from matcher.executors import Executor, Work
from matcher.executors.choosing import executor_for
from matcher.executors.limits import limits_for, machine_memory
from matcher.executors.pool import WINDOW, PoolExecutor
from matcher.executors.serial import SerialExecutor
from matcher.model import Item
from tests.shared.executor_cases import Squares, items

EXECUTORS: dict[str, Executor] = {
    "serial": SerialExecutor(),
    "pool of 1": PoolExecutor(1),
    "pool of 2": PoolExecutor(2),
}


@dataclass(frozen=True)
class Unopened(Squares):
    """Cannot begin."""

    def start(self, beat: Callable[[], None]) -> Work[int]:
        raise StoreError("the store is gone")


class ExecutorContract:
    """A subclass has a fixture `executor`."""

    @pytest.fixture
    def executor(self) -> Executor:
        raise NotImplementedError

    def test_results_come_in_the_order_of_the_items(self, executor: Executor) -> None:
        given = items(100)
        shown: list[str] = []
        found = list(executor.run(Squares(), given, on_result=lambda item, _result: shown.append(item.path)))
        assert found == [(item, (item.size or 0) ** 2) for item in given]
        assert sorted(shown) == [item.path for item in given]

    def test_no_items_no_results(self, executor: Executor) -> None:
        assert list(executor.run(Squares(), [], on_result=lambda _item, _result: None)) == []

    def test_items_are_taken_no_more_than_a_window_ahead(self, executor: Executor) -> None:
        taken = 0

        def endless() -> Iterator[Item]:
            nonlocal taken
            while True:
                taken += 1
                yield Item(str(taken), b"", taken)

        results = executor.run(Squares(), endless(), on_result=lambda _item, _result: None)
        for _ in range(10):
            next(results)
        assert taken <= 10 + 2 * WINDOW
        results.close()

    def test_an_executor_can_be_used_again(self, executor: Executor) -> None:
        for _ in range(2):
            assert len(list(executor.run(Squares(), items(3), on_result=lambda _item, _result: None))) == 3

    def test_a_job_that_cannot_begin_is_an_error(self, executor: Executor) -> None:
        with pytest.raises(StoreError, match="the store is gone"):
            list(executor.run(Unopened(), items(3), on_result=lambda _item, _result: None))


@pytest.mark.process
@pytest.mark.parametrize("name", EXECUTORS)
class TestEveryExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self, name: str) -> Executor:
        return EXECUTORS[name]


@pytest.mark.process
def test_ticks_come_while_one_item_holds_everything_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.executors.pool.TICK", 0.02)
    ticks: list[int] = []
    results = PoolExecutor(1).run(
        Squares(), items(1), on_result=lambda _item, _result: None, on_tick=lambda: ticks.append(1)
    )
    assert len(list(results)) == 1
    assert len(ticks) > 3


def test_choosing() -> None:
    assert isinstance(executor_for(0), SerialExecutor)
    assert isinstance(executor_for(None), PoolExecutor)
    assert isinstance(executor_for(3), PoolExecutor)


def test_limits_share_the_machine() -> None:
    four = limits_for(4)
    assert 4 * four.memory <= machine_memory() or four.memory == 1 << 30
    assert four.memory <= four.alone <= machine_memory()
    assert limits_for(4, seconds=7, memory=5).seconds == 7
    assert limits_for(4, memory=5).alone == limits_for(4, memory=5).memory == 5
