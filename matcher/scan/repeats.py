"""Contents that were examined in this scan already: what is said of their items without decoding them again.

A worker tells of such a content its digests alone (see ExamineJob). Whole findings are here as soon as they come, until
their turn; from then on the recorder has them. A finding is taken over where its content's whole SHA-256 is equal and
where examining again would give the same: not where anything went wrong, which may depend on the machine, or where it
has fewer matches than there were since its path is long.
"""

from __future__ import annotations

from dataclasses import replace

from matcher.lookup.outcome import fitted
from matcher.model import Finding, Item, Status
from matcher.record.recorder import Recorder
from matcher.scan.job import Afresh
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

    def arrived(self, item: Item, finding: Finding) -> Finding | Afresh:
        """A finding as it comes: what can be shown of it, or the item that is to be examined in its place."""
        if finding.status is not Status.DUPLICATE:
            if finding.sha256 is not None and finding.pictures and _lasts(finding):
                self._waiting.setdefault(finding.sha256, finding)
                self._seen.add(finding.sha256)
            return finding
        found = self._completed(finding)
        return Afresh.of(item) if found is None else replace(found, status=Status.DUPLICATE)

    def whole(self, finding: Finding) -> Finding:
        """A finding whose turn has come, completed: what examining it again would have given."""
        if finding.sha256 is None:
            return finding
        if finding.status is Status.DUPLICATE:
            found = self._completed(finding)
            assert found is not None, "what was there when the finding came stays there"
            return found
        if self._waiting.get(finding.sha256) is finding:
            del self._waiting[finding.sha256]
        return finding

    def _completed(self, finding: Finding) -> Finding | None:
        assert finding.sha256 is not None
        found = self._waiting.get(finding.sha256) or self._recent.get(finding.sha256)
        if found is None:
            found = self._recorder.earlier(finding.sha256, path=finding.path)
            if found is None or not _lasts(found):
                return None
            if len(self._recent) >= _RECENT:
                del self._recent[next(iter(self._recent))]
            self._recent[finding.sha256] = found
        return fitted(replace(found, path=finding.path))


def _lasts(finding: Finding) -> bool:
    """Whether every item with this content has this finding, whatever its path."""
    return (
        finding.status in (Status.EXAMINED, Status.KNOWN)
        and finding.reason is None
        and len(finding.matches) == min(MAX_MATCHES, finding.matches_total)
    )
