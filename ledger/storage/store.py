"""The ledger's SQLite file, read and written by sqlite-utils. No other file has the SQL of a ledger's tables.

Entries, tiles and checkpoint of one append are one transaction (`writing`). Readers and writers wait without limit for
the file's lock, and call `on_wait` with the seconds waited. A reader reads at most 1,000 rows a transaction and never
pauses inside one, since a reader's lock keeps a writer from committing.

The rollback journal's mode is DELETE with synchronous=EXTRA: committed data is on the disk, in one file.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ledger.entries.entry import MAX_ENTRY
from ledger.errors import DamagedError, NotALedgerError, StoreError
from ledger.notes.note import MAX_NOTE
from ledger.storage.schema import APPLICATION_ID, STATEMENTS, TABLES, USER_VERSION, schema_problems
from ledger.storage.untouched import EvidenceCopy, HeldFile, check_journal, has_stray_log, is_hot, primary_code
from ledger.tree.damage import Sign
from ledger.tree.tiles import TILE_BYTES, Tile

if TYPE_CHECKING:
    from sqlite_utils import Database

T = TypeVar("T")
OnWait = Callable[[float], None]

READ_ROWS = 1_000
READ_NOTES = 100
FIRST, LAST = -(2**63), 2**63 - 1
"""The least and the largest index or size that SQLite can store; those of a ledger begin at 0."""


def _cut(column: str, most: int = MAX_NOTE) -> str:
    """SQL for at most `most` + 1 bytes of a column, which in a damaged file may be of any type and length.

    A text is read as bytes too: SQLite would end it at a NUL, after which more bytes may follow.
    """
    return f"coalesce(CAST(substr(CAST({column} AS BLOB), 1, {most + 1}) AS BLOB), x'')"


_NOTE = _cut("note")
# A damaged file may contain a value of another type than its column: hence the casts.

_INSERT_ROWS = 250
"""Entries in one statement; the oldest SQLite builds accept 999 values."""
_BUSY_SECONDS = 0.25
_SETTINGS = ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "temp_store=MEMORY")
_WRITER_SETTINGS = ("journal_mode=DELETE", "synchronous=EXTRA", "secure_delete=OFF")  # nothing is ever deleted


@dataclass(frozen=True, slots=True)
class Shape:
    """Entries, largest checkpoint, and (level, tiles, last n, hashes) of each level, read in one transaction."""

    size: int
    checkpoints: int
    tiles: frozenset[tuple[int, int, int, int]]


class Store:
    """An open ledger file. Use `create`, `open` or `open_readonly`; a context manager that closes."""

    def __init__(self, path: Path, mode: str, *, on_wait: OnWait | None = None) -> None:
        self.path = path
        self._on_wait = on_wait
        self._copy: EvidenceCopy | None = None
        self._writable = mode == "rw"
        self._held = HeldFile(path)
        try:
            check_journal(path)
            if not self._writable and (self._held.has_write_ahead_log() or has_stray_log(path)):
                self._database = self._connect_copy()
            else:
                self._database = self._connect(path, mode, (*_SETTINGS, *(_WRITER_SETTINGS if self._writable else ())))
        except BaseException:
            self._held.release()
            raise

    @classmethod
    def create(cls, path: Path, note: str, *, on_wait: OnWait | None = None) -> Store:
        """Creates a file with `note` as its checkpoint of size 0. Refuses an existing file."""
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error
        try:
            store = cls(path, "rw", on_wait=on_wait)
            try:
                with store.writing():
                    store._create()
                    store.add_checkpoint(0, note)
            except BaseException:
                store.close()
                raise
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return store

    @classmethod
    def open(cls, path: Path, *, on_wait: OnWait | None = None) -> Store:
        """Opens a file for reading and appending. Raises StoreError unless it is a ledger with all its triggers."""
        store = cls(path, "rw", on_wait=on_wait)
        try:
            store.check_is_ledger()
            problems = store.schema_problems()
            if problems:
                raise DamagedError(f"{path}: {problems[0][0]}")
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open_readonly(cls, path: Path, *, on_wait: OnWait | None = None) -> Store:
        """Opens a file for reading. Changes nothing in the file or beside it, also where a writer was killed."""
        store = cls(path, "ro", on_wait=on_wait)
        try:
            store.check_is_ledger()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        self._database.close()
        if self._copy is not None:
            self._copy.remove()
            self._copy = None
        self._held.release()

    # Kind and state of the file

    def check_is_ledger(self) -> None:
        """Raises NotALedgerError unless the application id and the version are those of a ledger."""
        application = self._row("PRAGMA application_id")[0]
        if application != APPLICATION_ID:
            raise NotALedgerError(f"{self.path}: not a ledger")
        version = self._row("PRAGMA user_version")[0]
        if version != USER_VERSION:
            raise NotALedgerError(f"{self.path}: a ledger of version {version}; this software reads {USER_VERSION}")

    def schema_problems(self) -> list[tuple[str, Sign]]:
        """The differences of the tables and triggers from those of a ledger, and what each is a sign of."""
        rows = self._rows("SELECT type, name, sql FROM sqlite_schema")
        problems = schema_problems({(kind, name): sql for kind, name, sql in rows})
        if self._row("PRAGMA journal_mode")[0] != "delete":
            problems.append(("the file was switched to another journal mode", "tampering"))
        return problems

    def check_tables(self) -> None:
        """Raises DamagedError where a table is missing, changed or replaced: reading a substitute might never end."""
        for problem, _ in self.schema_problems():
            if problem.startswith(tuple(f"table {name} " for name in TABLES)):
                raise DamagedError(f"{self.path}: {problem}")

    def integrity_problems(self) -> list[str]:
        """The problems that SQLite's integrity check reports, at most ten lines."""
        return [str(line) for (line,) in self._rows("PRAGMA integrity_check(10)") if line != "ok"]

    # Reading

    def size(self) -> int:
        """The number of entries."""
        return int(self._row("SELECT coalesce(max(idx), -1) FROM entry")[0]) + 1

    def version(self) -> int:
        """SQLite's data_version: a number that changes whenever another connection has changed the file."""
        return int(self._row("PRAGMA data_version")[0])

    def shape(self) -> Shape:
        """The sizes of all tables, from one SELECT."""
        rows = self._rows(
            "SELECT -1, (SELECT coalesce(max(idx), -1) FROM entry), (SELECT coalesce(max(size), -1) FROM checkpoint), 0"
            " UNION ALL SELECT level, count(*), max(n), CAST(total(width) AS INTEGER) FROM tile GROUP BY level"
        )
        return Shape(size=rows[0][1] + 1, checkpoints=rows[0][2], tiles=frozenset(rows[1:]))

    def bodies(self, start: int, stop: int) -> list[tuple[int, bytes]]:
        """The next (index, body) of entries with `start` <= index < `stop`, by index, at most READ_ROWS.

        Of a body that is too long for an entry only MAX_ENTRY + 1 bytes are read. Tiles and notes are bounded alike.
        """
        return self._rows(
            f"SELECT idx, {_cut('body', MAX_ENTRY)} FROM entry"
            f" WHERE idx BETWEEN ? AND ? ORDER BY idx LIMIT {READ_ROWS}",
            start,
            stop - 1,
        )

    def tile(self, level: int, n: int) -> tuple[int, bytes]:
        """A tile's width and hashes; (0, b"") if there is none."""
        rows = self._rows(
            f"SELECT CAST(coalesce(width, 0) AS INTEGER), {_cut('hashes', TILE_BYTES)} FROM tile"
            " WHERE level = ? AND n = ?",
            level,
            n,
        )
        return rows[0] if rows else (0, b"")

    def hashes(self, level: int, n: int) -> bytes:
        """The hashes of a tile; b"" if there is none (tiles.ReadTile)."""
        return self.tile(level, n)[1]

    def checkpoints(self, start: int, last: int) -> list[tuple[int, str]]:
        """The next (size, note) of checkpoints of sizes `start` to `last`, inclusive, by size, at most READ_NOTES."""
        sql = f"SELECT size, {_NOTE} FROM checkpoint WHERE size BETWEEN ? AND ? ORDER BY size LIMIT {READ_NOTES}"
        return [(size, _decode(note)) for size, note in self._rows(sql, start, last)]

    def latest_checkpoint(self) -> tuple[int, str]:
        """Size and note of the largest checkpoint. Raises DamagedError if there is none."""
        for size, note in self._rows(f"SELECT size, {_NOTE} FROM checkpoint ORDER BY size DESC LIMIT 1"):
            return size, _decode(note)
        raise DamagedError(f"{self.path}: no checkpoint")

    def checkpoint(self, size: int) -> str | None:
        """The note of the checkpoint of exactly this size; None if there is none."""
        rows = self._rows(f"SELECT {_NOTE} FROM checkpoint WHERE size = ?", size)
        return _decode(rows[0][0]) if rows else None

    def cosignatures(self, size: int) -> list[str]:
        """The signature lines that were added to the checkpoint of this size, sorted; at most READ_NOTES."""
        sql = f"SELECT {_cut('line')} FROM cosignature WHERE size = ? ORDER BY line"
        return [_decode(line) for (line,) in self._rows(f"{sql} LIMIT {READ_NOTES}", size)]

    def last_cosigned(self) -> int:
        """The largest size whose checkpoint has cosignatures; 0 if none has."""
        return int(self._row("SELECT coalesce(max(size), 0) FROM cosignature")[0])

    def tokens(self, size: int) -> list[bytes]:
        """The time-stamp tokens of the checkpoint of this size, sorted; at most READ_NOTES."""
        sql = f"SELECT {_cut('token')} FROM timestamp WHERE size = ? ORDER BY token"
        return [token for (token,) in self._rows(f"{sql} LIMIT {READ_NOTES}", size)]

    def attached_sizes(self) -> list[int]:
        """The sizes that cosignatures and tokens are stored for, in order; in a damaged file maybe of no checkpoint."""
        sizes = " UNION ".join(f"SELECT CAST(size AS INTEGER) FROM {table}" for table in ("cosignature", "timestamp"))
        return [size for (size,) in self._rows(f"{sizes} ORDER BY 1")]

    def has_openings(self) -> bool:
        """Whether the file has any opening."""
        return bool(self._rows("SELECT 1 FROM opening LIMIT 1"))

    def openings(self, start: int, stop: int) -> list[tuple[int, str, bytes, str]]:
        """(index, pointer, salt, value) of all openings of the entries `start` to `stop`, half-open, in order."""
        columns = f"idx, {_cut('pointer')}, {_cut('salt', 32)}, {_cut('value')}"
        sql = f"SELECT {columns} FROM opening WHERE idx BETWEEN ? AND ? ORDER BY idx, pointer"
        rows = self._rows(sql, start, stop - 1)
        return [(index, _decode(pointer), salt, _decode(value)) for index, pointer, salt, value in rows]

    # Writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, begun with the write lock; rolled back whole on any exception."""
        connection = self._database.conn
        with self._translated():
            self._retry_while_busy(lambda: connection.execute("BEGIN IMMEDIATE"))
            try:
                yield
                self._retry_while_busy(lambda: connection.execute("COMMIT"))
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.rollback()
                raise

    def add_entries(self, first: int, bodies: Sequence[bytes]) -> None:
        """Inside `writing`: adds entries from index `first` on."""
        execute = self._database.conn.execute  # not sqlite-utils' insert, which queries the table for each group
        for start in range(0, len(bodies), _INSERT_ROWS):
            group = bodies[start : start + _INSERT_ROWS]
            values = chain.from_iterable(zip(count(first + start), group, strict=False))
            execute(f"INSERT INTO entry (idx, body) VALUES (?, ?){', (?, ?)' * (len(group) - 1)}", tuple(values))

    def put_tile(self, tile: Tile) -> None:
        """Inside `writing`: stores a tile that is new or that grew."""
        execute = self._database.execute
        grown = execute(
            "UPDATE tile SET width = ?, hashes = ? WHERE level = ? AND n = ?",
            (tile.width, tile.hashes, tile.level, tile.n),
        )
        if grown.rowcount == 0:
            execute(
                "INSERT INTO tile (level, n, width, hashes) VALUES (?, ?, ?, ?)",
                (tile.level, tile.n, tile.width, tile.hashes),
            )

    def add_checkpoint(self, size: int, note: str) -> None:
        """Inside `writing`: adds the signed checkpoint of the tree at the end of this transaction."""
        self._database.execute("INSERT INTO checkpoint (size, note) VALUES (?, ?)", (size, note))

    def add_cosignature(self, size: int, line: str) -> None:
        """Inside `writing`: adds a signature line to the checkpoint of this size."""
        self._database.execute("INSERT INTO cosignature (size, line) VALUES (?, ?)", (size, line))

    def add_token(self, size: int, token: bytes) -> None:
        """Inside `writing`: adds a time-stamp token to the checkpoint of this size."""
        self._database.execute("INSERT INTO timestamp (size, token) VALUES (?, ?)", (size, token))

    def add_openings(self, openings: Sequence[tuple[int, str, bytes, str]]) -> None:
        """Inside `writing`: adds openings, (index, pointer, salt, value), of commitments in entries."""
        self._database.conn.executemany("INSERT INTO opening (idx, pointer, salt, value) VALUES (?, ?, ?, ?)", openings)

    # SQLite

    def _connect(self, path: Path, mode: str, settings: Sequence[str]) -> Database:
        from sqlite_utils import Database  # noqa: PLC0415 - slow to import: whoever opens no ledger does without

        uri = f"{path.absolute().as_uri()}?mode={mode}"
        with self._translated():
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
            connection.text_factory = _decode
            try:
                # Plugins of sqlite-utils are third-party code, and must not run in a ledger's process.
                database = Database(connection, execute_plugins=False)
                for setting in settings:
                    self._retry_while_busy(partial(database.execute, f"PRAGMA {setting}")).fetchall()
            except BaseException:
                connection.close()
                raise
        return database

    def _connect_copy(self) -> Database:
        """Opens a temporary copy, in which SQLite may roll back the journal."""
        copy = EvidenceCopy(self.path, with_log=self._held.has_write_ahead_log())
        try:
            database = self._connect(copy.path, "rw", _SETTINGS)
        except BaseException:
            copy.remove()
            raise
        self._copy = copy
        return database

    def _create(self) -> None:
        for statement in (
            *STATEMENTS,
            f"PRAGMA application_id={APPLICATION_ID}",
            f"PRAGMA user_version={USER_VERSION}",
        ):
            self._database.execute(statement)

    def _row(self, sql: str) -> Any:
        return self._rows(sql)[0]

    def _rows(self, sql: str, *arguments: object) -> list[Any]:
        """All rows of one SELECT, which is one transaction unless `writing`."""
        with self._translated():
            try:
                return self._retry_while_busy(lambda: self._database.execute(sql, arguments).fetchall())
            except sqlite3.OperationalError as error:
                # A writer must not continue on a copy: its entries would be lost.
                if self._writable or self._copy is not None or not is_hot(self.path, error):
                    raise
            self._database.close()
            self._database = self._connect_copy()
            return self._retry_while_busy(lambda: self._database.execute(sql, arguments).fetchall())

    def _retry_while_busy(self, action: Callable[[], T]) -> T:
        """Repeats `action` while another process holds the file's lock, and returns its result."""
        started = time.monotonic()
        while True:
            try:
                return action()
            except sqlite3.OperationalError as error:
                if primary_code(error) != sqlite3.SQLITE_BUSY:
                    raise
            if self._on_wait is not None:
                self._on_wait(time.monotonic() - started)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raises SQLite's errors as StoreError, with the file's name."""
        try:
            yield
        except sqlite3.Error as error:
            kind = _ERRORS.get(primary_code(error), StoreError)
            raise kind(f"{self.path}: {error}") from error
        except UnicodeDecodeError as error:  # Python decodes SQLite's message, which quotes the damaged text
            raise DamagedError(f"{self.path}: its schema is not text") from error


def _decode(text: bytes) -> str:
    """Invalid UTF-8 of a damaged file becomes lone surrogates, which the parsers refuse: it must not stop an audit."""
    return text.decode("utf-8", "surrogateescape")


_ERRORS: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_NOTADB: NotALedgerError,
    sqlite3.SQLITE_CORRUPT: DamagedError,
}
