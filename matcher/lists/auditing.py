"""The audit of a list's indexes: before every version is published, and on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.errors import StoreError
from matcher.hashers import known_algorithm
from matcher.index import open_digests, open_index
from matcher.index.auditing import AuditResult, audit_index
from matcher.index.digest_auditing import audit_digests
from matcher.index.measures import Codes, Hamming, SquaredEuclidean
from matcher.lists import version as layout

_SEED_DIGITS = 13
"""The hexadecimal digits of the list's digest in a seed: 52 bits, which every JSON reader preserves."""


def seed_of(digest: str) -> int:
    """The seed of a list's audit, from its digest in hex: the same list gets the same queries everywhere."""
    return int(digest[:_SEED_DIGITS], 16)


def audit_algorithm(
    folder: Path,
    algorithm: str,
    *,
    seed: int,
    sample: int | None = None,
    codes: Codes | None = None,
    order: npt.NDArray[np.uint32] | None = None,
) -> AuditResult:
    """Audit one index of a version's folder. IndexAuditError where it is not sound.

    `codes`, (n, width) uint8, are the listed hashes if the caller has them; without them the index's own are trusted.
    `order`, (n,) uint32, has for each place of a digest table the row in `codes`.
    """
    known = known_algorithm(algorithm)
    if known is None:
        raise StoreError(f"{folder}: has {algorithm} hashes, for which no hasher is installed any more")
    path = folder / layout.HASHES / f"{algorithm}.index"
    if known.metric is Metric.EXACT:
        return audit_digests(open_digests(path), path, seed=seed, sample=sample, digests=codes, order=order)
    measure = SquaredEuclidean() if known.metric is Metric.EUCLIDEAN else Hamming()
    return audit_index(open_index(path), path, seed=seed, sample=sample, codes=codes, measure=measure)
