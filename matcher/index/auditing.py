"""Does an index answer as brute force does? Asked of a sample, compared with all codes, in a few seconds at any size.

    result = audit_index(index, path, seed=17)      # AuditResult, or IndexAuditError

Who audits what he just built gives the codes that he gave to the builder: an index that lost some cannot hide that.
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
"""The largest number that a ledger's entry holds."""

_WORK = 320_000_000
"""Comparisons of two codes by brute force that an audit takes, about: a second or two."""
_FEWEST, _MOST = 64, 1000
_FREQUENT = 4
_LOOKED_THROUGH = 1 << 20
"""Codes of a larger list that are drawn to find its frequent ones."""
_BLOCK = 1 << 14
"""Codes that are compared at once: they stay in the processor's cache."""
_TOGETHER = 100
_MATCHES = 1 << 26
"""Matches that one lookup may have where all codes are equal, about: a large list is asked less at once."""
_EVERY_RADIUS = 4
"""One batch in so many is asked within other radii too."""
_NAMED = 5

Matches = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
"""For each query, the rows and their distances, by row."""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """A sound index. `sample` of its `codes` were perturbed; with others they made `queries`, asked within `radius`.

    `matches`: how many of brute force's were compared with the index's. The same `seed` asks the same queries.
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
    """How many of `count` codes are asked unless told: 1,000 of a small list, 64 of 10 million."""
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

    Sampled are the first and the last row, the most frequent codes and random rows; each is perturbed by a distance
    of 0 to the index's radius and by one more, each as often, the radius itself first. All zero, all one and unrelated
    codes are asked too. They are asked in batches within the radius, and one batch in four also within half of it,
    within 0, and within a quarter more, as a scan that screens does.
    `codes`, (n, width) uint8, are those that the index was built from; its own are believed otherwise. `measure` is
    Hamming's distance unless told. `path` is named by IndexAuditError, as are the query and what is wrong: a row
    that is missing, one too many, one twice, or a wrong distance.
    """
    listed = index.codes if codes is None else codes
    _check_codes(index, path, listed)
    measure = measure or Hamming()
    random = np.random.Generator(np.random.PCG64(seed))
    wanted = sample_of(len(listed)) if sample is None else sample
    rows = _rows(random, listed, wanted)
    queries = np.vstack([_perturbed(random, listed, rows, index.radius, measure), _others(random, listed, len(rows))])
    others = {index.radius // 2, 0, index.radius * 5 // 4} - {index.radius}
    matches = 0
    batch = max(2, min(_TOGETHER, _MATCHES // max(1, len(listed))))
    for number, first in enumerate(range(0, len(queries), batch)):
        asked = queries[first : first + batch]
        radii = {index.radius} if number % _EVERY_RADIUS else {index.radius, *others}
        truth = _brute_force(asked, listed, max(radii), measure.distances)
        for radius in sorted(radii):
            _compare(index, path, asked, radius, truth)
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
    """The rows that are asked, `sample` of them, some more than once where there are few codes."""
    if not len(codes):
        return np.empty(0, np.int64)
    always = [0, len(codes) - 1, *_frequent(random, codes)]
    return np.concatenate([always, random.integers(0, len(codes), sample)])[:sample].astype(np.int64)


def _frequent(random: np.random.Generator, codes: Codes) -> list[int]:
    """A row of each of the most frequent codes, the most frequent first."""
    few = len(codes) <= _LOOKED_THROUGH
    seen = np.arange(len(codes)) if few else np.sort(random.integers(0, len(codes), _LOOKED_THROUGH))
    drawn = np.ascontiguousarray(codes[seen])
    _, places, counts = np.unique(drawn.view(f"V{drawn.shape[1]}").ravel(), return_index=True, return_counts=True)
    return [int(seen[places[place]]) for place in np.argsort(-counts, kind="stable")[:_FREQUENT]]


def _perturbed(
    random: np.random.Generator, codes: Codes, rows: npt.NDArray[np.int64], radius: int, measure: Measure
) -> Codes:
    """The codes of the rows, each moved; the distances come in turn, those at the edges first."""
    edges = list(dict.fromkeys([radius, 0, radius + 1]))
    between = random.permutation(np.arange(1, radius)) if radius < _MOST else random.integers(1, radius, _MOST)
    distances = [*edges, *between.tolist()]
    moved = [
        measure.moved(codes[row], distances[place % len(distances)], random=random)
        for place, row in enumerate(rows.tolist())
    ]
    return np.array(moved, np.uint8).reshape(len(rows), codes.shape[1])


def _others(random: np.random.Generator, codes: Codes, sample: int) -> Codes:
    """All zero, all one, and unrelated codes, an eighth of the sample."""
    width = codes.shape[1]
    drawn = random.integers(0, 256, (sample // 8 + 1, width), np.uint8)
    return np.vstack([np.zeros((1, width), np.uint8), np.full((1, width), 255, np.uint8), drawn])


def _brute_force(
    queries: Codes, codes: Codes, radius: int, distances: Callable[[Codes, Codes], npt.NDArray[np.int64]]
) -> Matches:
    rows: list[list[npt.NDArray[np.int64]]] = [[np.empty(0, np.int64)] for _ in queries]
    apart: list[list[npt.NDArray[np.int64]]] = [[np.empty(0, np.int64)] for _ in queries]
    for first in range(0, len(codes), _BLOCK):
        block = codes[first : first + _BLOCK]
        for number, query in enumerate(queries):
            found = distances(query, block)
            within = np.flatnonzero(found <= radius)
            if within.size:
                rows[number].append(within + first)
                apart[number].append(found[within])
    return [(np.concatenate(one), np.concatenate(other)) for one, other in zip(rows, apart, strict=True)]


def _compare(index: Index, path: Path, queries: Codes, radius: int, truth: Matches) -> None:
    limits, distances, rows = index.range_search(queries, radius=radius)
    if len(limits) != len(queries) + 1 or limits[0] != 0 or limits[-1] != len(rows) or len(distances) != len(rows):
        raise IndexAuditError(f"{path}: limits, distances and rows do not fit each other")
    for number, query in enumerate(queries):
        of_query = slice(int(limits[number]), int(limits[number + 1]))
        order = np.argsort(rows[of_query], kind="stable")
        found, apart = rows[of_query][order], distances[of_query][order]
        within = truth[number][1] <= radius
        true_rows, true_apart = truth[number][0][within], truth[number][1][within]
        if np.array_equal(found, true_rows) and np.array_equal(apart, true_apart):
            continue
        wrong = "; ".join(_differences(found, apart, true_rows, true_apart))
        raise IndexAuditError(
            f"{path}: the index does not answer as brute force does: query {query.tobytes().hex()} "
            f"within {radius}: {wrong}"
        )


def _differences(
    found: npt.NDArray[np.int64],
    apart: npt.NDArray[np.int32],
    true_rows: npt.NDArray[np.int64],
    true_apart: npt.NDArray[np.int64],
) -> Iterator[str]:
    """A generator of what is wrong, in words; a few rows of each kind are named."""
    once, first, times = np.unique(found, return_index=True, return_counts=True)
    shared, ours, theirs = np.intersect1d(once, true_rows, assume_unique=True, return_indices=True)
    kinds = {
        "missing": np.setdiff1d(true_rows, once),
        "too many": np.setdiff1d(once, true_rows),
        "more than once": once[times > 1],
        "at a wrong distance": shared[apart[first[ours]] != true_apart[theirs]],
    }
    for kind, rows in kinds.items():
        if rows.size:
            named = ", ".join(str(row) for row in rows[:_NAMED].tolist())
            more = f" and {rows.size - _NAMED} more" if rows.size > _NAMED else ""
            yield f"rows {kind}: {named}{more}"
