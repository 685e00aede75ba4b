"""The audit of an index: a sample of queries is compared with brute force over all codes, in seconds at any size.

    result = audit_index(index, path, seed=17)      # AuditResult, or IndexAuditError

After a build, pass the codes that were passed to the builder: the audit then detects codes that the index lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexAuditError
from matcher.index import Index
from matcher.index.measures import Codes, Hamming, Measure

MAX_SEED = 2**53 - 1
"""The largest number that a ledger's entry can hold."""

_WORK = 320_000_000
"""About the number of comparisons of two codes in an audit by brute force: a second or two."""
_FEWEST, _MOST = 64, 1000
_FREQUENT = 4
_LOOKED_THROUGH = 1 << 20
"""The codes that are drawn of a larger list to determine its frequent ones."""
_BLOCK = 1 << 14
"""How many codes are compared at once: they stay in the processor's cache."""
_TOGETHER = 100
_MATCHES = 1 << 26
"""About the most matches of one lookup if all codes are equal: of a large list fewer queries are looked up at once."""
_EVERY_RADIUS = 4
"""One batch in so many is looked up within other radii too."""
_NAMED = 5

Matches = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
"""For each query, the rows of its matches, ascending, and their distances."""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The result of an audit that an index passed.

    `sample` of its `codes` were perturbed; with others they made `queries`, which were looked up within `radius`.
    `matches` is the number of matches by brute force that were compared. The same `seed` gives the same queries.
    """

    codes: int
    sample: int
    queries: int
    radius: int
    matches: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """The result as list.json and the ledger's `list.load` hold it."""
        return {**asdict(self), "passed": True}


def sample_of(count: int) -> int:
    """The default size of a sample of `count` codes: 1,000 of a small list, 64 of 10 million."""
    return max(_FEWEST, min(_MOST, _WORK // max(1, count)))


def audit_index(
    index: Index,
    path: Path,
    *,
    seed: int,
    sample: int | None = None,
    codes: Codes | None = None,
    measure: Measure | None = None,
) -> AuditResult:
    """Look up a seeded sample of the codes, perturbed, and compare every row and distance with brute force.

    The sample is the first and the last row, the most frequent codes and random rows; each is perturbed by a distance
    of 0 to the index's radius and by one more, each as often, the radius itself first. All zero, all one and unrelated
    codes are looked up too. Queries are looked up in batches within the radius, and one batch in four also within half
    of it, within 0, and within a quarter more, as a scan that screens does.
    `codes`, (n, width) uint8, are those that the index was built from; without them the index's own are trusted. The
    default `measure` is Hamming. IndexAuditError names `path`, the query and the difference: rows that are missing,
    too many, more than once, or at a wrong distance.
    """
    listed = index.codes if codes is None else codes
    _check_codes(index, path, listed)
    measure = measure or Hamming()
    random = np.random.Generator(np.random.PCG64(seed))
    rows = _rows(random, listed, sample_of(len(listed)) if sample is None else sample)
    queries = np.vstack([_perturbed(random, listed, rows, index.radius, measure), _others(random, listed, len(rows))])
    others = {index.radius // 2, 0, index.radius * 5 // 4} - {index.radius}
    matches = 0
    batch = max(2, min(_TOGETHER, _MATCHES // max(1, len(listed))))
    for number, first in enumerate(range(0, len(queries), batch)):
        some = queries[first : first + batch]
        radii = {index.radius} if number % _EVERY_RADIUS else {index.radius, *others}
        truth = _brute_force(some, listed, max(radii), measure.distances)
        for radius in sorted(radii):
            _compare(index, path, some, radius, truth)
        matches += sum(int((distances <= index.radius).sum()) for _, distances in truth)
    return AuditResult(len(listed), len(rows), len(queries), index.radius, matches, seed)


def _check_codes(index: Index, path: Path, listed: Codes) -> None:
    if index.count != len(listed) or index.codes.shape != listed.shape:
        raise IndexAuditError(f"{path}: holds {index.count} codes {index.codes.shape}, the list has {listed.shape}")
    for first in range(0, len(listed), _BLOCK):
        wrong = (index.codes[first : first + _BLOCK] != listed[first : first + _BLOCK]).any(axis=1)
        if wrong.any():
            raise IndexAuditError(f"{path}: the code in row {first + int(wrong.argmax())} is not the list's")


def _rows(random: np.random.Generator, codes: Codes, sample: int) -> npt.NDArray[np.int64]:
    """The rows that are sampled, `sample` of them, some more than once where there are few codes."""
    if not len(codes):
        return np.empty(0, np.int64)
    always = [0, len(codes) - 1, *_frequent(random, codes)]
    return np.concatenate([always, random.integers(0, len(codes), sample)])[:sample].astype(np.int64)


def _frequent(random: np.random.Generator, codes: Codes) -> list[int]:
    """A row of each of the most frequent codes, the most frequent first."""
    few = len(codes) <= _LOOKED_THROUGH
    rows = np.arange(len(codes)) if few else np.sort(random.integers(0, len(codes), _LOOKED_THROUGH))
    drawn = np.ascontiguousarray(codes[rows])
    _, places, counts = np.unique(drawn.view(f"V{drawn.shape[1]}").ravel(), return_index=True, return_counts=True)
    return [int(rows[places[place]]) for place in np.argsort(-counts, kind="stable")[:_FREQUENT]]


def _perturbed(
    random: np.random.Generator, codes: Codes, rows: npt.NDArray[np.int64], radius: int, measure: Measure
) -> Codes:
    """The codes of the rows, each moved by a distance; the distances take turns, those at the edges first."""
    edges = list(dict.fromkeys([radius, 0, radius + 1]))
    between = random.permutation(np.arange(1, radius)) if radius < _MOST else random.integers(1, radius, _MOST)
    distances = [*edges, *between.tolist()]
    moved = [
        measure.moved(codes[row], distances[place % len(distances)], random=random)
        for place, row in enumerate(rows.tolist())
    ]
    return np.array(moved, np.uint8).reshape(len(rows), codes.shape[1])


def _others(random: np.random.Generator, codes: Codes, sample: int) -> Codes:
    """One code of zeros, one of ones, and unrelated codes, an eighth of the sample."""
    width = codes.shape[1]
    drawn = random.integers(0, 256, (sample // 8 + 1, width), np.uint8)
    return np.vstack([np.zeros((1, width), np.uint8), np.full((1, width), 255, np.uint8), drawn])


def _brute_force(
    queries: Codes, codes: Codes, radius: int, distances: Callable[[Codes, Codes], npt.NDArray[np.int64]]
) -> Matches:
    rows: list[list[npt.NDArray[np.int64]]] = [[np.empty(0, np.int64)] for _ in queries]
    near: list[list[npt.NDArray[np.int64]]] = [[np.empty(0, np.int64)] for _ in queries]
    for first in range(0, len(codes), _BLOCK):
        block = codes[first : first + _BLOCK]
        for number, query in enumerate(queries):
            of_block = distances(query, block)
            within = np.flatnonzero(of_block <= radius)
            if within.size:
                rows[number].append(within + first)
                near[number].append(of_block[within])
    return [(np.concatenate(one), np.concatenate(other)) for one, other in zip(rows, near, strict=True)]


def _compare(index: Index, path: Path, queries: Codes, radius: int, truth: Matches) -> None:
    limits, distances, rows = index.range_search(queries, radius=radius)
    if len(limits) != len(queries) + 1 or limits[0] != 0 or limits[-1] != len(rows) or len(distances) != len(rows):
        raise IndexAuditError(f"{path}: limits, distances and rows do not fit each other")
    for number, query in enumerate(queries):
        of_query = slice(int(limits[number]), int(limits[number + 1]))
        order = np.argsort(rows[of_query], kind="stable")
        index_rows, index_distances = rows[of_query][order], distances[of_query][order]
        within = truth[number][1] <= radius
        true_rows, true_distances = truth[number][0][within], truth[number][1][within]
        if np.array_equal(index_rows, true_rows) and np.array_equal(index_distances, true_distances):
            continue
        wrong = "; ".join(_differences(index_rows, index_distances, true_rows, true_distances))
        raise IndexAuditError(
            f"{path}: the index does not answer as brute force does: query {query.tobytes().hex()} "
            f"within {radius}: {wrong}"
        )


def _differences(
    index_rows: npt.NDArray[np.int64],
    index_distances: npt.NDArray[np.int32],
    true_rows: npt.NDArray[np.int64],
    true_distances: npt.NDArray[np.int64],
) -> Iterator[str]:
    """A generator of the differences, in words; a few rows of each kind are named."""
    once, first, times = np.unique(index_rows, return_index=True, return_counts=True)
    shared, ours, theirs = np.intersect1d(once, true_rows, assume_unique=True, return_indices=True)
    kinds = {
        "missing": np.setdiff1d(true_rows, once),
        "too many": np.setdiff1d(once, true_rows),
        "more than once": once[times > 1],
        "at a wrong distance": shared[index_distances[first[ours]] != true_distances[theirs]],
    }
    for kind, rows in kinds.items():
        if rows.size:
            named = ", ".join(str(row) for row in rows[:_NAMED].tolist())
            more = f" and {rows.size - _NAMED} more" if rows.size > _NAMED else ""
            yield f"rows {kind}: {named}{more}"
