"""Checks that the checkpoints that entries name are there: a deleted one is noticed, although a later one covers it.

    {"after_checkpoint":1024, …}

The field, which is optional, is the size of the newest checkpoint when its writer made the entry. The tree covers it.
So of two checkpoints that follow each other, the earlier one cannot be deleted unnoticed where an entry between them
has the field. Decisions have it, and matcher's entries that begin, resume or end a scan, and relookups; not those of
earlier versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

FIELD = "after_checkpoint"


class NamedCheckpoints:
    """Takes checkpoints and entries in order of size. Memory grows with the number of checkpoints.

    `problem(text)` is called once for each checkpoint that is missing, with the first entry that names it.
    """

    def __init__(self, problem: Callable[[str], None]) -> None:
        self._problem = problem
        self._sizes: set[int] = set()

    def checkpoint(self, size: int) -> None:
        """Take the next checkpoint."""
        self._sizes.add(size)

    def entry(self, index: int, entry: Mapping[str, Any]) -> None:
        """Check the next entry; every checkpoint up to its index was taken before."""
        if FIELD not in entry:
            return
        size = entry[FIELD]
        if type(size) is not int or not 0 <= size <= index:
            self._problem(f"entry {index} names no earlier checkpoint as the one that it came after")
        elif size not in self._sizes:
            self._sizes.add(size)
            self._problem(f"the checkpoint of size {size}, after which entry {index} was written, is missing")
