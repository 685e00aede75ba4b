"""Work runs ahead of what is slow, in a bounded way, and nothing large comes last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.executors.ahead import MOST_BYTES, MOST_ITEMS, AheadReader
from matcher.executors.order import Order, Waiting
from matcher.executors.pool import PoolExecutor
from matcher.model import Item, Reason, Status
from tests.shared.executor_cases import Squares, items, squares_but

MANY = 600


@dataclass(frozen=True)
class FirstWaits(Squares):
    """The first item ends when all others have; each leaves a mark."""

    marks: str

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        folder = Path(self.marks)
        if item.size:
            (folder / item.path).touch()
        else:
            while len(list(folder.iterdir())) < MANY - 1:
                beat()
                time.sleep(0.01)
        return (item.size or 0) ** 2


@pytest.mark.process
@pytest.mark.slow
def test_a_slow_item_stops_nobody(tmp_path: Path) -> None:
    shown: list[str] = []
    results = PoolExecutor(2).run(
        FirstWaits(str(tmp_path)), items(MANY), on_result=lambda item, _result: shown.append(item.path)
    )
    assert {item.path: result for item, result in results} == squares_but(0, 0) | {
        item.path: (item.size or 0) ** 2 for item in items(MANY)
    }
    assert shown[-1] == "0000"


@dataclass(frozen=True)
class Large(Squares):
    """Results of ten kilobytes; the first item waits until a mark is there that the parent makes."""

    mark: str

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        while not item.size and not Path(self.mark).exists():
            time.sleep(0.01)
        return int(10 ** (20_000 + (item.size or 0)))


@pytest.mark.process
@pytest.mark.slow
def test_results_that_wait_for_their_turn_are_bounded_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.executors.pool.HELD", 100_000)
    shown: list[str] = []
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(len(shown))
        if len(ticks) > 20 and len(set(ticks[-8:])) == 1 and shown:  # nothing comes any more
            (tmp_path / "mark").touch()

    monkeypatch.setattr("matcher.executors.pool.TICK", 0.05)
    results = PoolExecutor(2).run(
        Large(str(tmp_path / "mark")), items(400), on_result=lambda item, _result: shown.append(item.path), on_tick=tick
    )
    first = next(results)
    assert first[0].path == "0000"
    assert 12 <= ticks[-1] <= 12 + 2 * 64 + 2  # a hundred kilobytes, and what the workers had in hand
    assert len(list(results)) == 399


@given(st.lists(st.integers(0, 1 << 24)), st.integers(1, 5), st.data())
def test_every_item_is_taken_once_and_the_largest_does_not_come_last(
    sizes: list[int], workers: int, data: st.DataObject
) -> None:
    order: Order[Waiting] = Order(workers)
    waiting = [Waiting(Item(str(number), b"", size)) for number, size in enumerate(sizes)]
    for one in waiting:
        order.add(one)
    early = [order.take() for _ in range(data.draw(st.integers(0, len(sizes))))]
    assert early == waiting[: len(early)]
    back = early[: data.draw(st.integers(0, 2))]
    order.put_back(back)
    order.complete()
    taken = []
    while order:
        left = [one for one in waiting if not one.taken]
        taken.append(order.take())
        rest = sum(one.cost for one in left)
        largest = max(one.cost for one in left)
        if largest * workers >= rest:  # each has as much to do as that one alone
            assert taken[-1].cost == largest
    assert sorted(map(id, taken)) == sorted(map(id, [*waiting[len(early) :], *back]))


def test_one_item_is_taken_out_of_turn() -> None:
    order: Order[Waiting] = Order(1)
    waiting = [Waiting(item) for item in items(3)]
    for one in waiting:
        order.add(one)
    assert order.take_this(waiting[1])
    assert not order.take_this(waiting[1])
    assert [order.take(), order.take()] == [waiting[0], waiting[2]]
    assert len(order) == 0


class Reading:
    """Reads when it is let; remembers what."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = Event()

    def __call__(self, item: Item, beat: Callable[[], None]) -> str:
        self.begun.append(item.path)
        assert self.go.wait(60)
        beat()
        if item.path.endswith("3"):
            raise OSError(5, "gone")
        return item.path


class TestAheadReader:
    def test_it_reads_in_order_and_what_failed_is_nothing(self) -> None:
        reading = Reading()
        reading.go.set()
        ahead = AheadReader(reading)
        given = items(100)
        for item in given:
            ahead.expect(item)
        found = {item.path: ahead.take(item) for item in given}
        assert set(found.values()) - {None} == set(reading.begun) - {path for path in found if path.endswith("3")}
        assert all(read in (None, path) for path, read in found.items())

    def test_it_waits_for_what_is_begun_and_leaves_the_rest_to_who_asks(self) -> None:
        reading = Reading()
        ahead = AheadReader(reading)
        first, second = items(2)
        ahead.expect(first)
        while not reading.begun:
            time.sleep(0.001)
        ahead.expect(second)
        beats: list[int] = []
        reading.go.set()
        assert ahead.take(first, lambda: beats.append(1)) == "0000"
        assert ahead.take(second) in (None, "0001")

    def test_it_reads_no_more_than_it_may(self) -> None:
        reading = Reading()
        reading.go.set()
        ahead = AheadReader(reading)
        for item in [Item(str(number), b"", MOST_BYTES // 4) for number in range(9)]:
            ahead.expect(item)
        for item in [
            Item("large", b"", MOST_BYTES + 1),
            Item("link", b"", 1, Status.SKIPPED),
            Item("unknown", b"", None),
        ]:
            ahead.expect(item)
        time.sleep(0.2)
        assert reading.begun == ["0", "1", "2", "3"]

    def test_nor_more_items(self) -> None:
        reading = Reading()
        reading.go.set()
        ahead = AheadReader(reading)
        given = items(3 * MOST_ITEMS)
        for item in given:
            ahead.expect(item)
        time.sleep(0.2)
        assert len(reading.begun) == MOST_ITEMS
        assert [ahead.take(item) for item in given[:MOST_ITEMS]].count(None) == 2  # the thirds of tens

    def test_what_was_not_expected_is_not_there(self) -> None:
        ahead = AheadReader(Reading())
        assert ahead.take(items(1)[0]) is None


@dataclass(frozen=True)
class Again(Squares):
    """Twice the size where the item was asked for once more."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        return -1 if item.reason is Reason.EMPTY else super().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_result_is_refused_for_is_worked_on_once_more(workers: int) -> None:
    def refused(item: Item, result: int) -> Item | None:
        odd = result % 2 and result > 0
        return Item(item.path, item.locator, item.size, None, Reason.EMPTY) if odd else None

    results = list(PoolExecutor(workers).run(Again(), items(200), on_result=refused))
    assert [result for _item, result in results] == [-1 if n % 2 else n * n for n in range(200)]
