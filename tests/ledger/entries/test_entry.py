"""Canonical entries: against the published JCS vectors, the rfc8785 package, and attacks."""

from __future__ import annotations

import json
import math
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import MAX_ENTRY, EntryError, canonical, parse
from ledger.entries.entry import MAX_DEPTH, read_json

INSIDE = ["arrays", "unicode"]
OUTSIDE = {"french": "not an ASCII string", "weird": "not an ASCII string", "values": "float", "structures": "float"}

strings = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.text(st.characters(max_codepoint=127))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | integers | strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("name", INSIDE)
def test_published_vectors_inside_our_rules(name: str, vectors: Path) -> None:
    value = json.loads((vectors / "jcs" / "input" / f"{name}.json").read_bytes())
    expected = (vectors / "jcs" / "output" / f"{name}.json").read_bytes()
    assert canonical(value) == expected
    assert rfc8785.dumps(value) == expected


@pytest.mark.parametrize("name", OUTSIDE)
def test_published_vectors_outside_our_rules(name: str, vectors: Path) -> None:
    text = (vectors / "jcs" / "input" / f"{name}.json").read_bytes()
    value = json.loads(text)
    with pytest.raises(EntryError, match=OUTSIDE[name]):
        canonical(value)
    with pytest.raises(EntryError):
        read_json(text.decode())
    assert rfc8785.dumps(value) == (vectors / "jcs" / "output" / f"{name}.json").read_bytes()


def test_every_published_vector_is_used(vectors: Path) -> None:
    assert {file.stem for file in (vectors / "jcs" / "input").iterdir()} == {*INSIDE, *OUTSIDE}


@pytest.mark.slow
@given(values)
@settings(deadline=None, max_examples=300)
def test_agrees_with_rfc8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.slow
@given(st.dictionaries(keys.filter(lambda key: key not in {"v", "type"}), values, max_size=6))
@settings(deadline=None)
def test_parse_gives_back_what_canonical_took(fields: dict[str, Any]) -> None:
    entry = {**fields, "v": 1, "type": "note"}
    assert parse(canonical(entry)) == entry


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(deadline=None)
def test_arbitrary_bytes_are_refused_and_nothing_else(body: bytes) -> None:
    with pytest.raises(EntryError):
        parse(body)


class _Status(StrEnum):
    EXAMINED = "examined"


class _Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        math.nan,
        math.inf,
        b"bytes",
        bytearray(b"bytes"),
        (1, 2),
        {1, 2},
        Path("x"),
        _Status.EXAMINED,
        _Number.ONE,
        2**53,
        -(2**53),
        2**20_000,
        "\ud800",
        {"\ud800": 1},
        {"é": 1},
        {1: 1},
        {None: 1},
        {"a": [{"b": 1.5}]},
    ],
    ids=lambda value: type(value).__name__,
)
def test_canonical_refuses(value: object) -> None:
    with pytest.raises(EntryError):
        canonical(value)


def test_canonical_takes_the_limits() -> None:
    assert canonical([2**53 - 1, -(2**53) + 1, True, None]) == b"[9007199254740991,-9007199254740991,true,null]"
    assert canonical({"b": "\x7f\x1f/é\U0001f602", "B": ""}) == '{"B":"","b":"\x7f\\u001f/é\U0001f602"}'.encode()


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def test_depth_is_bounded_the_same_way_in_both_directions() -> None:
    for levels in (MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 5000):
        body = b'{"a":' + b"[" * levels + b"0" + b"]" * levels + b',"type":"t","v":1}'
        if levels < MAX_DEPTH:
            assert canonical(parse(body)) == body
        else:
            with pytest.raises(EntryError, match="levels deep"):
                parse(body)
            with pytest.raises(EntryError, match="levels deep"):
                canonical({"a": nested(levels), "type": "t", "v": 1})


GOOD = b'{"n":1,"type":"t","v":1}'

ATTACKS = {
    "empty": b"",
    "space before": b" " + GOOD,
    "newline after": GOOD + b"\n",
    "space inside": b'{"n": 1,"type":"t","v":1}',
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "utf-16": GOOD.decode().encode("utf-16"),
    "not utf-8": b'{"n":"\xff","type":"t","v":1}',
    "overlong utf-8": b'{"n":"\xc0\xaf","type":"t","v":1}',
    "surrogate in utf-8": b'{"n":"\xed\xa0\x80","type":"t","v":1}',
    "escaped surrogate": b'{"n":"\\ud800","type":"t","v":1}',
    "escape that is not needed": b'{"n":"\\u0041","type":"t","v":1}',
    "escaped slash": b'{"n":"\\/","type":"t","v":1}',
    "upper-case escape": b'{"n":"\\u001F","type":"t","v":1}',
    "raw control character": b'{"n":"\x01","type":"t","v":1}',
    "unsorted": b'{"type":"t","n":1,"v":1}',
    "key twice": b'{"n":1,"n":1,"type":"t","v":1}',
    "key twice inside": b'{"n":{"a":1,"a":2},"type":"t","v":1}',
    "float": b'{"n":1.0,"type":"t","v":1}',
    "exponent": b'{"n":1e3,"type":"t","v":1}',
    "nan": b'{"n":NaN,"type":"t","v":1}',
    "infinity": b'{"n":-Infinity,"type":"t","v":1}',
    "minus zero": b'{"n":-0,"type":"t","v":1}',
    "leading zero": b'{"n":01,"type":"t","v":1}',
    "plus": b'{"n":+1,"type":"t","v":1}',
    "2**53": b'{"n":9007199254740992,"type":"t","v":1}',
    "many digits": b'{"n":' + b"9" * 6000 + b',"type":"t","v":1}',
    "key not ascii": '{"é":1,"type":"t","v":1}'.encode(),
    "array": b'[{"type":"t","v":1}]',
    "string": b'"entry"',
    "null": b"null",
    "two objects": GOOD + GOOD,
    "single quotes": b"{'type':'t','v':1}",
    "trailing comma": b'{"type":"t","v":1,}',
    "comment": b'{"type":"t","v":1}//',
    "no v": b'{"type":"t"}',
    "v is true": b'{"type":"t","v":true}',
    "v is a string": b'{"type":"t","v":"1"}',
    "v is 2": b'{"type":"t","v":2}',
    "no type": b'{"v":1}',
    "type is empty": b'{"type":"","v":1}',
    "type is a number": b'{"type":1,"v":1}',
    "too long": b'{"n":"' + b"x" * MAX_ENTRY + b'","type":"t","v":1}',
    "very deep": b"[" * MAX_ENTRY,
    "very deep objects": b'{"a":' * 13_000,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_the_parser(name: str) -> None:
    with pytest.raises(EntryError):
        parse(ATTACKS[name])


def test_what_is_attacked_is_good() -> None:
    assert parse(GOOD) == {"n": 1, "type": "t", "v": 1}


def test_the_longest_entry() -> None:
    frame = len(canonical({"v": 1, "type": "t", "x": ""}))
    body = canonical({"v": 1, "type": "t", "x": "x" * (MAX_ENTRY - frame)})
    assert len(body) == MAX_ENTRY
    assert parse(body)["type"] == "t"
    with pytest.raises(EntryError, match="more than 65535"):
        parse(canonical({"v": 1, "type": "t", "x": "x" * (MAX_ENTRY - frame + 1)}))


@pytest.mark.parametrize("body", ["text", bytearray(GOOD), None])
def test_only_bytes_are_parsed(body: Any) -> None:
    with pytest.raises(EntryError, match="an entry is bytes"):
        parse(body)
