"""Descriptions of a list that several of these commands print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from matcher.commands import say
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.lists.opened import OpenList
    from matcher.lists.store import Store
    from matcher.lists.version import ListVersion

MOST_CATEGORIES = 20
"""The most categories that are named in one line."""

NEVER_NOTABLE = (
    "WARNING: no entry of the lists is notable, so whatever the files hold, nothing notable can be found. "
    "`matcher lists show` prints what the categories mean; to change it, import the list with other --map options. "
    "Entries that have digests of trivial content alone, as of an empty file, are never notable"
)


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


def by_meaning(opened: OpenList) -> str:
    """A list with its entries by meaning, in one line, or with the reason why they are not known."""
    named = f"list {opened.name} version {opened.version}"
    if opened.meanings is None:
        entries = number_of(opened.facts.counts["entries"])
        return f"{named}: {entries}, not counted by meaning (an earlier version imported it, or it has free text there)"
    trivial = opened.trivial_entries
    some = "all" if trivial.are_all else f"{trivial.categories.total():,}" if trivial.categories else ""
    only = f"; {some} by digests of trivial content alone, and so not notable" if some else ""
    return f"{named}: {', '.join(f'{count:,} {name}' for name, count in opened.meanings.items())} entries{only}"


def by_category(opened: OpenList) -> str:
    """The categories of a list with their numbers of entries, in one line."""
    if opened.categories is None:
        return "not counted"
    some = [
        f"{'none' if category is None else repr(category)} ({number_of(count)})"
        for category, count in opened.categories[:MOST_CATEGORIES]
    ]
    more = [f"{left:,} more"] if (left := len(opened.categories) - len(some)) else []
    return ", ".join([*some, *more]) or "none"


def is_never_notable(lists: Sequence[OpenList]) -> bool:
    """Whether it is known that no entry of these lists is notable."""
    return all(opened.is_never_notable for opened in lists)


def say_meanings(lists: Sequence[OpenList], *, quiet: bool = False) -> None:
    """Say on stderr how many entries of each list are notable, and, `quiet` or not, if none of any list is."""
    for opened in () if quiet else lists:
        say(by_meaning(opened))
    if is_never_notable(lists):
        say(NEVER_NOTABLE)


def trivial_lines(lists: Sequence[OpenList]) -> Iterator[str]:
    """A generator of a warning for each digest of trivial content that lists have."""
    from matcher.lists.comparability import trivial_digests_of

    for opened in lists:
        for each in trivial_digests_of(opened):
            for sentence in each.sentences():
                yield f"warning: list {opened.name}: {sentence}"


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
