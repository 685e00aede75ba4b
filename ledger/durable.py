"""Writing files whole or not at all, and a lock between processes.

A file is synced to the disk before it gets its name. Where a system cannot sync a folder (Windows), a power failure may
lose the name, but never leaves half a file.
"""

from __future__ import annotations

import errno
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BINARY = getattr(os, "O_BINARY", 0)
_TRIES = 40
_PAUSE = 0.05


def create_file(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Writes a new file with these permissions, synced to the disk. Raises OSError.

    Never overwrites. A file that could not be written whole is removed. On Windows `mode` has no effect: a file has
    the permissions of its folder.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_file(path: Path, limit: int) -> bytes:
    """All bytes of a file. Raises OSError, also for a file of more than `limit` bytes."""
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"longer than {limit} bytes")
    return data


def replace_file(path: Path, data: bytes) -> None:
    """Replaces a file's content by `data`, wholly or, if interrupted, not at all. Raises OSError."""
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    create_file(aside, data)
    try:
        _put_in_place(aside, path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    _sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds an exclusive lock on this file. The system releases it however the process ends. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o666)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _put_in_place(aside: Path, path: Path) -> None:
    for tries in range(_TRIES):
        try:
            aside.replace(path)
        except PermissionError:  # Windows, while another process reads the old file
            if sys.platform != "win32" or tries == _TRIES - 1:
                raise
            time.sleep(_PAUSE)
        else:
            return


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:  # another process holds it
                time.sleep(_PAUSE)
            else:
                return

    def _sync_folder(folder: Path) -> None:
        """Does nothing: Windows cannot open a folder as a file."""

else:

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _sync_folder(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # not every file system syncs a folder
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
