"""Writing case.hashes: the one process that scans, group by group, each on the disk before the ledger speaks of it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import CaseError
from matcher.record.hashes_file import FOLDER, Array, CaseHashes, Header, ItemHashes, encode_group
from matcher.record.runs import Runs
from matcher.system.files import hold, sync_folder


class HashesWriter:
    """The file of a scan that goes on. One process writes it: it is held from here on. CaseError names the file.

    Use `create` for a new scan; for one that goes on, open it, and `cut` it before anything is written.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self._header = header
        self._encoded = b""
        self._forming = 0
        self._items = 0
        self._end = 0
        self._digest = hashlib.sha256()
        self.groups = Runs()
        """Where the group of an item begins in the file, of those that are settled."""
        try:
            path.parent.mkdir(exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
            self._stream = os.fdopen(os.open(path, flags, 0o666), "r+b")
        except OSError as error:
            raise _translated(path, error) from error
        try:
            hold(self._stream)
        except OSError as error:
            self.close()
            raise _translated(path, error) from error

    @classmethod
    def create(cls, path: Path, header: Header) -> HashesWriter:
        """The file of a new scan. CaseError where it holds something already."""
        writer = cls(path, header)
        try:
            if os.fstat(writer._stream.fileno()).st_size:
                raise CaseError(f"{path}: is there already")
            writer._begin()
        except BaseException:
            writer.close()
            raise
        return writer

    def _begin(self) -> None:
        """Write the header, over whatever of one is there."""
        head = self._header.as_bytes()
        self._put(head, 0)
        try:
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
        except OSError as error:
            raise _translated(self.path, error) from error
        self._end, self._digest = len(head), hashlib.sha256(head)

    def cut(self, items: int) -> tuple[npt.NDArray[np.uint8], Array, list[dict[str, int]]]:
        """Cut what lies behind so many items; their flags and times, and the questions of each.

        Where there are no items, a file that was not begun, or not even whole at its beginning, is begun.
        """
        if items == 0 and os.fstat(self._stream.fileno()).st_size < len(self._header.as_bytes()):
            self._begin()
            return np.zeros(0, np.uint8), np.zeros(0, np.int64), []
        self._end, flags, times, asked = _behind(self.path, self._header, items, self.groups)
        self._items = items
        self._digest = hashlib.sha256()
        try:
            self._stream.seek(0)
            left = self._end
            while left and (chunk := self._stream.read(min(left, 1 << 20))):
                self._digest.update(chunk)
                left -= len(chunk)
            self._stream.truncate(self._end)
        except OSError as error:
            raise _translated(self.path, error) from error
        return flags, times, asked

    def write(self, items: list[ItemHashes]) -> None:
        """Put these on the disk, as one group, over whatever was written and not settled."""
        self._encoded = encode_group(self._header, self._items, items) if items else b""
        self._forming = len(items)
        if items:
            self._put(self._encoded, self._end)

    def _put(self, data: bytes, at: int) -> None:
        try:
            self._stream.seek(at)
            self._stream.truncate()
            self._stream.write(data)
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise _translated(self.path, error) from error

    def settle(self) -> None:
        """What was written has its entries in the ledger now."""
        if self._forming:
            self.groups.add(self._items, self._end)
        self._digest.update(self._encoded)
        self._end += len(self._encoded)
        self._items += self._forming
        self._encoded, self._forming = b"", 0

    def take_back(self) -> None:
        """Give the room of what was written and not settled back."""
        with suppress(OSError):
            self._stream.truncate(self._end)

    def facts(self) -> dict[str, Any]:
        """What `scan.close` says of the file, with what was written and is not settled."""
        digest = self._digest.copy()
        digest.update(self._encoded)
        return {
            "file": f"{FOLDER}/{self.path.name}",
            "bytes": self._end + len(self._encoded),
            "sha256": digest.hexdigest(),
        }

    def close(self) -> None:
        with suppress(OSError):  # a full disk may refuse what was told before
            self._stream.close()


def _behind(
    path: Path, header: Header, items: int, groups: Runs
) -> tuple[int, npt.NDArray[np.uint8], Array, list[dict[str, int]]]:
    """Where the group of the last of `items` ends, and flags, times and questions of all of them; `groups` are told."""
    kept = CaseHashes(path)
    if kept.header != header:
        raise CaseError(f"{path}: was begun with other algorithms")
    flags, times, end, found = [np.zeros(0, np.uint8)], [np.zeros(0, np.int64)], kept.begin, 0
    asked: list[dict[str, int]] = []
    if items:
        for at, group in kept.groups():
            groups.add(group.first, end)
            flags.append(np.array(group["flags"]))
            times.append(np.array(group["modified"]))
            asked.extend(group.query_counts(place) for place in range(len(group)))
            end, found = at, found + len(group)
            if found >= items:
                break
    if found != items:
        raise CaseError(f"{path}: does not fit the ledger, which has {items} items where this has {found}")
    return end, np.concatenate(flags), np.concatenate(times), asked


def _translated(path: Path, error: OSError) -> CaseError:
    if isinstance(error, BlockingIOError):
        return CaseError(f"{path}: another process is writing this scan")
    return CaseError(f"{path}: {error.strerror}")
