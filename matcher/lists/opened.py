"""One version of a list, opened for lookups: all its parts, without the removed entries.

Files are memory-mapped, shared by threads, never written.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.hashers import has_hasher
from matcher.lists import version as layout
from matcher.lists.categories import Counted, categories_of, meanings_of
from matcher.lists.part import Part
from matcher.lists.trivial_entries import TrivialEntries, trivial_entries
from matcher.model import Disposition, ListEntry

MAX_SOURCES = 32
"""The most source files of a list that a ledger entry names; `digest` covers all of them."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Listed hashes within the radius of a query, one at each place of five (n,) arrays.

    `queries`: the row of the query. `distances`: of the algorithm's metric. `rows`: the row of the hash in its list.
    `entries`: the number of its entry there. `lists`: the place of the list among those that were queried.
    """

    queries: npt.NDArray[np.int64]
    distances: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    entries: npt.NDArray[np.uint32]
    lists: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.queries)

    def where(self, kept: npt.NDArray[np.bool_]) -> Candidates:
        """The candidates for which `kept`, (n,), is true."""
        return Candidates(
            self.queries[kept], self.distances[kept], self.rows[kept], self.entries[kept], self.lists[kept]
        )


NOTHING = Candidates(
    np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.int64)
)
"""No candidates, as most pictures have."""


def joined(parts: Sequence[Candidates]) -> Candidates:
    """The candidates of all parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NOTHING
    return Candidates(
        np.concatenate([part.queries for part in parts]),
        np.concatenate([part.distances for part in parts]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.entries for part in parts]),
        np.concatenate([part.lists for part in parts]),
    )


class OpenList:
    """A list that can be queried. `name` and `version` identify it; see ListVersion for the rest of `facts`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        chain = layout.read_chain(folder)
        self.facts = chain[-1][1]
        self.name = self.facts.name
        self.version = self.facts.version
        parts: list[Part] = []
        for part, facts in chain:
            parts.append(Part(part, facts, first=parts[-1].first + parts[-1].records if parts else 0))
        self.parts = tuple(parts)
        self._firsts = [part.first for part in parts]
        taken = [part.removed for part in parts if len(part.removed)]
        self.removed: npt.NDArray[np.uint32] = np.unique(np.concatenate(taken)) if taken else np.empty(0, np.uint32)

    @cached_property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms whose hashes can be looked up in this list, whether or not they can be computed here."""
        return tuple(sorted(self.facts.counts["hashes"]))

    @property
    def computed(self) -> tuple[str, ...]:
        """The algorithms of `algorithms` whose hashes can be computed here: by these a picture is looked up."""
        return tuple(filter(has_hasher, self.algorithms))

    @property
    def not_computed(self) -> dict[str, int]:
        """The number of hashes by each algorithm without an installed hasher: scans ignore them."""
        counts = self.facts.counts["hashes"]
        return {name: int(counts[name]) for name in self.algorithms if not has_hasher(name)}

    @cached_property
    def categories(self) -> Counted | None:
        """The number of entries of each category, the most frequent first; None where that is not known."""
        return categories_of(self.parts, self.not_removed)

    @property
    def meanings(self) -> dict[str, int] | None:
        """The number of entries by the meaning of their category (`Disposition.value`); None where it is not known.

        Entries that have digests of trivial content only are not notable, whatever their category: they inform.
        """
        return meanings_of(self.categories, self.facts.profile, self.trivial_entries)

    @cached_property
    def trivial_entries(self) -> TrivialEntries:
        """The entries that have digests of trivial content and nothing else to look up."""
        return trivial_entries(self)

    @property
    def is_negative(self) -> bool:
        """Whether the list has what matched wrongly: none of its entries is notable, whatever its category."""
        return self.facts.profile.other is Disposition.NEGATIVE

    @property
    def is_never_notable(self) -> bool:
        """Whether it is known that no entry is notable. Without a hash that is looked up, none can be."""
        if not self.algorithms or self.trivial_entries.are_all:
            return True
        meanings = self.meanings
        return meanings is not None and not meanings[Disposition.NOTABLE.value]

    def index_digest(self) -> str:
        """SHA-256 of the header, which has the digests of all files of this version and of its base's header."""
        return hashlib.sha256((self.folder / layout.HEADER).read_bytes()).hexdigest()

    def entry(self, number: int) -> ListEntry:
        """The entry of the record with that number."""
        return self.line(number)[0]

    def line(self, number: int) -> tuple[ListEntry, int]:
        """The entry of the record with that number, and the record's kind in its part."""
        part = self.part_of(number)
        return part.line(number - part.first)

    def part_of(self, number: int) -> Part:
        """The part that has the record with that number."""
        return self.parts[bisect_right(self._firsts, number) - 1]

    def disposition(self, entry: ListEntry) -> Disposition:
        """Whether an entry is notable, known-good or information, by its category and the list's profile."""
        return self.facts.profile.disposition(entry.category)

    def not_removed(self, records: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Which of these records, (n,), were not removed."""
        if not len(self.removed):
            return np.ones(len(records), bool)
        places = np.minimum(np.searchsorted(self.removed, records), len(self.removed) - 1)
        return np.asarray(self.removed[places] != records)

    def records_of(self, ids: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """The records of the entries with these ids: the place of the id in `ids` and the record, both (m,)."""
        owners, records = [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
        for part in self.parts:
            places, candidates = part.ids.candidates(ids)
            numbers = (candidates + np.uint32(part.first)).astype(np.uint32)
            kept = self.not_removed(numbers)
            pairs = zip(places.tolist(), candidates.tolist(), kept.tolist(), strict=True)
            same = np.array([remains and part.line(row)[0].id == ids[place] for place, row, remains in pairs], bool)
            owners.append(places[same])
            records.append(numbers[same])
        return np.concatenate(owners), np.concatenate(records)

    def find_digests(
        self, algorithm: str, digests: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """The row of `digests`, (q, width) uint8, and the entry, for every entry that has one of them; both (m,)."""
        queries, entries = [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
        for part in self.parts:
            if algorithm in part.digests:
                matched, records = part.find_digests(algorithm, digests)
                queries.append(matched)
                entries.append((records + np.uint32(part.first)).astype(np.uint32))
        candidates = np.concatenate(entries)
        kept = self.not_removed(candidates)
        return np.concatenate(queries)[kept], candidates[kept]

    def has_digests(self, algorithm: str, digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which of many digests, (q, width) uint8, are listed, (q,) bool. The result's size depends on q only."""
        listed = np.zeros(len(digests), np.bool_)
        for part in self.parts:
            if algorithm in part.digests:
                listed |= self._has_digests(part, algorithm, digests)
        return listed

    def _has_digests(self, part: Part, algorithm: str, digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        begins, ends = part.digests[algorithm].spans(digests)
        listed = ends > begins
        if not len(self.removed):
            return listed
        entries = part.attributes[algorithm].entries
        present = np.flatnonzero(listed)
        remains = self.not_removed((entries[begins[present]] + np.uint32(part.first)).astype(np.uint32))
        gone = present[~remains]  # their first entry was removed; others with the digest may remain
        spans, of_span = np.unique(np.stack([begins[gone], ends[gone]], axis=1), axis=0, return_inverse=True)
        any_remains = [
            self.not_removed((entries[begin:end] + np.uint32(part.first)).astype(np.uint32)).any()
            for begin, end in spans.tolist()
        ]
        listed[gone] = np.array(any_remains, bool)[of_span.reshape(-1)]
        return listed

    def find_near(
        self, algorithm: str, queries: npt.NDArray[np.uint8], *, radius: int, minimum_quality: int
    ) -> Candidates:
        """All hashes within `radius`, inclusive, of each row of `queries`, (q, width) uint8.

        Hashes whose stated quality is below `minimum_quality` are ignored, as their publisher advises.
        """
        candidates = []
        first_row = 0
        for part in self.parts:
            if algorithm not in part.indexes:
                continue
            limits, distances, rows = part.indexes[algorithm].range_search(queries, radius=radius)
            attributes = part.attributes[algorithm]
            if len(rows) == 0:  # most pictures have no candidates
                first_row += len(attributes.entries)
                continue
            owners = np.repeat(np.arange(len(queries), dtype=np.int64), np.diff(limits))
            entries = (attributes.entries[rows] + np.uint32(part.first)).astype(np.uint32)
            near = Candidates(owners, distances, rows + first_row, entries, np.zeros(len(rows), np.int64))
            candidates.append(near.where((attributes.quality[rows] >= minimum_quality) & self.not_removed(entries)))
            first_row += len(attributes.entries)
        return joined(candidates)

    def codes(self, algorithm: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The listed hashes of one perceptual algorithm, (n, width), in these rows, (n,), as find_near numbers them."""
        indexes = [part.indexes[algorithm] for part in self.parts if algorithm in part.indexes]
        firsts = np.cumsum([0, *(index.count for index in indexes)])
        codes = np.empty((len(rows), indexes[0].bits // 8), np.uint8)
        for first, end, index in zip(firsts, firsts[1:], indexes, strict=False):
            mine = (rows >= first) & (rows < end)
            codes[mine] = index.codes[rows[mine] - first]
        return codes

    def qualities(self, algorithm: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """(n,) uint8: the stated qualities of the hashes in these rows, as find_near numbers them; 255 for none."""
        qualities = [part.attributes[algorithm].quality for part in self.parts if algorithm in part.indexes]
        firsts = np.cumsum([0, *map(len, qualities)])
        stated = np.empty(len(rows), np.uint8)
        for first, end, quality in zip(firsts, firsts[1:], qualities, strict=False):
            mine = (rows >= first) & (rows < end)
            stated[mine] = quality[rows[mine] - first]
        return stated

    def rows_of(self, algorithm: str, number: int, *, minimum_quality: int) -> list[int]:
        """The rows, as find_near numbers them, of the hashes of one record by a perceptual algorithm.

        Hashes whose stated quality is below `minimum_quality` are left out.
        """
        first_row = 0
        for part in self.parts:
            if algorithm not in part.indexes:
                continue
            attributes = part.attributes[algorithm]
            if part.first <= number < part.first + part.records:
                begin, end = np.searchsorted(attributes.entries, [number - part.first, number - part.first + 1])
                good = np.flatnonzero(attributes.quality[begin:end] >= minimum_quality)
                rows: list[int] = (good + begin + first_row).tolist()
                return rows
            first_row += len(attributes.entries)
        return []

    def code(self, algorithm: str, row: int) -> bytes:
        """The listed hash of one perceptual algorithm in one row."""
        return self.codes(algorithm, np.array([row])).tobytes()

    def _audits(self) -> dict[str, list[dict[str, Any]]]:
        """The results of the audits of each part, by algorithm."""
        audits: dict[str, list[dict[str, Any]]] = {}
        for part in self.parts:
            for algorithm, result in part.facts.audit.items():
                audits.setdefault(algorithm, []).append({"version": part.facts.version, **result})
        return audits

    def load_record(self) -> dict[str, Any]:
        """The fields of a ledger's `list.load` entry. `counts` has `meanings` too, where these are known."""
        meanings = self.meanings
        sources = [source for part in self.parts for source in part.facts.sources]
        return {
            "name": self.name,
            "version": self.version,
            "digest": self.facts.digest,
            "sources": [dict(source) for source in sources[:MAX_SOURCES]],
            "sources_total": len(sources),
            "counts": {**self.facts.counts, **({} if meanings is None else {"meanings": meanings})},
            "profile": self.facts.profile.as_json(),
            "audit": self._audits(),
            "index_digest": self.index_digest(),
        }
