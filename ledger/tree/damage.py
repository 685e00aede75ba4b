"""Explains why entries differ from those that the tree was built from, as far as their hashes show. Pure.

Damage (a failing disk, a bad cable, a cosmic ray) changes bits in place. Tampering deletes, inserts, swaps or rewrites
entries, and leaves them readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.tree.merkle import leaf_hash

Sign = Literal["damage", "tampering"]


MOST_BYTES = 4096
"""Longer entries are not searched for a flipped bit: each bit costs a hash of the whole entry."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The index of the first entry that differs, a description of the difference, and the cause that it indicates."""

    index: int
    description: str
    sign: Sign | None
    shifts: bool = False
    """Whether every later entry differs too, because its index has changed."""


def explain(stored: Sequence[bytes], current: Sequence[bytes], *, first: int) -> Difference | None:
    """Compares the leaf hashes of a tile with those of the entries now at its indexes; None where they are equal.

    `first` is the leaf index at which both begin. `current` may be shorter than `stored`. `sign` is None where an
    entry was changed, by damage or by tampering.
    """
    place = next((at for at, pair in enumerate(zip(stored, current, strict=False)) if pair[0] != pair[1]), None)
    if place is None:
        return None
    index = first + place
    before, now = stored[place:], current[place:]
    there, here = _find(before, now[0]), _find(now, before[0])
    if there and there == here and before[1:there] == now[1:there]:
        return Difference(index, f"was swapped with entry {index + there}", "tampering")
    if there and _begin_equal(before[there:], now):
        others = f" and {there - 1} after it" if there > 1 else ""
        return Difference(index, f"was deleted{others}", "tampering", shifts=True)
    if here and _begin_equal(before, now[here:]):
        return Difference(index, "was inserted", "tampering", shifts=True)
    return Difference(index, "is not the entry that the tree was made of", None)


def _find(hashes: Sequence[bytes], value: bytes) -> int:
    """The position of `value` after the first hash; 0 if it does not occur there."""
    return next((at for at in range(1, len(hashes)) if hashes[at] == value), 0)


def _begin_equal(one: Sequence[bytes], other: Sequence[bytes]) -> bool:
    """Whether both agree as far as the shorter goes, in at least two hashes: one alone may be a copy."""
    common = min(len(one), len(other))
    return common > 1 and one[:common] == other[:common]


def flipped_bit(body: bytes, leaf: bytes) -> int | None:
    """The bit, as 8 * byte + bit, whose flip gives the entry with this leaf hash. None if there is none."""
    if len(body) > MOST_BYTES:
        return None
    changed = bytearray(body)
    for place in range(len(body)):
        for bit in range(8):
            changed[place] ^= 1 << bit
            if leaf_hash(bytes(changed)) == leaf:
                return 8 * place + bit
            changed[place] ^= 1 << bit
    return None


def differ_in_one_bit(one: str, other: str) -> bool:
    """Whether two texts differ in exactly one bit."""
    left, right = (text.encode("utf-8", "surrogateescape") for text in (one, other))
    if len(left) != len(right):
        return False
    return sum((a ^ b).bit_count() for a, b in zip(left, right, strict=True)) == 1
