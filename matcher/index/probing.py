"""The search in the chunks' tables, compiled: keys near the query's, signatures in their buckets, then whole codes.

A listed code must pass three tests, each cheaper than the next. Every code within the radius passes them for some chunk
(chunks.py): its chunk is in a bucket whose key is near; the signature beside it, of the next chunk, is near enough; the
code is within the radius. A code that passes for several chunks is reported for the first of them.
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
"""The arrays for the matches have no room left."""
_OVER_BUDGET = -3
"""The query exceeds its budget."""

_BLOCK = 4096
_ONE = np.uint64(1)


class Tables(NamedTuple):
    """An index as arrays. m chunks, n codes of k words, u of them listed (equal codes are listed once).

    words: (n, k). firsts: (m + 1,) int64, where each chunk's part of `offsets` begins. offsets: uint32, for each key
    of each chunk the place of its first row, and u after the last. ids: (m * u + LANES,) uint32, the rows of each
    chunk by key. signatures: (m * u + LANES,) uint16, for each of those rows some bits of the next chunk. cuts: (m, 3)
    int64, the first bit, the width and the width of the signature of each chunk.
    """

    words: Words
    firsts: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.uint32]
    ids: npt.NDArray[np.uint32]
    signatures: npt.NDArray[np.uint16]
    cuts: npt.NDArray[np.int64]
    listed: int


class Params(NamedTuple):
    """The parameters of a search within one radius.

    patterns: uint32, the differences of keys, fewest ones first. levels: (m, s + 1) int64, for each chunk, where in
    them the patterns of each number of ones begin. costs: (3,) float64, of a probe, a candidate and a survivor, and
    budget, of a query, are in nanoseconds.
    """

    radius: int
    patterns: npt.NDArray[np.uint32]
    levels: npt.NDArray[np.int64]
    costs: npt.NDArray[np.float64]
    budget: float


class Matches(NamedTuple):
    """The matches: distances int32 and rows int64, from limits[q] to limits[q + 1] for query q.

    over_budget: (q,) bool, true for queries that exceeded the budget, which have no matches here.
    """

    limits: npt.NDArray[np.int64]
    distances: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    over_budget: npt.NDArray[np.bool_]


@compiled_inner
def _comes_first(tables: Any, row: Any, queries: Any, query: Any, chunk: Any, shares: Any) -> bool:
    """Whether the row does not pass the first two tests for any chunk before `chunk`."""
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
    tables: Any, params: Any, shares: Any, queries: Any, query: Any, chunk: Any, scratch: Any, waiting: Any, out: Any,
    count: Any,
) -> Any:  # fmt: skip
    """Compare whole codes; scratch[0] holds places in `ids`. Returns the number of matches so far, _FULL or DAMAGED."""
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
        if distance <= params.radius and _comes_first(tables, row, queries, query, chunk, shares):
            if count == out.rows.shape[0]:
                return _FULL
            out.distances[count] = distance
            out.rows[count] = row
            count += 1
    return count


@compiled_inner
def _buckets(tables: Any, params: Any, share: Any, queries: Any, query: Any, chunk: Any, scratch: Any) -> Any:
    """The buckets of a chunk's keys that differ from the query's in fewer bits than its share.

    Returns the number of those that are not empty, or DAMAGED, and the number of codes in them. For each, its begin and
    end in `ids`, and the distance of its key, are written to `scratch`.
    """
    offsets, signatures, levels, patterns = tables.offsets, tables.signatures, params.levels, params.patterns
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
def _search(tables: Any, params: Any, shares: Any, queries: Any, query: Any, scratch: Any, out: Any) -> Any:
    """Write all matches of one query from its limit on. Returns the number of matches so far, or a negative status."""
    cuts, signatures, ids = tables.cuts, tables.signatures, tables.ids
    chunks = cuts.shape[0]
    count = out.limits[query]
    spent = 0.0
    for chunk in range(chunks):
        if shares[chunk] == 0:
            continue
        buckets, candidates = _buckets(tables, params, shares[chunk], queries, query, chunk, scratch)
        if buckets == DAMAGED:
            return DAMAGED
        keys = params.levels[chunk, shares[chunk]] - params.levels[chunk, 0]
        spent += params.costs[0] * keys + params.costs[1] * candidates
        if spent > params.budget:
            return _OVER_BUDGET
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
                    spent += params.costs[2] * waiting
                    if spent > params.budget:
                        return _OVER_BUDGET
                    count = _verify(tables, params, shares, queries, query, chunk, scratch, waiting, out, count)
                    if count < 0:
                        return count
                    waiting = 0
        spent += params.costs[2] * waiting
        count = _verify(tables, params, shares, queries, query, chunk, scratch, waiting, out, count)
        if count < 0:
            return count
    return count


@compiled
def _scratch(levels: Any) -> Any:
    most = _BLOCK
    for chunk in range(levels.shape[0]):
        most = max(most, levels[chunk, levels.shape[1] - 1] - levels[chunk, 0])
    return np.empty((4, most), np.int64)


@compiled_inner
def _close(out: Any, query: Any, count: Any) -> None:
    """Set the limit after a query's rows. A query over budget has no rows."""
    if count == _OVER_BUDGET:
        out.over_budget[query] = True
        count = out.limits[query]
    out.limits[query + 1] = count


@compiled
def probe(tables: Any, params: Any, shares: Any, queries: Any, first: Any, out: Any) -> Any:
    """Search for the queries from `first` on, all with the same shares, (m,) int64.

    queries: (q, k) uint64. Returns the number of the query before which there was no more room, or q, or DAMAGED.
    """
    scratch = _scratch(params.levels)
    for query in range(first, queries.shape[0]):
        count = _search(tables, params, shares, queries, query, scratch, out)
        if count == DAMAGED:
            return DAMAGED
        if count == _FULL:
            return query
        _close(out, query, count)
    return queries.shape[0]


@compiled_inner
def _weigh(tables: Any, params: Any, queries: Any, query: Any, weights: Any) -> None:
    """Fill `weights`, (m, s + 1) float64: the cost of each share of each chunk, from the sizes of the buckets."""
    for chunk in range(tables.cuts.shape[0]):
        key = np.int64(piece(queries, query, tables.cuts[chunk, 0], tables.cuts[chunk, 1]))
        total = 0.0
        weights[chunk, 0] = 0.0
        for ones in range(params.levels.shape[1] - 1):
            for at in range(params.levels[chunk, ones], params.levels[chunk, ones + 1]):
                place = tables.firsts[chunk] + (key ^ np.int64(params.patterns[at]))
                size = np.int64(tables.offsets[place + 1]) - np.int64(tables.offsets[place])
                total += params.costs[0] + params.costs[1] * size
            weights[chunk, ones + 1] = total


@compiled_inner
def _divide(weights: Any, best: Any, choice: Any, shares: Any) -> Any:
    """Fill in the cheapest shares with the required sum. Returns their cost; infinity where no shares have that sum.

    best and choice: (m + 1, sum + 1) float64 and int64, working memory.
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
def probe_weighed(tables: Any, params: Any, queries: Any, first: Any, out: Any) -> Any:
    """Search for the queries from `first` on, with shares chosen for each by the sizes of its buckets.

    Popular keys get small shares. Returns as `probe` does.
    """
    chunks = tables.cuts.shape[0]
    scratch = _scratch(params.levels)
    weights = np.empty((chunks, params.levels.shape[1]))
    best = np.empty((chunks + 1, params.radius + 2))
    choice = np.zeros((chunks + 1, params.radius + 2), np.int64)
    shares = np.zeros(chunks, np.int64)
    for query in range(first, queries.shape[0]):
        _weigh(tables, params, queries, query, weights)
        count = _OVER_BUDGET
        if _divide(weights, best, choice, shares) <= params.budget:
            count = _search(tables, params, shares, queries, query, scratch, out)
        if count == DAMAGED:
            return DAMAGED
        if count == _FULL:
            return query
        _close(out, query, count)
    return queries.shape[0]
