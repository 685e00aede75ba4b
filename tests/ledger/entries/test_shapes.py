"""Shapes: whatever they let through is what `parse` lets through, and the parts of items are those of the entry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import EntryError, canonical, parse
from ledger.entries.entry import MAX_ENTRY, Entry
from ledger.entries.shapes import ItemParts, Shapes

SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
KEYS = st.text(st.characters(max_codepoint=127), max_size=4)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
ENTRIES = st.dictionaries(KEYS, VALUES, max_size=4).map(lambda fields: {**fields, "v": 1, "type": "x"})


def item(seq: int, **finding: Any) -> bytes:
    return bytes(canonical({"v": 1, "type": "item", "scan": 3, "seq": seq, "finding": finding}))


def known(*bodies: bytes) -> Shapes:
    """Shapes that have met these often enough."""
    shapes = Shapes()
    for _ in range(2):
        shapes.check([bytes(body) for body in bodies])
    return shapes


@pytest.mark.slow
@given(st.lists(ENTRIES, min_size=1, max_size=6))
def test_entries_are_read_as_parse_reads_them(entries: list[dict[str, Any]]) -> None:
    shapes = Shapes()
    bodies = [bytes(canonical(entry)) for entry in entries] * 3
    shapes.check(bodies)
    assert [shapes.read(body) for body in bodies] == [parse(body) for body in bodies]


@pytest.mark.slow
@given(ENTRIES, st.data())
def test_a_shape_takes_nothing_that_parse_refuses(entry: dict[str, Any], data: st.DataObject) -> None:
    body = bytes(canonical(entry))
    shapes = known(body)
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse(bytes(changed))
    except EntryError:
        with pytest.raises(EntryError):
            shapes.check([bytes(changed)])
    else:
        shapes.check([bytes(changed)])


@pytest.mark.parametrize(
    "value",
    ["007", "-0", "1.0", "1e3", "9007199254740992", "99999999999999999", '"\x7f', '"\\u0041"', '"a\nb"', "+1", ""],
)
def test_values_that_are_not_canonical(value: str) -> None:
    shapes = known(canonical({"v": 1, "type": "x", "n": 5}), canonical({"v": 1, "type": "x", "n": "s"}))
    with pytest.raises(EntryError):
        shapes.check([f'{{"n":{value},"type":"x","v":1}}'.encode()])


@pytest.mark.parametrize("number", [10**15, 2**53 - 1, -(2**53) + 1, 0, -1])
def test_integers_that_are(number: int) -> None:
    body = bytes(canonical({"v": 1, "type": "x", "n": number}))
    known(canonical({"v": 1, "type": "x", "n": 5})).check([body])


def test_an_item_of_a_known_shape_comes_in_parts() -> None:
    shapes = known(item(0, status="examined", path="a.jpg", size=1))
    body = item(7, status="known", path="b.jpg", size=22)
    assert shapes.read(body) == ItemParts(3, 7, "known", canonical(parse(body)["finding"]))
    assert shapes.read(item(8, status="wörter", path="b.jpg", size=2)) == parse(
        item(8, status="wörter", path="b.jpg", size=2)
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"scan": "3", "seq": 0, "finding": {"status": "examined"}},
        {"scan": 3, "seq": True, "finding": {"status": "examined"}},
        {"scan": 3, "seq": 0, "finding": {"status": None}},
        {"scan": 3, "seq": 0, "finding": {"matches": [{"status": "examined"}]}},
        {"scan": 3, "seq": 0, "finding": "examined"},
    ],
)
def test_what_is_not_an_item_is_read_whole(entry: dict[str, Any]) -> None:
    body = bytes(canonical({"v": 1, "type": "item", **entry}))
    assert known(body).read(body) == json.loads(body)


def test_the_type_and_the_version_belong_to_the_shape() -> None:
    shapes = known(canonical({"v": 1, "type": "x.y", "n": 5}))
    assert shapes.read(b'{"n":5,"type":"xzy","v":1}') == {"v": 1, "type": "xzy", "n": 5}
    with pytest.raises(EntryError, match='"v" is not 1'):
        shapes.check([b'{"n":5,"type":"x.y","v":2}'])


def test_what_is_no_bytes_and_what_is_too_long() -> None:
    shapes = known(canonical({"v": 1, "type": "x", "s": "a"}))
    for body in (None, "text", bytearray(b'{"s":"a","type":"x","v":1}'), 7):
        with pytest.raises(EntryError, match="an entry is bytes"):
            shapes.check([body])  # type: ignore[list-item]
    with pytest.raises(EntryError, match="entry 1 of 2: 65536 bytes"):
        shapes.check([b'{"s":"a","type":"x","v":1}', b'{"s":"' + b"a" * (MAX_ENTRY + 1 - 25) + b'","type":"x","v":1}'])


def test_an_entry_is_one_only_where_canonical_knows_it() -> None:
    assert type(canonical({"v": 1, "type": "x"})) is Entry
    for value in ({"v": 2, "type": "x"}, {"v": True, "type": "x"}, {"v": 1, "type": ""}, {"v": 1}, [1], "x"):
        assert type(canonical(value)) is bytes
    assert type(canonical({"v": 1, "type": "x", "s": "a" * MAX_ENTRY})) is bytes


def test_very_many_shapes_do_not_pile_up() -> None:
    shapes = Shapes()
    for number in range(400):
        body = bytes(canonical({"v": 1, "type": f"t{number}"}))
        shapes.check([body, body])
    assert len(shapes._known) <= 8
    assert len(shapes._met) <= 33
