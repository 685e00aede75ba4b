"""The store: a folder with the hash lists of a lab, and its catalogue.

    catalogue.db            SQLite: every version of every list, and the lists that are no longer in use
    lists/NAME/VERSION/     one version (lists/version.py), never overwritten

The newest version of a list is current, unless the list was retired since. A process that adds a version (an import, an
update, a removal, a merge) holds the catalogue's write lock from beginning to end, writes it under a temporary name,
renames it and commits: there is one writer at a time, and a writer that is killed leaves the store unchanged. Readers
open the catalogue read-only and continue to use the folders that they opened.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from matcher.errors import StoreError
from matcher.hashers import has_hasher
from matcher.lists.opened import OpenList
from matcher.lists.version import ListVersion, check_version
from matcher.system.files import sync_folder

if TYPE_CHECKING:
    from sqlite_utils import Database

CATALOGUE = "catalogue.db"
LISTS = "lists"
_APPLICATION_ID = 0x4B4D5331  # "KMS1"
_FORMAT = 2
_CURRENT = """
select version.name as name, max(version.version) as version
from version left join retired on retired.name = version.name
group by version.name having max(version.version) > coalesce(max(retired.version), 0) order by version.name
"""
_NAME = re.compile(r"[^\W_][\w .()+@=,-]{0,99}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # devices on Windows
_MOST_BYTES = 200
_WAIT = 30.0
_MAX_PATH = 504


def check_name(name: str) -> None:
    """StoreError where a list's name cannot be a folder's name on every system."""
    too_long = len(name.encode("utf-8", "replace")) > _MOST_BYTES
    if not _NAME.fullmatch(name) or name.endswith((" ", ".")) or _RESERVED.fullmatch(name) or too_long:
        raise StoreError(
            f"{name!r} cannot be a list's name: letters, digits, space and . _ ( ) + @ = , - are allowed, "
            "a letter or digit first, at most 100 characters and 200 bytes, and no device's name"
        )


def check_lists(store: Store, *, computed: bool = True) -> None:
    """StoreError where no hash can be looked up in a store: every scan would look like an all-clear.

    With `computed`, hashes without an installed hasher do not count: no picture could match them.
    """
    lists = [store.open_list(name, version) for name, version in store.current()]
    check_opened(store.folder, lists, computed=computed)


def check_opened(folder: Path, lists: Sequence[OpenList], *, computed: bool = True) -> None:
    """As check_lists, of the current lists of the store in `folder`, which are open."""
    if not lists:
        raise StoreError(f"{folder}: the store holds no list that is in use, so nothing could match")
    names = sorted({name for opened in lists for name in opened.algorithms})
    if not names:
        raise StoreError(f"{folder}: its lists hold no hash that can be looked up, so nothing could match")
    if computed and not any(map(has_hasher, names)):
        raise StoreError(
            f"{folder}: its lists hold only hashes that nothing installed here computes "
            f"({', '.join(names)}), so nothing could match"
        )


class Store:
    """A store that can be read; `writing()` adds versions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open an existing store read-only. StoreError where there is none."""
        store = cls(folder)
        if not (folder / CATALOGUE).is_file():
            raise StoreError(f"{folder}: not a store (it has no {CATALOGUE}); `matcher lists import` makes one")
        with store._reading():
            pass
        return store

    def current(self) -> list[tuple[str, int]]:
        """The name and version of every current list, sorted by name."""
        with self._reading() as database:
            return [(row["name"], row["version"]) for row in database.query(_CURRENT)]

    def current_version(self, name: str) -> int:
        """The version of a list that scans use. StoreError where there is none."""
        return _version_in(self.folder, name, dict(self.current()))

    def versions(self) -> list[dict[str, Any]]:
        """Every version: name, version, imported (UTC), digest; sorted by name and version."""
        with self._reading() as database:
            return list(database.query("select * from version order by name, version"))

    def open_list(self, name: str, version: int, *, check: bool = False) -> OpenList:
        """Open one version; with `check`, every byte of it is checked before. StoreError where it is damaged."""
        folder = self.folder_of(name, version)
        if check:
            check_version(folder)
        opened = OpenList(folder)
        if (opened.name, opened.version) != (name, version):
            raise StoreError(f"{folder}: holds {opened.name} version {opened.version}")
        return opened

    def folder_of(self, name: str, version: int) -> Path:
        return self.folder / LISTS / name / str(version)

    @contextmanager
    def _reading(self) -> Iterator[Database]:
        path = self.folder / CATALOGUE
        _check_length(path)
        try:
            with ExitStack() as stack:
                if path.with_name(f"{CATALOGUE}-journal").exists():  # of an import that runs, or that was killed
                    path = _copied(path, stack)
                uri = f"{path.absolute().as_uri()}?mode={'ro' if path.parent == self.folder else 'rw'}"
                connection = stack.enter_context(closing(sqlite3.connect(uri, uri=True, timeout=_WAIT)))
                database = _database(connection)
                if connection.execute("pragma application_id").fetchone()[0] != _APPLICATION_ID:
                    raise StoreError(f"{self.folder / CATALOGUE}: not the catalogue of a store")
                _check_format(connection, self.folder)
                yield database
        except sqlite3.Error as error:
            raise StoreError(f"{self.folder / CATALOGUE}: {error}") from error

    @contextmanager
    def writing(self) -> Iterator[StoreWriter]:
        """Hold the store's write lock. The store is made where there is none. StoreError where another writes."""
        path = self.folder / CATALOGUE
        _check_length(path)
        try:
            (self.folder / LISTS).mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path, timeout=_WAIT, isolation_level=None)) as connection:
                _prepare(connection)
                _check_format(connection, self.folder)
                connection.execute("begin immediate")
                try:
                    yield StoreWriter(self, _database(connection))
                except BaseException:
                    connection.execute("rollback")
                    raise
                connection.execute("commit")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreError(
                    f"{self.folder}: another import (or other change) has been writing here for {_WAIT:.0f} s"
                ) from error
            raise StoreError(f"{path}: {error}") from error
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        except OSError as error:
            raise StoreError(f"{error.filename or self.folder}: {error.strerror}") from error


class StoreWriter:
    """The store while this process holds its write lock."""

    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database

    def current(self) -> dict[str, int]:
        """The version of every list that scans use, by name."""
        return {row["name"]: row["version"] for row in self._database.query(_CURRENT)}

    def versions(self) -> list[tuple[str, int]]:
        """The name and number of every version."""
        rows = self._database.query("select name, version from version order by name, version")
        return [(row["name"], row["version"]) for row in rows]

    def newest(self, name: str) -> OpenList:
        """The version of a list that scans use, opened. StoreError where there is none."""
        return self._store.open_list(name, _version_in(self._store.folder, name, self.current()))

    def opened(self, name: str, version: int) -> OpenList:
        """A version of a list, opened."""
        return self._store.open_list(name, version)

    def last_in_use(self, name: str) -> tuple[int, bool] | None:
        """The version of a list that scans use, or used before it was retired; and whether they use it still.

        None for a list that never was. The version may have been deleted since.
        """
        if (version := self.current().get(name)) is not None:
            return version, True
        row = next(iter(self._database.query("select version from retired where name = ?", [name])), None)
        return None if row is None else (int(row["version"]), False)

    def next_version(self, name: str) -> int:
        """The number of the next version of a list: 1, 2, … A number is never used twice."""
        query = """select max(version) as newest from
            (select version from version where name = :name union all select version from retired where name = :name)"""
        return int(next(iter(self._database.query(query, {"name": name})))["newest"] or 0) + 1

    def retire(self, name: str) -> None:
        """Retire a list: scans do not use it until it is imported again. StoreError where it is not in use."""
        version = _version_in(self._store.folder, name, self.current())
        row = {"name": name, "version": version, "retired": _now()}
        self._database.table("retired").upsert(row, pk="name")

    def forget(self, name: str, version: int) -> None:
        """Delete a version from the catalogue. The caller deletes its folder, after the commit."""
        self._database.table("version").delete((name, version))

    def staging(self, name: str) -> Path:
        """A new, empty folder for the build of a version. Files that a killed import left behind are deleted."""
        known: dict[str, set[str]] = {}
        for row in self._database.query("select name, version from version"):
            known.setdefault(row["name"], set()).add(str(row["version"]))
        twin = next((other for other in known if other != name and other.casefold() == name.casefold()), None)
        if twin is not None:  # one folder on Windows, two elsewhere
            raise StoreError(f"{self._store.folder}: a list {twin!r} is here already; {name!r} differs only by case")
        parent = self._store.folder / LISTS / name
        parent.mkdir(parents=True, exist_ok=True)
        newer = self.next_version(name)
        for leftover in parent.iterdir():
            if leftover.name not in known.get(name, set()):
                pruned = leftover.name.isdecimal() and int(leftover.name) < newer
                shutil.rmtree(leftover, ignore_errors=pruned)  # a process may still read it, on Windows
        folder = parent / ".staging"
        folder.mkdir()
        return folder

    def publish(self, folder: Path, built: ListVersion) -> None:
        """Give a finished folder its final name and enter it in the catalogue (visible at the commit)."""
        folder.rename(self._store.folder_of(built.name, built.version))
        sync_folder(folder.parent)
        self._database.table("version").insert(
            {
                "name": built.name,
                "version": built.version,
                "imported": _now(),
                "digest": built.digest,
            }
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version_in(folder: Path, name: str, current: Mapping[str, int]) -> int:
    if name not in current:
        known = ", ".join(current) or "none"
        raise StoreError(f"{folder}: no list {name!r} is in use; in use: {known}")
    return current[name]


def _check_length(path: Path) -> None:
    """StoreError where SQLite cannot open a file, because its path, with links resolved, is too long.

    SQLite takes at most 512 bytes, and those of `-journal` too, and makes relative paths absolute first.
    """
    length = len(os.fsencode(os.path.realpath(path)))
    if os.name == "posix" and length > _MAX_PATH:
        raise StoreError(
            f"{path}: its whole path has {length} bytes, and SQLite opens at most {_MAX_PATH}: "
            "choose a folder with a shorter path, or move the store there"
        )


def _check_format(connection: sqlite3.Connection, folder: Path) -> None:
    version = connection.execute("pragma user_version").fetchone()[0]
    if version != _FORMAT:
        raise StoreError(f"{folder}: store format {version} is not {_FORMAT}: import the lists again, into a new store")


def _copied(path: Path, until: ExitStack) -> Path:
    """A copy of a catalogue and its journal, which SQLite can roll back; in a read-only store it could not."""
    try:
        folder = Path(until.enter_context(TemporaryDirectory()))
        for name in (f"{path.name}-journal", path.name):
            with suppress(FileNotFoundError):  # the import has just ended
                shutil.copyfile(path.with_name(name), folder / name)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise StoreError(
            f"{path}: an import goes on or was killed, and no copy can be read instead: {where}{error.strerror}"
        ) from error
    return folder / path.name


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("pragma synchronous=extra")
    connection.execute("pragma trusted_schema=off")
    if connection.execute("pragma application_id").fetchone()[0] == _APPLICATION_ID:
        return
    connection.execute("begin immediate")  # mark and table together: a killed import leaves both or neither
    try:
        _create(connection)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _database(connection: sqlite3.Connection, *, recursive_triggers: bool = True) -> Database:
    """A connection as sqlite_utils has it, which takes a while to import: whoever opens no store does without."""
    from sqlite_utils import Database  # noqa: PLC0415 - see above

    return Database(connection, recursive_triggers=recursive_triggers)


def _create(connection: sqlite3.Connection) -> None:
    application_id = connection.execute("pragma application_id").fetchone()[0]
    database = _database(connection, recursive_triggers=False)
    if application_id not in (0, _APPLICATION_ID) or (application_id == 0 and database.table_names()):
        raise StoreError("catalogue.db here is another program's database")
    connection.execute(f"pragma application_id={_APPLICATION_ID}")
    connection.execute(f"pragma user_version={_FORMAT}")
    database.table("version").create(
        {"name": str, "version": int, "imported": str, "digest": str},
        pk=("name", "version"),
        not_null={"imported", "digest"},
        strict=True,
        if_not_exists=True,
    )
    database.table("retired").create(
        {"name": str, "version": int, "retired": str},
        pk="name",
        not_null={"version", "retired"},
        strict=True,
        if_not_exists=True,
    )
