"""The query table's file: SQLite, disposable. It is no evidence and is never trusted."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Protocol

from ledger.errors import LedgerError, StoreError
from ledger.storage.untouched import check_length, primary_code

APPLICATION_ID = 0x4C445159
"""'LDQY', at byte 68 of the file."""
VERSION = 2
"""1 had paths as they are, which are now in NFC; a table of another version is made again."""

_SCHEMA = (
    "CREATE TABLE entry (idx INTEGER PRIMARY KEY, type TEXT NOT NULL, time INTEGER, scan INTEGER, seq INTEGER,"
    " status TEXT, path TEXT) STRICT",
    "CREATE INDEX entry_type ON entry (type)",
    "CREATE INDEX entry_time ON entry (time)",
    "CREATE INDEX entry_path ON entry (path) WHERE path IS NOT NULL",
    "CREATE TABLE covers (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL) STRICT",
    f"PRAGMA application_id={APPLICATION_ID}",
    f"PRAGMA user_version={VERSION}",
)
_ROWS = 1000


class QueryFileError(LedgerError):
    """The query table's file cannot be used: it is in use, or cannot be written."""


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of an entry that can be queried; `time` is in milliseconds since 1970, `path` is `normal`."""

    index: int
    type: str
    time: int | None
    scan: int | None
    seq: int | None
    status: str | None
    path: str | None


class Conditions(Protocol):
    """The conditions of find.Query that the table can answer."""

    @property
    def types(self) -> tuple[str, ...]: ...
    @property
    def since(self) -> int | None: ...
    @property
    def until(self) -> int | None: ...
    @property
    def scan(self) -> int | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def path(self) -> str | None: ...
    @property
    def start(self) -> int: ...


class QueryStore:
    """An open query table. Use `open`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> QueryStore:
        """Opens the file; creates it where there is none, and recreates a damaged one. Raises QueryFileError."""
        try:
            return cls._opened(path)
        except sqlite3.DatabaseError as error:
            if primary_code(error) != sqlite3.SQLITE_CORRUPT:
                raise QueryFileError(f"{path}: {error}") from error
        try:
            path.unlink()
            return cls._opened(path)
        except (OSError, sqlite3.Error) as error:
            raise QueryFileError(f"{path}: {error}") from error

    @classmethod
    def _opened(cls, path: Path) -> QueryStore:
        try:
            check_length(path)
        except StoreError as error:
            raise QueryFileError(str(error)) from error
        connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            cls._prepare(connection.execute)
        except BaseException:
            connection.close()
            raise
        return cls(connection, path)

    @staticmethod
    def _prepare(execute: Callable[[str], sqlite3.Cursor]) -> None:
        execute("PRAGMA synchronous=OFF")  # a table that a crash destroys is rebuilt
        execute("PRAGMA trusted_schema=OFF")
        execute("BEGIN IMMEDIATE")
        kind = (execute("PRAGMA application_id").fetchone()[0], execute("PRAGMA user_version").fetchone()[0])
        if kind == (0, 0) and not execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            for statement in _SCHEMA:
                execute(statement)
        elif kind == (APPLICATION_ID, VERSION - 1) and _objects(execute) == set(_SCHEMA[:-2]):
            for table in ("entry", "covers"):
                execute(f"DELETE FROM {table}")
            execute(_SCHEMA[-1])
        elif kind != (APPLICATION_ID, VERSION) or _objects(execute) != set(_SCHEMA[:-2]):
            raise sqlite3.DatabaseError("another file than a query table")
        execute("COMMIT")

    def close(self) -> None:
        self._connection.close()

    def covers(self, origin: str) -> tuple[int, bytes] | None:
        """The size and root of the ledger at which the table was made; None if it is of another origin or of none."""
        rows = self._rows("SELECT origin, size, root FROM covers")
        if len(rows) != 1 or rows[0][0] != origin or type(rows[0][1]) is not int or rows[0][1] < 0:
            return None
        return rows[0][1], rows[0][2]

    def clear(self) -> None:
        """Empties the table."""
        with self._writing():
            self._connection.execute("DELETE FROM entry")
            self._connection.execute("DELETE FROM covers")

    def add(self, rows: Iterable[Row], *, origin: str, size: int, root: bytes) -> None:
        """Adds the missing rows up to a size, in one transaction, and records origin, size and root."""
        with self._writing():
            values = map(astuple, rows)
            self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            self._connection.execute("DELETE FROM covers")
            self._connection.execute("INSERT INTO covers VALUES (?, ?, ?)", (origin, size, root))

    def find(self, query: Conditions, stop: int) -> Iterator[int]:
        """Generates the indexes below `stop` of matching rows, in order; at most 1,000 are in memory."""
        where, values = _where(query)
        start = max(0, query.start)
        while start < stop:
            sql = f"SELECT idx FROM entry WHERE idx >= ? AND idx < ?{where} ORDER BY idx LIMIT {_ROWS}"
            rows = self._rows(sql, start, stop, *values)
            yield from (index for (index,) in rows)
            if len(rows) < _ROWS:
                return
            start = rows[-1][0] + 1

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._translated():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raises SQLite's errors as QueryFileError."""
        try:
            yield
        except (sqlite3.Error, UnicodeEncodeError, OverflowError) as error:  # a damaged entry may have any value
            raise QueryFileError(f"{self._path}: {error}") from error


def normal(path: str) -> str:
    """The form in which paths are compared, NFC: the same name is in NFD where macOS wrote it."""
    return unicodedata.normalize("NFC", path)


def _objects(execute: Callable[[str], sqlite3.Cursor]) -> set[str]:
    """The SQL of all tables and indexes in the file."""
    return {str(sql) for (sql,) in execute("SELECT sql FROM sqlite_schema")}


def _where(query: Conditions) -> tuple[str, list[object]]:
    path = None if query.path is None else normal(query.path)
    parts: list[str] = []
    values: list[object] = []
    if query.types:
        parts.append(f"type IN ({', '.join('?' * len(query.types))})")
        values += query.types
    for column, operator, value in (
        ("time", ">=", query.since),
        ("time", "<=", query.until),
        ("scan", "=", query.scan),
        ("status", "=", query.status),
        ("path", ">=", path),
    ):
        if value is not None:
            parts.append(f"{column} {operator} ?")
            values.append(value)
    if path is not None:  # not LIKE, which has wildcards of its own
        parts.append("substr(path, 1, ?) = ?")
        values += [len(path), path]
    return "".join(f" AND {part}" for part in parts), values
