"""Compiled loops over digests: counting and placing them by prefix, sorting within a prefix, and batch lookup.

Digests are (n, width) uint8 and are compared byte by byte, so no answer depends on the machine's byte order. A digest's
*prefix* is its first `bits` bits as a number, `bits` from 0 to 24; its *bucket* holds the digests with that prefix, and
bucket b is at places `limits[b]` to `limits[b + 1]`, half-open. Every kernel releases the interpreter's lock.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.system.compiled import compiled, compiled_inner

MOST_BITS = 24
UNDAMAGED = -1
"""The result of `find_spans` where it detected no damage."""

RUN = 16
"""How many digests are sorted by insertion before runs are merged."""

BLOCK = 32
"""How many queries are looked up side by side."""

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]


class Numbered(NamedTuple):
    """Digests, and for each a number, (n,) uint32, that is moved with it."""

    digests: Bytes
    numbers: Numbers


class Prefixed(NamedTuple):
    """Sorted digests, the limits of their buckets, (2**bits + 1,) uint32, and the number of bits of a prefix."""

    digests: Bytes
    limits: Numbers
    bits: int


@compiled_inner
def _prefix(digests: Bytes, row: int, bits: int) -> int:
    """The first `bits` bits of a digest as a number. A shorter digest is padded with zeros."""
    top = 0
    for place in range(MOST_BITS // 8):
        top <<= 8
        if place < digests.shape[1]:
            top |= int(digests[row, place])
    return top >> (MOST_BITS - bits)


@compiled_inner
def _less(first: Bytes, row: int, second: Bytes, other: int) -> bool:
    """Whether the digest in row `row` of `first` is less than the one in row `other` of `second`."""
    for place in range(first.shape[1]):
        if first[row, place] != second[other, place]:
            return bool(first[row, place] < second[other, place])
    return False


@compiled_inner
def _copy(source: Numbered, row: int, target: Numbered, place: int) -> None:
    """Copy a digest and its number from row `row` of `source` to `place` of `target`."""
    for at in range(source.digests.shape[1]):
        target.digests[place, at] = source.digests[row, at]
    target.numbers[place] = source.numbers[row]


@compiled
def count_prefixes(digests: Bytes, bits: int, counts: Numbers) -> None:
    """Add the number of digests with each prefix to `counts`, (2**bits,)."""
    for row in range(len(digests)):
        counts[_prefix(digests, row, bits)] += np.uint32(1)


@compiled
def place_by_prefix(digests: Bytes, bits: int, prefixes: tuple[int, int], free: Numbers, target: Numbered) -> None:
    """Copy the digests with one of `prefixes`, half-open, into their buckets, in the order of their rows.

    `free`, (2**bits,), has the place of the next digest of each bucket, and is advanced. A digest's number is its row.
    """
    first, last = prefixes
    for row in range(len(digests)):
        prefix = _prefix(digests, row, bits)
        if first <= prefix < last:
            place = free[prefix]
            free[prefix] = place + np.uint32(1)
            for at in range(digests.shape[1]):
                target.digests[place, at] = digests[row, at]
            target.numbers[place] = row


@compiled_inner
def _sort_run(table: Numbered, begin: int, end: int, spare: Numbered) -> None:
    """Sort a few digests by insertion; equal ones keep their order."""
    for row in range(begin + 1, end):
        if not _less(table.digests, row, table.digests, row - 1):
            continue
        _copy(table, row, spare, 0)
        place = row
        while place > begin and _less(spare.digests, 0, table.digests, place - 1):
            _copy(table, place - 1, table, place)
            place -= 1
        _copy(spare, 0, table, place)


@compiled_inner
def _merge(table: Numbered, begin: int, middle: int, end: int, spare: Numbered) -> None:
    """Merge two adjacent sorted runs into one; of equal digests those of the first run come first."""
    if not _less(table.digests, middle, table.digests, middle - 1):
        return
    for row in range(begin, middle):
        _copy(table, row, spare, row - begin)
    left, held, right, place = 0, middle - begin, middle, begin
    while left < held:
        if right < end and _less(table.digests, right, spare.digests, left):
            _copy(table, right, table, place)
            right += 1
        else:
            _copy(spare, left, table, place)
            left += 1
        place += 1


@compiled
def sort_buckets(table: Numbered, limits: Numbers, first: int, last: int, spare: Numbered) -> None:
    """Sort the buckets `first` to `last`, half-open, each within itself; equal digests keep their order.

    By merge sort: a bucket that holds a whole list costs n log n. `spare` has room for the largest bucket.
    """
    for bucket in range(first, last):
        begin, end = int(limits[bucket]), int(limits[bucket + 1])
        for at in range(begin, end, RUN):
            _sort_run(table, at, min(at + RUN, end), spare)
        run = RUN
        while run < end - begin:
            for at in range(begin, end - run, 2 * run):
                _merge(table, at, at + run, min(at + 2 * run, end), spare)
            run *= 2


@compiled_inner
def _before(table: Prefixed, begin: int, end: int, queries: Bytes, row: int) -> int:
    """The first place of a part of the query's bucket whose digest is not less than the query; `end` if all are.

    Digests between two others begin with the bytes that both share with the query; those are not compared again.
    """
    digests = table.digests
    width = digests.shape[1]
    below = above = table.bits // 8
    while begin < end:
        middle = (begin + end) >> 1
        at = min(below, above)
        while at < width and digests[middle, at] == queries[row, at]:
            at += 1
        if at < width and digests[middle, at] < queries[row, at]:
            begin, below = middle + 1, at
        else:
            end, above = middle, at
    return begin


@compiled_inner
def _past(table: Bytes, begin: int, end: int, queries: Bytes, row: int) -> int:
    """The first place from `begin` to `end`, half-open, whose digest is greater than the query; `end` if none is."""
    while begin < end:
        middle = (begin + end) >> 1
        if _less(queries, row, table, middle):
            end = middle
        else:
            begin = middle + 1
    return begin


@compiled
def find_spans(queries: Bytes, table: Prefixed, begins: Places, ends: Places) -> int:
    """Fill in the places of the digests that equal each query: `begins` to `ends`, half-open, empty for none.

    Returns UNDAMAGED, or the row of a query whose bucket is invalid. A block of queries is processed one step at a
    time, so that the processor waits for the memory of all of them at once: first their buckets, then the middle digest
    of each, which bisection reads first. (Sorting the queries beforehand saves a little in batches of a thousand and
    costs more than it saves in larger ones: benchmarks/index/bench_digests.py.)
    """
    digests, limits, bits = table
    prefixes = np.empty(BLOCK, np.int64)
    for at in range(0, len(queries), BLOCK):
        size = min(BLOCK, len(queries) - at)
        for row in range(at, at + size):
            prefix = _prefix(queries, row, bits)
            prefixes[row - at] = prefix
            begins[row], ends[row] = limits[prefix], limits[prefix + 1]
        for row in range(at, at + size):
            begin, end = begins[row], ends[row]
            if begin > end or end > len(digests):
                return row
            if begin < end and _prefix(digests, (begin + end) >> 1, bits) != prefixes[row - at]:
                return row
        for row in range(at, at + size):
            end = ends[row]
            begin = _before(table, begins[row], end, queries, row)
            if begin < end and not _less(queries, row, digests, begin):
                past = begin + 1
                if past < end and not _less(queries, row, digests, past):
                    past = _past(digests, past, end, queries, row)
                end = past
            else:
                end = begin
            begins[row], ends[row] = begin, end
    return UNDAMAGED
