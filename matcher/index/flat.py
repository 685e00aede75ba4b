"""Exact Hamming range search by FAISS `IndexBinaryFlat`. The only file that knows FAISS.

FAISS's radius is exclusive; ours is inclusive, so every call here adds one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import faiss
import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.index.answers import Answer, nothing
from matcher.index.folder import Header, map_array, read_header, write_folder

KIND = "flat"
CODES = "codes.bin"


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """OpenMP keeps this number for each thread, so nobody else's searches are touched."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(number)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class FlatIndex:
    """Codes in a mapped file, searched by brute force. Safe to share between threads."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.bits = header.bits
        self.radius = header.radius
        self.count = header.count
        self.codes: npt.NDArray[np.uint8] = map_array(path / CODES, np.uint8, (header.count, header.width))
        self._loaded: faiss.IndexBinaryFlat | None = None
        self._lock = Lock()

    def range_search(self, queries: npt.NDArray[np.uint8], *, radius: int, threads: int = 1) -> Answer:
        if queries.ndim != 2 or queries.dtype != np.uint8 or queries.shape[1] * 8 != self.bits:
            raise IndexFileError(f"{self.path}: queries of shape {queries.shape} do not fit codes of {self.bits} bits")
        if radius < 0 or self.count == 0 or len(queries) == 0:
            return nothing(len(queries))
        with _threads(threads):
            found = self._index().range_search(np.ascontiguousarray(queries), min(radius, self.bits) + 1)
        limits, distances, rows = found
        return limits.astype(np.int64), distances.astype(np.int32), rows.astype(np.int64)

    def _index(self) -> faiss.IndexBinaryFlat:
        with self._lock:
            if self._loaded is None:
                index = faiss.IndexBinaryFlat(self.bits)
                index.add(np.ascontiguousarray(self.codes))
                self._loaded = index
            return self._loaded


def build(codes: npt.NDArray[np.uint8], *, radius: int, path: Path) -> None:
    """Write a flat index folder."""
    header = Header(KIND, codes.shape[1] * 8, radius, len(codes), {})
    write_folder(path, header, {CODES: codes})


def open_flat(path: Path) -> FlatIndex:
    """Open a flat index folder."""
    return FlatIndex(path, read_header(path))
