"""Source → executor → findings → record: a scan from opening to closing, with its counts.

A scan that ends early leaves its recorded findings, an `anomaly` with the reason, and no `scan.close`: verification
reports it as incomplete, and it can be resumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Protocol

from ledger import Ledger
from matcher.errors import MatcherError
from matcher.examine.engine import Matcher
from matcher.executors import Executor
from matcher.model import Finding, Item, Reason
from matcher.record.recorder import Recorder
from matcher.scan.earlier import source_name
from matcher.scan.job import ExamineJob, RepeatedContent, Result
from matcher.scan.opening import Opening, PreparedScan, StartedScan
from matcher.scan.presence import Presence
from matcher.scan.repeats import Repeats
from matcher.scan.seen_table import SeenTable
from matcher.sources import Source


class Listener(Protocol):
    """Receives the progress of a scan."""

    def opened(self, begun: StartedScan, source: Source, matcher: Matcher) -> None:
        """The scan is in the ledger and begins, or continues after the items that its recorder has."""

    def examined(self, finding: Finding, *, repeated: bool) -> None:
        """A worker has examined an item; its turn to be recorded may not have come. Provisional.

        `repeated`: the finding is that of an item with the same content. Only the recorder decides on duplicates.
        """

    def retried(self, item: Item, reason: Reason) -> None:
        """An item killed a worker or hit a limit, and is tried once more alone."""

    def recorded(self, finding: Finding, recorder: Recorder) -> None:
        """A finding was recorded, in the order of the source."""

    def closed(self, facts: dict[str, Any]) -> None:
        """The scan is complete; `facts` are the fields of its `scan.close`."""

    def complete(self, facts: dict[str, Any]) -> None:
        """There is nothing to resume: the scan was already complete, with these fields of its `scan.close`."""


def check_resumable(log: Ledger, prepared: Sequence[PreparedScan]) -> list[PreparedScan]:
    """The scans of one command, each of which knows the sources of all.

    CaseError where one is to be resumed and cannot be: before any of them begins.
    """
    names = frozenset(source_name(each.source.describe()) for each in prepared)
    known = [replace(each, request=replace(each.request, beside=names)) for each in prepared]
    for each in known:
        if each.request.resume:
            Opening(log, each, {}).earlier()
    return known


def run_scan(log: Ledger, prepared: PreparedScan, *, executor: Executor, listener: Listener) -> dict[str, Any]:
    """Scan one source and record every item. Returns the fields of `scan.close`.

    Raises MatcherError or LedgerError where the scan cannot begin or continue; the findings made by then are recorded,
    as they are at a KeyboardInterrupt.
    """
    request = prepared.request
    opening = Opening(log, prepared, executor.describe())
    earlier = opening.earlier()
    if earlier is not None and earlier.closed is not None:
        listener.complete(earlier.closed)
        return earlier.closed
    begun = opening.begin() if earlier is None else opening.resume(earlier)
    matcher, recorder = opening.matcher, begun.recorder

    def retried(item: Item, reason: Reason) -> None:
        recorder.retry(item)
        listener.retried(item, reason)

    try:
        listener.opened(begun, opening.source, matcher)
        with SeenTable() as table:
            job = ExamineJob(
                source=opening.source,
                store=request.store.absolute(),
                lists=tuple((opened.name, opened.version) for opened in matcher.lists),
                settings=request.settings,
                exhibit=request.exhibit,
                seen_table=table.path,
            )
            repeats = Repeats(recorder, table)

            def accept(item: Item, result: Result) -> Item | None:
                accepted = repeats.accept(item, result)
                if isinstance(accepted, Item):
                    return accepted
                listener.examined(accepted, repeated=isinstance(result, RepeatedContent))
                return None

            results = executor.run(job, begun.items, on_result=accept, on_tick=recorder.flush_if_due, on_retry=retried)
            presence = Presence(opening.source, request.root, known=begun.changes.known)

            def record(reached: Iterable[tuple[Item, Result]]) -> None:
                for item, result in reached:
                    listener.recorded(recorder.add(item, repeats.complete(result)), recorder)

            with closing(results):
                for item, result in results:
                    record(presence.passed(item, result))
                record(presence.rest())
        if recorder.items != begun.items.count:
            raise MatcherError(
                f"scan {begun.scan} is not complete: the source has {begun.items.count} items "
                f"and {recorder.items} were recorded"
            )
        facts = recorder.close()
    except BaseException as error:
        recorder.abandon(_early_end(error))
        raise
    listener.closed(facts)
    return facts


def _early_end(error: BaseException) -> str:
    """The `what` of an early end's `anomaly`: the kind of error, not its message, which may contain host paths."""
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"stopped by {type(error).__name__}"
