"""Hash → entries within a radius.

    from matcher.index import build_index, open_index

    index = build_index(codes, radius=31, path="pdq.index")    # codes: (n, 32) uint8; row number is the entry
    limits, distances, rows = index.range_search(queries, radius=31)

`radius` is inclusive. The answer has FAISS's shape: the matches of query i are `distances[limits[i]:limits[i + 1]]`
and `rows[limits[i]:limits[i + 1]]`, in no promised order. Every index is exact: it never misses.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.index import building, flat
from matcher.index.answers import Answer
from matcher.index.chunks import DEFAULT_COSTS, Costs
from matcher.index.digests import DigestTable, open_digests
from matcher.index.folder import check as check_index
from matcher.index.folder import read_header
from matcher.index.multi import open_multi

__all__ = ["DigestTable", "Index", "build_index", "check_index", "open_digests", "open_index"]


class Index(Protocol):
    """Codes of one width, searched within a radius. Safe to share between threads."""

    bits: int
    radius: int
    count: int
    codes: npt.NDArray[np.uint8]

    def range_search(self, queries: npt.NDArray[np.uint8], *, radius: int, threads: int = 1) -> Answer:
        """All codes within `radius` bits, inclusive, of each row of `queries`, (q, bits/8) uint8.

        Returns limits (q + 1,) int64, distances (m,) int32 and rows (m,) int64. A radius larger than the one that
        the index was built for is answered in full too, only slower. `threads` share the queries. IndexFileError
        where the widths differ, or where damage is seen.
        """


_KINDS: dict[str, Callable[[Path], Index]] = {flat.KIND: flat.open_flat, building.KIND: open_multi}

BREAK_EVEN = 4096
"""Fewer codes than this are searched by FAISS."""


def build_index(
    codes: npt.NDArray[np.uint8],
    *,
    radius: int,
    path: str | PathLike[str],
    kind: str = "auto",
    costs: Costs = DEFAULT_COSTS,
) -> Index:
    """Write an index over `codes`, (n, width) uint8, to the new folder `path`, and open it.

    `radius` in bits is the one that queries will mostly ask. IndexFileError where `path` exists, where the width is
    no multiple of 8 bytes, or where `codes` is not two-dimensional uint8.
    """
    if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] == 0 or codes.shape[1] % 8:
        raise IndexFileError(f"{path}: codes must be (n, multiple of 8) uint8, not {codes.shape} {codes.dtype}")
    if not 0 <= radius <= codes.shape[1] * 8:
        raise IndexFileError(f"{path}: a radius of {radius} bits makes no sense for {codes.shape[1] * 8} bits")
    if kind == "auto":
        kind = flat.KIND if len(codes) < BREAK_EVEN else building.KIND
    if kind == flat.KIND:
        flat.build(codes, radius=radius, path=Path(path))
    elif kind == building.KIND:
        building.build(codes, radius=radius, path=Path(path), costs=costs)
    else:
        raise IndexFileError(f"{path}: no kind of index is called {kind!r}")
    return open_index(path)


def open_index(path: str | PathLike[str]) -> Index:
    """Open an index folder; its arrays are memory-mapped. IndexFileError where it is missing or damaged."""
    header = read_header(Path(path))
    opener = _KINDS.get(header.kind)
    if opener is None:
        raise IndexFileError(f"{path}: an index of unknown kind {header.kind!r}")
    return opener(Path(path))
