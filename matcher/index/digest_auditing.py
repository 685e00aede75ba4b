"""The audit of a digest table: a sample of lookups is compared with a search through all digests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexAuditError
from matcher.index.auditing import AuditResult, sample_of
from matcher.index.digests import DIGESTS, DigestTable
from matcher.index.folder import map_array
from matcher.index.measures import Codes, Hamming

_BLOCK = 1 << 16
_WORD = 8
"""The first bytes of a query, compared with all digests; the rest only with those that match. No digest is shorter."""


def audit_digests(
    table: DigestTable,
    path: Path,
    *,
    seed: int,
    sample: int | None = None,
    digests: Codes | None = None,
    order: npt.NDArray[np.uint32] | None = None,
) -> AuditResult:
    """Look up a seeded sample of the digests, and the same with a bit flipped; compare with a search through all.

    `digests`, (n, width) uint8, are those that the table was built from, and `order`, (n,) uint32, has the row of the
    digest at each place: all are compared with the table's. Without them the table's files are trusted. The sample
    begins with the table's first and last digest. Each query is looked up alone and in one batch. IndexAuditError names
    `path`, the digest, the places that the table returned, and the right ones.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    stored: Codes = map_array(path / DIGESTS, np.uint8, (table.count, table.width))
    if digests is not None and order is not None:
        _check_digests(path, digests, stored, order)
    size = sample_of(table.count) if sample is None else sample
    places = np.array([0, table.count - 1, *random.integers(0, max(1, table.count), size).tolist()], np.int64)[:size]
    sampled = stored[places] if table.count else stored
    flipped = [Hamming().moved(digest, 1, random=random) for digest in sampled]
    edges = np.array([[0] * table.width, [255] * table.width], np.uint8)
    queries = np.vstack([sampled, np.array(flipped, np.uint8).reshape(sampled.shape), edges])
    matches = 0
    limits, in_batch = table.find_many(queries)
    for number, query in enumerate(queries):
        truth = _search(query, stored).tolist()
        for result in (table.find(query.tobytes()), in_batch[limits[number] : limits[number + 1]].tolist()):
            if result != truth:
                raise IndexAuditError(f"{path}: digest {query.tobytes().hex()} was found at {result}, not at {truth}")
        matches += len(truth)
    return AuditResult(table.count, len(sampled), len(queries), 0, matches, seed)


def _check_digests(path: Path, digests: Codes, stored: Codes, order: npt.NDArray[np.uint32]) -> None:
    """IndexAuditError unless the table has every digest of the list exactly once."""
    if digests.shape != stored.shape:
        raise IndexAuditError(f"{path}: holds digests {stored.shape}, the list has {digests.shape}")
    if not np.array_equal(np.bincount(order, minlength=len(digests)), np.ones(len(digests))):
        raise IndexAuditError(f"{path}: not every digest of the list stands in the table once")
    for first in range(0, len(stored), _BLOCK):
        of_block = order[first : first + _BLOCK]
        wrong = (digests[of_block] != stored[first : first + _BLOCK]).any(axis=1)
        if wrong.any():
            raise IndexAuditError(f"{path}: the digest of row {int(of_block[wrong.argmax()])} is not the list's")


def _search(query: Codes, digests: Codes) -> npt.NDArray[np.int64]:
    """The places of all digests that equal `query`, by comparing each of them."""
    words = digests[:, :_WORD].view(np.uint64)[:, 0]
    alike = np.flatnonzero(words == query[:_WORD].view(np.uint64))
    places: npt.NDArray[np.int64] = alike[(digests[alike] == query).all(axis=1)]
    return places
