"""Contents that were already examined in this scan: their items get findings without being decoded again.

A worker returns a RepeatedContent for such a content (see ExamineJob). Complete findings are held here from their
arrival until their turn; from then on the recorder has them. A finding is reused where the whole SHA-256 of its content
is equal and a second examination would give the same result: not where anything failed, which may depend on the
machine, and not where it lists fewer matches than there were because its path is long.
"""

from __future__ import annotations

from dataclasses import replace

from matcher.lookup.outcome import fit_to_entry
from matcher.model import Finding, Item, Status
from matcher.record.recorder import Recorder
from matcher.scan.job import RepeatedContent, Result
from matcher.scan.seen_table import SeenTable
from matcher.settings import MAX_MATCHES

_RECENT = 64
"""The number of findings read back that are held, since contents often repeat soon."""


class Repeats:
    """The findings of one scan by content."""

    def __init__(self, recorder: Recorder, table: SeenTable) -> None:
        self._recorder = recorder
        self._table = table
        self._waiting: dict[bytes, Finding] = {}
        """Complete findings whose turn to be recorded has not come."""
        self._recent: dict[bytes, Finding] = {}
        table.add_many(recorder.contents.keys())

    def accept(self, item: Item, result: Result) -> Finding | Item:
        """Accept a result as it arrives. Returns its provisional finding, or the item that is to be examined again."""
        if isinstance(result, Finding):
            if result.sha256 is not None and result.pictures and _is_reusable(result):
                self._waiting.setdefault(result.sha256, result)
                self._table.add(result.sha256)
            return result
        return self._completed(result) or replace(item, may_repeat=False)

    def complete(self, result: Result) -> Finding:
        """The finding of an accepted result whose turn has come: that of examining the item itself."""
        if isinstance(result, RepeatedContent):
            finding = self._completed(result)
            assert finding is not None, "a finding that existed when the result was accepted remains available"
            return finding
        if result.sha256 is not None and self._waiting.get(result.sha256) is result:
            del self._waiting[result.sha256]
        return result

    def _completed(self, repeated: RepeatedContent) -> Finding | None:
        finding = self._waiting.get(repeated.sha256) or self._recent.get(repeated.sha256)
        if finding is None:
            finding = self._recorder.earlier(repeated.sha256, path=repeated.path)
            if finding is None or not _is_reusable(finding):
                return None
            if len(self._recent) >= _RECENT:
                del self._recent[next(iter(self._recent))]
            self._recent[repeated.sha256] = finding
        return fit_to_entry(replace(finding, path=repeated.path))


def _is_reusable(finding: Finding) -> bool:
    """Whether every item with this content has this finding, whatever its path."""
    return (
        finding.status in (Status.EXAMINED, Status.KNOWN)
        and finding.reason is None
        and len(finding.matches) == min(MAX_MATCHES, finding.matches_total)
    )
