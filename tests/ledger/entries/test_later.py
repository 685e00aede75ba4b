"""Later entries: what relookups and decisions say of items, against a plain oracle that replays them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import EntryError, LaterEntries, encode_item, match_identity, place_of

Json = dict[str, Any]


def match(number: int) -> Json:
    return {
        **{
            "list": "l",
            "entry": f"e{number}",
            "category": None,
            "algorithm": "pdq",
            "value": "00",
            "entry_value": "00",
        },
        **{"distance": number, "threshold": 31, "quality": None, "region": None, "transform": "none"},
    }


def relookup(new: list[int], withdrawn: list[int], **fields: Any) -> Json:
    changes = {
        "new": [{"seq": 0, "match": match(number)} for number in new],
        "withdrawn": [{"seq": 0, "match": match(number)} for number in withdrawn],
    }
    return {"type": "relookup", "scan": 1, "part": 1, "lists": [], **changes, **fields}


@given(st.lists(st.tuples(st.sets(st.integers(0, 6)), st.sets(st.integers(0, 6)))), st.sets(st.integers(0, 6)))
def test_changes_are_applied_in_order(steps: list[tuple[set[int], set[int]]], recorded: set[int]) -> None:
    later, oracle = LaterEntries(), set(recorded)
    for at, (new, withdrawn) in enumerate(steps):
        later.add(at, relookup(sorted(new - withdrawn), sorted(withdrawn)))
        oracle = (oracle - withdrawn) | (new - withdrawn)
    changes = later.changes(1, 0)
    applied = [match(number) for number in sorted(recorded)]
    if changes is not None:
        applied = list(map(dict, changes.applied(applied)))
    assert applied == [match(number) for number in sorted(oracle)]


def test_a_threshold_of_another_day_is_the_same_match() -> None:
    later = LaterEntries()
    later.add(5, {**relookup([], []), "withdrawn": [{"seq": 0, "match": match(3) | {"threshold": 30}}]})
    changes = later.changes(1, 0)
    assert changes is not None
    assert changes.applied([match(3), match(4)]) == [match(4)]
    assert match_identity(match(3)) != match_identity(match(4))


def test_another_scan_or_item_is_not_touched() -> None:
    later = LaterEntries()
    later.add(5, relookup([1], []))
    assert later.changes(2, 0) is None
    assert later.changes(1, 1) is None


def test_parts_of_one_relookup_add_up_and_the_next_forgets_what_was_unconfirmed() -> None:
    later = LaterEntries()
    unconfirmed = {"unconfirmed": [{"seq": 0, "reason": "not there"}]}
    later.add(5, relookup([1], [], parts=2))
    later.add(6, relookup([2], [], part=2, parts=2, **unconfirmed))
    changes = later.changes(1, 0)
    assert changes is not None
    assert (changes.entries, changes.unconfirmed, changes.counts["new"]) == ([5, 6], ["not there"], 2)
    later.add(7, relookup([], []))
    assert changes.unconfirmed == []


class TestDecisions:
    def decision(self, *cites: int, supersedes: int | None = None) -> Json:
        superseded = None if supersedes is None else {"index": supersedes}
        return {"type": "decision", "cites": [{"index": at} for at in cites], "supersedes": superseded}

    def current(self, *decisions: Json) -> dict[int, int]:
        later = LaterEntries()
        for at, decision in enumerate(decisions, 100):
            later.add(at, decision)
        found = {index: later.decision(index) for index in range(4)}
        return {index: decided[0] for index, decided in found.items() if decided is not None}

    def test_the_newest(self) -> None:
        assert self.current(self.decision(1, 2), self.decision(2)) == {1: 100, 2: 101}

    def test_a_superseded_one_does_not_hold_for_what_the_other_leaves_out(self) -> None:
        assert self.current(self.decision(1, 2), self.decision(2, supersedes=100)) == {2: 101}

    def test_superseding_in_a_chain(self) -> None:
        chain = self.decision(1), self.decision(1, supersedes=100), self.decision(1, supersedes=101)
        assert self.current(*chain) == {1: 102}


class TestPlaceOf:
    @given(st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1))
    def test_it_is_what_was_encoded(self, scan: int, seq: int) -> None:
        assert place_of(encode_item(scan, seq, b'{"path":"x"}')) == (scan, seq)

    def test_a_path_cannot_say_it(self) -> None:
        body = encode_item(1, 2, rb'{"path":"x\",\"scan\":7,\"seq\":8,\"type\":\"item\",\"v\":1}"}')
        assert place_of(body) == (1, 2)

    @pytest.mark.parametrize("body", [b"", b"{}", b'{"type":"scan.open","v":1}'])
    def test_anything_else_is_refused(self, body: bytes) -> None:
        with pytest.raises(EntryError):
            place_of(body)
