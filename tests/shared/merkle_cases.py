"""A tree in memory, for proofs of trees of any size: a slow reference for tiles."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import ProofError, root


class ListReader:
    """Serves subtrees from leaf hashes in memory."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self._leaves = leaf_hashes

    def subtree(self, level: int, index: int) -> bytes:
        start = index << level
        leaves = self._leaves[start : start + (1 << level)]
        if len(leaves) != 1 << level:
            raise ProofError(f"no subtree of level {level} at {index}")
        return root(leaves)
