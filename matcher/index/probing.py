"""Searching the chunks' tables, compiled: keys near to the query's, signatures in their buckets, then whole codes.

Three things are asked of a listed code, each cheaper than the next and each true of every code within the radius for
some chunk (chunks.py): its chunk is in a bucket whose key is near; the signature beside it, of the next chunk, is near
enough; the code is within the radius. A code that several chunks lead to is taken by the first of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.index.chunks import SIGNATURE
from matcher.index.vectors import LANES, lowest_one, near_signatures, prefetch
from matcher.index.words import Words, difference, piece, piece_difference
from matcher.system.compiled import compiled, compiled_inner

DAMAGED = -1
"""The tables point outside themselves."""
_FULL = -2
"""The arrays for what is found have no room left."""
_DEAR = -3
"""The query takes more than its budget."""

_BLOCK = 4096
_ONE = np.uint64(1)


class Tables(NamedTuple):
    """An index as arrays. m chunks, n codes of k words, u of them listed (equal codes are listed once).

    words: (n, k). firsts: (m + 1,) int64, where each chunk's part of `offsets` begins. offsets: uint32, for each key
    of each chunk the place of its first row, and u behind the last. ids: (m * u + LANES,) uint32, the rows of each
    chunk by key. signatures: the same in uint16, some bits of the next chunk. cuts: (m, 3) int64: first bit, width and
    width of the signature of each chunk.
    """

    words: Words
    firsts: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.uint32]
    ids: npt.NDArray[np.uint32]
    signatures: npt.NDArray[np.uint16]
    cuts: npt.NDArray[np.int64]
    listed: int


class Ask(NamedTuple):
    """How a radius is asked. patterns: uint32, what keys differ by, fewest ones first; levels: (m, s + 1) int64, where
    in them the patterns of each number of ones begin, for each chunk. costs: (3,) float64, of a probe, a candidate and
    a survivor; `budget`: of a query; all in nanoseconds.
    """

    radius: int
    patterns: npt.NDArray[np.uint32]
    levels: npt.NDArray[np.int64]
    costs: npt.NDArray[np.float64]
    budget: float


class Found(NamedTuple):
    """What is found: distances int32 and rows int64, from limits[q] to limits[q + 1] for query q.

    dear: (q,) bool, true for queries that went over the budget, of which nothing is given.
    """

    limits: npt.NDArray[np.int64]
    distances: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    dear: npt.NDArray[np.bool_]


@compiled_inner
def _comes_first(tables: Any, row: Any, queries: Any, query: Any, chunk: Any, shares: Any) -> bool:
    """Whether no chunk before `chunk` leads to the row."""
    cuts = tables.cuts
    for earlier in range(chunk):
        if shares[earlier] == 0:
            continue
        near = piece_difference(tables.words, row, queries, query, cuts[earlier, 0], cuts[earlier, 1])
        if near >= shares[earlier]:
            continue
        near += piece_difference(tables.words, row, queries, query, cuts[earlier + 1, 0], cuts[earlier, 2])
        if near < shares[earlier] + shares[earlier + 1]:
            return False
    return True


@compiled_inner
def _verify(
    tables: Any, ask: Any, shares: Any, queries: Any, query: Any, chunk: Any, scratch: Any, waiting: Any, out: Any,
    found: Any,
) -> Any:  # fmt: skip
    """Compare whole codes; scratch[0] holds places in `ids`. How many are found now, or _FULL or DAMAGED."""
    words, ids = tables.words, tables.ids
    for at in range(waiting):
        row = np.int64(ids[scratch[0, at]])
        if row >= words.shape[0]:
            return DAMAGED
        scratch[0, at] = row
        prefetch(words, row * words.shape[1])
    for at in range(waiting):
        row = scratch[0, at]
        distance = difference(words, row, queries, query)
        if distance <= ask.radius and _comes_first(tables, row, queries, query, chunk, shares):
            if found == out.rows.shape[0]:
                return _FULL
            out.distances[found] = distance
            out.rows[found] = row
            found += 1
    return found


@compiled_inner
def _buckets(tables: Any, ask: Any, share: Any, queries: Any, query: Any, chunk: Any, scratch: Any) -> Any:
    """The buckets of a chunk's keys that differ from the query's in fewer bits than its share.

    Returns how many are not empty, or DAMAGED, and the codes in them. Where each begins and ends in `ids`, and the
    distance of its key, go to `scratch`.
    """
    offsets, signatures, levels, patterns = tables.offsets, tables.signatures, ask.levels, ask.patterns
    listed = tables.listed
    key = np.int64(piece(queries, query, tables.cuts[chunk, 0], tables.cuts[chunk, 1]))
    table = tables.firsts[chunk]
    base = chunk * listed
    buckets = 0
    candidates = np.int64(0)
    for ones in range(share):
        for at in range(levels[chunk, ones], levels[chunk, ones + 1]):
            place = table + (key ^ np.int64(patterns[at]))
            begin = np.int64(offsets[place])
            end = np.int64(offsets[place + 1])
            if begin < end:
                if end > listed:
                    return DAMAGED, 0
                scratch[1, buckets] = base + begin
                scratch[2, buckets] = base + end
                scratch[3, buckets] = ones
                prefetch(signatures, base + begin)
                buckets += 1
                candidates += end - begin
    return buckets, candidates


@compiled_inner
def _search(tables: Any, ask: Any, shares: Any, queries: Any, query: Any, scratch: Any, out: Any) -> Any:
    """Everything within the radius of one query, from its limit on. How many are found in all now, or why not."""
    cuts, signatures, ids = tables.cuts, tables.signatures, tables.ids
    chunks = cuts.shape[0]
    found = out.limits[query]
    spent = 0.0
    for chunk in range(chunks):
        if shares[chunk] == 0:
            continue
        buckets, candidates = _buckets(tables, ask, shares[chunk], queries, query, chunk, scratch)
        if buckets == DAMAGED:
            return DAMAGED
        spent += ask.costs[0] * (ask.levels[chunk, shares[chunk]] - ask.levels[chunk, 0]) + ask.costs[1] * candidates
        if spent > ask.budget:
            return _DEAR
        following = chunk + 1 if chunk + 1 < chunks else 0
        signature = np.uint16(piece(queries, query, cuts[following, 0], cuts[chunk, 2]))
        both = shares[chunk] + shares[following] - 1
        waiting = 0
        for bucket in range(buckets):
            most = np.uint16(min(both - scratch[3, bucket], SIGNATURE))
            end = scratch[2, bucket]
            for place in range(scratch[1, bucket], end, LANES):
                near = near_signatures(signatures, place, signature, most)
                if end - place < LANES:
                    near &= (_ONE << np.uint64(end - place)) - _ONE
                while near:
                    scratch[0, waiting] = place + lowest_one(near)
                    prefetch(ids, scratch[0, waiting])
                    waiting += 1
                    near &= near - _ONE
                if waiting > _BLOCK - LANES:
                    spent += ask.costs[2] * waiting
                    if spent > ask.budget:
                        return _DEAR
                    found = _verify(tables, ask, shares, queries, query, chunk, scratch, waiting, out, found)
                    if found < 0:
                        return found
                    waiting = 0
        spent += ask.costs[2] * waiting
        found = _verify(tables, ask, shares, queries, query, chunk, scratch, waiting, out, found)
        if found < 0:
            return found
    return found


@compiled
def _scratch(levels: Any) -> Any:
    most = _BLOCK
    for chunk in range(levels.shape[0]):
        most = max(most, levels[chunk, levels.shape[1] - 1] - levels[chunk, 0])
    return np.empty((4, most), np.int64)


@compiled_inner
def _close(out: Any, query: Any, found: Any) -> None:
    """Set the limit behind a query's rows, of which there are none where it was too dear."""
    if found == _DEAR:
        out.dear[query] = True
        found = out.limits[query]
    out.limits[query + 1] = found


@compiled
def probe(tables: Any, ask: Any, shares: Any, queries: Any, first: Any, out: Any) -> Any:
    """Search for the queries from `first` on, all with the same shares, (m,) int64.

    queries: (q, k) uint64. Returns the number of the query before which there was no more room, q where there was,
    or DAMAGED.
    """
    scratch = _scratch(ask.levels)
    for query in range(first, queries.shape[0]):
        found = _search(tables, ask, shares, queries, query, scratch, out)
        if found == DAMAGED:
            return DAMAGED
        if found == _FULL:
            return query
        _close(out, query, found)
    return queries.shape[0]


@compiled_inner
def _weigh(tables: Any, ask: Any, queries: Any, query: Any, weights: Any) -> None:
    """What each share of each chunk would cost a query: (m, s + 1) float64, from the sizes of the buckets."""
    for chunk in range(tables.cuts.shape[0]):
        key = np.int64(piece(queries, query, tables.cuts[chunk, 0], tables.cuts[chunk, 1]))
        total = 0.0
        weights[chunk, 0] = 0.0
        for ones in range(ask.levels.shape[1] - 1):
            for at in range(ask.levels[chunk, ones], ask.levels[chunk, ones + 1]):
                place = tables.firsts[chunk] + (key ^ np.int64(ask.patterns[at]))
                size = np.int64(tables.offsets[place + 1]) - np.int64(tables.offsets[place])
                total += ask.costs[0] + ask.costs[1] * size
            weights[chunk, ones + 1] = total


@compiled_inner
def _divide(weights: Any, best: Any, choice: Any, shares: Any) -> Any:
    """The cheapest shares of the sum that is asked, and what they cost; infinity where none has that sum.

    best and choice: (m + 1, sum + 1) float64 and int64, room to work in.
    """
    chunks = weights.shape[0]
    target = best.shape[1] - 1
    best[:] = np.inf
    best[0, 0] = 0.0
    for chunk in range(chunks):
        for total in range(target + 1):
            for share in range(min(total, weights.shape[1] - 1) + 1):
                cost = best[chunk, total - share] + weights[chunk, share]
                if cost < best[chunk + 1, total]:
                    best[chunk + 1, total] = cost
                    choice[chunk + 1, total] = share
    if best[chunks, target] < np.inf:
        left = target
        for chunk in range(chunks, 0, -1):
            shares[chunk - 1] = choice[chunk, left]
            left -= choice[chunk, left]
    return best[chunks, target]


@compiled
def probe_weighed(tables: Any, ask: Any, queries: Any, first: Any, out: Any) -> Any:
    """The same with shares that are chosen for each query by what its buckets hold: small ones at popular keys."""
    chunks = tables.cuts.shape[0]
    scratch = _scratch(ask.levels)
    weights = np.empty((chunks, ask.levels.shape[1]))
    best = np.empty((chunks + 1, ask.radius + 2))
    choice = np.zeros((chunks + 1, ask.radius + 2), np.int64)
    shares = np.zeros(chunks, np.int64)
    for query in range(first, queries.shape[0]):
        _weigh(tables, ask, queries, query, weights)
        found = _DEAR
        if _divide(weights, best, choice, shares) <= ask.budget:
            found = _search(tables, ask, shares, queries, query, scratch, out)
        if found == DAMAGED:
            return DAMAGED
        if found == _FULL:
            return query
        _close(out, query, found)
    return queries.shape[0]
