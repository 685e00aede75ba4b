"""Comparison of queries with every code, compiled: a tile of codes stays in the cache for all queries.

First the first words of each code are compared. Where these alone differ in more bits than the radius, the code is
rejected; the others are compared whole.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any

import numpy as np

from matcher.index.answers import Answer, by_query, concatenated
from matcher.index.vectors import LANES, lowest_one, near_in_1, near_in_2, near_in_3, near_in_4, popcount
from matcher.index.words import Words, difference
from matcher.system.compiled import compiled

FEW = 4
"""The most queries that are compared with the codes one by one, without tiles."""
_TILE = 1024
_ROOM = 1024
_RARE = 0.002
"""The share of unrelated codes that may pass the comparison of their first words; each is then compared whole."""
_ONE = np.uint64(1)


def scan(words: Words, queries: Words, radius: int) -> Answer:
    """All codes in `words`, (n, k) uint64, within `radius` bits, inclusive, of each of `queries`, (q, k) uint64."""
    if len(queries) <= FEW:
        return concatenated([_by_rows(words, queries, query, radius) for query in range(len(queries))])
    return _by_tiles(words, queries, radius)


def _by_rows(words: Words, queries: Words, query: int, radius: int) -> Answer:
    parts = []
    first, room = 0, _ROOM
    while first < len(words):
        distances, rows = np.empty(room, np.int32), np.empty(room, np.int64)
        first, count = scan_rows(words, first, queries, query, radius, distances, rows)
        parts.append((distances[:count], rows[:count]))
        room *= 2
    rows = np.concatenate([rows for _distances, rows in parts])
    return np.array([0, len(rows)]), np.concatenate([distances for distances, _rows in parts]), rows


def _by_tiles(words: Words, queries: Words, radius: int) -> Answer:
    parts = []
    prefix = _prefix(words.shape[1], radius)
    first, room = 0, _ROOM + 2 * len(queries)
    while first < len(words):
        owners, distances, rows = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.int64)
        first, count = scan_tiles(words, first, queries, radius, prefix, owners, distances, rows)
        parts.append((owners[:count], distances[:count], rows[:count]))
        room *= 2
    owners, distances, rows = (np.concatenate(part) for part in zip(*parts, strict=True))
    return by_query(owners, distances, rows, len(queries))


@lru_cache(maxsize=256)
def _prefix(length: int, radius: int) -> int:
    """The number of first words that separate most unrelated codes from those within the radius."""
    most = min(length, 4)
    for words in range(1, most):
        bits = 64 * words
        if sum(comb(bits, ones) for ones in range(min(radius, bits) + 1)) <= _RARE * 2**bits:
            return words
    return most


@compiled
def scan_tiles(
    words: Any, first: Any, queries: Any, radius: Any, prefix: Any, owners: Any, distances: Any, rows: Any
) -> Any:
    """Write all codes from row `first` on within the radius of each query to the last three arrays, tile by tile.

    words: (n, k) uint64, queries: (q, k) uint64. prefix: 1 to 4, at most k: the words that are compared first. Matches
    are written to owners (int64, the query), distances (int32) and rows (int64). Returns the row before which there was
    no more room, or n, and the number of matches.
    """
    length = words.shape[1]
    planes = np.zeros(length * _TILE + LANES, np.uint64)
    count = 0
    for start in range(first, words.shape[0], _TILE):
        size = min(_TILE, words.shape[0] - start)
        before = count
        for word in range(length):
            for row in range(size):
                planes[word * _TILE + row] = words[start + row, word]
        for query in range(queries.shape[0]):
            for at in range(0, size, LANES):
                if prefix == 1:
                    near = near_in_1(planes, at, _TILE, queries, query * length, radius)
                elif prefix == 2:
                    near = near_in_2(planes, at, _TILE, queries, query * length, radius)
                elif prefix == 3:
                    near = near_in_3(planes, at, _TILE, queries, query * length, radius)
                else:
                    near = near_in_4(planes, at, _TILE, queries, query * length, radius)
                if size - at < LANES:
                    near &= (_ONE << np.uint64(size - at)) - _ONE
                while near:
                    place = at + lowest_one(near)
                    near &= near - _ONE
                    distance = 0
                    for word in range(length):
                        distance += popcount(planes[word * _TILE + place] ^ queries[query, word])
                    if distance <= radius:
                        if count == rows.shape[0]:
                            return start, before
                        owners[count] = query
                        distances[count] = distance
                        rows[count] = start + place
                        count += 1
    return words.shape[0], count


@compiled
def scan_rows(words: Any, first: Any, queries: Any, query: Any, radius: Any, distances: Any, rows: Any) -> Any:
    """Write all codes from row `first` on within the radius of one query to `distances` and `rows`, code by code.

    For few queries this is quicker than rearranging tiles. Returns the row before which there was no more room, or n,
    and the number of matches.
    """
    count = 0
    for row in range(first, words.shape[0]):
        distance = difference(words, row, queries, query)
        if distance <= radius:
            if count == rows.shape[0]:
                return row, count
            distances[count] = distance
            rows[count] = row
            count += 1
    return words.shape[0], count
