"""Output on stderr while a scan runs: each match as it occurs, and one line of progress."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import click

from matcher.commands import NO_HASHER, say
from matcher.commands.estimate import time_left
from matcher.commands.options import echo_json
from matcher.examine.engine import Matcher
from matcher.lists.comparability import comparability
from matcher.model import Finding, Item, Reason, Status
from matcher.record.recorder import Recorder
from matcher.record.shortfall import Shortfall
from matcher.reports.not_examined import not_opened
from matcher.scan.opening import StartedScan
from matcher.sources import Source

_ON_TERMINAL = 0.5
"""Seconds between two progress reports on a terminal."""
_IN_FILE = 10.0
"""Seconds between two progress lines in a file or pipe."""
_WAITING = 5.0
"""Seconds between two reports that another process holds the ledger."""


class Census:
    """Counts a source's items and bytes in a thread beside the scan, for the estimate of the time left."""

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
        except OSError:  # the scan encounters it too and reports it; here it costs the estimate
            return
        self.complete = True

    def stop(self) -> None:
        """Stop counting, and wait until the thread has ended."""
        self._stopped = True
        self._thread.join()


class Progress:
    """A scan's listener that writes to stderr. `quiet` leaves only warnings; `jsonl` prints findings on stdout."""

    def __init__(self, *, quiet: bool, jsonl: bool) -> None:
        self.begun = False
        """Whether any scan was opened."""
        self.changed = 0
        """Items whose content was replaced after it was examined."""
        self._quiet = quiet
        self._jsonl = jsonl
        self._terminal = sys.stderr.isatty()
        self._every = _ON_TERMINAL if self._terminal else _IN_FILE
        self._census: Census | None = None
        self._since = self._last = time.monotonic()
        self._done: Counter[str] = Counter()
        self._shortfall = Shortfall()
        self._bytes = 0
        self._earlier = (0, 0)
        """Items and bytes that an earlier run recorded."""
        self._matched = 0
        self._width = 0
        self._waited = 0.0

    def opened(self, begun: StartedScan, source: Source, matcher: Matcher) -> None:
        self.begun = True
        for opened in matcher.lists:
            for kind, count in opened.facts.counts["kept"].items():  # also when quiet: it is no all-clear for these
                self._line(f"warning: list {opened.name}: {count:,} hashes of type {kind} cannot be looked up")
            for kind, count in opened.not_computed.items():
                self._line(f"warning: list {opened.name}: {count:,} {kind} hashes are not looked up: {NO_HASHER}")
            for each in comparability(opened):
                for sentence in each.sentences():
                    self._line(f"warning: list {opened.name}: {sentence}")
        lists = ", ".join(f"{opened.name} version {opened.version}" for opened in matcher.lists)
        self.changed += len(begun.changes.changed)
        done = begun.recorder.items
        resumed = f", resumed behind {done:,} items" if done else ""
        self._say(f"scan {begun.scan}: {source.describe()['path']} against {lists}{resumed}")
        for what, paths in (
            ("changed after it was examined; its finding is of what it was", begun.changes.changed),
            ("has a finding and is not there any more", begun.changes.vanished),
            ("was not there before; it is examined now", begun.changes.added),
        ):
            for path in paths:
                self._line(f"warning: {path}: {what}")
        self._since = self._last = time.monotonic()
        self._done.clear()
        self._shortfall = Shortfall()
        self._bytes = self._matched = 0
        self._earlier = done, begun.recorder.bytes
        if not self._quiet:
            self._census = Census(source)

    def examined(self, finding: Finding, *, repeated: bool) -> None:
        self._done[Status.DUPLICATE.value if repeated else finding.status.value] += 1
        self._shortfall.add_finding(finding)
        self._bytes += finding.size or 0
        if finding.matches:
            self._matched += 1
            nearest = finding.matches[0]
            what = "notable" if finding.notable else "trivial match" if finding.trivial else "match"
            more = f" and {finding.matches_total - 1} more" if finding.matches_total > 1 else ""
            self._say(
                f"{what} (provisional): {finding.path}: {nearest.list} {nearest.entry} by {nearest.algorithm}, "
                f"distance {nearest.distance}, {nearest.transform}{more}"
            )
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self._show()

    def retried(self, item: Item, reason: Reason) -> None:
        self._line(f"warning: {item.path}: {reason.value}; it is tried once more alone")

    def recorded(self, finding: Finding, recorder: Recorder) -> None:
        del recorder
        if self._jsonl:
            echo_json(finding.as_json())

    def closed(self, facts: dict[str, Any]) -> None:
        self.stop()
        if not facts["items"]:
            self._line("warning: the source has no items at all; is it mounted?")

    def complete(self, facts: dict[str, Any]) -> None:
        self._line(f"scan {facts['scan']} is complete already: nothing to resume")

    def waiting(self, seconds: float) -> None:
        """Report that another process holds the ledger. Called often while it does; reports every few seconds."""
        if seconds < self._waited:
            self._waited = 0.0
        if seconds >= self._waited + _WAITING:
            self._waited = seconds
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
        items, seconds = self._done.total(), time.monotonic() - self._since
        census = self._census
        share = f" of {census.items - self._earlier[0]:,}" if census.complete else ""
        parts = [
            f"{items:,}{share} items",
            f"{items / seconds:,.0f}/s",
            f"{in_bytes(self._bytes)}, {in_bytes(self._bytes / seconds)}/s",
            self._time_left(seconds),
            f"{self._matched:,} matched",
            *(f"{self._done[status.value]:,} {status.value}" for status in Status if self._done[status.value]),
        ]
        if unopened := not_opened(self._shortfall.not_opened):
            parts.append(f"NOT opened: {unopened}")
        line = ", ".join(parts)
        if self._terminal:
            line = line[: _columns() - 1]
            self._write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            say(line)

    def _time_left(self, seconds: float) -> str:
        census = self._census
        if census is None or not census.complete:
            return "time left not known yet"
        items, size = self._done.total(), self._bytes
        left = time_left(
            seconds,
            items=items,
            size=size,
            items_left=census.items - self._earlier[0] - items,
            size_left=census.bytes - self._earlier[1] - size,
        )
        return "time left not known yet" if left is None else f"{in_time(left)} left"

    def _say(self, text: str) -> None:
        if not self._quiet:
            self._line(text)

    def _line(self, text: str) -> None:
        self._clear()
        say(text)

    def _clear(self) -> None:
        if self._terminal and self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    @staticmethod
    def _write(text: str) -> None:
        with suppress(OSError, ValueError):  # stderr is closed: the scan continues
            click.echo(text, err=True, nl=False)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
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
