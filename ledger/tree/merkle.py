"""RFC 6962 trees over SHA-256: hashes, roots, and making proofs (RFC 9162, 2.1). Pure.

    root of no leaves   SHA-256("")
    leaf                SHA-256(0x00 || entry)
    node                SHA-256(0x01 || left || right), split at the largest power of two below the size

A proof is made from the hashes of perfect subtrees, which a HashReader serves: from a list here, from
tiles in tiles.py. Verifying is in proof.py, which shares nothing with this file but the two hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from ledger.errors import ProofError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The leaf hash of an entry, 32 bytes: SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each entry, without one Python call an entry."""
    sha256, prefix = hashlib.sha256, b"\x00"
    return [sha256(prefix + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node over two hashes of 32 bytes: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root hash, 32 bytes, of the tree over leaf hashes in order; EMPTY_ROOT for none."""
    hasher = TreeHasher()
    for leaf in leaf_hashes:
        hasher.append(leaf)
    return hasher.root()


class TreeHasher:
    """The root of a tree that grows leaf by leaf: O(1) amortised an append, O(log n) memory.

    Stores the roots of the perfect subtrees over the leaves so far, the largest first: one for each bit that is set in
    the size.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Starts with `size` leaves that have these perfect subtrees; by default with none."""
        if size.bit_count() != len(peaks):
            raise ProofError(f"{len(peaks)} subtrees do not make a tree of size {size}")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """The number of leaves so far."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash."""
        size = self._size
        while size & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self._size += 1

    def root(self) -> bytes:
        """The root hash, 32 bytes, over all leaves so far; EMPTY_ROOT for none."""
        if not self._peaks:
            return EMPTY_ROOT
        right = self._peaks[-1]
        for left in reversed(self._peaks[:-1]):
            right = node_hash(left, right)
        return right


class HashReader(Protocol):
    """Serves the hashes of the perfect subtrees of one tree."""

    def subtree(self, level: int, index: int) -> bytes:
        """The hash over the 2**level leaves from leaf `index << level` on. Raises ProofError if it is not available."""


def split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def range_hash(reader: HashReader, start: int, stop: int) -> bytes:
    """The hash of the subtree over leaves `start` to `stop`, half-open, split as RFC 6962 splits a tree."""
    size = stop - start
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return reader.subtree(level, start >> level)
    middle = start + split(size)
    return node_hash(range_hash(reader, start, middle), range_hash(reader, middle, stop))


def inclusion_proof(reader: HashReader, index: int, size: int) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves, sibling first.

    RFC 9162, 2.1.3.1. Raises ProofError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of size {size}")
    start, stop = 0, size
    path = []
    while stop - start > 1:
        middle = start + split(stop - start)
        if index < middle:
            path.append(range_hash(reader, middle, stop))
            stop = middle
        else:
            path.append(range_hash(reader, start, middle))
            start = middle
    path.reverse()
    return path


def consistency_proof(reader: HashReader, size1: int, size2: int) -> list[bytes]:
    """The hashes that show the first `size1` leaves to be the beginning of the first `size2`.

    RFC 9162, 2.1.4.1. Raises ProofError unless 0 < size1 <= size2.
    """
    if not 0 < size1 <= size2:
        raise ProofError(f"no consistency proof from size {size1} to size {size2}")
    start, stop = 0, size2
    path = []
    while stop != size1:
        middle = start + split(stop - start)
        if size1 <= middle:
            path.append(range_hash(reader, middle, stop))
            stop = middle
        else:
            path.append(range_hash(reader, start, middle))
            start = middle
    if start > 0:  # otherwise this hash is the first root, which the verifier has already
        path.append(range_hash(reader, start, stop))
    path.reverse()
    return path
