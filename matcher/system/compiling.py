"""A count of what this process compiles, available without importing the compiler."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Work:
    """How many functions this process compiled, because no cache had them, and the seconds that this took."""

    functions: int = 0
    seconds: float = 0.0
    unsaved: int = 0
    """Functions that no cache could take, so that every process compiles them again."""
    on_first: Callable[[], None] | None = None
    """Called once, before the first function is compiled."""

    @contextmanager
    def measured(self) -> Iterator[None]:
        """A context in which a function, and the functions that it calls, are compiled and timed."""
        on_first, self.on_first = self.on_first, None
        if on_first is not None:
            on_first()
        since = time.monotonic()
        try:
            yield
        finally:
            self.functions += 1
            self.seconds += time.monotonic() - since


WORK = Work()
