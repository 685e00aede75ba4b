"""The work on one item as executors run it: open, examine, and never fail because of the item's content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matcher.examine.content import Content, read_content
from matcher.examine.engine import Matcher
from matcher.examine.selftest import run as run_selftest
from matcher.executors import Work
from matcher.executors.ahead import MOST_BYTES, AheadReader
from matcher.executors.serving import ReadsAhead
from matcher.hashers import FileHasher, PictureHasher
from matcher.hashers.digests import DigestHasher
from matcher.model import Finding, Item, Reason, Status
from matcher.scan.seen_table import SeenTableReader
from matcher.settings import Settings
from matcher.sources import Source
from matcher.sources.failures import reason_of


@dataclass(frozen=True, slots=True)
class RepeatedContent:
    """The result for an item whose content was already examined in this scan: it was not decoded again."""

    path: str
    sha256: bytes


Result = Finding | RepeatedContent


@dataclass(frozen=True, slots=True)
class ExamineJob:
    """Examines the items of one source against pinned versions of lists. Can be pickled.

    Without a store, items are hashed and not looked up. With `seen_table`, the file of a SeenTable, a content that is
    in it is not decoded: the result is a RepeatedContent. The caller completes it with the finding of that content, or
    submits the item again with `may_repeat` unset.
    """

    source: Source
    store: Path | None
    lists: tuple[tuple[str, int], ...]
    settings: Settings
    exhibit: str | None
    seen_table: Path | None = None

    def start(self, beat: Callable[[], None]) -> Work[Result]:
        matcher = self._open()
        # loads libraries and compiles kernels here, before any limit applies
        hashers: list[FileHasher | PictureHasher] = [*matcher.file_hashers, *matcher.picture_hashers]
        run_selftest(tuple(hasher.algorithm.name for hasher in hashers))
        return _Examining(self, matcher, beat)

    def limited(self, result: Result) -> bool:
        return isinstance(result, Finding) and result.reason is Reason.OUT_OF_MEMORY

    def lost(self, item: Item, reason: Reason) -> Finding:
        return Finding(item.path, item.size, None, Status.UNREADABLE, reason, self.exhibit)

    def _open(self) -> Matcher:
        if self.store is None:
            return Matcher(settings=self.settings)
        return Matcher.open(self.store, lists=self.lists, settings=self.settings)


class _Examining(ReadsAhead):
    """The work in one process."""

    def __init__(self, job: ExamineJob, matcher: Matcher, beat: Callable[[], None]) -> None:
        self._job = job
        self._matcher = matcher
        self._beat = beat
        self._seen = SeenTableReader(job.seen_table)
        self._ahead = AheadReader(self._read_ahead)
        self._contained = all(isinstance(hasher, DigestHasher) for hasher in matcher.file_hashers)
        """Whether reading ahead cannot crash the process: then a crash is caused by the item being examined."""

    def expect(self, task: Item) -> None:
        if self._contained:
            self._ahead.expect(task)

    def forget(self) -> None:
        self._ahead.forget()

    def __call__(self, item: Item, give_up: Reason | None) -> Result:
        if item.status is not None:
            return Finding(item.path, item.size, None, item.status, item.reason, self._job.exhibit)
        try:
            return self._examine(item, give_up)
        except OSError as error:
            return Finding(item.path, item.size, None, Status.UNREADABLE, reason_of(error), self._job.exhibit)
        except MemoryError:
            pass  # and release the objects that the frames of the exception refer to
        if give_up is None:  # its digests can be computed all the same
            return self(item, Reason.OUT_OF_MEMORY)
        return Finding(item.path, item.size, None, Status.UNREADABLE, Reason.OUT_OF_MEMORY, self._job.exhibit)

    def _examine(self, item: Item, give_up: Reason | None) -> Result:
        content = self._ahead.take(item, self._beat) if give_up is None else None
        if content is None:
            content = self._read(item, self._beat, most=self._job.settings.max_bytes, keep=give_up is None)
        if give_up is None and self._is_repeated(item, content):
            return RepeatedContent(item.path, content.sha256)
        return self._matcher.examine_content(
            content, name=item.path, exhibit=self._job.exhibit, give_up=give_up, beat=self._beat
        )

    def _is_repeated(self, item: Item, content: Content) -> bool:
        """Whether this content was decoded before. A content that is not decoded is examined again.

        That is fast, and its finding depends on the name.
        """
        return item.may_repeat and bool(content.parts) and content.sha256 in self._seen

    def _read(self, item: Item, beat: Callable[[], None], *, most: int, keep: bool) -> Content:
        with self._job.source.open(item) as stream:
            return read_content(stream, self._matcher.file_hashers, max_bytes=most, keep=keep, beat=beat)

    def _read_ahead(self, item: Item, beat: Callable[[], None]) -> Content | None:
        most = min(MOST_BYTES, self._job.settings.max_bytes)
        content = self._read(item, beat, most=most, keep=True)
        return None if most < content.size <= self._job.settings.max_bytes else content  # has grown: incomplete
