"""An index on disk: a folder of plain arrays, and a header with their names, sizes and digests.

    header.json   {"format": 2, "kind": …, "bits": …, "radius": …, "count": …, "facts": {…},
                   "files": {name: {"size", "sha256"}}, "sha256": of all the rest}

A folder is written under a temporary name and renamed when it is complete; it is never changed afterwards. Opening
checks the header and every file's size; `check` reads all bytes. Numbers in arrays are little-endian.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.system.files import sha256_of, sync_folder, sync_tree, write_new
from matcher.system.mapping import map_file

FORMAT = 2
HEADER = "header.json"
_MAX_HEADER = 1 << 16


@dataclass(frozen=True, slots=True)
class Header:
    """The header of an index folder. `radius` is an inclusive distance of the kind, `count` the number of its codes.

    `facts` are numbers of the kind's own.
    """

    kind: str
    bits: int
    radius: int
    count: int
    files: Mapping[str, Mapping[str, Any]]
    facts: Mapping[str, int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The bytes of a code."""
        return self.bits // 8


class FolderWriter:
    """A folder that is being written. If there is no exception, it is published at the end of the `with` block."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise IndexFileError(f"{path}: exists; an index is never overwritten")
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self._streams = ExitStack()
        self._files: dict[str, tuple[IO[bytes], Any]] = {}
        self._header: Header | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir()
        return self

    def append(self, name: str, array: npt.NDArray[Any]) -> None:
        """Append an array to a file of the folder."""
        if name not in self._files:
            opened = self._streams.enter_context((self._temporary / name).open("wb"))
            self._files[name] = opened, hashlib.sha256()
        stream, digest = self._files[name]
        if array.size:
            data = np.ascontiguousarray(array).data.cast("B")
            digest.update(data)
            stream.write(data)

    def describe(self, header: Header) -> None:
        """Set the folder's header. Its `files` are ignored: the header gets those that were written."""
        self._header = header

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            sizes = {name: stream.tell() for name, (stream, _digest) in self._files.items()}
            self._streams.close()
            if kind is None:
                assert self._header is not None, "describe was not called"
                files = {
                    name: {"size": sizes[name], "sha256": digest.hexdigest()}
                    for name, (_stream, digest) in self._files.items()
                }
                body = _body(self._header, files)
                write_new(self._temporary / HEADER, (json.dumps(body, sort_keys=True, indent=1) + "\n").encode())
                sync_tree(self._temporary)
                self._temporary.rename(self._path)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)
        if kind is None:
            sync_folder(self._path.parent)


def write_folder(path: Path, header: Header, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Publish an index folder. IndexFileError where `path` exists."""
    with FolderWriter(path) as writer:
        for name, array in arrays.items():
            writer.append(name, array)
        writer.describe(header)


def _body(header: Header, files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    body = {
        "format": FORMAT,
        "kind": header.kind,
        "bits": header.bits,
        "radius": header.radius,
        "count": header.count,
        "facts": dict(header.facts),
        "files": dict(files),
    }
    return {**body, "sha256": _digest_of(body)}


def _digest_of(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def read_header(path: Path) -> Header:
    """The header of an index folder whose files are present and of the right size. IndexFileError otherwise."""
    try:
        with (path / HEADER).open("rb") as stream:
            body = json.loads(stream.read(_MAX_HEADER))
        if body["format"] != FORMAT:
            raise IndexFileError(f"{path}: index format {body['format']!r} is not {FORMAT}: build the index again")
        if body.pop("sha256") != _digest_of(body):
            raise IndexFileError(f"{path / HEADER}: is not as it was published")
        header = Header(
            str(body["kind"]),
            int(body["bits"]),
            int(body["radius"]),
            int(body["count"]),
            body["files"],
            {name: int(value) for name, value in body["facts"].items()},
        )
        for name, facts in header.files.items():
            size = (path / name).stat().st_size
            if size != facts["size"]:
                raise IndexFileError(f"{path / name}: has {size} bytes, its header says {facts['size']}")
    except OSError as error:
        raise IndexFileError(f"{error.filename or path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexFileError(f"{path / HEADER}: not an index header") from error
    return header


def check(path: Path) -> None:
    """Read every byte of an index folder and compare it with the header's digests. IndexFileError on a difference."""
    header = read_header(path)
    for name, facts in header.files.items():
        try:
            digest = sha256_of(path / name)
        except OSError as error:
            raise IndexFileError(f"{path / name}: {error.strerror}") from error
        if digest != facts.get("sha256"):
            raise IndexFileError(f"{path / name}: its bytes are not those that were published")


def map_bytes(path: Path) -> memoryview:
    """A file's bytes, memory-mapped for reading; no descriptor remains open. IndexFileError where that fails."""
    try:
        return map_file(path).data
    except (OSError, ValueError) as error:
        raise IndexFileError(f"{path}: cannot be mapped: {error}") from error


def map_array(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A read-only memory-mapped array; an empty one, without a file, where the shape has a 0. No descriptor is kept.

    IndexFileError where that fails, or where the file is of another size than the array.
    """
    if 0 in shape:
        return np.empty(shape, dtype)
    try:
        size = path.stat().st_size
        if size != np.dtype(dtype).itemsize * int(np.prod(shape, dtype=object)):
            raise IndexFileError(f"{path}: has {size} bytes, not those of {shape} {np.dtype(dtype).name}")
        return map_file(path).view(dtype).reshape(shape)
    except (OSError, ValueError) as error:
        raise IndexFileError(f"{path}: cannot be mapped: {error}") from error
