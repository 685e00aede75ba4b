"""Verifying inclusion and consistency proofs (RFC 9162, 2.1.3.2 and 2.1.4.2). Pure; nothing here makes a proof.

Both functions return None or raise ProofError. All input is bounded before it is used: every hash is 32 bytes, and a
proof has at most 63 hashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledger.errors import ProofError
from ledger.tree.merkle import HASH_BYTES, node_hash

MAX_SIZE = 2**63 - 1
"""The largest tree size that is accepted, as in C2SP."""


def verify_inclusion(*, index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Verifies that leaf hash `leaf` is at `index` of the tree of `size` leaves with `root`.

    1. Size and index are valid, and all hashes are 32 bytes.
    2. Walk from the leaf to the root, with every hash used.
    3. The walk ends at the root.
    """
    # 1
    _check_size(size)
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of size {size}")
    _check_hashes(leaf, root, *_bounded(proof))

    # 2, 3
    result = leaf
    for sibling, left in _path(index, size - 1, proof):
        result = node_hash(sibling, result) if left else node_hash(result, sibling)
    if result != root:
        raise ProofError("the proof does not lead to the root")


def verify_consistency(*, size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Verifies that the tree of `size2` leaves with `root2` begins with the tree of `size1` leaves with `root1`.

    1. 0 < size1 <= size2: nothing follows from an empty tree.
    2. Equal sizes: equal roots, and nothing to prove. Otherwise all hashes are 32 bytes.
    3. Walk up from the last node of the first tree, computing both roots at once.
    4. Both end at their roots, with every hash used.
    """
    # 1
    _check_size(size2)
    if not 0 < size1 <= size2:
        raise ProofError(f"no consistency from size {size1} to size {size2}")

    # 2
    if size1 == size2:
        if proof:
            raise ProofError("a proof between equal sizes is not empty")
        if root1 != root2:
            raise ProofError("equal sizes, but not equal roots")
        return
    _check_hashes(root1, root2, *_bounded(proof))

    # 3
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    hashes = list(proof)
    if fn == 0:  # size1 is a power of two: its root is itself the first node
        hashes.insert(0, root1)
    if not hashes:
        raise ProofError("the proof is empty")
    first = second = hashes[0]
    for sibling, left in _path(fn, sn, hashes[1:]):
        if left:
            first = node_hash(sibling, first)
        second = node_hash(sibling, second) if left else node_hash(second, sibling)

    # 4
    if first != root1:
        raise ProofError("the proof does not lead to the first root")
    if second != root2:
        raise ProofError("the proof does not lead to the second root")


def _path(fn: int, sn: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Generates each hash of `proof` and whether it is a left sibling, on the path from a node to the root.

    `fn` is the node's index in its level, `sn` the last index there. Raises ProofError unless the proof is
    exactly as long as the path.
    """
    for sibling in proof:
        if sn == 0:
            raise ProofError("the proof is longer than the way to the root")
        left = bool(fn & 1) or fn == sn
        yield sibling, left
        while left and not fn & 1 and fn:  # the last node of a level without a sibling is its own parent
            fn >>= 1
            sn >>= 1
        fn >>= 1
        sn >>= 1
    if sn != 0:
        raise ProofError("the proof is shorter than the way to the root")


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise ProofError(f"{size} is no tree size")


def _bounded(proof: Sequence[bytes]) -> Sequence[bytes]:
    if len(proof) > MAX_SIZE.bit_length():
        raise ProofError(f"{len(proof)} hashes, more than any proof has")
    return proof


def _check_hashes(*hashes: bytes) -> None:
    for value in hashes:
        if not isinstance(value, bytes) or len(value) != HASH_BYTES:
            raise ProofError(f"a hash is not {HASH_BYTES} bytes")
