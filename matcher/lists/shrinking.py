"""Has a new version of a list lost much of what the version before it had? Then its file may be a cut or damaged one.

What is compared: entries, notable entries, and of each type the *different* hashes; two hundred lines that share one
hash have one. Less than half of any of these is too little. Hashes that are kept as text count as well.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from random import Random

import numpy as np
import numpy.typing as npt

from matcher.errors import ListError
from matcher.lists.opened import OpenList
from matcher.model import Disposition

_AT_A_TIME = 1 << 20


def check_shrink(before: OpenList, after: OpenList, *, is_in_use: bool) -> None:
    """ListError naming all of which `after` has less than half of `before`, the version in use or the last that was."""
    lost = list(_lost(before, after))
    if not lost:
        return
    which = "which it would replace" if is_in_use else "which was the last in use"
    first, *others = lost
    more = "".join(f", and {has}, less than half of {had}" for has, had in others)
    raise ListError(
        f"{after.name}: nothing imported: the new version would have {first[0]}, less than half of the {first[1]} of "
        f"version {before.version}, {which}{more}. Is the file whole, and has no other program changed it? If the list "
        "has really changed so much, import it with --allow-shrink"
    )


def _lost(before: OpenList, after: OpenList) -> Iterator[tuple[str, str]]:
    """A generator of what `after` has less than half of: its number in words, and the number that `before` has."""
    had, has = int(before.facts.counts["entries"]), int(after.facts.counts["entries"])
    if 2 * has < had:
        yield f"{has:,} {'entry' if has == 1 else 'entries'}", f"{had:,}"
    if before.meanings is not None and after.meanings is not None:
        had, has = (opened[Disposition.NOTABLE.value] for opened in (before.meanings, after.meanings))
        if 2 * has < had:
            yield f"{has:,} notable {'entry' if has == 1 else 'entries'}", f"{had:,}"
    hashes = different_hashes(after)
    for kind, had in different_hashes(before).items():
        if 2 * (has := hashes.get(kind, 0)) < had:
            yield f"{has:,} different {kind} {'hash' if has == 1 else 'hashes'}", f"{had:,}"


def different_hashes(opened: OpenList) -> dict[str, int]:
    """The number of different hashes of each type, without those of removed entries. Every hash is read.

    Hashes are told apart by 64 bits of them: two of a million are taken for one with a chance of 1 in 37 million.
    """
    counts = {name: _count(np.concatenate(list(_keys(opened, name)))) for name in opened.algorithms}
    return counts | _different_kept(opened)


def _keys(opened: OpenList, name: str) -> Iterator[npt.NDArray[np.uint64]]:
    """A generator of 64-bit keys of the hashes of one algorithm, in blocks."""
    yield np.empty(0, np.uint64)
    for part in opened.parts:
        if name not in part.attributes:
            continue
        codes = part.indexes[name].codes if name in part.indexes else part.digests[name].digests
        records = part.attributes[name].entries
        for begin in range(0, len(records), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            remains = opened.not_removed((records[some] + np.uint32(part.first)).astype(np.uint32))
            yield keys_of(codes[some])[remains]


def keys_of(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """(n,) uint64: a key of each of these hashes, (n, width) uint8; equal for equal hashes only, but for chance."""
    count, width = codes.shape
    padded = np.zeros((count, -(-width // 8) * 8), np.uint8)
    padded[:, :width] = codes
    words = padded.view("<u8")
    random = Random(width)
    keys = np.zeros(count, np.uint64)
    for place in range(words.shape[1]):
        keys = (keys ^ words[:, place]) * np.uint64(random.getrandbits(64) | 1)
        keys ^= keys >> np.uint64(29)
    return keys


def _different_kept(opened: OpenList) -> dict[str, int]:
    """The number of different hashes of each type that is kept as text."""
    keys: dict[str, array[int]] = {}
    for part in opened.parts if opened.facts.counts["kept"] else ():
        remains = opened.not_removed(np.arange(part.first, part.first + part.records, dtype=np.uint32))
        for record, kind, value, _quality in part.kept():
            if remains[record]:
                keys.setdefault(kind, array("q")).append(hash(value))
    return {kind: _count(np.frombuffer(some, np.int64)) for kind, some in keys.items()}


def _count(keys: npt.NDArray[np.int64] | npt.NDArray[np.uint64]) -> int:
    ordered = np.sort(keys)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(len(ordered), 1)
