"""A folder, or a single file, as it lies on a file system.

Nothing is followed out of it: symbolic links and Windows junctions are recorded and not opened. Names may be any
bytes. Files are opened for reading only, without touching their access time where the system allows that.
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
"""Bytes: a size that only a damaged file system gives, and no entry holds."""
_LONGEST = 4000
"""Bytes of a path that a system call is given, at most."""

MOST_CHARACTERS = 8000
"""Of a recorded path."""
_END = 2000

_NAME_SURROGATE = 0x2000_0000
"""The bit of a Windows reparse tag that says: another name for something else. Other tags (OneDrive, deduplication,
compression) are on ordinary files and folders."""


def recorded_path(path: bytes) -> str:
    """A path of any bytes as it is recorded: undecodable bytes as `%XX`, and `%` as `%25`.

    One that is too long for a ledger's entry is cut in the middle and told apart by its digest.
    """
    recorded = readable_name(os.fsdecode(path.replace(b"%", b"%25")))
    if len(recorded) <= MOST_CHARACTERS:
        return recorded
    digest = hashlib.sha256(path).hexdigest()
    return f"{recorded[:_END]} … {recorded[-_END:]} (the path's SHA-256 is {digest})"


def raw_path(recorded: str) -> bytes:
    """The bytes of a path that was recorded; of one that was cut, of something that is not there."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), recorded.encode("utf-8", "surrogateescape"))


_ESCAPED = re.compile(rb"%([0-9A-F]{2})")


class FolderSource:
    """All files below a folder, by the bytes of their paths; or one file."""

    def __init__(self, location: Path) -> None:
        self._name = os.fsencode(location.absolute().name)
        self._root = os.fsencode(location.resolve())  # the examiner named it, so a link here is followed
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
            yield self._item(self._name, self._root)
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
                yield self._item(relative, full)
                continue
            try:
                stack.append(iter(_listed(full, relative + b"/")))
            except OSError as error:
                reason = Reason.VANISHED if error.errno == errno.ENOENT else Reason.FOLDER_UNREADABLE
                yield Item(recorded_path(relative) + "/", full, None, Status.UNREADABLE, reason)

    def open(self, item: Item) -> BinaryIO:
        with _reached(item.locator) as (name, folder):
            try:
                descriptor = os.open(name, _OPEN_FLAGS | _NO_ACCESS_TIME, dir_fd=folder)
            except PermissionError:  # only a file's owner may ask for O_NOATIME
                descriptor = os.open(name, _OPEN_FLAGS, dir_fd=folder)
        stream = os.fdopen(descriptor, "rb", buffering=0)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            stream.close()
            raise OSError(errno.EINVAL, "no longer a regular file", item.path)
        return stream

    @staticmethod
    def _item(relative: bytes, full: bytes) -> Item:
        path = recorded_path(relative)
        try:
            with _reached(full) as (name, folder):
                facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            return Item(path, full, None, Status.UNREADABLE, reason_of(error))
        if _is_link(facts):
            return Item(path, full, None, Status.SKIPPED, Reason.SYMBOLIC_LINK)
        if not stat.S_ISREG(facts.st_mode):
            return Item(path, full, None, Status.SKIPPED, Reason.SPECIAL_FILE)
        size = facts.st_size if facts.st_size < _ABSURD else None
        return Item(path, full, size, modified=facts.st_mtime_ns)


@contextmanager
def _reached(path: bytes) -> Iterator[tuple[bytes, int | None]]:
    """A path as (name, descriptor of the folder that it is relative to): a system call takes 4,096 bytes and no more.

    How deep a file lies must not decide whether it is found, nor where the evidence is mounted.
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
    """os.scandir for a path of any length."""
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
    """A folder's entries as (path relative to the source, is a folder), in the order of the recording."""
    with _scanned(folder) as entries:
        found = [(prefix + os.fsencode(entry.name), _is_folder(entry)) for entry in entries]
    return sorted(found, key=lambda entry: entry[0] + b"/" if entry[1] else entry[0])


def _is_folder(entry: os.DirEntry[Any]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    return os.name == "posix" or not _is_link(entry.stat(follow_symlinks=False))


def _is_link(facts: os.stat_result) -> bool:
    """A symbolic link, or what Windows has besides: a junction, a mount point."""
    return stat.S_ISLNK(facts.st_mode) or bool(getattr(facts, "st_reparse_tag", 0) & _NAME_SURROGATE)
