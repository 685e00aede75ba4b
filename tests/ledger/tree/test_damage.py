"""What is said of entries that are not those that the tree was made of."""

from __future__ import annotations

import pytest

from ledger import leaf_hash
from ledger.tree.damage import Difference, differ_in_one_bit, explain, flipped_bit

LEAVES = [leaf_hash(bytes([number])) for number in range(8)]
STRANGE = leaf_hash(b"strange")


def test_equal() -> None:
    assert explain(LEAVES, LEAVES, first=0) is None
    assert explain(LEAVES, LEAVES[:3], first=0) is None


@pytest.mark.parametrize(
    ("found", "index", "what"),
    [
        ([*LEAVES[:2], STRANGE, *LEAVES[3:]], 514, "is not the entry that the tree was made of"),
        ([*LEAVES[:2], LEAVES[5], *LEAVES[3:]], 514, "is not the entry that the tree was made of"),
        ([*LEAVES[:2], LEAVES[4], LEAVES[3], LEAVES[2], *LEAVES[5:]], 514, "was swapped with entry 516"),
        ([*LEAVES[:2], *LEAVES[3:]], 514, "was deleted"),
        ([*LEAVES[:2], *LEAVES[5:]], 514, "was deleted and 2 after it"),
        ([*LEAVES[:2], STRANGE, *LEAVES[2:7]], 514, "was inserted"),
        (LEAVES[1:], 512, "was deleted"),
        ([*LEAVES[:7], STRANGE], 519, "is not the entry that the tree was made of"),
    ],
)
def test_what_was_done(found: list[bytes], index: int, what: str) -> None:
    difference = explain(LEAVES, found, first=512)
    assert difference is not None
    assert (difference.index, difference.description) == (index, what)
    assert (difference.sign is None) == ("made of" in what)
    assert difference.shifts == ("deleted" in what or "inserted" in what)


def test_a_difference_without_more() -> None:
    assert explain([STRANGE], [LEAVES[0]], first=7) == Difference(7, "is not the entry that the tree was made of", None)


def test_one_flipped_bit_is_found_and_two_are_not() -> None:
    body = b'{"type":"x","v":1}'
    for place in range(8 * len(body)):
        changed = bytearray(body)
        changed[place // 8] ^= 1 << place % 8
        assert flipped_bit(bytes(changed), leaf_hash(body)) == place
        changed[(place // 8 + 3) % len(body)] ^= 4
        assert flipped_bit(bytes(changed), leaf_hash(body)) is None
    assert flipped_bit(b"x" * 5000, leaf_hash(body)) is None


def test_texts_that_differ_in_one_bit() -> None:
    assert differ_in_one_bit("CREATE", "CREAUE")
    assert not differ_in_one_bit("CREATE", "CREATE")
    assert not differ_in_one_bit("CREATE", "CREAT")
    assert not differ_in_one_bit("CREATE", "CREABD")
