"""Changes of an index. Each is a new generation (generations.py), which readers get when they open the index again.

Rows are numbered in the order of addition, and keep their numbers for ever. There is one writer at a time; a writer
that is killed leaves the index unchanged. The cost of adding and removing grows with the codes that are added and
removed; now and then small segments are merged. `compact_index` merges all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from operator import index as as_whole
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.errors import IndexFileError
from matcher.index.chunks import DEFAULT_COSTS, Costs
from matcher.index.folder import HEADER
from matcher.index.generations import Generation, Segment, newest, read_generation, write_generation, write_rows
from matcher.index.segment import AUTO, Index, build_segment, check_codes, check_radius
from matcher.index.segmented import OpenSegment, SegmentedIndex, open_generation
from matcher.system.files import hold, sha256_of, sync_folder

MOST_SEGMENTS = 8
"""An addition that makes more segments than this merges all but the largest."""
MOST_ROWS = 2**32 - 1
_LOCK = "lock"


def build_index(
    codes: npt.NDArray[np.uint8],
    *,
    radius: int,
    path: str | PathLike[str],
    metric: Metric = Metric.HAMMING,
    kind: str = AUTO,
    costs: Costs = DEFAULT_COSTS,
) -> Index:
    """Write an index over `codes`, (n, width) uint8, to the new folder `path`, and open it.

    `radius`, a distance of `metric`, is the radius of most later queries. `kind`: `flat` (FAISS), `multi`, or `auto`,
    which chooses by the number of codes; Euclidean distance has FAISS's only. `Metric` is in matcher.algorithms,
    `Costs`, the costs of a search's steps in nanoseconds, in matcher.index.chunks. The same arguments give the same
    bytes.
    IndexFileError where `path` exists, where the width is no multiple of 8 bytes, or where `codes` is not
    two-dimensional uint8.
    """
    folder = Path(path)
    check_codes(codes, folder)
    radius = as_whole(radius)
    check_radius(codes.shape[1], radius, folder, metric)
    if folder.exists():
        raise IndexFileError(f"{folder}: exists; an index is never overwritten")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        build_segment(codes, radius=radius, path=temporary / "1", metric=metric, kind=kind, costs=costs)
        segment = Segment("1", sha256_of(temporary / "1" / HEADER), 0, len(codes), None)
        first = Generation(codes.shape[1] * 8, radius, metric, len(codes), (segment,), None)
        write_generation(temporary, 1, first)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(folder.parent)
    return open_generation(folder)


def add_codes(path: str | PathLike[str], codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Add codes, (k, width) uint8, to an index. Returns their rows, (k,) int64. IndexFileError if they do not fit."""
    folder = Path(path)
    check_codes(codes, folder)
    with _writing(folder) as (number, generation):
        if codes.shape[1] * 8 != generation.bits:
            raise IndexFileError(f"{folder}: codes of {codes.shape[1] * 8} bits among codes of {generation.bits}")
        first = generation.rows
        if first + len(codes) > MOST_ROWS:
            raise IndexFileError(f"{folder}: {first + len(codes)} rows are more than one index holds")
        rows = np.arange(first, first + len(codes))
        if len(codes) == 0:
            return rows
        added = _segment(folder, number, generation, codes, rows)
        segments = (*generation.segments, added)
        removed = generation.removed
        total = first + len(codes)
        if len(segments) > MOST_SEGMENTS:
            opened = SegmentedIndex(folder, replace(generation, rows=total, segments=segments))
            largest = max(range(len(segments)), key=lambda place: segments[place].count)
            merged = [part for place, part in enumerate(opened.parts) if place != largest]
            segments, gone = (segments[largest],), opened.removed
            live_codes, live_rows = _live(merged, gone)
            if len(live_rows):
                segments = (*segments, _segment(folder, number, generation, live_codes, live_rows, name=f"{number}m"))
            still = gone[np.isin(gone, opened.parts[largest].all_rows())] if len(gone) else gone
            removed = write_rows(folder, f"removed.{number}", still) if len(still) else None
        write_generation(folder, number, replace(generation, rows=total, segments=segments, removed=removed))
        return rows


def remove_rows(path: str | PathLike[str], rows: Sequence[int] | npt.NDArray[np.int64]) -> None:
    """Remove rows from an index. IndexFileError, and no row is removed, where one is not in it, or no whole number."""
    folder = Path(path)
    numbers = np.asarray(rows)
    if numbers.size and numbers.dtype.kind not in "iu":  # a mask, or numbers with fractions, would remove other rows
        raise IndexFileError(f"{folder}: rows are whole numbers, not {numbers.dtype}")
    chosen = np.unique(numbers.astype(np.int64))
    with _writing(folder) as (number, generation):
        opened = SegmentedIndex(folder, generation)
        present = np.zeros(len(chosen), bool)
        for part in opened.parts:
            present |= _has(part, chosen)
        present &= ~np.isin(chosen, opened.removed)
        if not present.all():
            raise IndexFileError(
                f"{folder}: has no row {chosen[~present][0]} ({np.count_nonzero(~present)} are missing)"
            )
        if len(chosen) == 0:
            return
        removed = write_rows(folder, f"removed.{number}", np.union1d(opened.removed, chosen))
        write_generation(folder, number, replace(generation, removed=removed))


def compact_index(path: str | PathLike[str]) -> None:
    """Merge all segments into one, without the removed rows. Nothing is deleted: readers may be using it."""
    folder = Path(path)
    with _writing(folder) as (number, generation):
        if len(generation.segments) <= 1 and generation.removed is None:
            return
        opened = SegmentedIndex(folder, generation)
        codes, rows = _live(opened.parts, opened.removed)
        segment = _segment(folder, number, generation, codes, rows)
        write_generation(folder, number, replace(generation, segments=(segment,), removed=None))


def prune_index(path: str | PathLike[str]) -> None:
    """Delete the files that the newest generation does not need.

    A process that has an older generation open can still use it. On Windows files in use stay until the next call.
    """
    folder = Path(path)
    with _writing(folder) as (number, generation):
        needed = {segment.folder for segment in generation.segments} | {listed.name for listed in generation.files()}
        needed |= {_LOCK, f"generation.{number - 1}.json"}
        for listed_path in sorted(folder.iterdir()):
            if listed_path.name not in needed:
                with suppress(OSError):
                    shutil.rmtree(listed_path) if listed_path.is_dir() else listed_path.unlink()


@contextmanager
def _writing(folder: Path) -> Iterator[tuple[int, Generation]]:
    """Hold the write lock. Yields the number of the next generation, and the newest generation."""
    current = newest(folder)
    if current == 0:
        raise IndexFileError(f"{folder}: not an index (it has no generation.N.json)")
    try:
        with (folder / _LOCK).open("ab") as stream:
            hold(stream)
            current = newest(folder)
            yield current + 1, read_generation(folder, current)
    except BlockingIOError as error:
        raise IndexFileError(f"{folder}: another process is changing it") from error
    except OSError as error:
        raise IndexFileError(f"{error.filename or folder}: {error.strerror}") from error


def _segment(
    folder: Path,
    number: int,
    generation: Generation,
    codes: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.int64],
    *,
    name: str | None = None,
) -> Segment:
    """Write a segment of these rows, ascending. A folder that a killed writer left in its place is deleted."""
    name = name or str(number)
    path = folder / name
    shutil.rmtree(path, ignore_errors=True)
    build_segment(codes, radius=generation.radius, path=path, metric=generation.metric, kind=AUTO, costs=DEFAULT_COSTS)
    first = int(rows[0]) if len(rows) else 0
    consecutive = len(rows) == 0 or int(rows[-1]) - first + 1 == len(rows)
    listed = None if consecutive else write_rows(folder, f"rows.{name}", rows)
    return Segment(name, sha256_of(path / HEADER), first, len(rows), listed)


def _live(
    parts: Sequence[OpenSegment], removed: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The codes and rows of segments without the removed ones, by row."""
    rows = np.concatenate([part.all_rows() for part in parts])
    codes = np.concatenate([part.index.codes for part in parts])
    kept = np.flatnonzero(~np.isin(rows, removed))
    order = kept[np.argsort(rows[kept])]
    return codes[order], rows[order]


def _has(part: OpenSegment, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of these rows a segment has."""
    if part.rows is None:
        return (rows >= part.first) & (rows < part.first + part.index.count)
    if len(part.rows) == 0:
        return np.zeros(len(rows), bool)
    at = np.minimum(np.searchsorted(part.rows, rows), len(part.rows) - 1)
    return np.asarray(part.rows[at] == rows)
