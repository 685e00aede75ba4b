"""A list of files as one source: the files that an examiner names, wherever they lie.

The path of an item is its name as it was given, without `.` and empty parts: relative to the folder in which the
command ran, or absolute where it was given so. Items are ordered by the bytes of their paths. A file that is named
twice is one item, also where one name is relative and the other absolute: the first in that order is its path. A file
that is missing is an unreadable item, and so is a folder: it is not looked into.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from matcher.errors import SourceError
from matcher.model import Item, Reason, Status
from matcher.sources.folder import file_item, open_file, recorded_path

FILES = "files"
"""The `kind` of this source."""

_UTF_8 = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class FilesSource:
    """Files by their names. `base` is the folder that relative names start from.

    A name that is a symbolic link is followed with `follow`, and recorded as one and not opened without. With
    `as_recorded` the names are those of a scan, also of an earlier version, in which one file could be several items.
    """

    def __init__(self, names: Iterable[bytes], base: Path, *, follow: bool = False, as_recorded: bool = False) -> None:
        given = [_normal(name) for name in names]
        self._base = os.fsencode(base.resolve())
        self._names = sorted(set(given))
        if not as_recorded:
            self._names = self._each_once(self._names)
        self._follow = follow
        self.repeated = len(given) - len(self._names)
        """How many names are of a file that another name is of, without one of each."""

    def __len__(self) -> int:
        """The number of items."""
        return len(self._names)

    def names(self) -> Iterator[bytes]:
        """A generator of the complete path of every file."""
        return (self._full(name) for name in self._names)

    def items(self) -> Iterator[Item]:
        for name in self._names:
            full = self._full(name)
            item = file_item(name, os.path.realpath(full) if self._follow else full)
            if item.reason is Reason.SPECIAL_FILE and os.path.isdir(full):  # noqa: PTH112 - bytes
                item = Item(item.path, full, None, Status.UNREADABLE, Reason.FOLDER_UNREADABLE)
            yield item

    def open(self, item: Item) -> BinaryIO:
        return open_file(item)

    def describe(self) -> dict[str, Any]:
        digest = hashlib.sha256()
        for name in self._names:
            digest.update(name + b"\0")
        return {
            "kind": FILES,
            "path": recorded_path(self._base),
            "count": len(self._names),
            "names": digest.hexdigest(),
        }

    def digest(self) -> str | None:
        return None

    def _each_once(self, names: list[bytes]) -> list[bytes]:
        """The names without those of a file that an earlier one names: in the same folder, links to it resolved."""
        folders: dict[bytes, bytes] = {}
        seen: set[bytes] = set()
        kept = []
        for name in names:
            folder, file = os.path.split(self._full(name))
            if folder not in folders:
                folders[folder] = os.path.realpath(folder)
            place = os.path.join(folders[folder], file)  # noqa: PTH118 - bytes
            if place not in seen:
                seen.add(place)
                kept.append(name)
        return kept

    def _full(self, name: bytes) -> bytes:
        return os.path.join(self._base, name)  # noqa: PTH118 - bytes


def _normal(name: bytes) -> bytes:
    if os.sep != "/":  # Windows
        name = name.replace(os.fsencode(os.sep), b"/")
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    start = b"/" if name.startswith(b"/") else b""
    return start + b"/".join(parts) or b"."


def read_names(stream: BinaryIO, *, null: bool, where: str) -> list[bytes]:
    """The names in a list of files, in its order: one a line, or with `null` each ended by a NUL; any bytes else.

    Line ends may be those of Windows, if all are; a byte order mark and empty lines are skipped. SourceError, which
    begins with `where`, for a list in UTF-16, of the other kind, or without a name.
    """
    data = stream.read()
    if data.startswith(_UTF_16) and not null:
        raise SourceError(f"{where}: is in UTF-16; write the list of files as UTF-8")
    data = data.removeprefix(_UTF_8)
    if null:
        if b"\0" not in data and b"\n" in data:
            raise SourceError(f"{where}: no NUL is in it; leave --null out for a list with one name a line")
        names = data.split(b"\0")
    else:
        if b"\0" in data:
            raise SourceError(f"{where}: a NUL is in it; --null is for names that are separated by NUL")
        names = data.split(b"\n")
        if all(name.endswith(b"\r") for name in names[:-1]) and len(names) > 1:
            names = [name.removesuffix(b"\r") for name in names]
    names = [name for name in names if name]
    if not names:
        raise SourceError(f"{where}: names no file")
    return names
