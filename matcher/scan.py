"""Source → executor → findings → record: a scan from opening to closing, with its counts.

A scan that ends early leaves what it examined, an `anomaly` that says so, and no `scan.close`: verification calls it
incomplete.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ledger import Ledger
from matcher.builds import library_builds, platform_facts, tool_version
from matcher.case import NO_FACTS, CaseFacts, vars_of
from matcher.engine import Matcher
from matcher.errors import CaseError, MatcherError
from matcher.executors import Executor
from matcher.job import ExamineJob
from matcher.lists.store import Store, check_lists
from matcher.model import Finding, Item, Reason
from matcher.record import Recorder, append_scan_open, entry
from matcher.selftest import run as run_selftest
from matcher.settings import Settings
from matcher.sources import Source, open_source


class Listener(Protocol):
    """Who is told how a scan goes on."""

    def opened(self, scan: int, source: Source, matcher: Matcher) -> None:
        """The scan is in the ledger and begins."""

    def examined(self, finding: Finding) -> None:
        """A worker is done with an item; its turn to be recorded may not have come. Provisional."""

    def retried(self, item: Item, reason: Reason) -> None:
        """A worker died of an item, or a limit was hit: it is tried once more alone."""

    def recorded(self, finding: Finding, recorder: Recorder) -> None:
        """A finding has its place in the order."""

    def closed(self, facts: dict[str, Any]) -> None:
        """The scan is complete: the facts of its `scan.close`."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One source against the current lists of a store."""

    location: Path
    store: Path
    settings: Settings
    facts: CaseFacts = NO_FACTS

    @property
    def exhibit(self) -> str | None:
        """The number that every finding carries."""
        return self.facts.exhibit


def run_scan(log: Ledger, request: ScanRequest, *, executor: Executor, listener: Listener) -> dict[str, Any]:
    """Scan one source and record every item. Returns the facts of `scan.close`.

    Raises MatcherError or LedgerError where the scan cannot begin or go on; what was examined by then is recorded,
    as it is at a KeyboardInterrupt.
    """
    check_request(request)
    source = open_source(request.location)
    matcher = Matcher.open(request.store, settings=request.settings, check=True)
    scan = _open(log, request, source, matcher, executor)
    recorder = Recorder(log, scan)
    job = ExamineJob(
        source=source,
        store=request.store.absolute(),
        lists=tuple((opened.name, opened.version) for opened in matcher.lists),
        settings=request.settings,
        exhibit=request.exhibit,
    )
    found = _Counted(source.items())

    def retried(item: Item, reason: Reason) -> None:
        recorder.retried += 1
        listener.retried(item, reason)

    try:
        listener.opened(scan, source, matcher)
        results = executor.run(
            job,
            found,
            on_result=lambda _item, finding: listener.examined(finding),
            on_tick=recorder.flush_if_due,
            on_retry=retried,
        )
        with closing(results):
            for _item, finding in results:
                listener.recorded(recorder.add(finding), recorder)
        if recorder.items != found.count:
            raise MatcherError(
                f"scan {scan} is not complete: the source has {found.count} items and {recorder.items} were recorded"
            )
    except BaseException as error:
        recorder.abandon(_said_of(error))
        raise
    facts = recorder.close()
    listener.closed(facts)
    return facts


def check_request(request: ScanRequest) -> None:
    """Refuse a scan that cannot begin, so that no case is made for it. SourceError or StoreError."""
    open_source(request.location)
    check_lists(Store.open(request.store))


def _said_of(error: BaseException) -> str:
    """What the ledger says of an early end: the kind of error, not its message, which may hold paths of the host."""
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"stopped by {type(error).__name__}"


def _open(log: Ledger, request: ScanRequest, source: Source, matcher: Matcher, executor: Executor) -> int:
    """Self-test, then append what the scan begins with. The scan's number."""
    settings = request.settings
    algorithms = [{"name": hasher.algorithm.name, "profile": hasher.profile} for hasher in matcher.file_hashers] + [
        {
            "name": hasher.algorithm.name,
            "profile": hasher.profile,
            "threshold": settings.threshold(hasher.algorithm.name),
            "minimum_quality": settings.quality(hasher.algorithm.name),
            "margin": 0 if settings.exact else hasher.margin,
        }
        for hasher in matcher.picture_hashers
    ]
    tested = run_selftest(tuple(str(algorithm["name"]) for algorithm in algorithms))
    facts = {
        "source": {**source.describe(), "sha256": source.digest()},
        **vars_of(request.facts),
        "settings": settings.as_json(),
        "algorithms": algorithms,
        "lists": [
            {"name": opened.name, "version": opened.version, "digest": opened.facts.digest} for opened in matcher.lists
        ],
        "executor": executor.describe(),
        "tool": tool_version(),
        "libraries": library_builds(),
        "platform": platform_facts(),
    }
    before = [
        entry("self.test", **tested),
        *(entry("list.load", **opened.load_record()) for opened in matcher.lists),
    ]
    return append_scan_open(log, before, facts)


class _Counted:
    """Counts what a source gives, for comparison with what was recorded."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = items
        self.count = 0

    def __iter__(self) -> Iterator[Item]:
        for item in self._items:
            self.count += 1
            yield item


def check_apart(location: Path, *others: Path) -> None:
    """Refuse to write inside the evidence. CaseError where one of `others` lies in `location`."""
    evidence = os.path.realpath(location)
    for other in others:
        written = os.path.realpath(other)
        if Path(written).is_relative_to(evidence):
            raise CaseError(f"{other}: lies inside the evidence {location}, which is never written to")
