"""What this process compiles, and who is told: without importing what compiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Work:
    """How many functions this process compiled, since no cache had them, and how many seconds that took."""

    functions: int = 0
    seconds: float = 0.0
    tell: Callable[[], None] | None = None
    """Called once, when the first of them is about to be compiled."""

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """While a function, and what it calls, is compiled."""
        tell, self.tell = self.tell, None
        if tell is not None:
            tell()
        since = time.monotonic()
        try:
            yield
        finally:
            self.functions += 1
            self.seconds += time.monotonic() - since


WORK = Work()
