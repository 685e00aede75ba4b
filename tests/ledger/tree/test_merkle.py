"""Trees and proofs: published vectors, a naive reference, every bit of every proof of small trees."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import (
    EMPTY_ROOT,
    ProofError,
    TreeHasher,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from ledger.tree.proof import MAX_SIZE
from ledger.tree.tiles import TILE_BYTES, TILE_WIDTH, RightEdge, TileReader, hashes_at, levels
from tests.shared.merkle_cases import ListReader

SMALL = 40


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(size: int, leaves: list[bytes], complete: bool = True) -> list[bytes]:
    """RFC 9162, 2.1.4.1, word for word."""
    if size == len(leaves):
        return [] if complete else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if size <= k:
        return [*naive_consistency(size, leaves[:k], complete), naive_root(leaves[k:])]
    return [*naive_consistency(size - k, leaves[k:], False), naive_root(leaves[:k])]


def make_leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(count)]


def flips(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with each of its bits flipped."""
    flipped = []
    for place, value in enumerate(proof):
        for bit in range(256):
            changed = (int.from_bytes(value) ^ 1 << bit).to_bytes(32)
            flipped.append([*proof[:place], changed, *proof[place + 1 :]])
    return flipped


# Published vectors


def decode(value: str | None) -> bytes:
    return base64.b64decode(value or "")


def outcome(verify: Callable[..., None], **arguments: Any) -> bool:
    try:
        verify(**arguments)
    except ProofError:
        return False
    return True


def test_published_inclusion_vectors(vectors: Path) -> None:
    files = sorted((vectors / "merkle" / "inclusion").rglob("*.json"))
    assert len(files) > 90
    for file in files:
        vector = json.loads(file.read_bytes())
        accepted = outcome(
            verify_inclusion,
            index=vector["leafIdx"],
            size=vector["treeSize"],
            leaf=decode(vector["leafHash"]),
            root=decode(vector["root"]),
            proof=[decode(value) for value in vector["proof"] or []],
        )
        assert accepted != vector["wantErr"], f"{file}: {vector['desc']}"


def test_published_consistency_vectors(vectors: Path) -> None:
    files = sorted((vectors / "merkle" / "consistency").rglob("*.json"))
    assert len(files) > 90
    for file in files:
        vector = json.loads(file.read_bytes())
        accepted = outcome(
            verify_consistency,
            size1=vector["size1"],
            size2=vector["size2"],
            root1=decode(vector["root1"]),
            root2=decode(vector["root2"]),
            proof=[decode(value) for value in vector["proof"] or []],
        )
        assert accepted != vector["wantErr"], f"{file}: {vector['desc']}"


# Against the naive reference


def test_hashes() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert node_hash(b"a" * 32, b"b" * 32) == hashlib.sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()


def test_every_leaf_of_every_prefix() -> None:
    leaves = make_leaves(SMALL)
    reader = ListReader(leaves)
    for size in range(1, SMALL + 1):
        tree_root = naive_root(leaves[:size])
        assert root(leaves[:size]) == tree_root
        for index in range(size):
            proof = inclusion_proof(reader, index, size)
            assert proof == naive_path(index, leaves[:size])
            verify_inclusion(index=index, size=size, leaf=leaves[index], root=tree_root, proof=proof)
            for other in range(size + 1):
                if other != index:
                    with pytest.raises(ProofError):
                        verify_inclusion(index=other, size=size, leaf=leaves[index], root=tree_root, proof=proof)


def test_every_pair_of_prefixes() -> None:
    leaves = make_leaves(SMALL)
    reader = ListReader(leaves)
    roots = [naive_root(leaves[:size]) for size in range(SMALL + 1)]
    for size2 in range(1, SMALL + 1):
        for size1 in range(1, size2 + 1):
            proof = consistency_proof(reader, size1, size2)
            assert proof == naive_consistency(size1, leaves[:size2])
            good: dict[str, Any] = {
                "size1": size1,
                "size2": size2,
                "root1": roots[size1],
                "root2": roots[size2],
                "proof": proof,
            }
            verify_consistency(**good)
            if size1 < size2:
                for attack in (
                    {"root1": roots[size1 - 1]},
                    {"root2": roots[size2 - 1]},
                    {"root1": roots[size2], "root2": roots[size1]},
                    {"proof": proof[:-1]},
                    {"proof": [*proof, roots[size2]]},
                    {"proof": [*proof, roots[size1]]},
                    {"proof": [roots[size1], *proof]},
                ):
                    with pytest.raises(ProofError):
                        verify_consistency(**{**good, **attack})


def test_every_bit_of_every_proof_counts() -> None:
    size = 11
    leaves = make_leaves(size)
    reader = ListReader(leaves)
    tree_root = naive_root(leaves)
    for index in range(size):
        for proof in flips(inclusion_proof(reader, index, size)):
            with pytest.raises(ProofError):
                verify_inclusion(index=index, size=size, leaf=leaves[index], root=tree_root, proof=proof)
    for size1 in range(1, size):
        for proof in flips(consistency_proof(reader, size1, size)):
            with pytest.raises(ProofError):
                verify_consistency(
                    size1=size1, size2=size, root1=naive_root(leaves[:size1]), root2=tree_root, proof=proof
                )


@pytest.mark.slow
@given(st.integers(1, 3000), st.data())
@settings(deadline=None, max_examples=60)
def test_random_trees(size: int, data: st.DataObject) -> None:
    leaves = make_leaves(size)
    reader = ListReader(leaves)
    tree_root = naive_root(leaves)
    assert root(leaves) == tree_root
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(reader, index, size)
    assert proof == naive_path(index, leaves)
    verify_inclusion(index=index, size=size, leaf=leaves[index], root=tree_root, proof=proof)
    size1 = index + 1
    proof = consistency_proof(reader, size1, size)
    assert proof == naive_consistency(size1, leaves)
    verify_consistency(size1=size1, size2=size, root1=naive_root(leaves[:size1]), root2=tree_root, proof=proof)


def test_tree_hasher_grows() -> None:
    hasher = TreeHasher()
    leaves = make_leaves(300)
    for size in range(301):
        assert (hasher.size, hasher.root()) == (size, naive_root(leaves[:size]))
        if size < 300:
            hasher.append(leaves[size])


def test_tree_hasher_refuses_a_beginning_that_does_not_fit() -> None:
    with pytest.raises(ProofError, match="1 subtrees"):
        TreeHasher(3, [EMPTY_ROOT])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4), (4, 4)])
def test_no_inclusion_proof_beyond_the_tree(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        inclusion_proof(ListReader(make_leaves(size)), index, size)
    with pytest.raises(ProofError):
        verify_inclusion(index=index, size=size, leaf=EMPTY_ROOT, root=EMPTY_ROOT, proof=[])


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 4), (5, 4), (-1, 4)])
def test_no_consistency_proof_beyond_the_tree(size1: int, size2: int) -> None:
    with pytest.raises(ProofError):
        consistency_proof(ListReader(make_leaves(4)), size1, size2)
    with pytest.raises(ProofError):
        verify_consistency(size1=size1, size2=size2, root1=EMPTY_ROOT, root2=EMPTY_ROOT, proof=[])


def test_reader_serves_only_what_there_is() -> None:
    with pytest.raises(ProofError, match="no subtree"):
        inclusion_proof(ListReader(make_leaves(3)), 0, 4)


def test_verifiers_bound_what_comes_in() -> None:
    good: dict[str, Any] = {"index": 0, "size": 1, "leaf": EMPTY_ROOT, "root": EMPTY_ROOT, "proof": []}
    verify_inclusion(**good)
    for attack in (
        {"size": MAX_SIZE + 1},
        {"leaf": b""},
        {"leaf": bytearray(EMPTY_ROOT)},
        {"root": EMPTY_ROOT + b"\x00"},
        {"proof": [b"short"], "size": 2},
        {"proof": [EMPTY_ROOT] * 64, "size": MAX_SIZE},
    ):
        with pytest.raises(ProofError):
            verify_inclusion(**{**good, **attack})


# Tiles


class Tiles:
    """What a store does with tiles."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def put(self, edge: RightEdge) -> None:
        for tile in edge.take():
            before = self.tiles.get((tile.level, tile.n), b"")
            assert tile.hashes.startswith(before)
            assert tile.hashes != before
            if tile.n:
                assert len(self.tiles[tile.level, tile.n - 1]) == TILE_BYTES
            self.tiles[tile.level, tile.n] = tile.hashes

    def read(self, level: int, n: int) -> bytes:
        return self.tiles.get((level, n), b"")


@pytest.mark.slow
@pytest.mark.parametrize("group", [1, 7, 255, 256, 257, 70_000])
def test_tiles_serve_the_same_tree(group: int) -> None:
    total = 600 if group < 7 else 66_500
    leaves = make_leaves(total)
    tiles, edge = Tiles(), RightEdge()
    for start in range(0, total, group):
        edge.extend(leaves[start : start + group])
        tiles.put(edge)
    assert edge.root() == root(leaves)
    for level in range(levels(total)):
        held = [len(hashes) // 32 for (at, _), hashes in tiles.tiles.items() if at == level]
        assert sum(held) == hashes_at(total, level)
        assert all(1 <= width <= TILE_WIDTH for width in held)
    by_tile, by_list = TileReader(tiles.read), ListReader(leaves)
    for index in (0, 1, 255, 256, total // 2, total - 1):
        assert inclusion_proof(by_tile, index, total) == inclusion_proof(by_list, index, total)
        assert consistency_proof(by_tile, index + 1, total) == consistency_proof(by_list, index + 1, total)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=6))
@settings(deadline=None, max_examples=40)
def test_edge_goes_on_where_it_was_stored(groups: list[int]) -> None:
    leaves = make_leaves(sum(groups))
    tiles, size = Tiles(), 0
    for group in groups:
        edge = RightEdge.load(size, tiles.read)
        assert edge.take() == []
        edge.extend(leaves[size : size + group])
        size += group
        assert (edge.size, edge.root()) == (size, root(leaves[:size]))
        tiles.put(edge)
        assert edge.take() == []


def test_missing_hashes_are_noticed() -> None:
    edge, tiles = RightEdge(), Tiles()
    edge.extend(make_leaves(300))
    tiles.put(edge)
    with pytest.raises(ProofError, match="lacks hashes"):
        RightEdge.load(301, tiles.read)
    with pytest.raises(ProofError, match="lacks hashes"):
        inclusion_proof(TileReader(tiles.read), 0, 301)
