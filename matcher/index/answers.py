"""The result of range_search: limits (q + 1,) int64, distances (m,) int32, rows (m,) int64; and merging of results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Answer = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]


def no_matches(queries: int) -> Answer:
    """The answer in which no query has a match."""
    return np.zeros(queries + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64)


def by_query(
    owners: npt.NDArray[np.int64], distances: npt.NDArray[np.int32], rows: npt.NDArray[np.int64], queries: int
) -> Answer:
    """The answer to `queries` queries, from matches in any order; `owners`, (m,), has the query of each match."""
    order = np.argsort(owners, kind="stable")
    limits = np.concatenate(([0], np.cumsum(np.bincount(owners, minlength=queries))))
    return limits.astype(np.int64), distances[order], rows[order]


def concatenated(answers: Sequence[Answer]) -> Answer:
    """The answer to all queries, from answers to consecutive parts of them."""
    limits = [np.zeros(1, np.int64)]
    for part, _distances, _rows in answers:
        limits.append(part[1:] + limits[-1][-1])
    return (
        np.concatenate(limits),
        np.concatenate([distances for _limits, distances, _rows in answers]),
        np.concatenate([rows for _limits, _distances, rows in answers]),
    )


def merged(answers: Sequence[tuple[Answer, npt.NDArray[np.int64]]], queries: int) -> Answer:
    """One answer with the matches of several, each with the numbers of the queries that it answers."""
    owners = np.concatenate([np.repeat(numbers, np.diff(answer[0])) for answer, numbers in answers])
    distances = np.concatenate([answer[1] for answer, _numbers in answers])
    return by_query(owners, distances, np.concatenate([answer[2] for answer, _numbers in answers]), queries)
