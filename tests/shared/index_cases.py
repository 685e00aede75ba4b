"""Codes that indexes are tested on, and the results of FAISS's brute force for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Answer = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]


def uniform(rng: np.random.Generator, count: int, width: int) -> Codes:
    """Codes of `width` bytes whose bits are independent and uniform."""
    return rng.integers(0, 256, (count, width), dtype=np.uint8)


def flipped(rng: np.random.Generator, codes: Codes, most: int) -> Codes:
    """Each code with 0 to `most` bits changed; each number of changes is equally likely."""
    bits = codes.shape[1] * 8
    order = np.argsort(rng.random((len(codes), bits)), axis=1)
    change = order < rng.integers(0, most + 1, (len(codes), 1))
    return codes ^ np.packbits(change, axis=1)


def clustered(rng: np.random.Generator, count: int, width: int) -> Codes:
    """Codes near five centres, so that many distances are small, and some codes are equal."""
    centres = uniform(rng, 5, width)
    return flipped(rng, centres[rng.integers(0, 5, count)], min(40, width * 4))


def hostile(rng: np.random.Generator, count: int, width: int) -> Codes:
    """Many equal codes, all zeros and all ones, codes that share three quarters of their bits, and their neighbours."""
    codes = uniform(rng, count, width)
    kind = rng.integers(0, 6, count)
    codes[kind == 0] = codes[:1]
    codes[kind == 1] = 0
    codes[kind == 2] = 255
    codes[kind == 3, : width * 3 // 4] = 0x0F
    codes[kind == 4] = flipped(rng, np.broadcast_to(codes[:1], codes.shape), min(48, width * 8))[kind == 4]
    return codes


KINDS: dict[str, Callable[[np.random.Generator, int, int], Codes]] = {
    "uniform": uniform,
    "clustered": clustered,
    "hostile": hostile,
}


def make_queries(rng: np.random.Generator, codes: Codes, count: int, most: int) -> Codes:
    """Queries: listed codes with up to `most` bits changed, listed codes as they are, and unrelated ones."""
    width = codes.shape[1]
    queries = uniform(rng, count, width)
    if len(codes):
        listed = codes[rng.integers(0, len(codes), count)]
        kind = rng.integers(0, 3, count)
        queries[kind == 0] = flipped(rng, listed, min(most, width * 8))[kind == 0]
        queries[kind == 1] = listed[kind == 1]
    return queries


def referee(codes: Codes, queries: Codes, radius: int) -> Answer:
    """The result of FAISS's brute force within `radius`, inclusive as in an index; FAISS's own is exclusive."""
    index = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    index.add(np.ascontiguousarray(codes))
    limits, distances, rows = index.range_search(np.ascontiguousarray(queries), radius + 1)
    return limits.astype(np.int64), distances.astype(np.int32), rows


def in_order(answer: Answer) -> Answer:
    """An answer with each query's rows in ascending order, so that equal answers are equal arrays."""
    limits, distances, rows = answer
    query_numbers = np.repeat(np.arange(len(limits) - 1), np.diff(limits))
    order = np.lexsort((rows, query_numbers))
    return limits, distances[order], rows[order]


def assert_same(answer: Answer, expected: Answer) -> None:
    """Assert equal limits, distances and rows, and the documented dtypes."""
    assert [part.dtype for part in answer] == [np.int64, np.int32, np.int64]
    for mine, theirs in zip(in_order(answer), in_order(expected), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder, by its path there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
