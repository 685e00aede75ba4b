"""The first item of a scan with each content: compact, for many millions of contents.

A content is identified by the first eight bytes of its SHA-256, so a look-up returns candidates, whose whole digest
the caller must compare: two files made to agree in these bytes must not hide one another. Tables use open addressing,
each twice as large as the one before: no entry is ever moved, so no addition takes long. 16 to 35 bytes a content.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_SMALLEST = 1 << 12
_LARGEST = 1 << 22
_EMPTY = 2**32 - 1
MOST = _EMPTY
"""The number of items whose contents can be stored; no item is a duplicate of a later one."""
_WORD = 2**64 - 1
KEY_BYTES = 8
"""The number of bytes of a digest in `key_of`."""


class Contents:
    """Digest → candidates for the first item with it."""

    def __init__(self) -> None:
        self._tables: list[_Table] = []
        self._odd = secrets.randbits(64) | 1
        """Random, so that nobody can construct files that all fall into one place."""

    def __len__(self) -> int:
        return sum(table.count for table in self._tables)

    def add(self, sha256: bytes, seq: int) -> None:
        """Record the first item with a content; `seq` is its place in the scan."""
        if seq >= MOST:
            return
        if not self._tables or self._tables[-1].full:
            size = 2 * self._tables[-1].size if self._tables else _SMALLEST
            self._tables.append(_Table(min(size, _LARGEST)))
        key = key_of(sha256)
        self._tables[-1].add(key, self._spread(key), seq)

    def candidates(self, sha256: bytes) -> Iterator[int]:
        """A generator of the items that may be the first with this content, mostly none or one."""
        key = key_of(sha256)
        spread = self._spread(key)
        for table in self._tables:
            yield from table.find(key, spread)

    def keys(self) -> npt.NDArray[np.uint64]:
        """The `key_of` each content, (contents,) uint64."""
        return np.concatenate([np.zeros(0, np.uint64), *(table.keys() for table in self._tables)])

    def _spread(self, key: int) -> int:
        return (key * self._odd & _WORD) >> 32


class _Table:
    def __init__(self, size: int) -> None:
        self.size = size
        self.count = 0
        self._mask = size - 1
        self._keys = memoryview(bytearray(8 * size)).cast("Q")
        self._seqs = memoryview(bytearray(b"\xff") * (4 * size)).cast("I")

    @property
    def full(self) -> bool:
        return 4 * self.count >= 3 * self.size

    def add(self, key: int, spread: int, seq: int) -> None:
        place = spread & self._mask
        while self._seqs[place] != _EMPTY:
            place = (place + 1) & self._mask
        self._keys[place], self._seqs[place] = key, seq
        self.count += 1

    def find(self, key: int, spread: int) -> Iterator[int]:
        place = spread & self._mask
        while (seq := self._seqs[place]) != _EMPTY:
            if self._keys[place] == key:
                yield seq
            place = (place + 1) & self._mask

    def keys(self) -> npt.NDArray[np.uint64]:
        keys: npt.NDArray[np.uint64] = np.frombuffer(self._keys, np.uint64)
        return keys.compress(np.frombuffer(self._seqs, np.uint32) != _EMPTY)


def key_of(sha256: bytes) -> int:
    """The first KEY_BYTES of a digest as a little-endian number."""
    return int.from_bytes(sha256[:KEY_BYTES], "little")
