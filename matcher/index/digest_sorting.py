"""Digests in any order → digests in ascending order, by several threads, with the same result on every machine.

The digests are placed by their prefix in one pass, and each bucket is then sorted: a few digests, unless they were
chosen to have the same prefix.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from matcher.index.digest_kernels import MOST_BITS, Numbered, count_prefixes, place_by_prefix, sort_buckets

WORTH_A_THREAD = 1 << 20
"""How many digests are worth another thread."""

_MOST_THREADS = 8

WORTH_COMPILING = 1 << 14
"""Digests for which compiled code is worth it: fewer are sorted in some milliseconds without."""

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]


def prefix_bits(count: int, width: int) -> int:
    """The bits, 0 to 24, of a prefix that cuts `count` digests of `width` bytes into buckets of four to eight."""
    return max(0, min(count.bit_length() - 3, width * 8, MOST_BITS))


def sorted_digests(digests: Bytes) -> tuple[Numbered, Numbers]:
    """Sort fewer than 2**32 digests, (n, width) uint8. Returns them, and their buckets' limits, (2**bits + 1,) uint32.

    A digest's number is its row in `digests`; equal digests keep their order. The memory is width + 5 bytes a digest
    besides the digests themselves, and as much again if all of them begin alike.
    """
    digests = read_only(digests)
    count, width = digests.shape
    bits = prefix_bits(count, width)
    if count < WORTH_COMPILING:
        return _few_sorted(digests, bits)
    limits = np.zeros((1 << bits) + 1, np.uint32)
    count_prefixes(digests, bits, limits[1:])
    np.cumsum(limits, out=limits, dtype=np.uint32)
    free = limits[:-1].copy()
    table = _room(count, width)
    cuts = _cuts(limits, count)

    def place(first: int, last: int) -> None:
        place_by_prefix(digests, bits, (first, last), free, table)

    def sort(first: int, last: int) -> None:
        largest = int(np.diff(limits[first : last + 1]).max(initial=1))
        sort_buckets(table, limits, first, last, _room(largest, width))

    _in_threads(place, cuts)
    _in_threads(sort, cuts)
    return table, limits


def _few_sorted(digests: Bytes, bits: int) -> tuple[Numbered, Numbers]:
    """The same for few digests, without compiled code."""
    count, width = digests.shape
    rows = [digest.tobytes() for digest in digests]
    order = np.array(sorted(range(count), key=rows.__getitem__), np.uint32)
    first = np.zeros((count, 4), np.uint8)
    first[:, 1 : 1 + min(width, 3)] = digests[:, :3]
    prefixes = first.view(">u4").ravel() >> (MOST_BITS - bits)
    limits = np.zeros((1 << bits) + 1, np.uint32)
    np.cumsum(np.bincount(prefixes, minlength=1 << bits), out=limits[1:])
    return Numbered(digests[order], order), limits


def _room(count: int, width: int) -> Numbered:
    return Numbered(np.empty((count, width), np.uint8), np.empty(count, np.uint32))


def read_only(digests: Bytes) -> Bytes:
    """A contiguous, read-only view or copy of the digests, so that compiled code gets one array type."""
    view = np.ascontiguousarray(digests).view(np.ndarray)
    view.flags.writeable = False
    return view


def _cuts(limits: Numbers, count: int) -> list[int]:
    """The bounds of ranges of prefixes with about as many digests each, one range a thread."""
    threads = max(1, min(os.cpu_count() or 1, _MOST_THREADS, count // WORTH_A_THREAD))
    shares = [count * part // threads for part in range(1, threads)]
    return [0, *np.searchsorted(limits[:-1], shares).tolist(), len(limits) - 1]


def _in_threads(work: Callable[[int, int], None], cuts: list[int]) -> None:
    """Call `work` with each range of prefixes, half-open, in threads. The first exception is raised."""
    with ThreadPoolExecutor(len(cuts) - 1) as pool:
        for _done in pool.map(work, cuts[:-1], cuts[1:]):
            pass
