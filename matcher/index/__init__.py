"""The search index: hash → rows of the listed hashes within a radius.

    from matcher.index import build_index, open_index

    index = build_index(codes, radius=31, path="pdq.index")    # codes: (n, 32) uint8; row number is the entry
    limits, distances, rows = index.range_search(queries, radius=31)

`radius` is an inclusive distance of the metric: bits, or squared Euclidean with `metric=Metric.EUCLIDEAN`. The result
has FAISS's shape: the matches of query i are `distances[limits[i]:limits[i + 1]]` and
`rows[limits[i]:limits[i + 1]]`, in unspecified order. Every index is exact: it never misses a match.

    rows = add_codes("pdq.index", more)       # an index that is opened from now on has them
    remove_rows("pdq.index", rows[:3])
    compact_index("pdq.index")
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from matcher.index.changing import add_codes, build_index, compact_index, prune_index, remove_rows
from matcher.index.digests import DigestTable, open_digests
from matcher.index.folder import HEADER
from matcher.index.folder import check as check_folder
from matcher.index.segment import Index
from matcher.index.segmented import check_generation, open_generation

__all__ = [
    "DigestTable",
    "Index",
    "add_codes",
    "build_index",
    "check_index",
    "compact_index",
    "open_digests",
    "open_index",
    "prune_index",
    "remove_rows",
]


def open_index(path: str | PathLike[str]) -> Index:
    """Open the newest generation of an index, memory-mapped. IndexFileError where it is missing or damaged."""
    return open_generation(Path(path))


def check_index(path: str | PathLike[str]) -> None:
    """Compare every byte of an index, or of a digest table, with its digests. IndexFileError: the first difference."""
    folder = Path(path)
    if (folder / HEADER).exists():
        check_folder(folder)
    else:
        check_generation(folder)
