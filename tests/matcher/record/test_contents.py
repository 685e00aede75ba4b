"""Which contents were seen: compact, and what is wrong about it is only ever a candidate too many."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.record import contents
from matcher.record.contents import Contents, key_of
from matcher.record.runs import Runs
from matcher.scan.seen_table import PLACES, SeenTable, SeenTableReader

DIGESTS = st.one_of(
    st.binary(min_size=32, max_size=32), st.sampled_from([bytes([7]) * 8 + bytes([n]) * 24 for n in range(9)])
)


@given(st.lists(DIGESTS, unique=True, max_size=400))
def test_every_content_is_among_its_candidates(digests: list[bytes]) -> None:
    smallest, contents._SMALLEST = contents._SMALLEST, 4  # so that there are many tables
    try:
        held = Contents()
        for seq, digest in enumerate(digests):
            held.add(digest, seq)
    finally:
        contents._SMALLEST = smallest
    for digest in digests:
        expected = [seq for seq, other in enumerate(digests) if other[:8] == digest[:8]]
        assert sorted(held.candidates(digest)) == expected
    assert list(held.candidates(b"\xfe" * 32)) == [n for n, digest in enumerate(digests) if digest[:8] == b"\xfe" * 8]
    assert sorted(held.keys().tolist()) == sorted(map(key_of, digests))
    assert len(held) == len(digests)


def test_items_beyond_the_last_number_are_not_held() -> None:
    held = Contents()
    held.add(bytes(32), contents.MOST)
    assert list(held.candidates(bytes(32))) == []


@pytest.mark.process
def test_the_table_forgets_and_is_read_elsewhere() -> None:
    first, second = b"\x01" * 32, b"\x02" * 32
    other = (key_of(first) ^ (1 << 60)).to_bytes(8, "little") + bytes(24)  # has the same place
    with SeenTable() as table:
        table.add(first)
        with get_context("spawn").Pool(1) as pool:
            assert pool.apply(are_seen, (table.path, [first, second, other])) == [True, False, False]
        before = SeenTableReader(table.path)
        table.add(other)
        assert [digest in before for digest in (first, second, other)] == [False, False, True]
        held = Contents()
        held.add(second, 0)
        table.add_many(held.keys())
        assert second in before
        assert table.path is not None
        assert table.path.stat().st_size == 8 * PLACES
    assert not table.path.exists()


def are_seen(path: Path, digests: list[bytes]) -> list[bool]:
    before = SeenTableReader(path)
    return [digest in before for digest in digests]


def test_without_a_table_nothing_was_seen(tmp_path: Path) -> None:
    assert bytes(32) not in SeenTableReader(None)
    assert bytes(32) not in SeenTableReader(tmp_path / "absent")


@given(st.lists(st.integers(1, 5), min_size=1), st.lists(st.booleans(), min_size=1))
def test_runs(lengths: list[int], gaps: list[bool]) -> None:
    runs, where, number = Runs(), 10, 0
    places: list[int] = []
    for turn, length in enumerate(lengths):
        where += gaps[turn % len(gaps)]  # somebody else's entry
        runs.add_place(number, where)
        places.extend(range(where, where + length))
        number, where = number + length, where + length
    found = [runs.find(number) for number in range(number)]
    assert [at + number - first for number, (first, at) in enumerate(found)] == places
    with pytest.raises(IndexError):
        Runs().find(0)
