"""The table of one chunk: the rows of codes in the order of the chunk's bits. Built by counting sort, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from matcher.index.words import piece
from matcher.system.compiled import compiled


@compiled
def fill_table(
    words: Any,
    rows: Any,
    start: Any,
    width: Any,
    next_start: Any,
    next_width: Any,
    offsets: Any,
    ids: Any,
    signatures: Any,
) -> None:
    """Sort rows by the `width` bits of their codes from `start` on; rows of equal bits keep their order.

    words: (n, k) uint64. rows: (u,) uint32, the rows to sort. Three arrays are filled in: offsets, (2^width + 1,)
    uint32, zeros before, with the place of each key's first row; ids, (u,) uint32, with the sorted rows; signatures,
    (u,) uint16, with the `next_width` bits from `next_start` on of each of them.
    """
    for at in range(rows.shape[0]):
        offsets[np.int64(piece(words, np.int64(rows[at]), start, width)) + 1] += np.uint32(1)
    for at in range(1, offsets.shape[0]):
        offsets[at] += offsets[at - 1]
    following = offsets[:-1].copy()
    for at in range(rows.shape[0]):
        key = np.int64(piece(words, np.int64(rows[at]), start, width))
        place = following[key]
        following[key] += np.uint32(1)
        ids[place] = rows[at]
        signatures[place] = np.uint16(piece(words, np.int64(rows[at]), next_start, next_width))
