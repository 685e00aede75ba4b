"""Source → executor → findings → record: a scan from opening to closing, with its counts.

A scan that ends early leaves what it examined, an `anomaly` that says so, and no `scan.close`: verification calls it
incomplete, and it can be resumed.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, Protocol

from ledger import Ledger
from matcher.errors import MatcherError
from matcher.examine.engine import Matcher
from matcher.executors import Executor
from matcher.model import Finding, Item, Reason
from matcher.record.recorder import Recorder
from matcher.scan.job import ExamineJob, RepeatedContent, Result
from matcher.scan.opening import Opening, PreparedScan, StartedScan
from matcher.scan.repeats import Repeats
from matcher.scan.seen_table import SeenTable
from matcher.sources import Source


class Listener(Protocol):
    """Who is told how a scan goes on."""

    def opened(self, begun: StartedScan, source: Source, matcher: Matcher) -> None:
        """The scan is in the ledger and begins, or goes on behind the items that its recorder has."""

    def examined(self, finding: Finding, *, repeated: bool) -> None:
        """A worker is done with an item; its turn to be recorded may not have come. Provisional.

        `repeated`: the finding is that of an item with the same content. Only the recorder says what is a duplicate.
        """

    def retried(self, item: Item, reason: Reason) -> None:
        """A worker died of an item, or a limit was hit: it is tried once more alone."""

    def recorded(self, finding: Finding, recorder: Recorder) -> None:
        """A finding has its place in the order."""

    def closed(self, facts: dict[str, Any]) -> None:
        """The scan is complete: the facts of its `scan.close`."""

    def complete(self, facts: dict[str, Any]) -> None:
        """There is nothing to resume: the scan was complete, with these facts."""


def run_scan(log: Ledger, prepared: PreparedScan, *, executor: Executor, listener: Listener) -> dict[str, Any]:
    """Scan one source and record every item. Returns the facts of `scan.close`.

    Raises MatcherError or LedgerError where the scan cannot begin or go on; what was examined by then is recorded,
    as it is at a KeyboardInterrupt.
    """
    request = prepared.request
    opening = Opening(log, prepared, executor.describe())
    earlier = opening.earlier()
    if earlier is not None and earlier.closed is not None:
        listener.complete(earlier.closed)
        return earlier.closed
    begun = opening.begin() if earlier is None else opening.go_on(earlier)
    matcher, recorder = opening.matcher, begun.recorder

    def retried(item: Item, reason: Reason) -> None:
        recorder.retry(item)
        listener.retried(item, reason)

    try:
        listener.opened(begun, opening.source, matcher)
        with SeenTable() as seen:
            job = ExamineJob(
                source=opening.source,
                store=request.store.absolute(),
                lists=tuple((opened.name, opened.version) for opened in matcher.lists),
                settings=request.settings,
                exhibit=request.exhibit,
                seen=seen.path,
            )
            repeats = Repeats(recorder, seen)

            def arrived(item: Item, result: Result) -> Item | None:
                shown = repeats.arrived(item, result)
                if isinstance(shown, Item):
                    return shown
                listener.examined(shown, repeated=isinstance(result, RepeatedContent))
                return None

            results = executor.run(job, begun.items, on_result=arrived, on_tick=recorder.flush_if_due, on_retry=retried)
            with closing(results):
                for item, result in results:
                    listener.recorded(recorder.add(item, repeats.whole(result)), recorder)
        if recorder.items != begun.items.count:
            raise MatcherError(
                f"scan {begun.scan} is not complete: the source has {begun.items.count} items "
                f"and {recorder.items} were recorded"
            )
        facts = recorder.close()
    except BaseException as error:
        recorder.abandon(_said_of(error))
        raise
    listener.closed(facts)
    return facts


def _said_of(error: BaseException) -> str:
    """What the ledger says of an early end: the kind of error, not its message, which may hold paths of the host."""
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"stopped by {type(error).__name__}"
