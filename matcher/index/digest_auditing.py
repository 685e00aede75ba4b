"""Does a digest table answer as a search through all digests does? The audit of exact lookup."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexAuditError
from matcher.index.auditing import AuditResult, sample_of
from matcher.index.digests import DIGESTS, ROWS, DigestTable
from matcher.index.folder import map_array
from matcher.index.measures import Codes, Hamming

_WORD = 8
"""Bytes that are compared with all digests; the rest with those that begin so. No digest is shorter."""


def audit_digests(
    table: DigestTable, path: Path, *, seed: int, sample: int | None = None, digests: Codes | None = None
) -> AuditResult:
    """Find a seeded sample of the digests, and the same with a bit flipped; compare with a search through all.

    `digests`, (n, width) uint8 by row, are those that the table was built from; those of its files are believed
    otherwise. Raises IndexAuditError, which names `path`, the digest, and the rows that were found and that hold it.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    shape = (table.count, table.width)
    if digests is None:
        listed: Codes = map_array(path / DIGESTS, np.uint8, shape)
        numbers: npt.NDArray[np.uint32] | None = map_array(path / ROWS, np.uint32, shape[:1])
    else:
        listed, numbers = digests, None
    if listed.shape != shape:
        raise IndexAuditError(f"{path}: holds digests of {shape}, the list has {listed.shape}")
    wanted = sample_of(table.count) if sample is None else sample
    rows = np.concatenate([[0, table.count - 1], random.integers(0, max(1, table.count), wanted)])[:wanted]
    asked = listed[rows.astype(np.int64)] if table.count else np.empty((0, table.width), np.uint8)
    flipped = [Hamming().moved(digest, 1, random=random) for digest in asked]
    edges = np.array([[0] * table.width, [255] * table.width], np.uint8)
    queries = np.vstack([asked, np.array(flipped, np.uint8).reshape(asked.shape), edges])
    matches = 0
    for query in queries:
        places = _search(query, listed)
        truth = sorted(places.tolist() if numbers is None else numbers[places].tolist())
        found = table.find(query.tobytes())
        if found != truth:
            raise IndexAuditError(f"{path}: digest {query.tobytes().hex()} was found in rows {found}, not {truth}")
        matches += len(truth)
    return AuditResult(table.count, len(asked), len(queries), 0, matches, seed)


def _search(query: Codes, digests: Codes) -> npt.NDArray[np.int64]:
    """The places of all digests that are `query`."""
    words = digests[:, :_WORD].view(np.uint64)[:, 0]
    alike = np.flatnonzero(words == query[:_WORD].view(np.uint64))
    places: npt.NDArray[np.int64] = alike[(digests[alike] == query).all(axis=1)]
    return places
