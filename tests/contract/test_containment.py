"""A worker that crashes, hangs or eats memory costs one item, whichever way it does so."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from matcher.errors import MatcherError
from matcher.executors import Work
from matcher.executors.crew import Crew
from matcher.executors.limits import Limits, system_enforces
from matcher.executors.pool import PoolExecutor
from matcher.model import Item, Reason
from tests.shared.executor_cases import GIVEN_UP, LOST, QUICK, Dying, Squares, items, run_of, squares_but


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_dead_worker_costs_one_item(workers: int) -> None:
    found, retried = run_of(PoolExecutor(workers), Dying(), 40)
    assert found == squares_but(40, GIVEN_UP[Reason.WORKER_DIED])
    assert retried == [(f"00{tens}5", Reason.WORKER_DIED) for tens in range(4)]


@dataclass(frozen=True)
class DyingOnce(Squares):
    """Dies at every tenth item, and not when it is tried again: another process took the machine's memory."""

    marks: str

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        mark = Path(self.marks) / item.path
        if item.path.endswith("5") and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_what_succeeds_alone_has_its_ordinary_result(tmp_path: Path, workers: int) -> None:
    found, retried = run_of(PoolExecutor(workers), DyingOnce(str(tmp_path)), 40)
    assert found == {item.path: (item.size or 0) ** 2 for item in items(40)}
    assert len(retried) == 4


@dataclass(frozen=True)
class Sleeping(Squares):
    """Never ends at every tenth item."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        if item.path.endswith("5"):
            time.sleep(3600)
        return super().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_hangs_costs_one_item(workers: int) -> None:
    found, retried = run_of(PoolExecutor(workers, limits=QUICK), Sleeping(), 20)
    assert found == squares_but(20, GIVEN_UP[Reason.TIMED_OUT])
    assert retried == [("0005", Reason.TIMED_OUT), ("0015", Reason.TIMED_OUT)]


@dataclass(frozen=True)
class Holding(Squares):
    """Never ends, and never lets go of the interpreter, at every tenth item."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        if item.path.endswith("5"):
            re.fullmatch("(a|a)*b", "a" * 64)
        return super().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
def test_a_worker_that_holds_the_interpreter_costs_one_item() -> None:
    found, _retried = run_of(PoolExecutor(2, limits=QUICK), Holding(), 8)
    assert found == squares_but(8, GIVEN_UP[Reason.TIMED_OUT])


@dataclass(frozen=True)
class Progressing(Squares):
    """Takes thrice the limit for one item, and gets on all the while."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        for _ in range(15):
            time.sleep(0.1)
            beat()
        return super().work(item, beat)


@pytest.mark.process
def test_a_slow_item_that_gets_on_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(seconds=1.3, memory=1 << 30, alone=1 << 30)  # a beat is passed on once a second
    found, retried = run_of(PoolExecutor(1, limits=limits), Progressing(), 1)
    assert (found, retried) == ({"0000": 0}, [])


@dataclass(frozen=True)
class Hoarding(Squares):
    """Takes memory: at 0005 without end, at 0015 two gigabytes."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        wanted = {"0005": 1 << 40, "0015": 2 << 30}.get(item.path, 0)
        try:
            held = [bytearray(1 << 26) for _ in range(wanted >> 26)]
        except MemoryError:
            return GIVEN_UP[Reason.OUT_OF_MEMORY]
        del held
        return super().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(not system_enforces(), reason="only Linux limits a process's own memory")
@pytest.mark.parametrize("workers", [1, 2])
def test_memory_is_limited_and_more_is_given_alone(workers: int) -> None:
    limits = Limits(seconds=60, memory=1 << 30, alone=3 << 30)
    found, retried = run_of(PoolExecutor(workers, limits=limits), Hoarding(), 20)
    assert retried == [("0005", Reason.OUT_OF_MEMORY), ("0015", Reason.OUT_OF_MEMORY)]
    expected = {item.path: (item.size or 0) ** 2 for item in items(20)}
    assert found == expected | {"0005": GIVEN_UP[Reason.OUT_OF_MEMORY]}


@dataclass(frozen=True)
class Watched(Squares):
    """Takes 600 megabytes at 0005, and waits to be seen."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        if item.path == "0005":
            held = bytearray(b"1") * (600 << 20)
            time.sleep(30)
            del held
        return super().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
def test_where_the_system_limits_no_memory_the_parent_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.executors.pool.TICK", 0.05)
    limits = Limits(seconds=60, memory=500 << 20, alone=500 << 20, watched=True)
    found, retried = run_of(PoolExecutor(1, limits=limits), Watched(), 8)
    assert retried == [("0005", Reason.OUT_OF_MEMORY)]
    assert found["0005"] == GIVEN_UP[Reason.OUT_OF_MEMORY]


@dataclass(frozen=True)
class AlwaysDyingAt5(Squares):
    """Cannot even be read at every tenth item."""

    def start(self, beat: Callable[[], None]) -> Work[int]:
        return lambda item, _give_up: Dying().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
def test_what_cannot_be_read_at_all_is_lost() -> None:
    found, _retried = run_of(PoolExecutor(2), AlwaysDyingAt5(), 20)
    assert found == squares_but(20, LOST)


@dataclass(frozen=True)
class DyingAtTheStart(Squares):
    """The first workers die before they take an item, as when a machine is short of memory."""

    marks: str

    def start(self, beat: Callable[[], None]) -> Work[int]:
        for number in range(3):
            try:
                (Path(self.marks) / str(number)).touch(exist_ok=False)
            except FileExistsError:
                continue
            os.abort()
        return super().start(beat)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_die_between_items_cost_nothing(tmp_path: Path, workers: int) -> None:
    found, retried = run_of(PoolExecutor(workers), DyingAtTheStart(str(tmp_path)), 40)
    assert list(found.values()) == [number**2 for number in range(40)]
    assert retried == []
    assert len(list(tmp_path.iterdir())) == 3


@dataclass(frozen=True)
class AlwaysDying(Squares):
    def start(self, beat: Callable[[], None]) -> Work[int]:
        os.abort()


@pytest.mark.process
@pytest.mark.slow
def test_workers_that_always_die_are_an_error() -> None:
    with pytest.raises(MatcherError, match="workers die before they do anything"):
        list(PoolExecutor(1).run(AlwaysDying(), items(3), on_result=lambda _item, _result: None))


@dataclass(frozen=True)
class Exhausted(Squares):
    """Breaks its promise not to raise, since there is not even memory for an answer."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        if item.path.endswith("5"):
            raise MemoryError
        return super().work(item, beat)


@pytest.mark.process
@pytest.mark.slow
def test_no_memory_even_for_an_answer_costs_one_item() -> None:
    found, retried = run_of(PoolExecutor(2), Exhausted(), 20)
    assert found == squares_but(20, GIVEN_UP[Reason.OUT_OF_MEMORY])
    assert retried == [("0005", Reason.OUT_OF_MEMORY), ("0015", Reason.OUT_OF_MEMORY)]


@dataclass(frozen=True)
class HangingAtTheStart(Squares):
    """The first worker never gets ready."""

    marks: str

    def start(self, beat: Callable[[], None]) -> Work[int]:
        try:
            (Path(self.marks) / "first").touch(exist_ok=False)
        except FileExistsError:
            return super().start(beat)
        time.sleep(3600)
        raise AssertionError


@pytest.mark.process
@pytest.mark.slow
def test_a_worker_that_never_gets_ready_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.executors.worker.START", 3.0)
    found, retried = run_of(PoolExecutor(1), HangingAtTheStart(str(tmp_path)), 5)
    assert (list(found.values()), retried) == ([0, 1, 4, 9, 16], [])


@dataclass(frozen=True)
class Counting(Squares):
    folder: str

    def start(self, beat: Callable[[], None]) -> Work[int]:
        (Path(self.folder) / str(os.getpid())).touch()
        return super().start(beat)


@pytest.mark.process
def test_no_more_workers_than_items(tmp_path: Path) -> None:
    run_of(PoolExecutor(12), Counting(str(tmp_path)), 3)
    assert len(list(tmp_path.iterdir())) <= 3


@dataclass(frozen=True)
class Raising(Squares):
    """Breaks its promise never to raise."""

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        raise OSError(5, "a defect")


@pytest.mark.process
def test_work_that_raises_is_an_error_and_no_dead_worker() -> None:
    with pytest.raises(OSError, match="a defect"):
        list(PoolExecutor(2).run(Raising(), items(3), on_result=lambda _item, _result: None))


@pytest.mark.process
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.contract.test_containment import Reporting\n"
        "from tests.shared.executor_cases import items\n"
        "from matcher.executors.pool import PoolExecutor\n"
        "if __name__ == '__main__':\n"
        "    list(PoolExecutor(2).run(Reporting(sys.argv[2]), items(9), on_result=lambda *_: None))\n",
        encoding="utf-8",
    )
    process = subprocess.Popen([sys.executable, script, Path(__file__).parents[2], tmp_path])
    pids: list[int] = []
    while len(pids) < 2:
        time.sleep(0.05)
        pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    process.kill()
    process.wait()
    for pid in pids:
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)  # for ever, if they do not end


@dataclass(frozen=True)
class Reporting(Squares):
    """Says which process it is in, and then never lets go of the interpreter."""

    folder: str

    def work(self, item: Item, beat: Callable[[], None]) -> int:
        (Path(self.folder) / f"{os.getpid()}.pid").touch()
        re.fullmatch("(a|a)*b", "a" * 64)
        return 0


@pytest.mark.parametrize("alone", [False, True])
def test_what_is_asked_for_again_keeps_nothing_beside_it(alone: bool) -> None:
    """An item that is tried alone, and whose result is not good enough, is not sent among others."""
    again = Item("again", b"", 1)
    crew = Crew(Squares(), 1, QUICK, on_result=lambda _item, _result: again, on_retry=lambda _item, _reason: None)
    task = crew.add(Item("first", b"", 1))
    assert crew._order.take() is task
    task.alone = alone
    crew._finish(task, 1, 0)
    assert (task.sent_item, len(crew), list(crew._suspects)) == (again, 0 if alone else 1, [task] if alone else [])
    crew.stop()
