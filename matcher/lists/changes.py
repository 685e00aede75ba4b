"""The records of a base that an update removes: those of removed and of replaced entries, and their counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.lists import version as layout
from matcher.lists.opened import OpenList
from matcher.lists.part import Kind

_BLOCK = 1 << 16


@dataclass(slots=True)
class Removal:
    """Removed records of a list, ascending, and the numbers of entries and hashes that are removed with them.

    Either all records of an entry are removed, or none. `categories` counts entries, in each of their categories.
    """

    records: npt.NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    entries: int = 0
    hashes: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    categories: Counter[str | None] = field(default_factory=Counter)


def removal_of(base: OpenList, ids: Iterable[str]) -> Removal:
    """The removal of the entries with these ids from `base`. Ids that `base` does not have are ignored."""
    records = []
    rest = iter(ids)
    while some := list(islice(rest, _BLOCK)):
        records.append(base.records_of(some)[1])
    removal = Removal(np.unique(np.concatenate(records)) if records else np.empty(0, np.uint32))
    kinds: dict[int, list[Kind]] = {}
    gone = set()
    for number in removal.records.tolist():
        entry, kind = base.line(number)
        gone.add((entry.id, entry.category))
        part = base.part_of(number)
        hashes, kept = kinds.setdefault(part.first, part.kinds() if part.first not in kinds else [])[kind]
        removal.hashes.update(hashes)
        removal.kept.update(kept)
    removal.entries = len({entry_id for entry_id, _category in gone})
    removal.categories.update(category for _id, category in gone)
    return removal


def ids_in(folder: Path) -> Iterator[str]:
    """Generator of the id of every record of a version folder that is being built."""
    with (folder / layout.ENTRIES).open("rb") as stream:
        for line in stream:
            yield json.loads(line)[0]


def counts_after(
    base: Mapping[str, Any], removal: Removal, holds: Mapping[str, Any], *, refused: int
) -> dict[str, Any]:
    """The counts of a list (`ListVersion.counts`): its base's, less the removal, plus those of its newest part."""
    return {
        "entries": base["entries"] - removal.entries + holds["entries"],
        "records": base["records"] - len(removal.records) + holds["records"],
        "hashes": _after(base["hashes"], removal.hashes, holds["hashes"]),
        "kept": _after(base["kept"], removal.kept, holds["kept"]),
        "refused": base["refused"] + refused,
    }


def _after(before: Mapping[str, int], gone: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    after = {name: before.get(name, 0) - gone.get(name, 0) + more.get(name, 0) for name in {*before, *more}}
    return {name: count for name, count in sorted(after.items()) if count}
