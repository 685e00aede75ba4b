"""Canonical JSON: RFC 8785 with ASCII keys and integers below 2**53 only, which the json module writes exactly."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ledger.exhibit.verifier.report import Refused

MAX_ENTRY = 65_535
MAX_DEPTH = 64
BOUND = 2**53


def parse_entry(body: bytes) -> dict[str, Any]:
    """The entry whose canonical form is `body`. Refuses all other bytes."""
    if len(body) > MAX_ENTRY:
        raise Refused(f"longer than {MAX_ENTRY} bytes")
    value = read_json(body)
    if canonical(value) != body:
        raise Refused("not in canonical form")
    if type(value) is not dict or type(value.get("v")) is not int or value["v"] != 1:
        raise Refused('not an object with "v":1')
    text_of(value, "type")
    return value


def read_json(data: bytes) -> Any:
    """The value of a JSON text. Refuses duplicate keys, keys that are not ASCII, and all numbers but small integers."""
    try:
        text = data.decode("utf-8")
        value = READER.decode(text)
        deep = text.count("[") + text.count("{") > MAX_DEPTH and depth(value) > MAX_DEPTH
    except ValueError as error:
        raise Refused(f"not JSON: {error}") from error
    except RecursionError:  # the depth that json itself can read depends on the Python version
        deep = True
    if deep:
        raise Refused(f"nested more than {MAX_DEPTH} levels deep")
    return value


def canonical(value: object) -> bytes:
    """The canonical bytes of a value that `read_json` has returned. Refuses lone surrogates."""
    try:
        return WRITER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("a string is not Unicode") from error


def depth(value: object) -> int:
    """The number of levels of objects and arrays in a value."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def text_of(value: dict[str, Any], key: str) -> str:
    """The non-empty string under a key. Refuses any other value."""
    text = value.get(key)
    if type(text) is not str or not text:
        raise Refused(f'"{key}" is not a text')
    return text


def size_of(value: dict[str, Any], key: str) -> int:
    """The integer under a key, which must be 0 or more. Refuses any other value."""
    size = value.get(key)
    if type(size) is not int or size < 0:
        raise Refused(f'"{key}" is not a number from 0 on')
    return size


def digest_of(value: dict[str, Any], key: str) -> bytes:
    """The 32 bytes under a key, written as lower-case hex. Refuses any other value."""
    text = value.get(key)
    if type(text) is not str or len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise Refused(f'"{key}" is not 32 bytes in hex')
    return bytes.fromhex(text)


def list_of(value: dict[str, Any], key: str, kind: type) -> list[Any]:
    """The list under a key, whose members must be of exactly this type. Refuses any other value."""
    members = value.get(key)
    if type(members) is not list or not all(type(member) is kind for member in members):
        raise Refused(f'"{key}" is not a list as it must be')
    return members


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members. Refuses repeated keys and keys that are not ASCII."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused("a key occurs twice")
    if not all(map(str.isascii, value)):
        raise Refused("a key is not ASCII")
    return value


def integer_of(digits: str) -> int:
    """The integer of these digits. Refuses |n| >= 2**53."""
    if len(digits) > 17 or not -BOUND < int(digits) < BOUND:
        raise Refused("an integer is 2**53 or beyond")
    return int(digits)


def no_number(text: str) -> NoReturn:
    """Refuses a number that is no integer."""
    raise Refused(f"{text[:40]} is not an integer")


WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
READER = json.JSONDecoder(
    object_pairs_hook=object_of, parse_int=integer_of, parse_float=no_number, parse_constant=no_number
)
