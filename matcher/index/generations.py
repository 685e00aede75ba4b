"""The generations of an index: each lists the segments that make it up, and the rows that are removed.

    generation.N.json   {"format": 1, "bits": …, "radius": …, "metric": …, "rows": …, "segments": [{"folder",
                        "header", "first", "count", "rows"}], "removed": FILE, "sha256": of all the rest}

The generation with the highest N is current. Each is written under another name first and never changed, so a reader
sees a generation whole or not at all, even on systems that cannot replace a file in use.

`rows` is the number of all rows that were ever added. A segment's codes have the rows `first` to `first + count`,
half-open, or those in a file `rows` of ascending uint32. A FILE is {"name", "size", "sha256"} or null; `header` is the
SHA-256 of the segment's header, which has the digests of its files.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.errors import IndexFileError
from matcher.index.folder import map_array
from matcher.system.files import publish_new, sha256_of, write_new

FORMAT = 1
_NAME = re.compile(r"generation\.([0-9]{1,9})\.json")
_MAX = 1 << 20

Rows = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A file of row numbers, ascending uint32, in the index's folder."""

    name: str
    size: int
    sha256: str

    def open(self, folder: Path) -> Rows:
        """The rows in the file, memory-mapped. IndexFileError where it is missing or of another size."""
        return np.asarray(map_array(folder / self.name, "<u4", (self.size // 4,)))

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "size": self.size, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an index: codes with an index of their own in `folder`. `first` is used where `rows` is None."""

    folder: str
    header: str
    first: int
    count: int
    rows: RowsFile | None

    def as_json(self) -> dict[str, Any]:
        rows = None if self.rows is None else self.rows.as_json()
        return {"folder": self.folder, "header": self.header, "first": self.first, "count": self.count, "rows": rows}


@dataclass(frozen=True, slots=True)
class Generation:
    """One state of an index. `removed` lists the rows of its segments that were removed from it."""

    bits: int
    radius: int
    metric: Metric
    rows: int
    segments: tuple[Segment, ...]
    removed: RowsFile | None

    def as_json(self) -> dict[str, Any]:
        body = {
            "format": FORMAT,
            "bits": self.bits,
            "radius": self.radius,
            "metric": self.metric.value,
            "rows": self.rows,
            "segments": [segment.as_json() for segment in self.segments],
            "removed": None if self.removed is None else self.removed.as_json(),
        }
        return {**body, "sha256": _digest_of(body)}

    def files(self) -> list[RowsFile]:
        """Every file of rows of this generation."""
        return [listed for listed in (*(segment.rows for segment in self.segments), self.removed) if listed is not None]


def newest(folder: Path) -> int:
    """The number of the current generation; 0 where there is none. IndexFileError where there is no folder."""
    try:
        numbers = [int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    except OSError as error:
        raise IndexFileError(f"{folder}: {error.strerror}") from error
    return max(numbers, default=0)


def read_generation(folder: Path, number: int) -> Generation:
    """One generation. IndexFileError where it is missing, of another format, or not as it was written."""
    path = _path(folder, number)
    try:
        with path.open("rb") as stream:
            body = json.loads(stream.read(_MAX))
        if body["format"] != FORMAT:
            raise IndexFileError(f"{path}: format {body['format']!r} is not {FORMAT}: build the index again")
        if body.pop("sha256") != _digest_of(body):
            raise IndexFileError(f"{path}: is not as it was published")
        segments = tuple(
            Segment(part["folder"], part["header"], part["first"], part["count"], _rows_file(part["rows"]))
            for part in body["segments"]
        )
        return Generation(
            body["bits"], body["radius"], Metric(body["metric"]), body["rows"], segments, _rows_file(body["removed"])
        )
    except OSError as error:
        raise IndexFileError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexFileError(f"{path}: not the generation of an index") from error


def write_generation(folder: Path, number: int, generation: Generation) -> None:
    """Publish a generation. IndexFileError where that number exists."""
    path = _path(folder, number)
    if path.exists():
        raise IndexFileError(f"{path}: exists; a generation is never overwritten")
    unfinished = folder / f".{path.name}.{os.getpid()}.tmp"
    unfinished.unlink(missing_ok=True)
    write_new(unfinished, (json.dumps(generation.as_json(), sort_keys=True, indent=1) + "\n").encode())
    try:
        publish_new(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_rows(folder: Path, name: str, rows: npt.NDArray[np.integer[Any]]) -> RowsFile:
    """Write a file of row numbers durably. It replaces a file that a killed writer left behind."""
    data = rows.astype("<u4").tobytes()
    (folder / name).unlink(missing_ok=True)
    write_new(folder / name, data)
    return RowsFile(name, len(data), hashlib.sha256(data).hexdigest())


def check_rows(folder: Path, listed: RowsFile) -> None:
    """Read a file of rows and compare. IndexFileError on a difference."""
    try:
        if sha256_of(folder / listed.name) != listed.sha256:
            raise IndexFileError(f"{folder / listed.name}: its bytes are not those that were published")
    except OSError as error:
        raise IndexFileError(f"{folder / listed.name}: {error.strerror}") from error


def _path(folder: Path, number: int) -> Path:
    return folder / f"generation.{number}.json"


def _rows_file(body: Mapping[str, Any] | None) -> RowsFile | None:
    return None if body is None else RowsFile(body["name"], int(body["size"]), body["sha256"])


def _digest_of(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
