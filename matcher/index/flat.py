"""Exact range search by FAISS, in Hamming and Euclidean space. No other file uses FAISS.

FAISS's radius is exclusive; ours is inclusive, so every call here adds one.

`IndexFlatL2` holds float32: loaded whole, a code of 144 bytes would take 576, in each process. So the mapped codes are
searched block by block instead, each converted in place: a block stays in the cache, and no copy remains. FAISS's
float32 sums are rounded beyond 2^24 (wide codes) and, where it computes |x|² + |y|² - 2xy by BLAS, as it does for many
queries, below that too. So it is queried with a slightly larger radius, and the distances of its candidates are
computed again, in integers, from the codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import index as as_whole
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.distances import distances as exact_distances
from matcher.errors import IndexFileError
from matcher.index.answers import Answer, by_query, no_matches
from matcher.index.folder import Header, map_array, read_header, write_folder

KIND = "flat"
EUCLIDEAN = "flat-l2"
CODES = "codes.bin"

_BLOCK = 2048
"""How many Euclidean codes are searched at a time: 1.1 MiB of float32 at 144 bytes a code."""
_BATCH = 64
"""How many queries are looked up in a block at a time: this bounds the memory where all codes are within the radius."""


def _faiss() -> Any:
    """FAISS, which takes a while to import: whoever opens no index of this kind does without."""
    import faiss  # noqa: PLC0415 - see above

    return faiss


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Set the number of OpenMP's threads. It is a setting of each thread, so other threads' searches are unaffected."""
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(number)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class FlatIndex:
    """Codes in a mapped file, searched by brute force. Safe to share between threads."""

    def __init__(self, path: Path, header: Header) -> None:
        _faiss()  # now, and not under the limit of a worker's memory
        self.path = path
        self.bits = header.bits
        self.radius = header.radius
        self.count = header.count
        self.codes: npt.NDArray[np.uint8] = map_array(path / CODES, np.uint8, (header.count, header.width))
        self._loaded: Any = None
        self._lock = Lock()

    def range_search(self, queries: npt.NDArray[np.uint8], *, radius: int, threads: int = 1) -> Answer:
        _check(self.path, queries, self.bits)
        radius = as_whole(radius)
        if radius < 0 or self.count == 0 or len(queries) == 0:
            return no_matches(len(queries))
        with _threads(max(threads, 1)):
            result = self._index().range_search(np.ascontiguousarray(queries), min(radius, self.bits) + 1)
        limits, distances, rows = result
        return limits.astype(np.int64), distances.astype(np.int32), rows.astype(np.int64)

    def _index(self) -> Any:
        with self._lock:
            if self._loaded is None:
                index = _faiss().IndexBinaryFlat(self.bits)
                index.add(np.ascontiguousarray(self.codes))
                self._loaded = index
            return self._loaded


class EuclideanIndex:
    """Codes in a mapped file, searched by brute force, by squared Euclidean distance. Safe to share between threads."""

    def __init__(self, path: Path, header: Header) -> None:
        _faiss()  # now, and not under the limit of a worker's memory
        self.path = path
        self.bits = header.bits
        self.radius = header.radius
        self.count = header.count
        self.codes: npt.NDArray[np.uint8] = map_array(path / CODES, np.uint8, (header.count, header.width))
        furthest = Metric.EUCLIDEAN.furthest(header.width)
        self._furthest = furthest
        # three sums of `width` float32 products, each of at most `furthest`, one of them doubled, and their addition
        self._slack = 1 + (4 * header.width + 16) * furthest * 2.0**-24

    def range_search(self, queries: npt.NDArray[np.uint8], *, radius: int, threads: int = 1) -> Answer:
        _check(self.path, queries, self.bits)
        radius = as_whole(radius)
        if radius < 0 or self.count == 0 or len(queries) == 0:
            return no_matches(len(queries))
        block, width = min(_BLOCK, self.count), self.bits // 8
        faiss = _faiss()
        index = faiss.IndexFlatL2(width)
        index.add(np.zeros((block, width), np.float32))
        loaded = faiss.rev_swig_ptr(index.get_xb(), block * width).reshape(block, width)
        matches = []
        with _threads(max(threads, 1)):
            for first in range(0, self.count, block):
                codes = self.codes[first : first + block]
                np.copyto(loaded[: len(codes)], codes)
                for at in range(0, len(queries), _BATCH):
                    some = queries[at : at + _BATCH]
                    owners, distances, rows = self._in_block(index, codes, some, min(radius, self._furthest))
                    if len(rows):
                        matches.append((owners + at, distances, rows + first))
        if not matches:
            return no_matches(len(queries))
        owners, distances, rows = (np.concatenate(part) for part in zip(*matches, strict=True))
        return by_query(owners, distances, rows, len(queries))

    def _in_block(
        self, index: Any, codes: npt.NDArray[np.uint8], queries: npt.NDArray[np.uint8], radius: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The queries, distances and rows of the matches in `codes`, the block that `index` holds."""
        limits, _rounded, rows = index.range_search(queries.astype(np.float32), radius + 1 + self._slack)
        owners = np.repeat(np.arange(len(queries)), np.diff(limits.astype(np.int64)))
        real = rows < len(codes)  # after the codes of the last block, `index` still holds some of the block before
        owners, rows = owners[real], rows[real]
        distances = exact_distances(Metric.EUCLIDEAN, queries[owners], codes[rows])
        within = distances <= radius
        return owners[within], distances[within], rows[within]


def _check(path: Path, queries: npt.NDArray[np.uint8], bits: int) -> None:
    if queries.ndim != 2 or queries.dtype != np.uint8 or queries.shape[1] * 8 != bits:
        raise IndexFileError(f"{path}: queries of shape {queries.shape} do not fit codes of {bits} bits")


def build(codes: npt.NDArray[np.uint8], *, radius: int, path: Path, kind: str = KIND) -> None:
    """Write a flat index folder of kind `flat` or `flat-l2`."""
    header = Header(kind, codes.shape[1] * 8, radius, len(codes), {})
    write_folder(path, header, {CODES: codes})


def open_flat(path: Path) -> FlatIndex:
    """Open a flat index folder of kind `flat`."""
    return FlatIndex(path, read_header(path))


def open_euclidean(path: Path) -> EuclideanIndex:
    """Open a flat index folder of kind `flat-l2`."""
    return EuclideanIndex(path, read_header(path))
