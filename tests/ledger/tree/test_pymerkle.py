"""pymerkle, an implementation that is not ours, has the same roots and proofs, and verifies ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger import consistency_proof, inclusion_proof, leaf_hash, root, verify_consistency, verify_inclusion
from tests.shared.merkle_cases import ListReader

pytestmark = pytest.mark.peer

pymerkle = pytest.importorskip("pymerkle", reason="NOT CROSS-VERIFIED with pymerkle: it is not installed")

SIZES = 70


@pytest.fixture
def bodies(make_entry: Callable[..., bytes]) -> list[bytes]:
    return [make_entry(number) for number in range(SIZES)]


@pytest.fixture
def tree(bodies: list[bytes]) -> Any:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    tree.append_entries(bodies)
    return tree


def test_roots(tree: Any, bodies: list[bytes]) -> None:
    leaves = [leaf_hash(body) for body in bodies]
    assert [tree.get_leaf(place + 1) for place in range(SIZES)] == leaves
    assert [tree.get_root(size) for size in range(SIZES + 1)] == [root(leaves[:size]) for size in range(SIZES + 1)]


def test_inclusion(tree: Any, bodies: list[bytes]) -> None:
    """Its proofs are ours after the leaf's own hash; each side verifies the other's, and refuses another index."""
    leaves = [leaf_hash(body) for body in bodies]
    for size in range(1, SIZES + 1):
        top = tree.get_root(size)
        for index in range(size):
            theirs = tree.prove_inclusion(index + 1, size)
            ours = inclusion_proof(ListReader(leaves), index, size)
            assert theirs.path == [leaves[index], *ours]
            verify_inclusion(index=index, size=size, leaf=leaves[index], root=top, proof=theirs.path[1:])
            made = pymerkle.InclusionProof("sha256", True, size, index + 1, theirs.rule, [leaves[index], *ours])
            made.verify(leaves[index], root(leaves[:size]), index=index + 1, size=size, algorithm="sha256")
            with pytest.raises(pymerkle.InvalidProof):
                made.verify(leaves[index - 1] if size > 1 else bytes(32), root(leaves[:size]))


def test_consistency(tree: Any, bodies: list[bytes]) -> None:
    """Its proofs have a form of their own, so each side's is verified against the other's roots."""
    leaves = [leaf_hash(body) for body in bodies]
    roots = [root(leaves[:size]) for size in range(SIZES + 1)]
    for size2 in range(1, SIZES + 1):
        for size1 in range(1, size2 + 1):
            theirs = tree.prove_consistency(size1, size2)
            theirs.verify(roots[size1], roots[size2], prior_size=size1, later_size=size2, algorithm="sha256")
            ours = consistency_proof(ListReader(leaves), size1, size2)
            ends = (tree.get_root(size1), tree.get_root(size2))
            verify_consistency(size1=size1, size2=size2, root1=ends[0], root2=ends[1], proof=ours)
