"""Merkle trees: RFC 6962 hashes, and verification of proofs (RFC 9162, 2.1.3.2 and 2.1.4.2).

root of no entries SHA-256(""), leaf SHA-256(0x00 || entry), node SHA-256(0x01 || left || right)
"""

from __future__ import annotations

import hashlib

from ledger.exhibit.verifier.report import Refused

MAX_PROOF = 63


def leaf_hash(entry: bytes) -> bytes:
    """The leaf hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The root over leaf hashes that are added in order; stores one hash for each set bit of the size."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Adds the next leaf hash."""
        full = self.size
        while full & 1:  # two perfect subtrees of one height become one
            leaf = node_hash(self._subtrees.pop(), leaf)
            full >>= 1
        self._subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over the leaves so far."""
        if not self._subtrees:
            return hashlib.sha256(b"").digest()
        result = self._subtrees[-1]
        for subtree in reversed(self._subtrees[:-1]):
            result = node_hash(subtree, result)
        return result


def check_inclusion(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> None:
    """Refuses unless the leaf hash is at `index` of the tree of `size` leaves with `root` (RFC 9162, 2.1.3.2)."""
    if index >= size:
        raise Refused(f"entry {index} is not in a tree of {size} entries")
    check_hashes(proof)
    fn, sn, result = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise Refused("the inclusion proof is too long")
        if fn & 1 or fn == sn:
            result = node_hash(sibling, result)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or result != root:
        raise Refused("the inclusion proof does not lead to the root")


def check_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: list[bytes]) -> None:
    """Refuses unless the tree of size `second` begins with that of `first` (RFC 9162, 2.1.4.2); 0 < first < second."""
    if not 0 < first < second:
        raise Refused(f"there is no consistency proof from size {first} to size {second}")
    check_hashes(proof)
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        raise Refused("the consistency proof is empty")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise Refused("the consistency proof is too long")
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or old != first_root or new != second_root:
        raise Refused("the consistency proof does not lead to both roots")


def check_hashes(proof: list[bytes]) -> None:
    """Refuses a proof of too many hashes, or with one that is not 32 bytes."""
    if len(proof) > MAX_PROOF or any(len(value) != 32 for value in proof):
        raise Refused(f"a proof is not at most {MAX_PROOF} hashes of 32 bytes")
