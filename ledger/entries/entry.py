"""The canonical bytes of one entry: RFC 8785 (JCS), restricted to values that the standard library writes exactly.

An entry is an object with `"v":1` and a string `"type"`:

    {"finding":{"status":"examined"},"scan":1,"seq":0,"type":"item","v":1}

Keys are ASCII, so that sorting by code point and by UTF-16 unit agree. Numbers are integers with
|n| < 2**53. Bytes are written as lower-case hex. The stored bytes themselves are hashed: verification never hashes a
second encoding.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ledger.errors import EntryError

MAX_ENTRY = 65_535
"""The most bytes an entry has; larger evidence is recorded by its digest."""

MAX_DEPTH = 64
"""The most levels of objects and arrays. Fixed, so that all verifiers accept the same entries."""

_MAX_INTEGER = 2**53
_MAX_DIGITS = len(str(-_MAX_INTEGER))


class Entry(bytes):
    """Bytes that are known to be one canonical entry, because `canonical` made them."""

    __slots__ = ()


def canonical(value: object) -> bytes:
    """The canonical bytes of `value`; as an Entry where `value` is an entry and is not too long.

    Takes dict, list, str, int, bool and None, of exactly these types. Raises EntryError for anything else,
    and for keys that are not ASCII, integers of 2**53 and beyond, lone surrogates and more than MAX_DEPTH levels.
    """
    _check(value, 1)
    form = _encode(value)
    return Entry(form) if _is_entry(value) and len(form) <= MAX_ENTRY else form


def _is_entry(value: object) -> bool:
    if type(value) is not dict:
        return False
    version, kind = value.get("v"), value.get("type")
    return type(version) is int and version == 1 and type(kind) is str and kind != ""


def parse(body: bytes) -> dict[str, Any]:
    """The entry whose canonical form is `body`.

    Raises EntryError unless encoding the result gives the same bytes, and unless the result is an object
    with `"v":1` and a string `"type"`.
    """
    if not isinstance(body, bytes):
        raise EntryError(f"an entry is bytes, not {type(body).__name__}")
    if len(body) > MAX_ENTRY:
        raise EntryError(f"{len(body)} bytes, more than {MAX_ENTRY}")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EntryError(f"not UTF-8 at byte {error.start}") from error
    value = read_json(text)
    if _encode(value) != body:
        raise EntryError("not in canonical form")
    if type(value) is not dict:
        raise EntryError("not an object")
    if type(value.get("v")) is not int or value["v"] != 1:
        raise EntryError('"v" is not 1')
    if type(value.get("type")) is not str or not value["type"]:
        raise EntryError('"type" is not a string')
    return value


def read_json(text: str) -> Any:
    """The value of a JSON text in any layout, under the rules of `canonical`; duplicate keys are refused."""
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise EntryError(f"more than {MAX_DEPTH} levels deep") from error
    except ValueError as error:
        raise EntryError(f"not JSON: {error}") from error
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check(value, 1)
    return value


def _encode(value: object) -> bytes:
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise EntryError("a string holds a lone surrogate") from error


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        _check_integer(value)  # type: ignore[arg-type]
        return
    if depth > MAX_DEPTH:
        raise EntryError(f"more than {MAX_DEPTH} levels deep")
    if kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]
            _check_key(key)
            _check(item, depth + 1)
    elif kind is list:
        for item in value:  # type: ignore[attr-defined]
            _check(item, depth + 1)
    else:
        raise EntryError(f"{kind.__name__} has no place in an entry")


def _check_key(key: object) -> None:
    if type(key) is not str or not key.isascii():
        raise EntryError(f"key {key!r:.80} is not an ASCII string")


def _check_integer(value: int) -> None:
    if not -_MAX_INTEGER < value < _MAX_INTEGER:
        raise EntryError("an integer is 2**53 or beyond")


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise EntryError("a key occurs twice")
    for key in value:
        _check_key(key)
    return value


def _read_integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise EntryError("an integer is 2**53 or beyond")
    value = int(digits)
    _check_integer(value)
    return value


def _refuse_number(text: str) -> NoReturn:
    raise EntryError(f"{text[:40]} is not an integer")


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_int=_read_integer,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
)
