"""The parts of a list merged into a new version that gives the same answers; and versions that nobody needs deleted.

all parts               one part, which stands alone
all updates of a base   one update of that base: work for what changed only, whatever the base holds
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
"""More parts than this are merged as soon as the update that made them is published."""

LARGEST_SHARE = 4
"""Updates that hold and remove more than one in so many of the base's records are merged with it."""

SMALL = 10_000
"""Updates of so few records are no reason to merge a base."""


class Merge(Enum):
    """What is to be merged of a list."""

    NOTHING = 0
    UPDATES = 1
    EVERYTHING = 2


def due(opened: OpenList) -> Merge:
    """What has grown so much that it had better be merged."""
    base, *updates = opened.parts
    changed = sum(part.records + len(part.removed) for part in updates)
    if changed > max(base.records // LARGEST_SHARE, SMALL):
        return Merge.EVERYTHING
    return Merge.UPDATES if len(opened.parts) > MAX_PARTS else Merge.NOTHING


def merge_if_due(store: Store, name: str, *, on_merge: Callable[[OpenList], None]) -> ListVersion:
    """Merge what has grown too much. `on_merge` is told before. The version that scans use then."""
    opened = store.open_list(name, store.current_version(name))
    if due(opened) is Merge.NOTHING:
        return opened.facts
    on_merge(opened)
    with store.writing() as writer:
        newest = writer.newest(name)  # somebody may have merged meanwhile
        return _merged(writer, newest, due(newest))


def compact_list(store: Store, name: str) -> ListVersion:
    """Merge all parts of a list. The version that scans use then: the same one where it has one part."""
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
    """Versions that are gone: their names and numbers, and those of which somebody still holds files open."""

    versions: tuple[tuple[str, int], ...]
    held: tuple[tuple[str, int], ...]


def prune(store: Store, name: str | None = None) -> Pruned:
    """Delete every version, of one list or of all, that neither is current nor a part of a current one.

    Files that cannot be deleted (on Windows, while somebody reads them) go with the next change of their list.
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
