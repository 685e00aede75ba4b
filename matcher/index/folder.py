"""An index on disk: a folder of plain arrays with a header that names, sizes and digests them.

    header.json   {"format": 1, "kind": …, "bits": …, "radius": …, "count": …, "files": {name: {"size", "sha256"}}}

A folder is written under a temporary name and renamed when it is complete; it is never changed afterwards. Opening
checks the header and every size; `check` reads all bytes.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.files import sha256_of, sync_folder, sync_tree, write_new

FORMAT = 1
HEADER = "header.json"
_MAX_HEADER = 1 << 16


@dataclass(frozen=True, slots=True)
class Header:
    """What an index folder holds. `radius` in bits, inclusive; `count` in codes."""

    kind: str
    bits: int
    radius: int
    count: int
    files: Mapping[str, Mapping[str, Any]]

    @property
    def width(self) -> int:
        """Bytes a code."""
        return self.bits // 8


def write_folder(path: Path, header: Header, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Publish an index folder. IndexFileError where something stands at `path` already."""
    if path.exists():
        raise IndexFileError(f"{path}: exists; an index is never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        files = {}
        for name, array in arrays.items():
            target = temporary / name
            np.ascontiguousarray(array).tofile(target)
            files[name] = {"size": target.stat().st_size, "sha256": sha256_of(target)}
        body = {
            "format": FORMAT,
            "kind": header.kind,
            "bits": header.bits,
            "radius": header.radius,
            "count": header.count,
            "files": files,
        }
        write_new(temporary / HEADER, (json.dumps(body, sort_keys=True, indent=1) + "\n").encode())
        sync_tree(temporary)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(path.parent)


def read_header(path: Path) -> Header:
    """The header of an index folder, every named file present and of its size. IndexFileError otherwise."""
    try:
        with (path / HEADER).open("rb") as stream:
            body = json.loads(stream.read(_MAX_HEADER))
        if body["format"] != FORMAT:
            raise IndexFileError(f"{path}: index format {body['format']!r} is not {FORMAT}: build the index again")
        header = Header(str(body["kind"]), int(body["bits"]), int(body["radius"]), int(body["count"]), body["files"])
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
        if sha256_of(path / name) != facts["sha256"]:
            raise IndexFileError(f"{path / name}: its bytes are not those that were published")


def map_bytes(path: Path) -> mmap.mmap | bytes:
    """A file's bytes, memory-mapped for reading. IndexFileError where that fails."""
    try:
        with path.open("rb") as stream:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
    except (OSError, ValueError) as error:
        raise IndexFileError(f"{path}: cannot be mapped: {error}") from error


def map_array(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A read-only memory-mapped array; an empty one where there is nothing to map."""
    if 0 in shape:
        return np.empty(shape, dtype)
    try:
        return np.memmap(path, dtype=dtype, mode="r", shape=shape)
    except (OSError, ValueError) as error:
        raise IndexFileError(f"{path}: cannot be mapped: {error}") from error
