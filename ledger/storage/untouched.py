"""Reads a ledger without changing it, also where a killed writer left its journal.

SQLite rolls such a journal back on opening, which would write to the evidence, and it cannot open the file read-only
otherwise. So the file and its journal are copied, and the copy is opened and recovered.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ledger.errors import StoreError

_SUFFIXES = ("-journal", "-wal")
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_JOURNAL_HEADER = 28
"""Bytes of a journal's header. Pages follow it, and at the very end, maybe, the name of a super-journal."""
_ATTEMPTS = 10
_MAX_PATH = 504


def check_length(path: Path) -> None:
    """Raises StoreError where SQLite cannot open a file, because its path, with links resolved, is too long.

    SQLite takes at most 512 bytes, and those of the journal's `-journal` too. It makes relative paths absolute first:
    opening a file from its own folder changes nothing.
    """
    length = len(os.fsencode(os.path.realpath(path)))
    if os.name == "posix" and length > _MAX_PATH:
        raise StoreError(
            f"{path}: its whole path has {length} bytes, and SQLite opens at most {_MAX_PATH}: "
            "choose a folder with a shorter path, or move it there"
        )


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; 0 for an error that Python itself raised."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def is_hot(path: Path, error: sqlite3.OperationalError) -> bool:
    """Whether a read failed because a killed writer's journal must be rolled back first."""
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK:
        return True
    return primary_code(error) == sqlite3.SQLITE_CANTOPEN and _beside(path, "-journal").exists()


@dataclass(slots=True)
class _Shared:
    """One file's descriptors, and the number of its HeldFile objects."""

    holders: int = 0
    descriptors: list[int] = field(default_factory=list)


class HeldFile:
    """A file held open for reading beside SQLite. Call `release` after SQLite's own connection was closed.

    All HeldFile objects of one file share their descriptors, which are closed with the last of them.
    """

    _files: ClassVar[dict[tuple[int, int], _Shared]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        check_length(path)
        self._path = path
        self._released = False
        with self._lock:
            try:
                self._key, shared = self._find()
            except OSError as error:
                raise StoreError(f"{path}: {error.strerror}") from error
            shared.holders += 1
            self._descriptor = shared.descriptors[-1]

    def _find(self) -> tuple[tuple[int, int], _Shared]:
        status = self._path.stat()
        key = (status.st_dev, status.st_ino)
        if key not in self._files:
            if not stat.S_ISREG(status.st_mode):
                raise StoreError(f"{self._path}: not a regular file")
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            status = os.fstat(descriptor)  # of the opened file, in case another file has replaced it
            key = (status.st_dev, status.st_ino)
            self._files.setdefault(key, _Shared()).descriptors.append(descriptor)
        return key, self._files[key]

    def release(self) -> None:
        """Releases the file. Further calls do nothing."""
        with self._lock:
            if self._released:
                return
            self._released = True
            shared = self._files[self._key]
            shared.holders -= 1
            if shared.holders == 0:
                del self._files[self._key]
                for descriptor in shared.descriptors:
                    os.close(descriptor)

    def has_write_ahead_log(self) -> bool:
        """Whether the file's header says WAL, as no ledger's does: SQLite would write beside such a file."""
        try:
            with self._lock:  # threads share the descriptor's position, and Windows has no pread
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                header = os.read(self._descriptor, 20)
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error
        return len(header) == 20 and 2 in header[18:20]


def check_journal(path: Path) -> None:
    """Raises StoreError where the journal beside a ledger names another file, which SQLite would delete.

    SQLite writes such a journal for a transaction over several databases; a ledger has no such transaction.
    """
    try:
        with _beside(path, "-journal").open("rb") as journal:
            journal.seek(0, os.SEEK_END)
            if journal.tell() <= _JOURNAL_HEADER:
                return
            journal.seek(-len(_JOURNAL_MAGIC), os.SEEK_END)
            end = journal.read(len(_JOURNAL_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{_beside(path, '-journal')}: {error.strerror}") from error
    if end == _JOURNAL_MAGIC:
        raise StoreError(f"{_beside(path, '-journal')}: names another file: this is no ledger's journal")


def has_stray_log(path: Path) -> bool:
    """Whether the ledger has a `-wal` file beside it, to which SQLite would write on opening the ledger."""
    return _beside(path, "-wal").exists()


class EvidenceCopy:
    """A temporary copy of a ledger's file and of SQLite's journal beside it. Call `remove` after use."""

    def __init__(self, path: Path, *, with_log: bool) -> None:
        """Copies a `-wal` file only with `with_log`: if the ledger's header says WAL. Raises StoreError."""
        self._folder = tempfile.TemporaryDirectory(prefix="ledger-")
        self.path = Path(self._folder.name) / "copy.ledger"
        try:
            for _ in range(_ATTEMPTS):
                before = _state(path)
                for suffix in ("", *_SUFFIXES):
                    beside, copy = _beside(path, suffix), _beside(self.path, suffix)
                    copy.unlink(missing_ok=True)
                    if not suffix or (beside.exists() and (with_log or suffix != "-wal")):
                        shutil.copyfile(beside, copy)
                if _state(path) == before:
                    check_journal(self.path)
                    return
            raise StoreError(f"{path}: changes while it is being copied")
        except OSError as error:
            self.remove()
            raise StoreError(f"{path}: {error.strerror}") from error
        except StoreError:
            self.remove()
            raise

    def remove(self) -> None:
        """Deletes the copy."""
        self._folder.cleanup()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _state(path: Path) -> list[tuple[int, int] | None]:
    states: list[tuple[int, int] | None] = []
    for suffix in ("", *_SUFFIXES):
        try:
            status = _beside(path, suffix).stat()
        except FileNotFoundError:
            states.append(None)
        else:
            states.append((status.st_size, status.st_mtime_ns))
    return states
