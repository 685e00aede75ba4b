"""Whether the evidence is still there while it is scanned: of a disk that is unmounted, no item can be read.

Items that cannot be reached are held until it is known whether the source is there. If it is, they are recorded as
unreadable. If it is not, they get no finding, so that a resumed scan examines them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from matcher.errors import SourceError
from matcher.model import Finding, Item, Reason
from matcher.scan.job import Result
from matcher.sources import Source

PROBED_AFTER = 50
"""The number of failures in a row after which items that could be read are opened again."""
LEFT_AT_END = 10
"""The number of failures in a row at the end of the source after which they are."""
MOST_FAILURES = 1000
"""The largest number of items in a row that are listed and cannot be opened, where no other item could be read."""

_UNREACHABLE = frozenset({Reason.VANISHED, Reason.INPUT_OUTPUT_ERROR, Reason.FOLDER_UNREADABLE})

Completed = tuple[Item, Result]


def is_gone(location: Path) -> bool:
    """Whether nothing is at a source's location, or an empty folder, as where nothing is mounted."""
    try:
        if not location.is_dir():
            return not location.exists()
        with os.scandir(location) as entries:
            return next(entries, None) is None
    except OSError:
        return True


class Presence:
    """Passes results on, in their order, and holds those of items that cannot be reached.

    `root` is where the source lies, None where its items lie anywhere. `known` is an item that could be read before.
    """

    def __init__(self, source: Source, root: Path | None, *, known: Item | None = None) -> None:
        self._source = source
        self._root = root
        self._readable = [] if known is None else [known, known]
        """The first and the last item that could be read; empty where none could."""
        self._held: list[Completed] = []
        self._failures = 0
        """The number of held items that could not be reached; the others follow one of these."""
        self._unopened = 0
        """The number of these that were listed, and could not be opened."""

    def passed(self, item: Item, result: Result) -> Iterator[Completed]:
        """A generator of the results that can be recorded now. SourceError where the source is not there any more."""
        is_failure = isinstance(result, Finding) and result.reason in _UNREACHABLE
        if not is_failure:
            if item.status is None:
                self._readable = [self._readable[0] if self._readable else item, item]
                yield from self._released()
                yield item, result
            elif self._held:  # a link, which says nothing of the files
                self._held.append((item, result))
            else:
                yield item, result
            return
        self._held.append((item, result))
        self._failures += 1
        self._unopened += item.status is None
        if self._failures == 1 or self._failures % PROBED_AFTER == 0:
            self._check_root()
        if self._failures % PROBED_AFTER == 0 and self._is_there():
            yield from self._released()

    def rest(self) -> Iterator[Completed]:
        """A generator of the results that are held at the end of the source. SourceError as `passed`."""
        if self._failures:
            self._check_root()
        if self._failures >= LEFT_AT_END:
            self._is_there()
        yield from self._released()

    def _released(self) -> list[Completed]:
        held, self._held = self._held, []
        self._failures = self._unopened = 0
        return held

    def _check_root(self) -> None:
        if self._root is not None and is_gone(self._root):
            self._stop(f"{self._root}: is not there any more, or empty")

    def _is_there(self) -> bool:
        """Whether the source is known to be there. SourceError where it is known not to be."""
        if self._readable:
            if not any(map(self._can_be_read, self._readable)):
                self._stop(f"its last {self._failures:,} items cannot be reached, nor those that were read before")
            return True
        if self._failures >= MOST_FAILURES and self._unopened == self._failures:
            self._stop(f"none of the first {self._failures:,} items can be opened")
        return self._failures >= MOST_FAILURES or not self._unopened

    def _can_be_read(self, item: Item) -> bool:
        try:
            with self._source.open(item) as stream:
                stream.read(1)
        except OSError:
            return False
        return True

    def _stop(self, why: str) -> NoReturn:
        raise SourceError(
            f"the evidence went away during the scan: {why}. The scan stays open, and these items have no finding: "
            "mount or connect the evidence again, then go on with --resume"
        )
