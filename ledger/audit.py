"""Auditing a ledger's file: rebuild everything from the stored bytes and compare. Read-only, constant memory.

What is stored of the tree is never believed. A changed, swapped, deleted or inserted entry is found by its
leaf hash; whoever rewrites the tiles too is found by the checkpoints; whoever drops checkpoints, or replaces the
whole file by an older copy, only by a size and root that were kept elsewhere (`expect`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.completeness import ScanCheck, ScanChecker
from ledger.entry import parse
from ledger.errors import DamagedError, EntryError, NoteError, UnknownSignerError
from ledger.merkle import HASH_BYTES, leaf_hash
from ledger.note import Verifier, open_note, parse_note
from ledger.schema import TABLES
from ledger.store import FIRST, Shape, Store
from ledger.tiles import TILE_WIDTH, RightEdge, Tile, hashes_at, levels

MAX_PROBLEMS = 50
"""The most problems that are named, apart from those of scans."""

Trust = Literal["verified", "self-asserted"]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found. `root` is recomputed from the entries; `signed_size` is None if nothing is signed.

    `trust` is "verified" only where a key given by the verifier has signed. `notes` are worth knowing, but no
    problems.
    """

    origin: str | None
    size: int
    root: bytes
    checkpoints: int
    signed_size: int | None
    signers: tuple[str, ...]
    trust: Trust
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    scans: tuple[ScanCheck, ...]

    @property
    def intact(self) -> bool:
        return not self.problems


def audit(
    path: Path | str,
    *,
    keys: Sequence[str] = (),
    own_keys: Sequence[str] = (),
    expect: tuple[int, bytes] | None = None,
) -> AuditReport:
    """Checks a ledger that nobody needs to have closed; what is appended meanwhile is not looked at.

    `keys` are vkeys that the verifier trusts from elsewhere. Without any, `own_keys`, those that lie beside the
    ledger, are used, and the ledger vouches for itself only. `expect` is a size and root kept in a notebook.

    1. SQLite finds the file sound, and tables and triggers are exactly a ledger's.
    2. Every entry follows the one before and is canonical; every tile is the one that the entries make.
    3. Every checkpoint is of this origin and has the root of its size; known keys' signatures are valid.
    4. At least one checkpoint is signed by a known key.
    5. The expected root is that of its size.
    6. No tile and no checkpoint is beyond the entries.
    7. Scans are complete, and the close of each is signed by a known key.

    Raises StoreError if the file cannot be read or is no ledger, and NoteError for a malformed vkey.
    """
    verifiers = [Verifier(vkey) for vkey in keys or own_keys]
    with closing(Store.open_readonly(Path(path))) as store:
        run = _Audit(store, verifiers, trusted=bool(keys), expect=expect)
        try:
            run.check()
        except DamagedError as error:
            run.problem(f"the file cannot be read to its end: {error}")
        return run.report()


class _Audit:
    def __init__(
        self, store: Store, verifiers: Sequence[Verifier], *, trusted: bool, expect: tuple[int, bytes] | None
    ) -> None:
        self._store = store
        self._verifiers = verifiers
        self._trusted = trusted
        self._expect = expect
        self._edge = RightEdge()
        self._scans = ScanChecker()
        self._problems: list[str] = []
        self._more = 0
        self._gapless = True
        self._origin: str | None = None
        self._checkpoints = 0
        self._fitting = -1
        self._misfit = False
        self._signed: int | None = None
        self._strange = 0
        self._signers: dict[str, None] = {}

    def problem(self, text: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            if text not in self._problems:
                self._problems.append(text)
        else:
            self._more += 1

    def check(self) -> None:
        # 1
        schema = self._store.schema_problems()
        for problem in schema + self._store.integrity_problems():
            self.problem(problem)
        if any(problem.startswith(f"table {name} ") for problem in schema for name in TABLES):
            return  # what stands in for a table is not worth reading

        # 2, 3, 5
        shape = self._store.shape()
        checkpoints = self._read_checkpoints(shape)
        pending = next(checkpoints, None)
        while pending is not None and pending[0] < 0:
            self.problem(f"checkpoint of size {pending[0]}: no tree has that size")
            pending = next(checkpoints, None)
        if pending is None or pending[0] != 0:
            self.problem("the checkpoint of size 0, with which every ledger begins, is missing")
        for size in self._grow(shape):
            if self._expect is not None and self._expect[0] == size:
                self._check_expected(self._expect[1])
            while pending is not None and pending[0] == size:
                self._check_checkpoint(*pending)
                pending = next(checkpoints, None)
        self._check_tiles(self._edge.take())

        # 4
        if self._signed is None:
            reason = "no checkpoint is signed by a known key" if self._verifiers else "no key to check signatures with"
            self.problem(reason)

        # 5
        if self._expect is not None and not 0 <= self._expect[0] <= self._edge.size:
            self.problem(f"there are {self._edge.size} entries, fewer than the expected {self._expect[0]}")

        # 6
        if shape.checkpoints > shape.size:
            self.problem(f"the checkpoint of size {shape.checkpoints} is beyond the {shape.size} entries")
        if self._gapless:
            self._check_shape(self._store.shape())

    def report(self) -> AuditReport:
        # 7
        scans = self._scans.finish()
        if self._more:
            self._problems.append(f"{self._more} more problems")
        notes = []
        if self._strange and self._signed is not None:
            notes.append(f"no known key has signed {self._strange} of the {self._checkpoints} checkpoints")
        signed = self._signed or 0
        for scan in scans:  # a writer signs the close of a scan in the transaction that appends it
            if scan.closed_at is not None and scan.closed_at >= signed:
                self._problems.append(f"scan {scan.scan}: its close, entry {scan.closed_at}, is signed by no known key")
        unsigned = self._edge.size - signed
        if unsigned:
            entries = "1 entry" if unsigned == 1 else f"{unsigned} entries"
            notes.append(f"{entries} after the last checkpoint {'is' if unsigned == 1 else 'are'} not signed")
        return AuditReport(
            origin=self._origin,
            size=self._edge.size,
            root=self._edge.root(),
            checkpoints=self._checkpoints,
            signed_size=self._signed,
            signers=tuple(self._signers),
            trust="verified" if self._trusted and (signed or not self._edge.size) else "self-asserted",
            problems=(*self._problems, *(problem for scan in scans for problem in scan.problems)),
            notes=tuple(notes),
            scans=scans,
        )

    def _grow(self, shape: Shape) -> Iterator[int]:
        """Generates every size that the tree has, from 0 to the end, while it checks the entries."""
        yield 0
        expected = 0
        for index, body in self._read_entries(shape):
            if index != expected:
                self._gapless = False
                self.problem(f"entry {expected} is missing" if index > expected else f"entry {index} has no place")
                expected = index
            expected += 1
            try:
                self._scans.add(index, parse(body))
            except EntryError as error:
                self.problem(f"entry {index}: {error}")
            self._edge.append(leaf_hash(body))
            if self._edge.size % TILE_WIDTH == 0:
                self._check_tiles(self._edge.take_full())
            yield self._edge.size

    def _read_entries(self, shape: Shape) -> Iterator[tuple[int, bytes]]:
        """Generates the entries of the size that was pinned, a short transaction at a time."""
        start = FIRST
        while start < shape.size and (rows := self._store.bodies(start, shape.size)):
            yield from rows
            start = rows[-1][0] + 1

    def _read_checkpoints(self, shape: Shape) -> Iterator[tuple[int, str]]:
        start, last = FIRST, min(shape.checkpoints, shape.size)
        while start <= last and (rows := self._store.checkpoints(start, last)):
            yield from rows
            start = rows[-1][0] + 1

    def _check_tiles(self, tiles: Sequence[Tile]) -> None:
        if not self._gapless:
            return  # one entry is missing, so every tile after it differs
        for tile in tiles:
            name = f"tile {tile.n} of level {tile.level}"
            width, stored = self._store.tile(tile.level, tile.n)
            if stored[: len(tile.hashes)] != tile.hashes:
                at = _first_difference(stored, tile.hashes)
                if at * HASH_BYTES >= len(stored):
                    self.problem(f"{name} has no hash {at}")
                elif tile.level == 0:
                    self.problem(f"entry {tile.n * TILE_WIDTH + at} is not the entry that the tree was made of")
                else:
                    self.problem(f"{name}: hash {at} does not follow from the entries")
            elif len(stored) != width * HASH_BYTES or width > TILE_WIDTH:
                self.problem(f"{name} is not as wide as it says")

    def _check_checkpoint(self, size: int, note: str) -> None:
        self._checkpoints += 1
        name = f"checkpoint of size {size}"
        try:
            checkpoint = parse_checkpoint(parse_note(note).text)
        except NoteError as error:
            self.problem(f"{name}: {error}")
            return
        if checkpoint.size != size:
            self.problem(f"{name} says size {checkpoint.size}")
            return
        if self._origin is None:
            self._origin = checkpoint.origin
        if checkpoint.origin != self._origin:
            self.problem(f"{name}: its origin is {checkpoint.origin!r}, not {self._origin!r}")
            return
        fits = self._check_root(name, checkpoint)
        try:
            signatures = open_note(note, self._verifiers).signatures
        except UnknownSignerError:
            self._strange += 1
            return
        except NoteError as error:
            self.problem(f"{name}: {error}")
            return
        self._signers.update(dict.fromkeys(signature.name for signature in signatures))
        if fits:
            self._signed = size

    def _check_root(self, name: str, checkpoint: Checkpoint) -> bool:
        if checkpoint.root == self._edge.root():
            self._fitting = checkpoint.size
            return True
        if not self._misfit:  # every later one differs too
            self._check_tiles(self._edge.take())  # names the entry, where only the entry was changed
            where = f"; the one of size {self._fitting} still has" if self._fitting >= 0 else ""
            self.problem(f"{name} does not have the root of the entries{where}")
        self._misfit = True
        return False

    def _check_expected(self, root: bytes) -> None:
        if root != self._edge.root():
            self.problem(f"the first {self._edge.size} entries do not have the expected root {root.hex()}")

    def _check_shape(self, shape: Shape) -> None:
        """The tiles of the file, as it stands by now, are as many and as wide as its size implies."""
        expected = set()
        for level in range(levels(shape.size)):
            hashes = hashes_at(shape.size, level)
            tiles = -(-hashes // TILE_WIDTH)
            expected.add((level, tiles, tiles - 1, hashes))
        if expected != shape.tiles:
            self.problem(f"the tiles are not those of {shape.size} entries")


def _first_difference(stored: bytes, expected: bytes) -> int:
    """The place of the first hash that differs."""
    at = 0
    while stored[at * HASH_BYTES : (at + 1) * HASH_BYTES] == expected[at * HASH_BYTES : (at + 1) * HASH_BYTES]:
        at += 1
    return at
