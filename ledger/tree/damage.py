"""What happened to entries that are not those that the tree was made of, as far as their hashes tell. Pure.

Damage (a failing disk, a bad cable, a cosmic ray) changes bits where they lie. Whoever tampers deletes, inserts,
swaps or rewrites entries, and what he wrote can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.tree.merkle import leaf_hash

Sign = Literal["damage", "tampering"]


MOST_BYTES = 4096
"""Longer entries are not searched for a flipped bit: each bit costs a hash of the whole."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first entry that differs, what can be said of it, and what that is a sign of."""

    index: int
    what: str
    sign: Sign | None
    shifts: bool = False
    """Whether every later entry differs too, having another place."""


def explain(stored: Sequence[bytes], found: Sequence[bytes], *, first: int) -> Difference | None:
    """Compares the leaf hashes of a tile with those of the entries that lie there now; None where they are equal.

    `first` is the leaf index of both. `found` may be shorter than `stored`. `sign` is None where an entry was
    changed, by damage or by somebody.
    """
    place = next((at for at, pair in enumerate(zip(stored, found, strict=False)) if pair[0] != pair[1]), None)
    if place is None:
        return None
    index = first + place
    before, now = stored[place:], found[place:]
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
    """Its place behind the first; 0 if it is not there."""
    return next((at for at in range(1, len(hashes)) if hashes[at] == value), 0)


def _begin_equal(one: Sequence[bytes], other: Sequence[bytes]) -> bool:
    """Whether both go on equally, for two hashes at least: one alone may be a copy."""
    common = min(len(one), len(other))
    return common > 1 and one[:common] == other[:common]


def flipped_bit(body: bytes, leaf: bytes) -> int | None:
    """The one bit that, flipped back, gives the entry with this leaf hash: 8 * byte + bit. None if there is none."""
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
    """Whether two texts are the same but for one flipped bit."""
    left, right = (text.encode("utf-8", "surrogateescape") for text in (one, other))
    if len(left) != len(right):
        return False
    return sum((a ^ b).bit_count() for a, b in zip(left, right, strict=True)) == 1
