"""The work on one item as executors run it: open, examine, never fail for what the item holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matcher.engine import Matcher
from matcher.model import Finding, Item, Reason, Status
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

    def start(self) -> Callable[[Item], Finding]:
        matcher = self._open()
        return lambda item: self._examine(matcher, item, give_up=None)

    def lost(self, item: Item) -> Finding:
        """Digests and their matches all the same: reading bytes kills nobody."""
        return self._examine(self._open(), item, give_up=Reason.WORKER_DIED)

    def _open(self) -> Matcher:
        if self.store is None:
            return Matcher(settings=self.settings)
        return Matcher.open(self.store, lists=self.lists, settings=self.settings)

    def _examine(self, matcher: Matcher, item: Item, *, give_up: Reason | None) -> Finding:
        if item.status is not None:
            return Finding(item.path, item.size, None, item.status, item.reason, self.exhibit)
        try:
            with self.source.open(item) as stream:
                return matcher.examine_stream(stream, name=item.path, exhibit=self.exhibit, give_up=give_up)
        except OSError as error:
            return Finding(item.path, item.size, None, Status.UNREADABLE, reason_of(error), self.exhibit)
        except MemoryError:
            return Finding(item.path, item.size, None, Status.UNREADABLE, Reason.OUT_OF_MEMORY, self.exhibit)
