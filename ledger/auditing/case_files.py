"""Checks the files of a case whose digest an entry has: the end of a scan names the file with the scan's hashes."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ledger.auditing.completeness import ScanCheck

_MOST_PARTS = 4


def with_file_problems(folder: Path, scans: Sequence[ScanCheck]) -> tuple[ScanCheck, ...]:
    """The same scans, each with the problems of its file, which is read from the case's folder."""
    return tuple(_with_problems(scan, list(_file_problems(folder, scan))) for scan in scans)


def _with_problems(scan: ScanCheck, problems: Sequence[str]) -> ScanCheck:
    if not problems:
        return scan
    return replace(scan, complete=False, problems=(*scan.problems, *problems))


def _file_problems(folder: Path, scan: ScanCheck) -> Iterator[str]:
    """Generates the problems of the file of a scan."""
    if scan.hashes is None:
        return
    name, digest = scan.hashes.get("file"), scan.hashes.get("sha256")
    if type(name) is not str or type(digest) is not str or not _inside(name):
        yield f"scan {scan.scan}: its close does not name a file of the case"
        return
    try:
        if not _is_plain(folder, name):
            yield f"scan {scan.scan}: {name} is not a regular file of the case"
            return
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
