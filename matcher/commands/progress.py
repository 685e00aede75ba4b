"""What an examiner sees on stderr while a scan runs: matches as they are met, and one line of progress."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections import Counter
from typing import Any

import click

from matcher.commands.options import echo_json
from matcher.engine import Matcher
from matcher.model import Finding, Status
from matcher.record import Recorder
from matcher.sources import Source

_ON_TERMINAL = 0.5
_IN_FILE = 10.0
_SETTLED = 3.0
"""Seconds before a rate is worth an estimate."""


class Census:
    """Counts a source's items and bytes beside the scan, so that the time left can be told."""

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
        except OSError:  # the scan meets it too, and says so; here it costs the estimate
            return
        self.complete = True

    def stop(self) -> None:
        self._stopped = True
        self._thread.join()


class Progress:
    """A scan's listener that writes to stderr. `quiet` leaves only what failed; `jsonl` prints findings on stdout."""

    def __init__(self, *, quiet: bool, jsonl: bool) -> None:
        self._quiet = quiet
        self._jsonl = jsonl
        self._terminal = sys.stderr.isatty()
        self._every = _ON_TERMINAL if self._terminal else _IN_FILE
        self._census: Census | None = None
        self._begun = self._last = time.monotonic()
        self._done: Counter[str] = Counter()
        self._bytes = 0
        self._matched = 0
        self._width = 0

    def opened(self, scan: int, source: Source, matcher: Matcher) -> None:
        for opened in matcher.lists:
            for kind, count in opened.facts.counts["kept"].items():
                self._say(f"warning: list {opened.name}: {count:,} hashes of type {kind} cannot be looked up")
        lists = ", ".join(f"{opened.name} version {opened.version}" for opened in matcher.lists)
        self._say(f"scan {scan}: {source.describe()['path']} against {lists}")
        self._begun = self._last = time.monotonic()
        self._done.clear()
        self._bytes = self._matched = 0
        if not self._quiet:
            self._census = Census(source)

    def examined(self, finding: Finding) -> None:
        self._done[finding.status.value] += 1
        self._bytes += finding.size or 0
        if finding.matches:
            self._matched += 1
            nearest = finding.matches[0]
            what = "notable" if finding.notable else "match"
            more = f" and {finding.matches_total - 1} more" if finding.matches_total > 1 else ""
            self._say(
                f"{what} (provisional): {finding.path}: {nearest.list} {nearest.entry} by {nearest.algorithm}, "
                f"distance {nearest.distance}, {nearest.transform}{more}"
            )
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self._show()

    def recorded(self, finding: Finding, recorder: Recorder) -> None:
        del recorder
        if self._jsonl:
            echo_json(finding.as_json())

    def closed(self, facts: dict[str, Any]) -> None:
        del facts
        self.stop()

    def waiting(self, seconds: float) -> None:
        """Another process holds the ledger."""
        self._say(f"waiting for another process to release the ledger, {seconds:.0f} s so far")

    def stop(self) -> None:
        """Clear the line and stop counting, however the scan ended."""
        if self._census is not None:
            self._census.stop()
            self._census = None
        self._clear()

    def _show(self) -> None:
        if self._quiet or self._census is None:
            return
        items, seconds = self._done.total(), time.monotonic() - self._begun
        census = self._census
        share = f" of {census.items:,}" if census.complete else ""
        parts = [
            f"{items:,}{share} items",
            f"{items / seconds:,.0f}/s",
            f"{in_bytes(self._bytes)}, {in_bytes(self._bytes / seconds)}/s",
            f"{self._matched:,} matched",
            f"{self._done[Status.UNREADABLE.value]:,} unreadable",
            f"{self._done[Status.SKIPPED.value]:,} skipped",
            self._time_left(seconds),
        ]
        line = ", ".join(parts)
        if self._terminal:
            line = line[: shutil.get_terminal_size().columns - 1]
            click.echo("\r" + line.ljust(self._width), err=True, nl=False)
            self._width = len(line)
        else:
            click.echo(line, err=True)

    def _time_left(self, seconds: float) -> str:
        census = self._census
        if census is None or not census.complete or seconds < _SETTLED or not self._bytes:
            return "time left not known yet"
        return f"{in_time(max(0.0, census.bytes - self._bytes) * seconds / self._bytes)} left"

    def _say(self, text: str) -> None:
        if self._quiet:
            return
        self._clear()
        click.echo(printable(text), err=True)

    def _clear(self) -> None:
        if self._terminal and self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
            self._width = 0


def printable(text: str) -> str:
    """Text that cannot steer a terminal: a file's name may hold escape sequences."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def in_bytes(count: float) -> str:
    """A number of bytes for people: 1.5 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def in_time(seconds: float) -> str:
    """A duration for people: 2 h 05 min."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{minutes} min {rest:02d} s" if hours < 1 else f"{hours:,} h {minutes:02d} min"
