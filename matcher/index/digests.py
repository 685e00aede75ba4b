"""Exact lookup of digests: a sorted, memory-mapped table searched by bisection.

digests.bin   (n, width) uint8, rows in ascending byte order
rows.bin      (n,) uint32, the row of each digest in the list that the table was built from
"""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.index.folder import Header, map_array, map_bytes, read_header, write_folder

KIND = "digests"
DIGESTS = "digests.bin"
ROWS = "rows.bin"


class DigestTable:
    """A set of digests of one width. Safe to share between threads."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.count = header.count
        self.width = header.width
        self._rows: npt.NDArray[np.uint32] = map_array(path / ROWS, np.uint32, (header.count,))
        self._digests = map_bytes(path / DIGESTS)

    def find(self, digest: bytes) -> list[int]:
        """Rows of the list that hold `digest`, ascending; none where it is not there."""
        if len(digest) != self.width:
            raise IndexFileError(f"{self.path}: a digest of {len(digest)} bytes among digests of {self.width}")
        first = bisect_left(range(self.count), digest, key=self._at)
        rows = []
        while first < self.count and self._at(first) == digest:
            rows.append(int(self._rows[first]))
            first += 1
        return sorted(rows)

    def _at(self, place: int) -> bytes:
        return self._digests[place * self.width : (place + 1) * self.width]


def _order(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The permutation that sorts the rows by their bytes; equal rows keep their order."""
    width = -(-digests.shape[1] // 8) * 8
    padded = np.zeros((len(digests), width), np.uint8)
    padded[:, : digests.shape[1]] = digests
    words = padded.view(">u8").astype(np.uint64)
    return np.lexsort(words.T[::-1])


def build(digests: npt.NDArray[np.uint8], *, path: Path) -> None:
    """Write a digest table folder from (n, width) uint8; row numbers are kept."""
    if len(digests) >= 2**32:
        raise IndexFileError(f"{path}: {len(digests)} digests are more than one table holds")
    order = _order(digests)
    header = Header(KIND, digests.shape[1] * 8, 0, len(digests), {})
    write_folder(path, header, {DIGESTS: digests[order], ROWS: order.astype(np.uint32)})


def open_digests(path: Path) -> DigestTable:
    """Open a digest table folder."""
    header = read_header(path)
    if header.kind != KIND:
        raise IndexFileError(f"{path}: an index of kind {header.kind!r}, not a digest table")
    return DigestTable(path, header)
