"""The division of a code into chunks, and of a radius among them. Pure.

A code of `bits` bits is cut into m chunks. A radius r is divided into m shares whose sum is r + 1. Where two codes
differ in at most r bits, some chunk differs in fewer bits than its share: otherwise the differences would sum to r + 1
or more. A stronger condition holds: going round the ring of chunks from some chunk i, the differences of chunk i, of i
and i + 1, of i to i + 2 … each sum to less than the shares of the same chunks do. (The differences minus the shares sum
to -1 or less, and a sequence with such a sum has a rotation all of whose prefixes sum to less than 0.) The index
searches only for pairs of which this holds for the first chunk and for the first two.

Sources: Norouzi, Punjani, Fleet, *Fast Exact Search in Hamming Space with Multi-Index Hashing* (2014); shares that
differ: Qin et al., *GPH: Similarity Search in Hamming Space* (2018); the ring: Qin, Xiao, *Pigeonring* (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import comb, log

import numpy as np
import numpy.typing as npt

SIGNATURE = 16
"""The most bits of the next chunk that are stored beside each entry of a chunk's table."""
NARROWEST = 8
WIDEST = 24
USUAL = 16
"""The bits of a chunk. A table needs 4 bytes for each of 2^width keys and 6 for each code, so that the tables of chunks
of the usual width take three times the memory of the codes. Only few codes get narrower chunks, and so more tables.
"""
FEW_CODES = 1 << 19
_SMALL, _LARGE = 16e6, 1e9
"""The size in bytes of the nearest large cache, and a size that no cache has."""
MOST_MASKS = 1 << 16
"""The most keys that are probed in one chunk's table."""

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of a search's steps in nanoseconds. The defaults were measured (benchmarks/index/index_costs.py).

    `probe`: to find one key's bucket. `candidate`: to compare the signature of one code in it. `survivor`: to fetch one
    code and compare it whole. `scanned`: to compare one code that is in the cache; `read`: to fetch it into the cache.
    `probe`, `survivor` and `read` are for an index that no cache holds; for one that fits in the nearest cache they are
    multiplied by `near`. Costs choose between methods that give the same answer.
    """

    probe: float = 16.0
    candidate: float = 0.4
    survivor: float = 40.0
    scanned: float = 0.15
    read: float = 4.5
    near: float = 0.3

    def at(self, size: int) -> Costs:
        """The costs for an index of `size` bytes."""
        far = min(max(log(max(size, 1) / _SMALL) / log(_LARGE / _SMALL), 0.0), 1.0)
        part = self.near + (1 - self.near) * far
        return Costs(self.probe * part, self.candidate, self.survivor * part, self.scanned, self.read * part, 1.0)

    def scan(self, queries: int) -> float:
        """The cost of comparing one code with one query in a scan of `queries` queries at a time."""
        return self.scanned + self.read / queries


DEFAULT_COSTS = Costs()


@dataclass(frozen=True)
class Chunks:
    """`bits` bits, a multiple of 64, cut into `count` chunks of nearly equal width."""

    bits: int
    count: int

    @cached_property
    def starts(self) -> Int64:
        """The first bit of each chunk, (m,) int64."""
        return np.array([self.bits * chunk // self.count for chunk in range(self.count)], np.int64)

    @cached_property
    def widths(self) -> Int64:
        """The number of bits of each chunk, (m,) int64."""
        return np.diff(np.append(self.starts, self.bits))

    @cached_property
    def signature_widths(self) -> Int64:
        """For each chunk, the number of bits of the next chunk in its signatures, (m,) int64."""
        return np.minimum(np.roll(self.widths, -1), SIGNATURE)

    @cached_property
    def tables(self) -> Int64:
        """Where each chunk's part of the array of offsets begins, and the array's length, (m + 1,) int64."""
        return np.concatenate(([0], np.cumsum((np.int64(1) << self.widths) + 1)))

    def size(self, count: int) -> int:
        """About the bytes of an index of `count` different codes."""
        return count * (self.bits // 8 + 6 * self.count) + 4 * int(self.tables[-1])


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a search within one radius: the share of each chunk, of sum radius + 1, and the expected cost.

    `cost` is in nanoseconds a query, for uniform codes and queries.
    """

    shares: tuple[int, ...]
    cost: float


def masks(width: int, flips: int) -> tuple[npt.NDArray[np.uint32], Int64]:
    """Every pattern of at most `flips` ones in `width` bits, fewest first; and where those of each number begin."""
    return _masks(width, min(flips, width))


@lru_cache(maxsize=64)
def _masks(width: int, flips: int) -> tuple[npt.NDArray[np.uint32], Int64]:
    level = np.zeros(1, np.uint32)
    levels = [level]
    for _ in range(flips):
        # every pattern with one more: a one is added above the highest, so that each pattern arises once
        tops = np.array([int(pattern).bit_length() for pattern in level.tolist()])
        level = np.concatenate([level[tops <= bit] | np.uint32(1 << bit) for bit in range(width)])
        levels.append(level)
    return np.concatenate(levels), np.concatenate(([0], np.cumsum([len(level) for level in levels]))).astype(np.int64)


def patterns(width: int, flips: int) -> int:
    """The number of patterns of at most `flips` ones in `width` bits."""
    return sum(comb(width, ones) for ones in range(flips + 1))


@lru_cache(maxsize=64)
def largest_share(width: int) -> int:
    """The largest share that a chunk of `width` bits may have."""
    share = 1
    while share <= width and patterns(width, share) <= MOST_MASKS:
        share += 1
    return share


def expected_cost(chunks: Chunks, shares: tuple[int, ...], count: int, costs: Costs) -> float:
    """The expected nanoseconds of a query among `count` uniform codes."""
    total = 0.0
    costs = costs.at(chunks.size(count))
    widths = chunks.widths.tolist()
    for place, share in enumerate(shares):
        following = (place + 1) % chunks.count
        bucket = count / 2 ** widths[place]
        for flips in range(share):
            keys = comb(widths[place], flips)
            most = share + shares[following] - 1 - flips
            passing = _at_most(int(chunks.signature_widths[place]), most)
            total += keys * (costs.probe + bucket * (costs.candidate + passing * costs.survivor))
    return total


@lru_cache(maxsize=1024)
def _at_most(width: int, most: int) -> float:
    return float(patterns(width, min(most, width)) / 2**width)


def plan(chunks: Chunks, radius: int, count: int, costs: Costs) -> Plan | None:
    """The cheapest of the divisions of a radius that are tried; None where the chunks cannot cover the radius.

    Larger shares are spread round the ring: beside small ones they let fewer candidates pass.
    """
    share, larger = divmod(radius + 1, chunks.count)
    limits = [largest_share(width) for width in chunks.widths.tolist()]
    best: Plan | None = None
    for first in range(chunks.count if larger else 1):
        edges = [(place * larger + first) // chunks.count for place in range(chunks.count + 1)]
        shares = tuple(share + after - before for before, after in pairwise(edges))
        if any(mine > limit for mine, limit in zip(shares, limits, strict=True)):
            continue
        cost = expected_cost(chunks, shares, count, costs)
        if best is None or cost < best.cost:
            best = Plan(shares, cost)
    return best


def choose_chunks(bits: int, radius: int, count: int, costs: Costs) -> Chunks:
    """The chunks with the lowest expected cost of a query within `radius` among `count` codes."""
    fewest, most = -(-bits // WIDEST), bits // (NARROWEST if count < FEW_CODES else USUAL)
    best: tuple[float, int] | None = None
    for number in range(most, fewest - 1, -1):
        planned = plan(Chunks(bits, number), radius, count, costs)
        if planned is not None and (best is None or planned.cost < best[0]):
            best = planned.cost, number
    return Chunks(bits, most if best is None else best[1])
