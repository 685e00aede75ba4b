"""Codes → the folder of a multi-index. Up to four threads make one chunk's table each, beside the codes in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.index.chunks import Chunks, Costs, choose_chunks
from matcher.index.duplicates import group_equal, without_repeats
from matcher.index.folder import FolderWriter, Header
from matcher.index.tables import fill_table
from matcher.index.vectors import LANES
from matcher.index.words import Words, words_of

KIND = "multi"
CODES, OFFSETS, IDS, SIGNATURES = "codes.bin", "offsets.bin", "ids.bin", "signatures.bin"
FIRSTS, STARTS, ROWS = "equal.firsts.bin", "equal.starts.bin", "equal.rows.bin"
MOST_CODES = 2**32 - 1
_MOST_THREADS = 4
_BLOCK = 1 << 20

_Table = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.uint16]]


def build(codes: npt.NDArray[np.uint8], *, radius: int, path: Path, costs: Costs) -> None:
    """Write a multi-index folder over (n, width) uint8. The same codes, radius and costs give the same bytes."""
    if len(codes) > MOST_CODES:
        raise IndexFileError(f"{path}: {len(codes)} codes are more than one index holds")
    words = words_of(codes)
    groups = group_equal(words)
    rows = without_repeats(len(words), groups)
    chunks = choose_chunks(codes.shape[1] * 8, radius, len(rows), costs)
    with FolderWriter(path) as writer:
        for start in range(0, len(codes), _BLOCK):
            writer.append(CODES, codes[start : start + _BLOCK])
        for offsets, ids, signatures in _tables(words, rows, chunks):
            writer.append(OFFSETS, offsets.astype("<u4", copy=False))
            writer.append(IDS, ids.astype("<u4", copy=False))
            writer.append(SIGNATURES, signatures.astype("<u2", copy=False))
        writer.append(IDS, np.zeros(LANES, "<u4"))
        writer.append(SIGNATURES, np.zeros(LANES, "<u2"))
        for name, array in ((FIRSTS, groups.firsts), (STARTS, groups.starts), (ROWS, groups.rows)):
            writer.append(name, array.astype("<u4", copy=False))
        facts = {"chunks": chunks.count, "listed": len(rows), "groups": len(groups.firsts)}
        writer.describe(Header(KIND, chunks.bits, radius, len(codes), {}, facts))


def _tables(words: Words, rows: npt.NDArray[np.uint32], chunks: Chunks) -> Iterator[_Table]:
    """A generator of every chunk's offsets, ids and signatures, in order."""

    def table(chunk: int) -> _Table:
        offsets = np.zeros((1 << int(chunks.widths[chunk])) + 1, np.uint32)
        ids, signatures = np.empty(len(rows), np.uint32), np.empty(len(rows), np.uint16)
        following = (chunk + 1) % chunks.count
        start, width = int(chunks.starts[chunk]), int(chunks.widths[chunk])
        next_start, next_width = int(chunks.starts[following]), int(chunks.signature_widths[chunk])
        fill_table(words, rows, start, width, next_start, next_width, offsets, ids, signatures)
        return offsets, ids, signatures

    threads = min(cpu_count() or 1, _MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[_Table]] = deque()
        for chunk in range(chunks.count):
            ahead.append(pool.submit(table, chunk))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
