"""matcher lists show --common: the entries that have stricter thresholds of their own, the most common first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from matcher.commands import say
from matcher.commands.options import echo_json
from matcher.commands.progress_line import ProgressLine, in_time
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.lists.opened import OpenList
    from matcher.lists.store import Store
    from matcher.lookup.common_entries import CommonCounts, CommonEntry

Thresholds = Mapping[str, Mapping[str, Sequence[int]]]
"""By algorithm, then by kind, then by commonness: the largest distance of a match by the algorithm alone."""


def show_common(store: Store, *, name: str | None, as_json: bool) -> int:
    """Print the common entries of a store's lists, or of one, and how many hashes have each commonness."""
    from matcher.lookup.common_entries import CommonCounts, common_entries, count_of

    every = [store.open_list(*one) for one in store.current()]
    lists = every if name is None else [store.open_list(name, store.current_version(name))]
    counts, progress = CommonCounts(), _Progress(count_of(lists))
    try:
        found = common_entries(lists, counts, on_compared=progress.compared)
    finally:
        progress.stop()
    thresholds = _thresholds(every)
    for entry in found:
        alone = {kind: of[min(entry.commonness, len(of) - 1)] for kind, of in thresholds[entry.algorithm].items()}
        if as_json:
            echo_json({**asdict(entry), "thresholds": alone})
        else:
            click.echo(printable(_line(entry, alone)))
    for line in _totals(found, counts):
        if as_json:
            say(line)
        else:
            click.echo(printable(line))
    return 0


def _thresholds(lists: Sequence[OpenList]) -> Thresholds:
    """The thresholds that scans use with these lists, where their options state no others."""
    from matcher.calibration.bank import FEWEST
    from matcher.calibration.tables import KINDS
    from matcher.hashers import known_algorithm
    from matcher.lists.together import OpenLists
    from matcher.lookup.chances import Chances
    from matcher.lookup.hash_lookup import HashLookup
    from matcher.settings import Settings

    together, settings = OpenLists(lists), Settings()
    chances = Chances(together, settings)
    thresholds: dict[str, dict[str, list[int]]] = {}
    for name in FEWEST:
        facts = known_algorithm(name)
        if facts is not None:
            lookup = HashLookup(together, settings, facts, chances)
            thresholds[name] = {kind: lookup.by_commonness[kind].tolist() for kind in KINDS}
    return thresholds


def _line(entry: CommonEntry, alone: Mapping[str, int]) -> str:
    limits = ", ".join(f"{kind} {'never alone' if limit < 0 else limit}" for kind, limit in alone.items())
    category = "no category" if entry.category is None else f"category {entry.category}"
    note = "" if entry.note is None else f' "{entry.note}"'
    return (
        f"{entry.list} {entry.id}{note}, {category}: {entry.algorithm} commonness {entry.commonness}, near "
        f"{entry.near:,} pictures of the bank; alone within: {limits}"
    )


def _totals(found: Sequence[CommonEntry], counts: CommonCounts) -> Iterator[str]:
    from matcher.lookup.common_entries import COMMON_FROM

    names = Counter(entry.list for entry in {(one.list, one.id): one for one in found}.values())
    total = names.total()
    yield (
        f"{total:,} common {'entry' if total == 1 else 'entries'} (commonness {COMMON_FROM} or more). They match other "
        "pictures only where these are much nearer; the more common, the nearer"
    )
    for (name, algorithm), levels in counts.hashes.items():
        of = ", ".join(f"{level}: {levels[level]:,}" for level in range(max(levels, default=0) + 1))
        yield f"{name}: {levels.total():,} {algorithm} hashes by commonness: {of}"


class _Progress:
    """A line on stderr while hashes are compared."""

    def __init__(self, total: int) -> None:
        self._line = ProgressLine()
        self._total = total
        self._done = 0
        self._begun = time.monotonic()

    def compared(self, count: int) -> None:
        self._done += count
        if self._line.add(0):
            left = (time.monotonic() - self._begun) * (self._total - self._done) / max(1, self._done)
            self._line.show(f"{self._done:,} of {self._total:,} hashes compared, about {in_time(left)} left")

    def stop(self) -> None:
        self._line.clear()
