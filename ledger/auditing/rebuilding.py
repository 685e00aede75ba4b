"""The tree of a ledger's file rebuilt from the stored entries, and compared with the stored tiles as it grows.

Constant memory. What differs is told to `problem(text, sign)`; each entry is named by its leaf index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ledger.storage.store import FIRST, Shape, Store
from ledger.tree.damage import Difference, Sign, explain, flipped_bit
from ledger.tree.merkle import HASH_BYTES, leaf_hashes
from ledger.tree.tiles import TILE_WIDTH, RightEdge, Tile, hashes_at, levels, perfect_root

Tell = Callable[[str, Sign | None], None]


class Rebuilt:
    """The tree over the first `shape.size` entries, growing."""

    def __init__(self, store: Store, shape: Shape, problem: Tell) -> None:
        self._store = store
        self._shape = shape
        self._problem = problem
        self._edge = RightEdge()
        self._gapless = True
        self._named = False
        self._shifted = False

    @property
    def size(self) -> int:
        return self._edge.size

    @property
    def differs(self) -> bool:
        """Whether an entry was found that is not the one that the tiles were made of."""
        return self._named or not self._gapless

    def root(self) -> bytes:
        return self._edge.root()

    def parts(self, next_stop: Callable[[int], int | None]) -> Iterator[list[bytes]]:
        """Generates the bodies in order, a part at a time; the tree has grown over each when it comes.

        `next_stop(size)` is the next larger size at which a part has to end.
        """
        for bodies in self._read():
            start = 0
            while start < len(bodies):
                stop = next_stop(self.size)
                end = len(bodies) if stop is None else min(len(bodies), start + stop - self.size)
                part = bodies[start:end]
                self._edge.extend(leaf_hashes(part))
                yield part
                self._compare(self._edge.take_full())
                start = end

    def finish(self) -> None:
        """Compares the last tiles, and the number of tiles in the file with those of its size."""
        self._compare(self._edge.take())
        if self._gapless:
            self._check_shape(self._store.shape())

    def compare_so_far(self) -> None:
        """Compares the tiles that are not full yet too, to name what is wrong where a root does not fit."""
        self._compare(self._edge.take())

    def _read(self) -> Iterator[list[bytes]]:
        expected, start = 0, FIRST
        while start < self._shape.size and (rows := self._store.bodies(start, self._shape.size)):
            for index, _ in rows:
                if index != expected:
                    self._gapless = False
                    text = f"entry {expected} is missing" if index > expected else f"entry {index} has no place"
                    self._problem(text, "tampering")
                expected = index + 1
            start = rows[-1][0] + 1
            yield [body for _, body in rows]

    def _compare(self, tiles: Sequence[Tile]) -> None:
        if not self._gapless or self._shifted:
            return  # entries are not where they were, so every tile after it differs
        for tile in tiles:
            name = f"tile {tile.n} of level {tile.level}"
            width, stored = self._store.tile(tile.level, tile.n)
            if stored[: len(tile.hashes)] != tile.hashes:
                self._differs(name, tile, stored)
            elif len(stored) != width * HASH_BYTES or width > TILE_WIDTH:
                self._problem(f"{name} is not as wide as it says", None)

    def _differs(self, name: str, tile: Tile, stored: bytes) -> None:
        before, now = _split(stored), _split(tile.hashes)
        difference = explain(before, now, first=tile.n * TILE_WIDTH)
        if difference is None:
            self._problem(f"{name} has no hash {len(before)}", None)
        elif tile.level == 0:
            if len(now) == TILE_WIDTH and self._above(tile) == perfect_root(tile.hashes):
                place = difference.index % TILE_WIDTH
                text = f"{name}: hash {place} is not that of entry {difference.index}, which the rest of the tree has"
                self._problem(text, "damage")
                return
            self._name(difference, before[difference.index % TILE_WIDTH])
        elif not self._named:  # else it follows from the entry that was named
            at = difference.index % TILE_WIDTH
            self._problem(f"{name}: hash {at} does not follow from the entries", None)

    def _name(self, difference: Difference, leaf: bytes) -> None:
        index, what, sign = difference.index, difference.what, difference.sign
        if sign is None:
            sign = "tampering"
            body = next((body for _, body in self._store.bodies(index, index + 1)), b"")
            bit = None if self._named else flipped_bit(body, leaf)
            if bit is not None:
                what, sign = f"{what}: bit {bit % 8} of its byte {bit // 8} is flipped", "damage"
        self._named, self._shifted = True, difference.shifts
        self._problem(f"entry {index} {what}", sign)

    def _above(self, tile: Tile) -> bytes:
        """The hash that the next level has for a full tile."""
        n, place = divmod(tile.n, TILE_WIDTH)
        return self._store.tile(tile.level + 1, n)[1][place * HASH_BYTES : (place + 1) * HASH_BYTES]

    def _check_shape(self, shape: Shape) -> None:
        """The tiles of the file, as it stands by now, are as many and as wide as its size implies."""
        expected = set()
        for level in range(levels(shape.size)):
            hashes = hashes_at(shape.size, level)
            tiles = -(-hashes // TILE_WIDTH)
            expected.add((level, tiles, tiles - 1, hashes))
        if expected != shape.tiles:
            self._problem(f"the tiles are not those of {shape.size} entries", None)


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
