"""Descriptions of a list that several of these commands print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from matcher.commands import say
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.lists.opened import OpenList
    from matcher.lists.store import Store
    from matcher.lists.version import ListVersion


def described(version: ListVersion) -> str:
    """A version of a list in one line: its entries, hashes and refused lines."""
    counts: dict[str, Any] = dict(version.counts)
    hashes = (
        ", ".join(f"{count:,} {algorithm}" for algorithm, count in counts["hashes"].items()) or "no hash to look up"
    )
    refused = f"; {counts['refused']:,} lines refused" if counts["refused"] else ""
    entries = number_of(counts["entries"])
    return f"{version.name} version {version.version}: {entries}: {hashes}{refused}"


def number_of(entries: int) -> str:
    """A number of entries as text: "1 entry", "1,204 entries"."""
    return "1 entry" if entries == 1 else f"{entries:,} entries"


def in_use(current: Sequence[tuple[str, int]]) -> str:
    """The lists that scans use, by name and version, as text."""
    lists = ", ".join(f"{name} version {version}" for name, version in current)
    return f"in use now: {lists}" if lists else "in use now: no list; `match` and `scan` refuse this store"


def report_change(store: Store, changed: ListVersion) -> None:
    """Print a new version of a list, which scans use from now on, and merge its parts where there are too many."""
    from matcher.lists.compacting import merge_if_due

    click.echo(printable(described(changed)))
    merged = merge_if_due(store, changed.name, on_merge=_say_merging)
    if merged.version != changed.version:
        say(f"merged: {described(merged)}")


def _say_merging(opened: OpenList) -> None:
    say(
        f"{opened.name} version {opened.version} is in use; its updates have grown, and are merged now "
        f"({len(opened.parts)} parts): the answers stay the same"
    )
