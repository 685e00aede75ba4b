"""Tiles: the layout in which a tree's hashes are stored (c2sp.org/tlog-tiles). Pure.

A tile holds up to 256 hashes. Hash `i` of tile `n` at level `l` is the root of the perfect subtree over the
256**l leaves from leaf `(256*n + i) * 256**l` on; level 0 holds leaf hashes. A tree of `size` leaves has
`size >> 8*l` hashes at level `l`. Only the last tile of a level is partial, and it only ever grows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.errors import ProofError
from ledger.tree.merkle import HASH_BYTES, TreeHasher

TILE_BITS = 8
TILE_WIDTH = 1 << TILE_BITS
TILE_BYTES = TILE_WIDTH * HASH_BYTES

ReadTile = Callable[[int, int], bytes]
"""(level, n) -> the tile's hashes, at least as many as the tree's size implies; b"" if there is none."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Tile `n` of a level. `hashes` are 1 to 256 concatenated hashes of 32 bytes."""

    level: int
    n: int
    hashes: bytes

    @property
    def width(self) -> int:
        return len(self.hashes) // HASH_BYTES


def hashes_at(size: int, level: int) -> int:
    """How many hashes a tree of `size` leaves has at a tile level."""
    return size >> TILE_BITS * level


def levels(size: int) -> int:
    """How many tile levels a tree of `size` leaves has."""
    return -(-size.bit_length() // TILE_BITS)


def perfect_root(hashes: bytes) -> bytes:
    """The root over hashes of one level; their number must be a power of two."""
    sha256, prefix = hashlib.sha256, b"\x01"  # node_hash, without one Python call a node
    if len(hashes) == HASH_BYTES:
        return hashes
    pairs = range(0, len(hashes), 2 * HASH_BYTES)
    nodes = [sha256(prefix + hashes[at : at + 2 * HASH_BYTES]).digest() for at in pairs]
    while len(nodes) > 1:
        left = iter(nodes)
        nodes = [sha256(prefix + one + other).digest() for one, other in zip(left, left, strict=True)]
    return nodes[0]


class TileReader:
    """A merkle.HashReader on tiles: each subtree takes one tile and at most 255 computed hashes.

    Caches the tiles that it has read; meant for one proof, which needs the same few repeatedly.
    """

    def __init__(self, read_tile: ReadTile) -> None:
        self._read_tile = read_tile
        self._tiles: dict[tuple[int, int], bytes] = {}

    def subtree(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_BITS)
        n, offset = divmod(index << height, TILE_WIDTH)
        start, count = offset * HASH_BYTES, HASH_BYTES << height
        if (tile_level, n) not in self._tiles:
            self._tiles[tile_level, n] = self._read_tile(tile_level, n)
        hashes = self._tiles[tile_level, n][start : start + count]
        if len(hashes) != count:
            raise ProofError(f"tile {n} of level {tile_level} lacks hashes")
        return perfect_root(hashes)


class RightEdge:
    """The right edge of a growing tree: its root, and the tiles that new leaves change. O(log n) memory.

    `take` returns every tile that changed since the last `take`, in an order in which they may be written:
    a tile is full before the next of its level begins.
    """

    def __init__(self) -> None:
        self._size = 0
        self._partial: list[bytes] = []
        self._full: list[Tile] = []
        self._taken: list[int] = []

    @classmethod
    def load(cls, size: int, read_tile: ReadTile) -> RightEdge:
        """The edge of a stored tree. Raises ProofError if tiles are missing."""
        edge = cls()
        edge._size = size
        for level in range(levels(size)):
            n, width = divmod(hashes_at(size, level), TILE_WIDTH)
            hashes = read_tile(level, n)[: width * HASH_BYTES] if width else b""
            if len(hashes) != width * HASH_BYTES:
                raise ProofError(f"tile {n} of level {level} lacks hashes")
            edge._partial.append(hashes)
            edge._taken.append(width)
        return edge

    @property
    def size(self) -> int:
        return self._size

    def root(self) -> bytes:
        """The root over all leaves so far; computes at most 255 hashes a level."""
        peaks = [peak for hashes in reversed(self._partial) for peak in _peaks(hashes)]
        return TreeHasher(self._size, peaks).root()

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Adds leaf hashes in order."""
        before, self._size = self._size, self._size + len(leaves)
        hashes = b"".join(leaves)
        level = 0
        while hashes:
            if level == len(self._partial):
                self._partial.append(b"")
                self._taken.append(0)
            hashes = self._partial[level] + hashes
            n = hashes_at(before, level + 1)
            ends = range(TILE_BYTES, len(hashes) + 1, TILE_BYTES)
            full = [Tile(level, n + at, hashes[end - TILE_BYTES : end]) for at, end in enumerate(ends)]
            self._partial[level] = hashes[len(full) * TILE_BYTES :]
            if full:
                self._full += full
                self._taken[level] = 0
            hashes = b"".join([perfect_root(tile.hashes) for tile in full])
            level += 1

    def take_full(self) -> list[Tile]:
        """The tiles that became full since the last call of `take_full` or `take`, in the order of their levels."""
        full, self._full = self._full, []
        return full

    def take(self) -> list[Tile]:
        """The tiles that changed since the last call: full tiles, then the last tile of each level if it grew."""
        changed = self.take_full()
        for level, partial in enumerate(self._partial):
            width = len(partial) // HASH_BYTES
            if width > self._taken[level]:
                changed.append(Tile(level, hashes_at(self.size, level + 1), partial))
                self._taken[level] = width
        return changed


def _peaks(hashes: bytes) -> list[bytes]:
    """The roots of the perfect subtrees over the hashes of one level, the largest first."""
    width = len(hashes) // HASH_BYTES
    peaks = []
    start = 0
    for bit in reversed(range(TILE_BITS)):
        if width >> bit & 1:
            stop = start + (HASH_BYTES << bit)
            peaks.append(perfect_root(hashes[start:stop]))
            start = stop
    return peaks
