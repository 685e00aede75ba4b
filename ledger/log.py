"""Ledger: an append-only log of entries with a tree over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from ledger.clock import iso, now
from ledger.entries.cosign_entry import cosign_entries
from ledger.entries.disclosure import Opening, disclose, is_sealed, opening_of
from ledger.entries.entry import canonical, parse
from ledger.entries.shapes import Shapes
from ledger.errors import DamagedError, LedgerError, NoteError, ProofError, SizeChangedError, TimestampError
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import parse_note, parse_signatures
from ledger.notes.signer import Signer, sign_checkpoint
from ledger.storage.store import READ_NOTES, OnWait, Store
from ledger.timestamps.time_token import Token, token_entry
from ledger.tree.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hashes, range_hash
from ledger.tree.tiles import RightEdge, TileReader

_MIN_ENTRIES_TO_SIGN_IN_THREAD = 100
"""The checkpoint of an append of fewer entries is signed in the calling thread: a second one does not pay."""


class Ledger:
    """An open ledger file. A writer holds its lock only during an append: others may append in between.

    Use `create`, `open` or `open_readonly`, and one Ledger a thread. Every error is a LedgerError.
    """

    def __init__(self, store: Store, *, signers: Sequence[Signer], writable: bool) -> None:
        self._store = store
        self._signers = signers
        self._writable = writable
        self._edge: RightEdge | None = None
        self._version = -1
        self._shapes = Shapes()
        self._thread: ThreadPoolExecutor | None = None
        latest = self._check_latest()
        self._origin = latest.origin
        self._examined = latest.size
        self._foreign_key_entry = -1

    @classmethod
    def create(cls, path: Path | str, *, origin: str, signer: Signer, on_wait: OnWait | None = None) -> Ledger:
        """Creates a ledger with a signed checkpoint of size 0.

        `on_wait(seconds)` is called repeatedly while another process holds the file's lock. Raises StoreError if the
        file exists or cannot be created, NoteError if `origin` is not valid.
        """
        note = sign_checkpoint(Checkpoint(origin, 0, EMPTY_ROOT), [signer], time=now().wall_ms // 1000)
        return cls._opened(Store.create(Path(path), note, on_wait=on_wait), signers=[signer], writable=True)

    @classmethod
    def open(
        cls, path: Path | str, *, signer: Signer | Sequence[Signer] | None = None, on_wait: OnWait | None = None
    ) -> Ledger:
        """Opens a ledger for reading and appending, and recovers the journal that a killed writer left.

        A checkpoint needs at least one signer, and is signed by each. `on_wait(seconds)` is called repeatedly while
        another process holds the file's lock. Raises StoreError if the file cannot be used: NotALedgerError if it is
        not a ledger, DamagedError if it contradicts itself.
        """
        signers = [signer] if isinstance(signer, Signer) else signer or ()
        return cls._opened(Store.open(Path(path), on_wait=on_wait), signers=signers, writable=True)

    @classmethod
    def open_readonly(cls, path: Path | str) -> Ledger:
        """Opens a ledger for reading. Never changes the file or anything beside it.

        Where a killed writer left a journal, a temporary copy is read instead, which shows no later appends. Raises
        StoreError if the file cannot be used: NotALedgerError if it is not a ledger, DamagedError if it contradicts
        itself.
        """
        store = Store.open_readonly(Path(path))
        try:
            store.check_tables()
        except BaseException:
            store.close()
            raise
        return cls._opened(store, signers=(), writable=False)

    @classmethod
    def _opened(cls, store: Store, *, signers: Sequence[Signer], writable: bool) -> Ledger:
        try:
            return cls(store, signers=signers, writable=writable)
        except BaseException:
            store.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file. The ledger cannot be used any more."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
        self._store.close()

    @property
    def origin(self) -> str:
        """The name of the log in its checkpoints."""
        return self._origin

    @property
    def size(self) -> int:
        """The current number of entries."""
        return self._store.size()

    def append(
        self,
        entries: Sequence[bytes],
        *,
        checkpoint: bool = False,
        expected_size: int | None = None,
        openings: Sequence[Sequence[Opening]] = (),
    ) -> int:
        """Appends canonical entries in one transaction, durable on return; returns the index of the first.

        `openings`, a sequence for each entry, open the commitments in the entries, and are stored beside them. With
        `checkpoint` the signed checkpoint of the new size is stored in the same transaction. With `expected_size` the
        entries are appended only if the ledger still has that size, for a writer whose entries depend on what it has
        read. Raises EntryError if any entry is not canonical, and SizeChangedError if another writer came first;
        nothing is written then. After another StoreError either all entries are stored or none, and the error does
        not say which: repeat with `expected_size`.
        """
        self._check_writable(signing=checkpoint)
        self._shapes.check(entries)
        leaves = leaf_hashes(entries)
        if not leaves and not checkpoint and expected_size is None:
            return self.size
        edge, self._edge = self._edge, None  # comes back only after the commit
        with self._store.writing():
            edge = self._current(edge)
            first = edge.size
            if expected_size is not None and first != expected_size:
                raise SizeChangedError(f"{self._store.path}: has {first} entries, not {expected_size}")
            self._check_foreign_key_entries(first, signing=checkpoint)
            edge.extend(leaves)
            sign = self._signing(edge, in_thread=len(entries) >= _MIN_ENTRIES_TO_SIGN_IN_THREAD) if checkpoint else None
            self._add_entries(first, entries, edge)
            if openings:
                self._store.add_openings(_rows(first, openings))
            if sign is not None:
                self._add_checkpoint(edge, sign)
        self._edge = edge
        self._examined = first + len(entries)
        return first

    def add_cosignatures(self, size: int, lines: Sequence[str]) -> int:
        """Adds signature lines, which the caller has verified, to the checkpoint of a size; returns how many are new.

        In the same transaction an entry that holds the new lines is appended. Lines that are stored already are
        skipped.
        Raises LedgerError if no checkpoint has that size, and NoteError if a line is malformed, or one too many.
        """
        self._check_writable(signing=False)
        edge, self._edge = self._edge, None
        with self._store.writing():
            edge = self._current(edge)
            cosigned = self.cosigned_checkpoint(size)
            _, _, known = cosigned.rpartition("\n\n")
            new = [line for line in dict.fromkeys(lines) if line not in known.splitlines(keepends=True)]
            for line in new:
                if len(parse_signatures(line)) != 1:
                    raise NoteError("a cosignature is not one line")
            if new:
                parse_note(cosigned + "".join(new))  # refuses more than a note can hold
                entries = cosign_entries(size, new, time=iso(now().wall_ms))
                first = edge.size
                edge.extend(leaf_hashes(entries))
                self._add_entries(first, entries, edge)
                for line in new:
                    self._store.add_cosignature(size, line)
        self._edge = edge
        return len(new)

    def add_token(self, size: int, token: Token) -> int:
        """Adds a time-stamp token, which the caller has verified, to the checkpoint of a size.

        Returns the index of the entry that records the token, which is appended in the same transaction. Raises
        LedgerError if no checkpoint has that size, and TimestampError if the token is on something else, is stored
        already, or is one too many.
        """
        self._check_writable(signing=False)
        edge, self._edge = self._edge, None
        with self._store.writing():
            edge = self._current(edge)
            note = self._store.checkpoint(size)
            if note is None:
                raise LedgerError(f"{self._store.path}: no checkpoint has size {size}")
            known = self._store.tokens(size)
            if token.der in known:
                raise TimestampError(f"{self._store.path}: the checkpoint of size {size} has that token already")
            if len(known) >= READ_NOTES:  # readers read no more than this
                raise TimestampError(f"{self._store.path}: the checkpoint of size {size} has {READ_NOTES} tokens")
            entries = [token_entry(size, note, token, stored=now().fields())]
            first = edge.size
            edge.extend(leaf_hashes(entries))
            self._add_entries(first, entries, edge)
            self._store.add_token(size, token.der)
        self._edge = edge
        return first

    def checkpoint(self) -> str:
        """Signs and stores a checkpoint of the current size; returns the stored one if there is one already."""
        self._check_writable(signing=True)
        edge, self._edge = self._edge, None
        with self._store.writing():
            edge = self._current(edge)
            self._check_foreign_key_entries(edge.size, signing=True)
            note = self._add_checkpoint(edge, self._signing(edge, in_thread=False))
        self._edge = edge
        return note

    def latest_checkpoint(self) -> str:
        """The signed checkpoint of the largest size."""
        return self._store.latest_checkpoint()[1]

    def last_cosigned(self) -> int:
        """The largest size whose checkpoint has cosignatures; 0 if none has."""
        return self._store.last_cosigned()

    def latest_size(self) -> int:
        """The largest size that has a checkpoint."""
        return self._store.latest_checkpoint()[0]

    def checkpoints(self, start: int = 0) -> Iterator[tuple[int, str]]:
        """Generates (size, signed checkpoint) by size, from `start` on, without later cosignatures."""
        last = self._store.latest_checkpoint()[0]
        while start <= last:
            rows = self._store.checkpoints(start, last)
            yield from rows
            start = rows[-1][0] + 1 if rows else last + 1

    def cosigned_checkpoint(self, size: int | None = None) -> str:
        """The checkpoint of a size (by default the largest), followed by its cosignatures.

        Raises LedgerError if none was signed at that size.
        """
        if size is None:
            size = self._store.latest_checkpoint()[0]
        note = self._store.checkpoint(size)
        if note is None:
            raise LedgerError(f"{self._store.path}: no checkpoint has size {size}")
        return note + "".join(self._store.cosignatures(size))

    def tokens(self, size: int) -> list[bytes]:
        """The RFC 3161 tokens on the checkpoint of a size (DER), sorted."""
        return self._store.tokens(size)

    def openings(self, start: int, stop: int) -> list[tuple[int, Opening]]:
        """(index, opening) of each commitment in the entries `start` to `stop`, half-open, with a stored opening."""
        rows = self._store.openings(start, stop)
        return [(index, opening_of(pointer, salt, value)) for index, pointer, salt, value in rows]

    def disclosed(self, index: int, body: bytes) -> dict[str, Any]:
        """The entry, with the value in place of each commitment that has a stored opening."""
        entry = parse(body)
        if not is_sealed(body):
            return entry
        return disclose(entry, [opening for _, opening in self.openings(index, index + 1)])

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """The hashes that lead from entry `index` to the root of the first `size` entries, sibling first."""
        self._check_size(size)
        return inclusion_proof(TileReader(self._store.hashes), index, size)

    def consistency_proof(self, size1: int, size2: int) -> list[bytes]:
        """The hashes that show the first `size1` entries to be the beginning of the first `size2`."""
        self._check_size(size2)
        return consistency_proof(TileReader(self._store.hashes), size1, size2)

    def _check_size(self, size: int) -> None:
        if size > self.size:
            raise ProofError(f"{self._store.path}: there are fewer than {size} entries")

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Generates (index, body) for `start` <= index < `stop`; `stop` is by default the size at the first step."""
        if start < 0:
            raise LedgerError(f"no entry has index {start}")
        size = self.size
        stop = size if stop is None else min(stop, size)
        while start < stop:
            rows = self._store.bodies(start, stop)
            for index, body in rows:
                if index != start:
                    raise DamagedError(f"{self._store.path}: entry {start} is missing")
                yield index, body
                start += 1
            if not rows:
                raise DamagedError(f"{self._store.path}: entry {start} is missing")

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` entries (by default all current ones), computed from the tiles."""
        return self._root(self.size if size is None else size)

    def _root(self, size: int) -> bytes:
        try:
            return range_hash(TileReader(self._store.hashes), 0, size)
        except ProofError as error:
            raise DamagedError(f"{self._store.path}: {error}") from error

    def _check_latest(self) -> Checkpoint:
        """The latest checkpoint. Raises DamagedError unless it is well-formed and has the tiles' root.

        Its signatures are not verified here: an audit does that.
        """
        size, note = self._store.latest_checkpoint()
        path = self._store.path
        try:
            latest = parse_checkpoint(parse_note(note).text)
        except NoteError as error:
            raise DamagedError(f"{path}: checkpoint of size {size}: {error}") from error
        if latest.size != size or size > self.size or latest.root != self._root(size):
            raise DamagedError(f"{path}: the checkpoint of size {size} does not fit the entries")
        return latest

    def _check_writable(self, *, signing: bool) -> None:
        if not self._writable:
            raise LedgerError(f"{self._store.path}: opened for reading only")
        if signing and not self._signers:
            raise LedgerError(f"{self._store.path}: a checkpoint needs a signer")

    def _current(self, edge: RightEdge | None) -> RightEdge:
        """Inside a transaction: the edge of the tree, read again if another connection has written since."""
        version = self._store.version()
        if edge is not None and version == self._version:
            return edge
        self._version = version
        try:
            return RightEdge.load(self._store.size(), self._store.hashes)
        except ProofError as error:
            raise DamagedError(f"{self._store.path}: {error}") from error

    def _check_foreign_key_entries(self, size: int, *, signing: bool) -> None:
        """Inside a transaction: raises LedgerError where a signature would vouch for an unsigned change of keys.

        A change of keys is signed in the transaction that appends it; an unsigned one among the first `size` entries
        was written by somebody who cannot sign. Each entry of another writer is examined once.
        """
        while self._examined < size:
            rows = self._store.bodies(self._examined, size)
            for index, body in rows:
                if b'"type":"key"' in body and parse(body)["type"] == "key":
                    self._foreign_key_entry = index
            self._examined = rows[-1][0] + 1 if rows else size
        if signing and self._foreign_key_entry >= self._store.latest_checkpoint()[0]:
            what = f"entry {self._foreign_key_entry} changes keys and was signed by nobody"
            raise LedgerError(f"{self._store.path}: {what}: somebody else wrote it, and nothing is signed over it")

    def _add_entries(self, first: int, entries: Sequence[bytes], edge: RightEdge) -> None:
        """Inside a transaction: adds entries, and the tiles of the edge, which has grown over them."""
        self._store.add_entries(first, entries)
        for tile in edge.take():
            self._store.put_tile(tile)

    def _signing(self, edge: RightEdge, *, in_thread: bool) -> Callable[[], str]:
        """A function that returns the signed checkpoint of the present tree; with `in_thread`, signing starts now.

        ML-DSA-44 takes a fifth as long as SQLite does for a thousand entries, and both release the interpreter lock.
        """
        checkpoint = Checkpoint(self._origin, edge.size, edge.root())
        sign = partial(sign_checkpoint, checkpoint, self._signers, time=now().wall_ms // 1000)
        if not in_thread:
            return sign
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-signing")
        return self._thread.submit(sign).result

    def _add_checkpoint(self, edge: RightEdge, sign: Callable[[], str]) -> str:
        size, note = self._store.latest_checkpoint()
        if size != edge.size:
            note = sign()
            self._store.add_checkpoint(edge.size, note)
        return note


def _rows(first: int, openings: Sequence[Sequence[Opening]]) -> list[tuple[int, str, bytes, str]]:
    """The rows (index, pointer, salt, value) that the store holds for these openings."""
    return [
        (index, opening.pointer, opening.salt, canonical(opening.value).decode())
        for index, opened in enumerate(openings, start=first)
        for opening in opened
    ]
