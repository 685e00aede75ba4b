"""One version of a list, opened for lookups: everything memory-mapped, shared by threads, never written."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import ALGORITHMS, Metric
from matcher.index import DigestTable, Index, open_digests, open_index
from matcher.index.folder import map_array
from matcher.lists import version as layout
from matcher.model import Disposition, ListEntry


@dataclass(frozen=True, slots=True)
class Nearby:
    """A listed hash within the radius that was asked. `query` is the row of the query, `entry` the entry's number."""

    query: int
    distance: int
    row: int
    entry: int


class _Attributes:
    """What stands beside an index: the entry and the quality of each row."""

    def __init__(self, folder: Path, algorithm: str, count: int) -> None:
        base = folder / layout.HASHES
        self.entries: npt.NDArray[np.uint32] = map_array(base / f"{algorithm}.entries", "<u4", (count,))
        self.quality: npt.NDArray[np.uint8] = map_array(base / f"{algorithm}.quality", np.uint8, (count,))


class OpenList:
    """A list that can be asked. `name` and `version` pin it; see ListVersion for the rest of `facts`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = layout.read_version(folder)
        self.name = self.facts.name
        self.version = self.facts.version
        self._digests: dict[str, DigestTable] = {}
        self._indexes: dict[str, Index] = {}
        self._attributes: dict[str, _Attributes] = {}
        for algorithm, count in self.facts.counts["hashes"].items():
            path = folder / layout.HASHES / f"{algorithm}.index"
            if ALGORITHMS[algorithm].metric is Metric.EXACT:
                self._digests[algorithm] = open_digests(path)
            else:
                self._indexes[algorithm] = open_index(path)
            self._attributes[algorithm] = _Attributes(folder, algorithm, count)
        entries = self.facts.counts["entries"]
        self._offsets: npt.NDArray[np.uint64] = map_array(folder / layout.OFFSETS, "<u8", (entries + 1,))
        self._entries: mmap.mmap | bytes = b""
        if entries:
            with (folder / layout.ENTRIES).open("rb") as stream:
                self._entries = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that can be looked up in this list."""
        return tuple(sorted(self._attributes))

    def index_digest(self) -> str:
        """SHA-256 of the header, which holds the digest of every file of this version."""
        return hashlib.sha256((self.folder / layout.HEADER).read_bytes()).hexdigest()

    def entry(self, number: int) -> ListEntry:
        """The entry with that number."""
        line = self._entries[int(self._offsets[number]) : int(self._offsets[number + 1])]
        entry_id, category, note = json.loads(line)
        return ListEntry(entry_id, category, note)

    def disposition(self, entry: ListEntry) -> Disposition:
        return self.facts.profile.disposition(entry.category)

    def find_digest(self, algorithm: str, digest: bytes) -> list[int]:
        """The numbers of the entries with that digest."""
        table = self._digests.get(algorithm)
        if table is None:
            return []
        entries = self._attributes[algorithm].entries
        return [int(entries[row]) for row in table.find(digest)]

    def find_near(
        self, algorithm: str, queries: npt.NDArray[np.uint8], *, radius: int, minimum_quality: int
    ) -> Iterator[Nearby]:
        """A generator of all hashes within `radius` bits, inclusive, of each row of `queries`.

        Hashes whose stated quality is below `minimum_quality` are passed over, as their publisher advises.
        """
        index = self._indexes.get(algorithm)
        if index is None:
            return
        attributes = self._attributes[algorithm]
        limits, distances, rows = index.range_search(queries, radius=radius)
        for query in range(len(queries)):
            for place in range(int(limits[query]), int(limits[query + 1])):
                row = int(rows[place])
                if attributes.quality[row] >= minimum_quality:
                    yield Nearby(query, int(distances[place]), row, int(attributes.entries[row]))

    def code(self, algorithm: str, row: int) -> bytes:
        """The listed hash in that row."""
        return bytes(self._indexes[algorithm].codes[row])

    def load_record(self) -> dict[str, Any]:
        """The facts that a ledger's `list.load` entry holds."""
        return {
            "name": self.name,
            "version": self.version,
            "digest": self.facts.digest,
            "sources": [dict(source) for source in self.facts.sources],
            "counts": dict(self.facts.counts),
            "profile": self.facts.profile.as_json(),
            "index_digest": self.index_digest(),
        }
