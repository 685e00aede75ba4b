"""Writing files so that a crash leaves either the old state or the new one, complete."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20
_FAR = 1 << 40
"""The offset of the byte that is locked on Windows. A locked byte cannot be read, so it lies beyond any file's end."""


def readable_name(path: str | os.PathLike[str]) -> str:
    """A path as text that every file and terminal accepts: bytes that are not UTF-8 become `%XX`."""
    text = os.fsencode(path).decode("utf-8", "surrogateescape")
    return "".join(f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in text)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. On Windows, which has no such call and needs none, do nothing."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the bytes of `path` durable."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_tree(folder: Path) -> None:
    """Make every file and every folder below `folder` durable, and `folder` itself."""
    for parent, _folders, names in os.walk(folder):
        for name in names:
            sync_file(Path(parent, name))
        sync_folder(Path(parent))


def write_new(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file that must not exist yet, durably."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)


def publish_new(unfinished: Path, path: Path) -> None:
    """Publish a finished file as `path`, durably. Where `path` already exists, it stays as it is.

    The name `unfinished` remains where links are supported, and where `path` existed; the caller removes it.
    """
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        return
    except OSError:  # FAT and some network shares have no links
        if path.exists():
            return
        unfinished.rename(path)
    sync_folder(path.parent)


def hold(stream: BinaryIO) -> None:
    """Lock a file against other callers of `hold`, until the stream is closed or this process ends.

    BlockingIOError where another process holds it. On a share without support for locks the file is not locked.
    """
    if os.name == "posix":
        import fcntl  # noqa: PLC0415 - not on Windows

        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return
    else:
        import msvcrt  # noqa: PLC0415 - only on Windows

        stream.seek(_FAR)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            raise BlockingIOError(error.errno, "held by another process") from error
        finally:
            stream.seek(0)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes replace the file `path` in one step, durably, if the body ends without an exception.

    A link is followed. A target that is not a regular file (a device, a pipe) is written to and never replaced.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        if error.filename is not None and Path(error.filename) == temporary:  # the caller does not know that name
            error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    sync_folder(target.parent)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
