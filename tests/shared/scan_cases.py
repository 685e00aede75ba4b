"""Scans for tests: a listener, a function that runs a scan, and executors that fail."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import MatcherError
from matcher.examine.engine import Matcher
from matcher.executors import Executor, Job, Result
from matcher.executors.serial import SerialExecutor
from matcher.model import Finding, Item, Reason
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.hashes_file import CaseHashes, path_of
from matcher.record.recorder import Recorder
from matcher.scan.opening import ScanRequest, StartedScan, prepare_scan
from matcher.scan.resuming import Changes
from matcher.scan.run import run_scan
from matcher.settings import Settings
from matcher.sources import Source


class Quiet:
    """A listener that stores the arguments of its calls."""

    def __init__(self) -> None:
        self.scans: list[int] = []
        self.examined_paths: list[str] = []
        self.retried_paths: list[str] = []
        self.recorded_findings: list[Finding] = []
        self.facts: list[dict[str, Any]] = []
        self.changes = Changes()
        self.done = 0
        self.nothing_to_do = False

    def complete(self, facts: dict[str, Any]) -> None:
        self.nothing_to_do = True

    def opened(self, begun: StartedScan, source: Source, matcher: Matcher) -> None:
        self.scans.append(begun.scan)
        self.changes = begun.changes
        self.done = begun.recorder.items

    def examined(self, finding: Finding, *, repeated: bool) -> None:
        self.examined_paths.append(finding.path)

    def retried(self, item: Item, reason: Reason) -> None:
        self.retried_paths.append(item.path)

    def recorded(self, finding: Finding, recorder: Recorder) -> None:
        self.recorded_findings.append(finding)

    def closed(self, facts: dict[str, Any]) -> None:
        self.facts.append(facts)


def scan(
    case: Path, location: Path, store: Path, *, executor: Executor | None = None, resume: bool = False, **settings: Any
) -> tuple[dict[str, Any], Quiet]:
    listener = Quiet()
    request = ScanRequest(
        location, store, case, Settings(**settings), CaseFacts(exhibit="E1", examiner="tester"), resume
    )
    with open_case(case, CaseFacts(exhibit="E1", examiner="tester"), key=case.parent / "key") as log:
        facts = run_scan(log, prepare_scan(request), executor=executor or SerialExecutor(), listener=listener)
    return facts, listener


def entries(case: Path, kind: str) -> list[dict[str, Any]]:
    with CaseReader(case) as reader:
        return [entry for _index, entry in reader.entries() if entry["type"] == kind]


class Failing:
    """An executor that yields `after` results and then raises `error`, or ends early where that is None."""

    def __init__(self, error: BaseException | None, *, after: int = 4) -> None:
        self._error = error
        self._after = after

    def describe(self) -> dict[str, Any]:
        return {"kind": "failing"}

    def run(
        self,
        job: Job[Result],
        items: Iterable[Item],
        *,
        on_result: Callable[[Item, Result], Item | None],
        on_tick: Callable[[], None] = lambda: None,
        on_retry: Callable[[Item, Reason], None] = lambda _item, _reason: None,
    ) -> Generator[tuple[Item, Result], None, None]:
        work = job.start(on_tick)
        for number, item in enumerate(items):
            if number < self._after:
                yield item, work(item, None)
            elif self._error is not None:
                raise self._error


def kept(case: Path) -> list[dict[str, Any]]:
    """All columns of the first scan's hashes file, without the bounds of its groups."""
    hashes = CaseHashes(path_of(case, 1))
    names = [name for name, _dtype, _shape in hashes.header.columns(0, 0)]
    return [{name: b"".join(group[name].tobytes() for _at, group in hashes.groups())} for name in names]


def fail(case: Path, evidence: Path, store: Path, after: int, **settings: Any) -> None:
    """Run a scan that fails after `after` results."""
    with pytest.raises(MatcherError, match="gone"):
        scan(case, evidence, store, executor=Failing(MatcherError("gone"), after=after), **settings)
