"""Output on stderr while a scan runs: each match as it occurs, and one line of progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from matcher.commands import NO_HASHER, say
from matcher.commands.flood_lines import FloodWarner
from matcher.commands.match_line import match_line
from matcher.commands.options import echo_json
from matcher.commands.progress_line import Census, ProgressLine, columns
from matcher.commands.waiting import Waiting
from matcher.examine.engine import Matcher
from matcher.lists.comparability import comparability
from matcher.lists.opened import OpenList
from matcher.lookup.chances import WHOLE
from matcher.model import Finding, Item, Reason, Status
from matcher.record.floods import MOST_TOLD, Flood, FloodTally
from matcher.record.recorder import Recorder
from matcher.record.shortfall import Shortfall
from matcher.reports.not_examined import not_opened
from matcher.scan.opening import StartedScan
from matcher.sources import Source

_MOST_NAMED = 10
"""The most changed, vanished or added items that are named, of each kind."""


class Progress:
    """A scan's listener that writes to stderr. `quiet` leaves only warnings; `jsonl` prints findings on stdout.

    `case` and `store` are named in the commands that warnings propose.
    """

    def __init__(self, *, quiet: bool, jsonl: bool, case: Path = Path("CASE"), store: Path = Path("STORE")) -> None:
        self.begun = False
        """Whether any scan was opened."""
        self.changed = 0
        """Items whose content was replaced after it was examined."""
        self.vanished = 0
        """Recorded items that were not there any more when their scan was resumed."""
        self.quiet = quiet
        self._jsonl = jsonl
        self._folders = case, store
        self._floods: FloodTally | None = None
        self._warner: FloodWarner | None = None
        self._shown = ProgressLine()
        self._census: Census | None = None
        self._lists: Sequence[OpenList] = ()
        self._done: Counter[str] = Counter()
        self._shortfall = Shortfall()
        self._earlier = (0, 0)
        """Items and bytes that an earlier run recorded."""
        self._matched = 0
        self.waiting = Waiting(self._say)

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
        self.vanished += len(begun.changes.vanished)
        done = begun.recorder.items
        resumed = f", resumed behind {done:,} items" if done else ""
        self._say(f"scan {begun.scan}: {source.describe()['path']} against {lists}{resumed}")
        for what, paths in (
            ("changed after it was examined; its finding is of what it was", begun.changes.changed),
            ("has a finding and is not there any more", begun.changes.vanished),
            ("was not there before; it is examined now", begun.changes.added),
        ):
            for path in paths[:_MOST_NAMED]:
                self._line(f"warning: {path}: {what}")
            if (more := len(paths) - _MOST_NAMED) > 0:
                self._line(f"warning: {more:,} more: {what}")
        self._lists = matcher.lists
        thresholds = {lookup.algorithm: lookup.threshold(WHOLE) for lookup in matcher.lookups}
        self._warner = FloodWarner(*self._folders, begun.scan, matcher.lists, thresholds)
        self._floods = begun.recorder.floods
        self._tell_floods(self._floods.untold(), so_far=True)
        self._shown.begin()
        self._done.clear()
        self._shortfall = Shortfall()
        self._matched = 0
        self._earlier = done, begun.recorder.bytes
        if not self.quiet:
            self._census = Census(source)
            self._shown.prepare()

    def examined(self, finding: Finding, *, repeated: bool) -> None:
        self._done[Status.DUPLICATE.value if repeated else finding.status.value] += 1
        self._shortfall.add_finding(finding)
        due = self._shown.add(finding.size or 0)
        if finding.matches:
            self._matched += 1
            if not self.quiet:
                width = columns() - 1 if self._shown.terminal else None
                self._line(match_line(finding, self._lists, width=width))
        if due:
            self._show()

    def retried(self, item: Item, reason: Reason) -> None:
        self._line(f"warning: {item.path}: {reason.value}; it is tried once more alone")

    def recorded(self, finding: Finding, recorder: Recorder) -> None:
        if self._jsonl:
            echo_json(finding.as_json())
        if finding.matches:
            self._tell_floods(recorder.floods.untold(), so_far=True)

    def closed(self, facts: dict[str, Any]) -> None:
        self.stop()
        if self._floods is not None:
            self._tell_floods(self._floods.floods()[:MOST_TOLD], so_far=False)
        if not facts["items"]:
            self._line("warning: the source has no items at all; is it mounted?")

    def complete(self, facts: dict[str, Any]) -> None:
        self._line(f"scan {facts['scan']} is complete already: nothing to resume")

    def stop(self) -> None:
        """Clear the line and stop counting, however the scan ended."""
        if self._census is not None:
            self._census.stop()
            self._census = None
        self._shown.clear()

    def _show(self) -> None:
        if self.quiet or self._census is None:
            return
        parts = [
            *self._shown.report(self._census, earlier=self._earlier),
            f"{self._matched:,} matched",
            *(f"{self._done[status.value]:,} {status.value}" for status in Status if self._done[status.value]),
        ]
        if unopened := not_opened(self._shortfall.not_opened):
            parts.append(f"NOT opened: {unopened}")
        self._shown.show(", ".join(parts))

    def _tell_floods(self, floods: Iterable[Flood], *, so_far: bool) -> None:
        assert self._warner is not None, "the scan is open"
        for flood in floods:
            for line in self._warner.lines(flood, so_far=so_far):
                self._line(line)

    def _say(self, text: str) -> None:
        if not self.quiet:
            self._line(text)

    def _line(self, text: str) -> None:
        self._shown.clear()
        say(text)
