"""Codes as rows of 64-bit words, and pieces of them. Compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.index.vectors import popcount
from matcher.system.compiled import compiled_inner

Words = npt.NDArray[np.uint64]
_ONE = np.uint64(1)


def words_of(codes: npt.NDArray[np.uint8]) -> Words:
    """(n, 8k) uint8 as (n, k) uint64, without a copy if it is contiguous. Bit 0 is the first byte's lowest."""
    return np.ascontiguousarray(codes).view("<u8").view(np.ndarray)


@compiled_inner
def piece(words: Any, row: Any, start: Any, width: Any) -> Any:
    """`width` bits, at most 63, of a row of (n, k) uint64, from bit `start` on: uint64."""
    word = start >> 6
    shift = start & 63
    value = words[row, word] >> np.uint64(shift)
    if shift + width > 64:
        value |= words[row, word + 1] << np.uint64(64 - shift)
    return value & ((_ONE << np.uint64(width)) - _ONE)


@compiled_inner
def difference(words: Any, row: Any, queries: Any, query: Any) -> Any:
    """The number of bits in which a row of `words` and a row of `queries` differ."""
    total = 0
    for word in range(words.shape[1]):
        total += popcount(words[row, word] ^ queries[query, word])
    return total


@compiled_inner
def piece_difference(words: Any, row: Any, queries: Any, query: Any, start: Any, width: Any) -> Any:
    """The number of bits, among `width` from `start` on, in which a row of `words` and one of `queries` differ."""
    return popcount(piece(words, row, start, width) ^ piece(queries, query, start, width))
