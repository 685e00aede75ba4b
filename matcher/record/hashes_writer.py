"""Writing case.hashes, group by group: each is on the disk before the ledger's entries of its items are."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import CaseError, NotIntactError
from matcher.record.hashes_file import FOLDER, Array, CaseHashes, Header, ItemHashes, encode_group
from matcher.record.runs import Runs
from matcher.system.files import hold, sync_folder


class HashesWriter:
    """The file of a running scan, locked for one process until it is closed. CaseError names the file.

    Use `create` for a new scan. To resume a scan, use the constructor, and call `cut` before anything is written.
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
        """The offset in the file of each settled group, by the seq of its items."""
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
        """Create the file of a new scan. CaseError where it exists and is not empty."""
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
        """Write the header, over any part of one that is there."""
        head = self._header.as_bytes()
        self._put(head, 0)
        try:
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
        except OSError as error:
            raise _translated(self.path, error) from error
        self._end, self._digest = len(head), hashlib.sha256(head)

    def cut(self, items: int) -> tuple[npt.NDArray[np.uint8], Array, list[dict[str, int]]]:
        """Truncate the file after `items` items. Returns their flags and times, and the query counts of each.

        Flags are (items,) uint8; times are (items,) int64, as in the column `modified`. With no items, a file without
        a complete header gets a new one.
        """
        if items == 0 and os.fstat(self._stream.fileno()).st_size < len(self._header.as_bytes()):
            self._begin()
            return np.zeros(0, np.uint8), np.zeros(0, np.int64), []
        self._end, flags, times, queries = _read_items(self.path, self._header, items, self.groups)
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
        return flags, times, queries

    def write(self, items: list[ItemHashes]) -> None:
        """Write these items to the disk as one group, over any group that was written and not settled."""
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
        """Record that the written group has its entries in the ledger now."""
        if self._forming:
            self.groups.add(self._items, self._end)
        self._digest.update(self._encoded)
        self._end += len(self._encoded)
        self._items += self._forming
        self._encoded, self._forming = b"", 0

    def discard(self) -> None:
        """Truncate the group that was written and not settled, to free its space."""
        with suppress(OSError):
            self._stream.truncate(self._end)

    def facts(self) -> dict[str, Any]:
        """The `hashes` of `scan.close`, including the group that was written and is not settled."""
        digest = self._digest.copy()
        digest.update(self._encoded)
        return {
            "file": f"{FOLDER}/{self.path.name}",
            "bytes": self._end + len(self._encoded),
            "sha256": digest.hexdigest(),
        }

    def close(self) -> None:
        """Close and unlock the file."""
        with suppress(OSError):  # a full disk may report an error that was raised before
            self._stream.close()


def _read_items(
    path: Path, header: Header, items: int, groups: Runs
) -> tuple[int, npt.NDArray[np.uint8], Array, list[dict[str, int]]]:
    """The end offset of the first `items` items, and the flags, times and query counts of each.

    Adds the offsets of their groups to `groups`. NotIntactError where the file does not have them.
    """
    try:
        stored = CaseHashes(path)
    except CaseError as error:
        raise NotIntactError(str(error)) from error
    if stored.header.format != header.format:
        raise CaseError(f"{path}: was begun by an earlier version, which looked at less of each file: scan anew")
    if stored.header != header:
        raise CaseError(f"{path}: was begun with other algorithms")
    flags, times, end, read = [np.zeros(0, np.uint8)], [np.zeros(0, np.int64)], stored.begin, 0
    queries: list[dict[str, int]] = []
    try:
        for at, group in stored.groups() if items else ():
            groups.add(group.first, end)
            flags.append(np.array(group["flags"]))
            times.append(np.array(group["modified"]))
            queries.extend(group.query_counts(place) for place in range(len(group)))
            end, read = at, read + len(group)
            if read >= items:
                break
    except CaseError as error:
        raise NotIntactError(str(error)) from error
    if read != items:
        raise NotIntactError(f"{path}: does not fit the ledger, which has {items} items where this has {read}")
    return end, np.concatenate(flags), np.concatenate(times), queries


def _translated(path: Path, error: OSError) -> CaseError:
    if isinstance(error, BlockingIOError):
        return CaseError(f"{path}: another process is writing this scan")
    return CaseError(f"{path}: {error.strerror}")
