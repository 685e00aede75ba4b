"""One index folder, written once: FAISS's brute force where that is as fast, the multi-index otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.errors import IndexFileError
from matcher.index import building, flat
from matcher.index.answers import Answer
from matcher.index.chunks import Costs
from matcher.index.folder import read_header
from matcher.index.multi import open_multi

BREAK_EVEN = 2000
"""Fewer codes than this are searched by FAISS: at this number both take about as long for the eight orientations of a
picture, and FAISS needs no compiled code of ours (benchmarks/index/index_costs.py).
"""

AUTO = "auto"


class Index(Protocol):
    """An index over codes of one width, searched within a radius of one metric. Safe to share between threads.

    `bits` is the width of a code in bits, a multiple of 64. `radius`, a distance of the metric, is the one that the
    index was built for. `count` is the number of rows that are searched.
    """

    bits: int
    radius: int
    count: int

    @property
    def codes(self) -> npt.NDArray[np.uint8]:
        """The codes of the rows: (n, bits/8) uint8."""

    def range_search(self, queries: npt.NDArray[np.uint8], *, radius: int, threads: int = 1) -> Answer:
        """All codes within `radius`, inclusive, of each row of `queries`, (q, bits/8) uint8.

        Returns limits (q + 1,) int64, distances (m,) int32 and rows (m,) int64. A radius larger than the one that
        the index was built for gives a complete result too, only slower. `threads` share the queries. IndexFileError
        where the widths differ, or where damage is detected.
        """


_KINDS: dict[str, Callable[[Path], Index]] = {
    flat.KIND: flat.open_flat,
    flat.EUCLIDEAN: flat.open_euclidean,
    building.KIND: open_multi,
}
_FURTHEST = 2**31
"""Distances are int32, so they are below this."""


def check_radius(width: int, radius: int, path: Path, metric: Metric) -> None:
    """IndexFileError where `radius` is not a possible distance of codes of `width` bytes."""
    furthest = metric.furthest(width)
    if not 0 < furthest < _FURTHEST:
        raise IndexFileError(f"{path}: codes of {width} bytes cannot be searched by {metric} distance")
    if not 0 <= radius <= furthest:
        raise IndexFileError(f"{path}: a radius of {radius} makes no sense: {metric} distances are 0 to {furthest}")


def check_codes(codes: npt.NDArray[np.uint8], path: Path) -> None:
    """IndexFileError where the array cannot be the codes of an index: (n, multiple of 8) uint8."""
    if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] == 0 or codes.shape[1] % 8:
        raise IndexFileError(f"{path}: codes must be (n, multiple of 8) uint8, not {codes.shape} {codes.dtype}")


def build_segment(
    codes: npt.NDArray[np.uint8], *, radius: int, path: Path, metric: Metric, kind: str, costs: Costs
) -> None:
    """Write the folder `path` over codes that were checked. IndexFileError where it exists, or for an unknown kind."""
    if metric is Metric.EUCLIDEAN and kind == AUTO:
        kind = flat.EUCLIDEAN
    elif kind == AUTO:
        kind = flat.KIND if len(codes) < BREAK_EVEN else building.KIND
    if kind == flat.EUCLIDEAN and metric is Metric.EUCLIDEAN:
        flat.build(codes, radius=radius, path=path, kind=kind)
    elif kind == flat.KIND and metric is Metric.HAMMING:
        flat.build(codes, radius=radius, path=path)
    elif kind == building.KIND and metric is Metric.HAMMING:
        building.build(codes, radius=radius, path=path, costs=costs)
    else:
        raise IndexFileError(f"{path}: no kind of index for {metric} distances is called {kind!r}")


def open_segment(path: Path) -> Index:
    """Open an index folder. IndexFileError where it is missing, of an unknown kind or damaged."""
    header = read_header(path)
    opener = _KINDS.get(header.kind)
    if opener is None:
        raise IndexFileError(f"{path}: an index of unknown kind {header.kind!r}")
    return opener(path)
