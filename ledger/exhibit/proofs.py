"""The two proof texts of an exhibit. Pure.

    c2sp.org/tlog-proof@v1          old 3
    index 5                         <hash>
    <hash>                          <hash>
    <hash>
                                    <checkpoint of the larger size>
    <checkpoint>

On the left an inclusion proof (c2sp.org/tlog-proof), on the right what a witness is asked (c2sp.org/tlog-witness,
add-checkpoint), which is a consistency proof. Hashes are in base64, the sibling of the leaf or node first.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence


def format_inclusion(index: int, proof: Sequence[bytes], *, checkpoint: str) -> str:
    """The proof that entry `index` is in the tree of the signed `checkpoint`."""
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{_lines(proof)}\n{checkpoint}"


def format_consistency(old: int, proof: Sequence[bytes], *, checkpoint: str) -> str:
    """The proof that the tree of size `old` is the beginning of the one of the signed `checkpoint`."""
    return f"old {old}\n{_lines(proof)}\n{checkpoint}"


def _lines(proof: Sequence[bytes]) -> str:
    return "".join(base64.b64encode(value).decode("ascii") + "\n" for value in proof)
