"""What every executor must do: the serial one's results, in the order of the items, and no more than a window ahead."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from matcher.errors import MatcherError, StoreError
from matcher.executors import Executor
from matcher.executors.choosing import executor_for
from matcher.executors.pool import WINDOW, PoolExecutor
from matcher.executors.serial import SerialExecutor
from matcher.model import Item

EXECUTORS = {
    "serial": SerialExecutor(),
    "pool of 1": PoolExecutor(1),
    "pool of 2": PoolExecutor(2),
}


def items(count: int) -> list[Item]:
    return [Item(f"{number:04d}", b"", number) for number in range(count)]


@dataclass(frozen=True)
class Squares:
    """Squares an item's size; slow for every seventh, so that results come out of order."""

    def start(self) -> Callable[[Item], int]:
        return self.work

    def work(self, item: Item) -> int:
        assert item.size is not None
        if item.size % 7 == 0:
            time.sleep(0.02)
        return item.size**2

    def lost(self, item: Item) -> int:
        return -1


@dataclass(frozen=True)
class Dying(Squares):
    """Kills its worker at every tenth item, as a decoder's crash does."""

    def work(self, item: Item) -> int:
        if item.path.endswith("5"):
            os.abort()
        return super().work(item)


@dataclass(frozen=True)
class Unopened(Squares):
    """Cannot begin."""

    def start(self) -> Callable[[Item], int]:
        raise StoreError("the store is gone")


@pytest.mark.parametrize("name", EXECUTORS)
class TestEveryExecutor:
    @pytest.fixture
    def executor(self, name: str) -> Executor:
        return EXECUTORS[name]

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
        results.close()  # type: ignore[attr-defined]

    def test_an_executor_can_be_used_again(self, executor: Executor) -> None:
        for _ in range(2):
            assert len(list(executor.run(Squares(), items(3), on_result=lambda _item, _result: None))) == 3

    def test_a_job_that_cannot_begin_is_an_error(self, executor: Executor) -> None:
        with pytest.raises(StoreError, match="the store is gone"):
            list(executor.run(Unopened(), items(3), on_result=lambda _item, _result: None))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_dead_worker_costs_one_item(workers: int) -> None:
    shown: dict[str, int] = {}
    results = PoolExecutor(workers).run(
        Dying(), items(40), on_result=lambda item, result: shown.setdefault(item.path, result)
    )
    found = {item.path: result for item, result in results}
    assert found == {item.path: -1 if item.path.endswith("5") else (item.size or 0) ** 2 for item in items(40)}
    assert shown == found


@dataclass(frozen=True)
class DyingAtTheStart(Squares):
    """The first workers die before they take an item, as when a machine is short of memory."""

    marks: str

    def start(self) -> Callable[[Item], int]:
        for number in range(3):
            try:
                (Path(self.marks) / str(number)).touch(exist_ok=False)
            except FileExistsError:
                continue
            os.abort()
        return self.work


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_die_between_items_cost_nothing(tmp_path: Path, workers: int) -> None:
    found = list(
        PoolExecutor(workers).run(DyingAtTheStart(str(tmp_path)), items(40), on_result=lambda _item, _result: None)
    )
    assert [result for _item, result in found] == [number**2 for number in range(40)]
    assert len(list(tmp_path.iterdir())) == 3


@dataclass(frozen=True)
class AlwaysDying(Squares):
    def start(self) -> Callable[[Item], int]:
        os.abort()


def test_workers_that_always_die_are_an_error() -> None:
    with pytest.raises(MatcherError, match="workers die before they do anything"):
        list(PoolExecutor(1).run(AlwaysDying(), items(3), on_result=lambda _item, _result: None))


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
