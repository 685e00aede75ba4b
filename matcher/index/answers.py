"""What range_search answers: limits (q + 1,) int64, distances (m,) int32, rows (m,) int64. And how parts add up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Answer = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]


def nothing(queries: int) -> Answer:
    """The answer in which no query finds anything."""
    return np.zeros(queries + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64)


def by_query(
    asked: npt.NDArray[np.int64], distances: npt.NDArray[np.int32], rows: npt.NDArray[np.int64], queries: int
) -> Answer:
    """The answer of which each element belongs to the query in `asked`."""
    order = np.argsort(asked, kind="stable")
    limits = np.concatenate(([0], np.cumsum(np.bincount(asked, minlength=queries))))
    return limits.astype(np.int64), distances[order], rows[order]


def one_after_another(answers: Sequence[Answer]) -> Answer:
    """The answer to all queries, from answers to the first of them, to the next, and so on."""
    limits = [np.zeros(1, np.int64)]
    for part, _distances, _rows in answers:
        limits.append(part[1:] + limits[-1][-1])
    return (
        np.concatenate(limits),
        np.concatenate([distances for _limits, distances, _rows in answers]),
        np.concatenate([rows for _limits, _distances, rows in answers]),
    )


def together(answers: Sequence[tuple[Answer, npt.NDArray[np.int64]]], queries: int) -> Answer:
    """One answer from several, each with the numbers of the queries that it answers; they add up."""
    asked = np.concatenate([np.repeat(numbers, np.diff(answer[0])) for answer, numbers in answers])
    distances = np.concatenate([answer[1] for answer, _numbers in answers])
    return by_query(asked, distances, np.concatenate([answer[2] for answer, _numbers in answers]), queries)
