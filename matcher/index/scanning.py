"""Comparing queries with every code, compiled: a tile of codes stays in the cache while all queries pass over it.

A code of which already the first words differ in more bits than the radius is done with; of the others the whole is
compared.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any

import numpy as np

from matcher.index.answers import Answer, by_query, one_after_another
from matcher.index.vectors import LANES, lowest_one, near_in_1, near_in_2, near_in_3, near_in_4, popcount
from matcher.index.words import Words, difference
from matcher.system.compiled import compiled

FEW = 4
"""So few queries, or fewer, are compared with the codes one by one."""
_TILE = 1024
_ROOM = 1024
_RARE = 0.002
"""How many of unrelated codes may pass a look at their first words: each costs a look at all of them."""
_ONE = np.uint64(1)


def scan(words: Words, queries: Words, radius: int) -> Answer:
    """All of `words`, (n, k) uint64, within `radius` bits, inclusive, of each of `queries`, (q, k) uint64."""
    if len(queries) <= FEW:
        return one_after_another([_by_rows(words, queries, query, radius) for query in range(len(queries))])
    return _by_tiles(words, queries, radius)


def _by_rows(words: Words, queries: Words, query: int, radius: int) -> Answer:
    parts = []
    first, room = 0, _ROOM
    while first < len(words):
        distances, rows = np.empty(room, np.int32), np.empty(room, np.int64)
        first, found = scan_rows(words, first, queries, query, radius, distances, rows)
        parts.append((distances[:found], rows[:found]))
        room *= 2
    rows = np.concatenate([rows for _distances, rows in parts])
    return np.array([0, len(rows)]), np.concatenate([distances for distances, _rows in parts]), rows


def _by_tiles(words: Words, queries: Words, radius: int) -> Answer:
    parts = []
    prefix = _prefix(words.shape[1], radius)
    first, room = 0, _ROOM + 2 * len(queries)
    while first < len(words):
        asked, distances, rows = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.int64)
        first, found = scan_tiles(words, first, queries, radius, prefix, asked, distances, rows)
        parts.append((asked[:found], distances[:found], rows[:found]))
        room *= 2
    asked, distances, rows = (np.concatenate(part) for part in zip(*parts, strict=True))
    return by_query(asked, distances, rows, len(queries))


@lru_cache(maxsize=256)
def _prefix(length: int, radius: int) -> int:
    """How many first words tell most unrelated codes from those within the radius."""
    most = min(length, 4)
    for words in range(1, most):
        bits = 64 * words
        if sum(comb(bits, ones) for ones in range(min(radius, bits) + 1)) <= _RARE * 2**bits:
            return words
    return most


@compiled
def scan_tiles(
    words: Any, first: Any, queries: Any, radius: Any, prefix: Any, asked: Any, distances: Any, rows: Any
) -> Any:
    """All codes from row `first` on within the radius of each query, tile by tile.

    words: (n, k) uint64, queries: (q, k) uint64. prefix: 1 to 4, at most k: the words that are looked at first. What is
    found is written to asked (int64, the query), distances (int32) and rows (int64). Returns the row before which
    there was no more room, n where there was, and how many were found.
    """
    length = words.shape[1]
    planes = np.zeros(length * _TILE + LANES, np.uint64)
    found = 0
    for start in range(first, words.shape[0], _TILE):
        size = min(_TILE, words.shape[0] - start)
        before = found
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
                        if found == rows.shape[0]:
                            return start, before
                        asked[found] = query
                        distances[found] = distance
                        rows[found] = start + place
                        found += 1
    return words.shape[0], found


@compiled
def scan_rows(words: Any, first: Any, queries: Any, query: Any, radius: Any, distances: Any, rows: Any) -> Any:
    """The same for one query, code by code: for so few queries that rearranging a tile would not pay."""
    found = 0
    for row in range(first, words.shape[0]):
        distance = difference(words, row, queries, query)
        if distance <= radius:
            if found == rows.shape[0]:
                return row, found
            distances[found] = distance
            rows[found] = row
            found += 1
    return words.shape[0], found
