"""Checks the files of a case whose digest an entry has: `scan.close` names the file with the hashes of the scan."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ledger.auditing.completeness import ScanCheck

_MOST_PARTS = 4


def file_problems(folder: Path, scans: Sequence[ScanCheck]) -> Iterator[str]:
    """Generates the problems of the files of these scans, read from the case's folder."""
    for scan in scans:
        if scan.hashes is None:
            continue
        name, digest = scan.hashes.get("file"), scan.hashes.get("sha256")
        if type(name) is not str or type(digest) is not str or not _inside(name):
            yield f"scan {scan.scan}: its close does not name a file of the case"
            continue
        try:
            if not _is_plain(folder, name):
                yield f"scan {scan.scan}: {name} is not a regular file of the case"
                continue
            with (folder / name).open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            yield f"scan {scan.scan}: {name}: {error.strerror}"
        else:
            if actual != digest:
                yield f"scan {scan.scan}: {name} is not the file that was recorded when the scan was closed"


def _is_plain(folder: Path, name: str) -> bool:
    """Whether `name` is a regular file whose path has no symbolic link. Raises OSError if it does not exist."""
    path = folder
    for part in PurePosixPath(name).parts:
        path /= part
        if path.is_symlink():
            return False
    return stat.S_ISREG(path.stat().st_mode)


def _inside(name: str) -> bool:
    """Whether a name written with slashes stays inside the folder, on every system."""
    path = PurePosixPath(name)
    forbidden = any(char in name for char in "\\:\0")
    return not (path.is_absolute() or forbidden or ".." in path.parts or not 0 < len(path.parts) <= _MOST_PARTS)
