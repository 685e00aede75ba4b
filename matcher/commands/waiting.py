"""Reports that another process holds the ledger."""

from __future__ import annotations

from collections.abc import Callable

_EVERY = 5.0
"""Seconds between two reports."""


class Waiting:
    """What a ledger calls while it waits for another process. It is called often, and reports every few seconds."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._reported = 0.0

    def __call__(self, seconds: float) -> None:
        if seconds < self._reported:
            self._reported = 0.0
        if seconds >= self._reported + _EVERY:
            self._reported = seconds
            self._report(f"waiting for another process to release the ledger, {seconds:.0f} s so far")
