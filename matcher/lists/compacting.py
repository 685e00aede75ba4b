"""Merging the parts of a list into a new version with the same matches; and deletion of versions that are not needed.

all parts               one part, which stands alone
all updates of a base   one update of that base: the work depends on the updates only, not on the size of the base
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from matcher.errors import StoreError
from matcher.lists.exporting import listed_hashes
from matcher.lists.opened import OpenList
from matcher.lists.publishing import building, publish
from matcher.lists.store import Store, StoreWriter
from matcher.lists.version import REFUSED, ListVersion, read_chain

MAX_PARTS = 8
"""A list with more parts than this is merged as soon as the last update is published."""

LARGEST_SHARE = 4
"""Updates are merged with the base if they add and remove more records than its number divided by this."""

SMALL = 10_000
"""Updates of this many records or fewer are never merged with the base."""


class Merge(Enum):
    """The parts of a list that are to be merged."""

    NOTHING = 0
    UPDATES = 1
    EVERYTHING = 2


def due(opened: OpenList) -> Merge:
    """The merge that is due, by the number and the size of the updates."""
    base, *updates = opened.parts
    changed = sum(part.records + len(part.removed) for part in updates)
    if changed > max(base.records // LARGEST_SHARE, SMALL):
        return Merge.EVERYTHING
    return Merge.UPDATES if len(opened.parts) > MAX_PARTS else Merge.NOTHING


def merge_if_due(store: Store, name: str, *, on_merge: Callable[[OpenList], None]) -> ListVersion:
    """Do the merge that is due, if any. `on_merge` is called before. Returns the version that scans then use."""
    opened = store.open_list(name, store.current_version(name))
    if due(opened) is Merge.NOTHING:
        return opened.facts
    on_merge(opened)
    with store.writing() as writer:
        newest = writer.newest(name)  # another process may have merged meanwhile
        return _merged(writer, newest, due(newest))


def compact_list(store: Store, name: str) -> ListVersion:
    """Merge all parts of a list. Returns the version that scans then use: the same one if it has one part."""
    with Store.open(store.folder).writing() as writer:
        newest = writer.newest(name)
        return _merged(writer, newest, Merge.EVERYTHING if len(newest.parts) > 1 else Merge.NOTHING)


def _merged(writer: StoreWriter, opened: OpenList, what: Merge) -> ListVersion:
    if what is Merge.NOTHING:
        return opened.facts
    base, parts = None, opened.parts
    if what is Merge.UPDATES:
        base, parts = OpenList(parts[0].folder), parts[1:]
    with building(writer, opened.name, base=base) as builder:
        for listed in listed_hashes(opened, parts=parts):
            builder.add(listed)
        if base is not None:
            for number in opened.removed[opened.removed < parts[0].first].tolist():
                builder.remove(opened.entry(number).id)
        for part in parts:
            with (part.folder / REFUSED).open("rb") as lines:
                builder.copy_refused(lines)
        return publish(
            writer,
            builder,
            name=opened.name,
            sources=[source for part in parts for source in part.facts.sources],
            profile=opened.facts.profile,
            merged=opened.facts,
        )


@dataclass(frozen=True, slots=True)
class Pruned:
    """Deleted versions, by name and number; `held` are those whose files could not all be deleted."""

    versions: tuple[tuple[str, int], ...]
    held: tuple[tuple[str, int], ...]


def prune(store: Store, name: str | None = None) -> Pruned:
    """Delete every version, of one list or of all, that is neither current nor a part of a current one.

    Files that cannot be deleted (on Windows, while a process reads them) are deleted at the next change of their list.
    """
    store = Store.open(store.folder)
    with store.writing() as writer:
        needed = set()
        for listed, version in writer.current().items():
            for folder, facts in read_chain(store.folder_of(listed, version)):
                if folder != store.folder_of(listed, facts.version):
                    raise StoreError(f"{folder}: holds version {facts.version}")
                needed.add((listed, facts.version))
        gone = tuple(pair for pair in writer.versions() if pair not in needed and name in {None, pair[0]})
        for pair in gone:
            writer.forget(*pair)
    for pair in gone:
        shutil.rmtree(store.folder_of(*pair), ignore_errors=True)
    return Pruned(gone, tuple(pair for pair in gone if store.folder_of(*pair).exists()))
