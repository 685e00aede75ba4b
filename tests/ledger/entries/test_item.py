"""The entry of an item: written and told apart without being parsed, as the canonical form has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import EntryError, canonical, decode_item, encode_item, is_item, is_item_of

NUMBERS = st.integers(0, 2**53 - 1)
FINDINGS = st.dictionaries(st.sampled_from(["path", "sha256", "size", "status"]), st.text(max_size=9) | NUMBERS)


@given(scan=NUMBERS, seq=NUMBERS, finding=FINDINGS)
def test_round_trip(scan: int, seq: int, finding: dict[str, object]) -> None:
    body = encode_item(scan, seq, canonical(finding))
    assert body == canonical({"v": 1, "type": "item", "scan": scan, "seq": seq, "finding": finding})
    assert decode_item(body) == (scan, seq, finding)
    assert is_item(body)
    assert is_item_of(body, scan)
    assert not is_item_of(body, scan + 1)


@pytest.mark.parametrize("kind", ["scan.close", "relookup", "items", ""])
def test_other_entries_are_no_items(kind: str) -> None:
    body = canonical({"v": 1, "type": kind, "scan": 1, "seq": 0, "finding": {}})
    assert not is_item(body)
    assert not is_item_of(body, 1)


def test_a_scan_that_a_path_names_is_not_the_scan_of_the_item() -> None:
    body = encode_item(2, 0, canonical({"path": ',"scan":1,"seq":0'}))
    assert is_item_of(body, 2)
    assert not is_item_of(body, 1)


def test_bytes_that_are_not_canonical_are_refused() -> None:
    with pytest.raises(EntryError):
        decode_item(encode_item(1, 0, b'{"b":1, "a":2}'))
