"""Writes an exhibit: into a temporary folder beside the output until it is complete, then as a folder or ZIP archive.

The bytes of the archive depend on the files alone: names are sorted, the date is the first that ZIP has, and nothing is
compressed (a deflater's output depends on its version).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from ledger.entries.entry import canonical
from ledger.errors import LedgerError

MANIFEST = "manifest.json"
_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644
_UNIX = 3


class ExhibitError(LedgerError):
    """An exhibit cannot be made; the message names the file or the reason."""


class Draft:
    """An exhibit that is being written. A context manager; on exit it removes everything that was not published."""

    def __init__(self, out: Path, *, archive: bool) -> None:
        """Raises ExhibitError if `out` exists."""
        if os.path.lexists(out):
            raise ExhibitError(f"{out}: exists already")
        self._out = out
        self._archive = archive
        self._folder = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
        self._packed = self._folder.with_name(f"{self._folder.name}.zip")
        self.digests: dict[str, str] = {}

    def __enter__(self) -> Draft:
        with _named(self._out):
            self._folder.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):
            self._packed.unlink(missing_ok=True)

    def add(self, name: str, data: bytes) -> None:
        """Adds one file."""
        with self.streaming(name) as file:
            file.write(data)

    @contextmanager
    def streaming(self, name: str) -> Iterator[_Hashing]:
        """Adds one file, which the caller writes to in pieces."""
        path = self._folder / name
        with _named(self._out):
            path.parent.mkdir(exist_ok=True)
            with _Hashing(path) as file:
                yield file
        self.digests[name] = file.hexdigest()

    def publish(self, facts: dict[str, object]) -> None:
        """Adds the manifest, of `facts` and the digests of all files, and renames the exhibit to its output path."""
        self.add(MANIFEST, canonical({**facts, "format": 1, "files": dict(sorted(self.digests.items()))}) + b"\n")
        with _named(self._out):
            if self._archive:
                self._pack()
                _rename_new(self._packed, self._out)
            else:
                if self._out.exists():
                    raise ExhibitError(f"{self._out}: exists already")
                self._folder.rename(self._out)

    def _pack(self) -> None:
        with zipfile.ZipFile(self._packed, "x", zipfile.ZIP_STORED) as packed:
            for name in sorted(self.digests):
                info = zipfile.ZipInfo(name, _DATE)
                info.create_system = _UNIX
                info.external_attr = (0o100000 | _MODE) << 16
                info.file_size = (self._folder / name).stat().st_size
                with packed.open(info, "w") as target, (self._folder / name).open("rb") as source:
                    shutil.copyfileobj(source, target, 1024 * 1024)


class _Hashing:
    """A new file that computes the SHA-256 of the bytes written to it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._hasher = hashlib.sha256()

    def __enter__(self) -> _Hashing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hasher.update(data)

    def hexdigest(self) -> str:
        return self._hasher.hexdigest()


@contextmanager
def _named(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExhibitError(f"{out}: {error.strerror or error}") from error


def _rename_new(source: Path, target: Path) -> None:
    """Renames a file, but never replaces another one: a link fails where a rename would replace."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise ExhibitError(f"{target}: exists already") from None
        source.rename(target)
