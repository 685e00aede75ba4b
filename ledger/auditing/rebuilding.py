"""Rebuilds the tree of a ledger's file from the stored entries, and compares it with the stored tiles as it grows.

Constant memory. Differences are passed to `problem(text, sign)`; entries are named by leaf index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ledger.storage.store import FIRST, Shape, Store
from ledger.tree.damage import Difference, Sign, explain, flipped_bit
from ledger.tree.merkle import HASH_BYTES, leaf_hashes
from ledger.tree.tiles import TILE_WIDTH, RightEdge, Tile, hashes_at, levels, perfect_root

ReportProblem = Callable[[str, Sign | None], None]
"""(text, sign) reports a problem, and what it is a sign of; None if that is unclear."""


class Rebuilt:
    """The growing tree over the first `shape.size` entries."""

    def __init__(self, store: Store, shape: Shape, problem: ReportProblem) -> None:
        self._store = store
        self._shape = shape
        self._problem = problem
        self._edge = RightEdge()
        self._gapless = True
        self._reported = False
        self._shifted = False

    @property
    def size(self) -> int:
        return self._edge.size

    @property
    def differs(self) -> bool:
        """Whether some entry is not the one that the tiles were computed from."""
        return self._reported or not self._gapless

    def root(self) -> bytes:
        return self._edge.root()

    def parts(self, next_stop: Callable[[int], int | None]) -> Iterator[list[bytes]]:
        """Generates the bodies in order, in parts; when a part is yielded, the tree includes it.

        `next_stop(size)` is the next larger size at which a part must end, or None.
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
        """Compares the last tiles, and the number and width of the file's tiles with those that its size implies."""
        self._compare(self._edge.take())
        if self._gapless:
            self._check_shape(self._store.shape())

    def compare_so_far(self) -> None:
        """Compares also the tiles that are not full yet, to report the cause of a root that differs."""
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
            return  # the indexes of entries have changed, so every later tile differs
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
            self._report_entry(difference, before[difference.index % TILE_WIDTH])
        elif not self._reported:  # otherwise it follows from the entry that was reported
            at = difference.index % TILE_WIDTH
            self._problem(f"{name}: hash {at} does not follow from the entries", None)

    def _report_entry(self, difference: Difference, leaf: bytes) -> None:
        index, description, sign = difference.index, difference.description, difference.sign
        if sign is None:
            sign = "tampering"
            body = next((body for _, body in self._store.bodies(index, index + 1)), b"")
            bit = None if self._reported else flipped_bit(body, leaf)
            if bit is not None:
                description, sign = f"{description}: bit {bit % 8} of its byte {bit // 8} is flipped", "damage"
        self._reported, self._shifted = True, difference.shifts
        self._problem(f"entry {index} {description}", sign)

    def _above(self, tile: Tile) -> bytes:
        """The stored hash of a full tile in the next level."""
        n, place = divmod(tile.n, TILE_WIDTH)
        return self._store.tile(tile.level + 1, n)[1][place * HASH_BYTES : (place + 1) * HASH_BYTES]

    def _check_shape(self, shape: Shape) -> None:
        """Checks that the file's tiles are as many and as wide as its current size implies."""
        expected = set()
        for level in range(levels(shape.size)):
            hashes = hashes_at(shape.size, level)
            tiles = -(-hashes // TILE_WIDTH)
            expected.add((level, tiles, tiles - 1, hashes))
        if expected != shape.tiles:
            self._problem(f"the tiles are not those of {shape.size} entries", None)


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
