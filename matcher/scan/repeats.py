"""Contents that were examined in this scan already: what is said of their items without decoding them again.

A worker answers such a content with a RepeatedContent (see ExamineJob). Whole findings are here as soon as they come,
until their turn; from then on the recorder has them. A finding is taken over where its content's whole SHA-256 is equal
and where examining again would give the same: not where anything went wrong, which may depend on the machine, or where
it has fewer matches than there were since its path is long.
"""

from __future__ import annotations

from dataclasses import replace

from matcher.lookup.outcome import fitted
from matcher.model import Finding, Item, Status
from matcher.record.recorder import Recorder
from matcher.scan.job import RepeatedContent, Result
from matcher.scan.seen_table import SeenTable
from matcher.settings import MAX_MATCHES

_RECENT = 64
"""Findings that were read back and are held, since contents often repeat soon."""


class Repeats:
    """The findings of one scan by content."""

    def __init__(self, recorder: Recorder, seen: SeenTable) -> None:
        self._recorder = recorder
        self._seen = seen
        self._waiting: dict[bytes, Finding] = {}
        """Whole findings whose turn has not come."""
        self._recent: dict[bytes, Finding] = {}
        seen.add_many(recorder.contents.keys())

    def arrived(self, item: Item, result: Result) -> Finding | Item:
        """A result as it comes: its finding, as it can be shown, or the item that is to be examined in its place."""
        if isinstance(result, Finding):
            if result.sha256 is not None and result.pictures and _lasts(result):
                self._waiting.setdefault(result.sha256, result)
                self._seen.add(result.sha256)
            return result
        return self._completed(result) or replace(item, may_repeat=False)

    def whole(self, result: Result) -> Finding:
        """The finding of a result whose turn has come: what examining the item again would have given."""
        if isinstance(result, RepeatedContent):
            found = self._completed(result)
            assert found is not None, "what was there when the result came stays there"
            return found
        if result.sha256 is not None and self._waiting.get(result.sha256) is result:
            del self._waiting[result.sha256]
        return result

    def _completed(self, repeated: RepeatedContent) -> Finding | None:
        found = self._waiting.get(repeated.sha256) or self._recent.get(repeated.sha256)
        if found is None:
            found = self._recorder.earlier(repeated.sha256, path=repeated.path)
            if found is None or not _lasts(found):
                return None
            if len(self._recent) >= _RECENT:
                del self._recent[next(iter(self._recent))]
            self._recent[repeated.sha256] = found
        return fitted(replace(found, path=repeated.path))


def _lasts(finding: Finding) -> bool:
    """Whether every item with this content has this finding, whatever its path."""
    return (
        finding.status in (Status.EXAMINED, Status.KNOWN)
        and finding.reason is None
        and len(finding.matches) == min(MAX_MATCHES, finding.matches_total)
    )
