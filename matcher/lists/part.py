"""One part of a version, opened: a folder whose files are memory-mapped, shared by threads, never written.

Records and rows count from 0 in each folder; lists/opened.py numbers them consecutively over the parts of a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.errors import StoreError
from matcher.hashers import known_algorithm
from matcher.index import DigestTable, Index, open_digests, open_index
from matcher.index.folder import map_array, map_bytes
from matcher.lists import version as layout
from matcher.lists.ids import IdTable
from matcher.lists.version import ListVersion
from matcher.model import ListEntry

Kind = tuple[dict[str, int], dict[str, int]]
"""The number of hashes of a record by algorithm, and the number of those that are not looked up, by type."""


class _Attributes:
    """The attributes of an index's rows: the record and the quality of each."""

    def __init__(self, folder: Path, algorithm: str, count: int) -> None:
        base = folder / layout.HASHES
        self.entries: npt.NDArray[np.uint32] = map_array(base / f"{algorithm}.entries", "<u4", (count,))
        self.quality: npt.NDArray[np.uint8] = map_array(base / f"{algorithm}.quality", np.uint8, (count,))


@dataclass(frozen=True, slots=True)
class Column:
    """The hashes of one algorithm. `records`, (n,), is ascending; the hash of `records[i]` is `values[places[i]]`.

    `values` is (n, width) uint8; `quality` is (n,) uint8, with NO_QUALITY where the list states none.
    """

    records: npt.NDArray[np.uint32]
    places: npt.NDArray[np.int64]
    values: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.uint8]


class Part:
    """A folder of a version. `first` is the number of its first record in the list, `records` their number."""

    def __init__(self, folder: Path, facts: ListVersion, *, first: int) -> None:
        self.folder = folder
        self.facts = facts
        self.first = first
        self.records = int(facts.holds["records"])
        self.digests: dict[str, DigestTable] = {}
        self.indexes: dict[str, Index] = {}
        self.attributes: dict[str, _Attributes] = {}
        for algorithm, count in facts.holds["hashes"].items():
            path = folder / layout.HASHES / f"{algorithm}.index"
            known = known_algorithm(algorithm)
            if known is None:
                raise StoreError(f"{folder}: has {algorithm} hashes, for which no hasher is installed any more")
            if known.metric is Metric.EXACT:
                self.digests[algorithm] = open_digests(path)
            else:
                self.indexes[algorithm] = open_index(path)
            self.attributes[algorithm] = _Attributes(folder, algorithm, count)
        self.ids = IdTable(folder, self.records)
        self.removed = self._removed()
        self._offsets: npt.NDArray[np.uint64] = map_array(folder / layout.OFFSETS, "<u8", (self.records + 1,))
        self._entries = map_bytes(folder / layout.ENTRIES)
        if len(self._entries) != int(self._offsets[-1]):
            raise StoreError(f"{folder / layout.ENTRIES}: has {len(self._entries)} bytes, not {int(self._offsets[-1])}")

    def _removed(self) -> npt.NDArray[np.uint32]:
        """The records of earlier parts that this one removes, by their numbers in the list, ascending."""
        count = int(self.facts.holds["removed_records"])
        removed: npt.NDArray[np.uint32] = map_array(self.folder / layout.REMOVED, "<u4", (count,))
        if count and int(removed[-1]) >= self.first:
            raise StoreError(f"{self.folder / layout.REMOVED}: removes record {removed[-1]} of {self.first}")
        return removed

    def line(self, record: int) -> tuple[ListEntry, int]:
        """A record's entry and its kind."""
        line = bytes(self._entries[int(self._offsets[record]) : int(self._offsets[record + 1])])
        entry_id, category, note, kind = json.loads(line)
        return ListEntry(entry_id, category, note), kind

    def kinds(self) -> list[Kind]:
        """The kinds of the part's records, by their numbers."""
        kinds: list[Kind] = json.loads((self.folder / layout.KINDS).read_bytes())
        return kinds

    def find_digests(
        self, algorithm: str, digests: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """The row of `digests`, (q, width), and the record, for every record that has one of them; both (m,)."""
        limits, places = self.digests[algorithm].find_many(digests)
        queries = np.repeat(np.arange(len(digests), dtype=np.int64), np.diff(limits))
        return queries, self.attributes[algorithm].entries[places]

    def column(self, algorithm: str) -> Column:
        """All hashes of one algorithm, in the order of their records. Rows of one record keep their order."""
        attributes = self.attributes[algorithm]
        entries, quality = attributes.entries, attributes.quality
        if algorithm in self.indexes:
            return Column(entries, np.arange(len(entries)), self.indexes[algorithm].codes, quality)
        order = np.argsort(entries, kind="stable")
        return Column(entries[order], order, self.digests[algorithm].digests, quality)

    def kept(self) -> Iterator[tuple[int, str, str, int | None]]:
        """Generator of the hashes that cannot be looked up: record, type, text, quality, in the records' order."""
        with (self.folder / layout.KEPT).open("rb") as stream:
            for line in stream:
                record, algorithm, value, quality = json.loads(line)
                yield record, algorithm, value, quality

    def as_json(self) -> dict[str, Any]:
        """The part's version, and the numbers of entries that it adds and removes."""
        holds = self.facts.holds
        return {"version": self.facts.version, "added": holds["entries"], "removed": holds["removed"]}
