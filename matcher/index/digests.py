"""Exact lookup of digests: a sorted, memory-mapped table, entered by prefix and searched by bisection.

digests.bin    (n, width) uint8, rows in ascending byte order
prefixes.bin   (2**p + 1,) uint32 little-endian; the digests whose first p bits are the number b are at places
               prefixes[b] to prefixes[b + 1], half-open

A lookup returns a digest's *places* in the table. The attributes of digests are stored beside the table, in the table's
order. p follows from n and the width (`prefix_bits`): a few real digests share a prefix. If digests were chosen to
begin alike, bisection stays logarithmic.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.index.digest_kernels import MOST_BITS, UNDAMAGED, Prefixed, find_spans
from matcher.index.digest_sorting import prefix_bits, read_only, sorted_digests
from matcher.index.folder import Header, map_array, read_header, write_folder

KIND = "digests"
DIGESTS = "digests.bin"
PREFIXES = "prefixes.bin"

FEW = 16
"""Fewer queries than this are answered without compiled code, which takes time to load."""


class DigestTable:
    """A set of digests of one width. Safe to share between threads."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.count = header.count
        self.width = header.width
        bits = prefix_bits(self.count, self.width)
        digests = read_only(_mapped(path, header, DIGESTS, np.uint8, (self.count, self.width)))
        limits = _mapped(path, header, PREFIXES, "<u4", ((1 << bits) + 1,))
        self._table = Prefixed(digests, np.asarray(limits).astype(np.uint32, copy=False), bits)
        self._bytes = digests.reshape(-1).data

    def find(self, digest: bytes) -> list[int]:
        """The places of `digest`, ascending; empty where it is not in the table."""
        begin, end = self._span(digest)
        return list(range(begin, end))

    def find_many(self, digests: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """All places of each of `digests`, (q, width) uint8 in any order.

        Returns limits (q + 1,) int64 and places (m,) int64: those of query i are `places[limits[i]:limits[i + 1]]`,
        ascending. `spans` returns them in a bounded size. IndexFileError where the widths differ.
        """
        begins, ends = self.spans(digests)
        limits = np.zeros(len(begins) + 1, np.int64)
        np.cumsum(ends - begins, out=limits[1:])
        return limits, np.arange(limits[-1]) + np.repeat(begins - limits[:-1], ends - begins)

    def spans(self, digests: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The places of each of `digests`, (q, width) uint8, as spans: begins and ends, (q,) int64, half-open.

        A span is empty where the digest is not in the table. IndexFileError where the widths differ.
        """
        if digests.ndim != 2 or digests.dtype != np.uint8 or digests.shape[1] != self.width:
            raise IndexFileError(
                f"{self.path}: queries of shape {digests.shape} {digests.dtype} among digests of {self.width} bytes"
            )
        begins, ends = np.empty(len(digests), np.int64), np.empty(len(digests), np.int64)
        if len(digests) < FEW:
            for row, digest in enumerate(digests):
                begins[row], ends[row] = self._span(digest.tobytes())
            return begins, ends
        if find_spans(read_only(digests), self._table, begins, ends) != UNDAMAGED:
            raise self._damage()
        return begins, ends

    def _span(self, digest: bytes) -> tuple[int, int]:
        if len(digest) != self.width:
            raise IndexFileError(f"{self.path}: a digest of {len(digest)} bytes among digests of {self.width}")
        head = int.from_bytes(digest[: MOST_BITS // 8].ljust(MOST_BITS // 8, b"\0"))
        prefix = head >> (MOST_BITS - self._table.bits)
        begin, end = int(self._table.limits[prefix]), int(self._table.limits[prefix + 1])
        if not begin <= end <= self.count:
            raise self._damage()
        begin = bisect_left(range(self.count), digest, begin, end, key=self._at)
        if begin == end or self._at(begin) != digest:
            return begin, begin
        return begin, bisect_right(range(self.count), digest, begin, end, key=self._at)

    @property
    def digests(self) -> npt.NDArray[np.uint8]:
        """All digests, ascending, (n, width) uint8."""
        return self._table.digests

    def _at(self, place: int) -> bytes:
        return self._bytes[place * self.width : (place + 1) * self.width].tobytes()

    def _damage(self) -> IndexFileError:
        return IndexFileError(f"{self.path / PREFIXES}: is damaged: import the list again")


def _mapped(path: Path, header: Header, name: str, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A file of the table, mapped. IndexFileError where the header does not list it, or lists another size."""
    expected = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    named = header.files.get(name)
    if named is None or named["size"] != expected:
        raise IndexFileError(f"{path / name}: has not the {expected} bytes that {header.count} digests need")
    return map_array(path / name, dtype, shape)


def build(digests: npt.NDArray[np.uint8], *, path: Path) -> npt.NDArray[np.uint32]:
    """Write a digest table folder from (n, width) uint8. Returns the row of the digest at each place, (n,) uint32.

    Equal digests keep their order. The same digests give the same bytes. IndexFileError where `path` exists, or where
    `digests` are of another shape or 2**32 or more.
    """
    if digests.ndim != 2 or digests.dtype != np.uint8 or digests.shape[1] == 0:
        raise IndexFileError(f"{path}: digests must be (n, width) uint8, not {digests.shape} {digests.dtype}")
    if len(digests) >= 2**32:
        raise IndexFileError(f"{path}: {len(digests)} digests are more than one table holds")
    table, limits = sorted_digests(digests)
    header = Header(KIND, digests.shape[1] * 8, 0, len(digests), {})
    write_folder(path, header, {DIGESTS: table.digests, PREFIXES: limits.astype("<u4", copy=False)})
    return table.numbers


def open_digests(path: Path) -> DigestTable:
    """Open a digest table folder. IndexFileError where it is missing, damaged or of another kind."""
    header = read_header(path)
    if header.kind != KIND:
        raise IndexFileError(f"{path}: an index of kind {header.kind!r}, not a digest table")
    return DigestTable(path, header)
