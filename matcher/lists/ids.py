"""The id of an entry → its records: sorted 64-bit hashes of the ids, memory-mapped, searched by bisection.

Two ids may have the same hash, so a lookup returns candidates: the caller compares the ids themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.index.folder import map_array
from matcher.lists import version as layout

WIDTH = 8


def id_hash(entry_id: str) -> bytes:
    """The hash of an id: its BLAKE2b of 8 bytes. It is sorted as a little-endian number."""
    return hashlib.blake2b(entry_id.encode(), digest_size=WIDTH).digest()


def write_ids(folder: Path, hashes: npt.NDArray[np.uint64]) -> int:
    """Write a sorted table of the hashes of a folder's records. Returns the number of distinct hashes.

    `hashes`, (n,), are in the order of the records.
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    ordered.astype("<u8", copy=False).tofile(folder / layout.ID_HASHES)
    order.astype("<u4").tofile(folder / layout.ID_RECORDS)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(len(ordered), 1)


class IdTable:
    """The sorted ids of one folder's records, memory-mapped."""

    def __init__(self, folder: Path, records: int) -> None:
        self._hashes: npt.NDArray[np.uint64] = map_array(folder / layout.ID_HASHES, "<u8", (records,))
        self._records: npt.NDArray[np.uint32] = map_array(folder / layout.ID_RECORDS, "<u4", (records,))

    def groups(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """The ids by numbers from 0: (n,) the number of each record's id, and (k,) one record of each id.

        Two ids with the same hash count as one.
        """
        begins = np.ones(len(self._hashes), bool)
        begins[1:] = self._hashes[1:] != self._hashes[:-1]
        numbers = np.empty(len(self._hashes), np.int64)
        numbers[self._records] = np.cumsum(begins) - 1
        return numbers, np.asarray(self._records[begins])

    def candidates(self, ids: Iterable[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """The records that may have one of these ids: the place of the id in `ids` and the record, both (m,)."""
        queries = np.frombuffer(b"".join(map(id_hash, ids)), "<u8")
        first = np.searchsorted(self._hashes, queries, side="left")
        count = np.searchsorted(self._hashes, queries, side="right") - first
        owners = np.repeat(np.arange(len(queries)), count)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(count) - count, count)
        return owners, self._records[first[owners] + within]
