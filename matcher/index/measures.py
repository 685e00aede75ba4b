"""The reference distances of an audit, and codes at a given distance from another. Plain numpy, nothing compiled.

They compute slowly and differently what an index computes fast; no index uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Protocol

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]

_LARGEST_STEP = 127
"""The largest step by which every byte can be moved up or down."""


class Measure(Protocol):
    """A distance between codes."""

    def distances(self, query: Codes, codes: Codes) -> npt.NDArray[np.int64]:
        """The distance of `query`, (width,), from each of `codes`, (n, width): (n,)."""

    def moved(self, code: Codes, distance: int, *, random: np.random.Generator) -> Codes:
        """A code, (width,), at `distance` from `code`, or at the largest distance that is possible."""


@dataclass(frozen=True, slots=True)
class Hamming:
    """The number of bits that differ. The width is a multiple of 8 bytes."""

    def distances(self, query: Codes, codes: Codes) -> npt.NDArray[np.int64]:
        bits = np.zeros(len(codes), np.int64)
        words = np.ascontiguousarray(codes).view(np.uint64)
        for column, word in enumerate(np.ascontiguousarray(query).view(np.uint64)):
            bits += np.bitwise_count(words[:, column] ^ word)
        return bits

    def moved(self, code: Codes, distance: int, *, random: np.random.Generator) -> Codes:
        bits = np.unpackbits(code)
        bits[random.permutation(bits.size)[:distance]] ^= 1
        return np.packbits(bits)


@dataclass(frozen=True, slots=True)
class SquaredEuclidean:
    """The sum of the squares of the bytes' differences."""

    def distances(self, query: Codes, codes: Codes) -> npt.NDArray[np.int64]:
        squares: npt.NDArray[np.int64] = np.square(codes.astype(np.int64) - query).sum(axis=1)
        return squares

    def moved(self, code: Codes, distance: int, *, random: np.random.Generator) -> Codes:
        changed = code.astype(np.int64)
        for place in random.permutation(code.size):
            step = min(isqrt(distance), _LARGEST_STEP)
            changed[place] += step if changed[place] + step <= 255 else -step
            distance -= step * step
        return changed.astype(np.uint8)
