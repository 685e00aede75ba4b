"""One line of progress on stderr: renewed in place on a terminal, a line now and then in a file or pipe."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress

import click

from matcher.commands import say
from matcher.commands.estimate import time_left
from matcher.sources import Source

_ON_TERMINAL = 0.5
"""Seconds between two progress reports on a terminal."""
_IN_FILE = 10.0
"""Seconds between two progress lines in a file or pipe."""


class Census:
    """Counts a source's items and bytes in a thread beside the work, for the estimate of the time left."""

    def __init__(self, source: Source) -> None:
        self.items = 0
        self.bytes = 0
        self.complete = False
        self._stopped = False
        self._source = source
        self._thread = threading.Thread(target=self._count, name="census", daemon=True)
        self._thread.start()

    def _count(self) -> None:
        try:
            for item in self._source.items():
                if self._stopped:
                    return
                self.items += 1
                self.bytes += item.size or 0
        except OSError:  # the work encounters it too and reports it; here it costs the estimate
            return
        self.complete = True

    def stop(self) -> None:
        """Stop counting, and wait until the thread has ended."""
        self._stopped = True
        self._thread.join()


class ProgressLine:
    """Shows how far some work is. The rate is that since the first item was done: what came before was preparing."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self._every = _ON_TERMINAL if self.terminal else _IN_FILE
        self._width = 0
        self.begin()

    def begin(self) -> None:
        """Start counting anew."""
        self.items = self.bytes = 0
        self._last = time.monotonic()
        self._first: float | None = None
        self._first_size = 0

    def prepare(self) -> None:
        """Show on a terminal that the work has begun and no item is done."""
        if self.terminal:
            self.show("preparing")

    def add(self, size: int) -> bool:
        """Count an item that is done. Returns whether it is time for a report."""
        self.items += 1
        self.bytes += size
        now = time.monotonic()
        if self._first is None:
            self._first, self._first_size = now, size
        due = now - self._last >= self._every
        if due:
            self._last = now
        return due

    def report(self, census: Census, *, earlier: tuple[int, int] = (0, 0)) -> list[str]:
        """The parts of a report: items, rates, time left. `earlier`: items and bytes that an earlier run did."""
        seconds = 0.0 if self._first is None else time.monotonic() - self._first
        items, size = self.items - 1, self.bytes - self._first_size  # the first one was done when the clock began
        share = f" of {census.items - earlier[0]:,}" if census.complete else ""
        parts = [f"{self.items:,}{share} items"]
        if items > 0 and seconds > 0:
            rate = items / seconds
            parts += [
                f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s",
                f"{in_bytes(self.bytes)}, {in_bytes(size / seconds)}/s",
            ]
        left = None
        if census.complete:
            left = time_left(
                seconds,
                items=items,
                size=size,
                items_left=census.items - earlier[0] - self.items,
                size_left=census.bytes - earlier[1] - self.bytes,
            )
        return [*parts, "time left not known yet" if left is None else f"{in_time(left)} left"]

    def show(self, text: str) -> None:
        """Renew the line, cut to the terminal's width; in a file or pipe, write it."""
        if not self.terminal:
            say(text)
            return
        text = text[: columns() - 1]
        self._write("\r" + text.ljust(self._width))
        self._width = len(text)

    def clear(self) -> None:
        """Remove the line from the terminal, so that another one can be written."""
        if self.terminal and self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    @staticmethod
    def _write(text: str) -> None:
        with suppress(OSError, ValueError):  # stderr is closed: the work continues
            click.echo(text, err=True, nl=False)


def columns() -> int:
    """The width of the terminal that stderr is; 80 where it is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def in_bytes(count: float) -> str:
    """A number of bytes as text: 1.5 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def in_time(seconds: float) -> str:
    """A duration in seconds as text: 2 h 05 min."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{minutes} min {rest:02d} s" if hours < 1 else f"{hours:,} h {minutes:02d} min"
