"""SharedWorkers by itself: how workers start, fail to, and are replaced."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import MatcherError
from matcher.executors.limits import Limits
from matcher.executors.shared import SharedWorkers, WorkerStopped
from matcher.model import Reason

pytestmark = pytest.mark.process

LIMITS = Limits(seconds=30, memory=1 << 30, alone=1 << 30)


@dataclass(frozen=True)
class Acts:
    """Does what a task says: a name of one of the methods below, whose result is the answer."""

    marks: str = ""

    def start(self, beat: Callable[[], None]) -> Callable[[str, Reason | None], Any]:
        return lambda task, _give_up: getattr(self, task)()

    def pid(self) -> int:
        return os.getpid()

    def die(self) -> None:
        os._exit(1)

    def spend(self) -> str:
        return "spent"

    def fail(self) -> None:
        raise ZeroDivisionError("a defect")


@dataclass(frozen=True)
class Dawdles(Acts):
    def start(self, beat: Callable[[], None]) -> Callable[[str, Reason | None], Any]:
        time.sleep(60)
        return super().start(beat)


@dataclass(frozen=True)
class StartsOnce(Acts):
    """The first worker starts, and no other."""

    def start(self, beat: Callable[[], None]) -> Callable[[str, Reason | None], Any]:
        with (Path(self.marks) / "started").open("x"):
            return super().start(beat)


@dataclass(frozen=True)
class DiesAfterTheFirst(Acts):
    def start(self, beat: Callable[[], None]) -> Callable[[str, Reason | None], Any]:
        with (Path(self.marks) / "starts").open("a") as stream:
            stream.write("x")
        if (Path(self.marks) / "starts").stat().st_size > 1:
            os._exit(1)
        return super().start(beat)


@contextmanager
def shared(job: Acts, count: int = 1) -> Iterator[SharedWorkers]:
    workers = SharedWorkers(job, count, LIMITS, out_of_memory=lambda result: result == "spent")
    try:
        yield workers
    finally:
        workers.close()


def run_task(workers: SharedWorkers, task: str, *, alone: bool = False) -> Any:
    return workers.run_task(task, None, alone=alone)


def test_one_worker_answers_one_after_the_other() -> None:
    with shared(Acts(), 2) as workers:
        workers.start()
        first = run_task(workers, "pid")
        assert [run_task(workers, "pid") for _ in range(5)] == [first] * 5  # no second one is started without need
        assert first != os.getpid()


def test_what_is_asked_alone_has_a_fresh_worker_and_no_more_than_the_count() -> None:
    with shared(Acts(), 1) as workers:
        pids = [run_task(workers, "pid", alone=True) for _ in range(3)]
        assert len(set(pids)) == 3
        assert run_task(workers, "pid") == pids[-1]


@pytest.mark.parametrize("task", ["die", "spend", "fail"])
def test_a_worker_is_not_used_again_after(task: str) -> None:
    with shared(Acts()) as workers:
        before = run_task(workers, "pid")
        if task == "die":
            with pytest.raises(WorkerStopped) as stopped:
                run_task(workers, task)
            assert stopped.value.reason is Reason.WORKER_DIED
        elif task == "fail":
            with pytest.raises(ZeroDivisionError, match="a defect"):
                run_task(workers, task)
        else:
            assert run_task(workers, task) == "spent"
        assert run_task(workers, "pid") != before


def test_a_worker_that_does_not_get_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.executors.shared.START", 0.5)
    with shared(Dawdles()) as workers:
        for _ in range(2):
            with pytest.raises(MatcherError, match="was not ready after"):
                workers.start()


def test_what_a_start_raises(tmp_path: Path) -> None:
    with shared(StartsOnce(str(tmp_path))) as workers:
        workers.start()
        with pytest.raises(WorkerStopped):
            run_task(workers, "die")
        for _ in range(2):
            with pytest.raises(FileExistsError):
                run_task(workers, "pid")


@pytest.mark.slow
def test_workers_that_always_die_before_they_are_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.executors.shared.RESTARTS", 2)
    with shared(DiesAfterTheFirst(str(tmp_path))) as workers:
        with pytest.raises(WorkerStopped):
            run_task(workers, "die")
        for _ in range(2):
            with pytest.raises(MatcherError, match="ends before it is ready"):
                run_task(workers, "pid")
    assert 4 <= (tmp_path / "starts").stat().st_size <= 8
