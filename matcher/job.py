"""The work on one item as executors run it: open, examine, never fail for what the item holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matcher.engine import Matcher
from matcher.executors import Work
from matcher.hashers import FileHasher, PictureHasher
from matcher.model import Finding, Item, Reason, Status
from matcher.selftest import run as run_selftest
from matcher.settings import Settings
from matcher.sources import Source
from matcher.sources.failures import reason_of


@dataclass(frozen=True, slots=True)
class ExamineJob:
    """Examines the items of one source against pinned versions of lists. Can be pickled.

    Without a store, items are hashed and nothing is looked up.
    """

    source: Source
    store: Path | None
    lists: tuple[tuple[str, int], ...]
    settings: Settings
    exhibit: str | None

    def start(self, beat: Callable[[], None]) -> Work[Finding]:
        matcher = self._open()
        # libraries are loaded and kernels compiled here, where no limit holds yet
        hashers: list[FileHasher | PictureHasher] = [*matcher.file_hashers, *matcher.picture_hashers]
        run_selftest(tuple(hasher.algorithm.name for hasher in hashers))
        return lambda item, give_up: self._examine(matcher, item, give_up, beat)

    def limited(self, result: Finding) -> bool:
        return result.reason is Reason.OUT_OF_MEMORY

    def lost(self, item: Item, reason: Reason) -> Finding:
        return Finding(item.path, item.size, None, Status.UNREADABLE, reason, self.exhibit)

    def _open(self) -> Matcher:
        if self.store is None:
            return Matcher(settings=self.settings)
        return Matcher.open(self.store, lists=self.lists, settings=self.settings)

    def _examine(self, matcher: Matcher, item: Item, give_up: Reason | None, beat: Callable[[], None]) -> Finding:
        if item.status is not None:
            return Finding(item.path, item.size, None, item.status, item.reason, self.exhibit)
        try:
            with self.source.open(item) as stream:
                return matcher.examine_stream(stream, name=item.path, exhibit=self.exhibit, give_up=give_up, beat=beat)
        except OSError as error:
            return Finding(item.path, item.size, None, Status.UNREADABLE, reason_of(error), self.exhibit)
        except MemoryError:
            pass  # and let go of what the frames of the exception hold
        if give_up is None:  # its digests are to be had all the same
            return self._examine(matcher, item, Reason.OUT_OF_MEMORY, beat)
        return Finding(item.path, item.size, None, Status.UNREADABLE, Reason.OUT_OF_MEMORY, self.exhibit)
