"""One version of a list, opened for lookups: files memory-mapped, shared by threads, never written.

FAISS keeps a copy of a Hamming algorithm's codes in each process that looks one up.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.errors import StoreError
from matcher.hashers import has_hasher, known_algorithm
from matcher.index import DigestTable, Index, open_digests, open_index
from matcher.index.folder import map_array, map_bytes
from matcher.lists import version as layout
from matcher.model import Disposition, ListEntry

MAX_SOURCES = 32
"""How many of a list's source files a ledger entry names; `digest` covers all of them."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """Listed hashes within the radius that was asked, one an element of four (n,) arrays.

    `queries`: the row of the query. `distances`: of the algorithm's metric. `rows`: the row of the hash in its index.
    `entries`: the number of its entry.
    """

    queries: npt.NDArray[np.int64]
    distances: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    entries: npt.NDArray[np.uint32]


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
            known = known_algorithm(algorithm)
            if known is None:
                raise StoreError(f"{folder}: has {algorithm} hashes, for which no hasher is installed any more")
            if known.metric is Metric.EXACT:
                self._digests[algorithm] = open_digests(path)
            else:
                self._indexes[algorithm] = open_index(path)
            self._attributes[algorithm] = _Attributes(folder, algorithm, count)
        records = self.facts.counts["records"]
        self._offsets: npt.NDArray[np.uint64] = map_array(folder / layout.OFFSETS, "<u8", (records + 1,))
        self._entries = map_bytes(folder / layout.ENTRIES)
        if len(self._entries) != int(self._offsets[-1]):
            raise StoreError(f"{folder / layout.ENTRIES}: has {len(self._entries)} bytes, not {int(self._offsets[-1])}")

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that can be looked up in this list, where somebody has the hash."""
        return tuple(sorted(self._attributes))

    @property
    def computed(self) -> tuple[str, ...]:
        """Those of them whose hashes can be computed here: by these a picture is looked up."""
        return tuple(filter(has_hasher, self.algorithms))

    @property
    def not_computed(self) -> dict[str, int]:
        """The number of hashes by each other algorithm: no hasher for it is installed, and scans pass them over."""
        counts = self.facts.counts["hashes"]
        return {name: int(counts[name]) for name in self.algorithms if not has_hasher(name)}

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
        return [int(entries[place]) for place in table.find(digest)]

    def find_digests(
        self, algorithm: str, digests: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """The same for each of many, (q, width) uint8, at once.

        Returns limits (q + 1,) int64 and entries (m,) uint32: those of digest i are `entries[limits[i]:limits[i + 1]]`.
        """
        table = self._digests.get(algorithm)
        if table is None:
            return np.zeros(len(digests) + 1, np.int64), np.empty(0, np.uint32)
        limits, places = table.find_many(digests)
        return limits, self._attributes[algorithm].entries[places]

    def has_digests(self, algorithm: str, digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which of many digests, (q, width) uint8, are listed, (q,) bool."""
        table = self._digests.get(algorithm)
        if table is None:
            return np.zeros(len(digests), np.bool_)
        begins, ends = table.spans(digests)
        return ends > begins

    def find_near(self, algorithm: str, queries: npt.NDArray[np.uint8], *, radius: int, minimum_quality: int) -> Nearby:
        """All hashes within `radius`, inclusive, of each row of `queries`, (q, width) uint8.

        Hashes whose stated quality is below `minimum_quality` are passed over, as their publisher advises.
        """
        limits, distances, rows = self._indexes[algorithm].range_search(queries, radius=radius)
        asked = np.repeat(np.arange(len(queries), dtype=np.int64), np.diff(limits))
        attributes = self._attributes[algorithm]
        kept = attributes.quality[rows] >= minimum_quality
        rows = rows[kept]
        return Nearby(asked[kept], distances[kept], rows, attributes.entries[rows])

    def codes(self, algorithm: str) -> npt.NDArray[np.uint8]:
        """All listed hashes of one perceptual algorithm, (n, width) uint8."""
        return self._indexes[algorithm].codes

    def code(self, algorithm: str, row: int) -> bytes:
        """The listed hash in that row."""
        return bytes(self._indexes[algorithm].codes[row])

    def load_record(self) -> dict[str, Any]:
        """The facts that a ledger's `list.load` entry holds."""
        return {
            "name": self.name,
            "version": self.version,
            "digest": self.facts.digest,
            "sources": [dict(source) for source in self.facts.sources[:MAX_SOURCES]],
            "sources_total": len(self.facts.sources),
            "counts": dict(self.facts.counts),
            "profile": self.facts.profile.as_json(),
            "audit": {algorithm: dict(found) for algorithm, found in self.facts.audit.items()},
            "index_digest": self.index_digest(),
        }
