"""A folder, or a single file, of a file system as a source.

The source never leaves the folder: symbolic links and Windows junctions are recorded and not opened. Names may be any
bytes. Files are opened for reading only, and without changing their access time where the system allows that.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from matcher.errors import SourceError
from matcher.model import Item, Reason, Status
from matcher.sources.failures import reason_of
from matcher.system.files import readable_name, sha256_of

_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_NO_ACCESS_TIME = getattr(os, "O_NOATIME", 0)
_ABSURD = 2**53
"""A size in bytes that only a damaged file system reports; entries hold smaller ones only."""
_LONGEST = 4000
"""The most bytes of a path in one system call."""

MOST_CHARACTERS = 8000
"""The most characters of a recorded path that is not cut."""
_END = 2000
"""How many characters of each end are recorded of a path that is cut."""

_NAME_SURROGATE = 0x2000_0000
"""The bit of a Windows reparse tag that marks another name for something else. Other tags (OneDrive, deduplication,
compression) are on ordinary files and folders."""


def recorded_path(path: bytes) -> str:
    """The recorded form of a path of any bytes: undecodable bytes become `%XX`, and `%` becomes `%25`.

    A path that is too long for a ledger entry is cut in the middle and identified by its SHA-256.
    """
    recorded = readable_name(os.fsdecode(path.replace(b"%", b"%25")))
    if len(recorded) <= MOST_CHARACTERS:
        return recorded
    digest = hashlib.sha256(path).hexdigest()
    return f"{recorded[:_END]} … {recorded[-_END:]} (the path's SHA-256 is {digest})"


def raw_path(recorded: str) -> bytes:
    """The bytes of a recorded path. For a path that was cut, the bytes of a path that does not exist."""
    return _ESCAPED.sub(lambda escape: bytes([int(escape[1], 16)]), recorded.encode("utf-8", "surrogateescape"))


_ESCAPED = re.compile(rb"%([0-9A-F]{2})")


class FolderSource:
    """All files below a folder, in the order of the bytes of their paths; or one file."""

    def __init__(self, location: Path) -> None:
        self._name = os.fsencode(location.absolute().name)
        self._root = os.fsencode(location.resolve())  # the examiner chose it, so a link here is followed
        self._single = not location.is_dir()
        if not self._single:
            try:
                with os.scandir(self._root):
                    pass
            except OSError as error:
                raise SourceError(f"{location}: {error.strerror}") from error

    @staticmethod
    def accepts(location: Path) -> bool:
        return location.is_dir() or location.is_file()

    def describe(self) -> dict[str, Any]:
        return {"kind": "file" if self._single else "folder", "path": recorded_path(self._root)}

    def digest(self) -> str | None:
        return sha256_of(Path(os.fsdecode(self._root))) if self._single else None

    def items(self) -> Iterator[Item]:
        if self._single:
            yield file_item(self._name, self._root)
            return
        stack = [iter(_listed(self._root, b""))]
        while stack:
            entry = next(stack[-1], None)
            if entry is None:
                stack.pop()
                continue
            relative, is_folder = entry
            full = os.path.join(self._root, relative)  # noqa: PTH118 - bytes
            if not is_folder:
                yield file_item(relative, full)
                continue
            try:
                stack.append(iter(_listed(full, relative + b"/")))
            except OSError as error:
                reason = Reason.VANISHED if error.errno == errno.ENOENT else Reason.FOLDER_UNREADABLE
                yield Item(recorded_path(relative) + "/", full, None, Status.UNREADABLE, reason)

    def open(self, item: Item) -> BinaryIO:
        return open_file(item)


def open_file(item: Item) -> BinaryIO:
    """A stream of the bytes of the regular file that is the item's locator. OSError where it cannot be opened."""
    with _reached(item.locator) as (name, folder):
        try:
            descriptor = os.open(name, _OPEN_FLAGS | _NO_ACCESS_TIME, dir_fd=folder)
        except PermissionError:  # only a file's owner may use O_NOATIME
            descriptor = os.open(name, _OPEN_FLAGS, dir_fd=folder)
    stream = os.fdopen(descriptor, "rb", buffering=0)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "no longer a regular file", item.path)
    return stream


def file_item(relative: bytes, full: bytes) -> Item:
    """The item with the path `relative` of what lies at `full`: a file, or what is there instead, with the reason."""
    path = recorded_path(relative)
    try:
        with _reached(full) as (name, folder):
            facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except (OSError, ValueError) as error:  # a name that no system call takes is one of no file
        reason = reason_of(error) if isinstance(error, OSError) else Reason.VANISHED
        return Item(path, full, None, Status.UNREADABLE, reason)
    if _is_link(facts):
        return Item(path, full, None, Status.SKIPPED, Reason.SYMBOLIC_LINK)
    if not stat.S_ISREG(facts.st_mode):
        return Item(path, full, None, Status.SKIPPED, Reason.SPECIAL_FILE)
    size = facts.st_size if facts.st_size < _ABSURD else None
    return Item(path, full, size, modified=facts.st_mtime_ns)


@contextmanager
def _reached(path: bytes) -> Iterator[tuple[bytes, int | None]]:
    """A path as (name, descriptor of the folder that it is relative to), since a system call takes at most 4,096 bytes.

    So files are listed at any depth, wherever the evidence is mounted. The descriptor is None for a complete path.
    """
    descriptor: int | None = None
    try:
        while os.name == "posix" and len(path) > _LONGEST:
            cut = path.rindex(b"/", 1, _LONGEST)
            deeper = os.open(path[:cut], os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
            if descriptor is not None:
                os.close(descriptor)
            descriptor, path = deeper, path[cut + 1 :]
        yield path, descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def _scanned(path: bytes) -> Iterator[Iterator[os.DirEntry[Any]]]:
    """`os.scandir` for a path of any length."""
    with _reached(path) as (name, folder):
        if folder is None:
            with os.scandir(name) as entries:
                yield entries
            return
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        try:
            with os.scandir(descriptor) as entries:
                yield entries
        finally:
            os.close(descriptor)


def _listed(folder: bytes, prefix: bytes) -> list[tuple[bytes, bool]]:
    """A folder's entries as (path relative to the source, whether it is a folder), in the order of the findings."""
    with _scanned(folder) as entries:
        listed = [(prefix + os.fsencode(entry.name), _is_folder(entry)) for entry in entries]
    return sorted(listed, key=lambda entry: entry[0] + b"/" if entry[1] else entry[0])


def _is_folder(entry: os.DirEntry[Any]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    return os.name == "posix" or not _is_link(entry.stat(follow_symlinks=False))


def _is_link(facts: os.stat_result) -> bool:
    """Whether it is a symbolic link or one of its Windows relatives, a junction or a mount point."""
    return stat.S_ISLNK(facts.st_mode) or bool(getattr(facts, "st_reparse_tag", 0) & _NAME_SURROGATE)
