"""Recognises canonical entries by their shape, the keys and nesting of an entry that was parsed before. Pure.

Parsing an entry and encoding it again to check that it is canonical costs twenty times as much as hashing it. But the
entries of a scan differ in their values only. So the first entries of each shape are parsed, and the shape becomes a
regular expression that matches exactly the entries with these keys and this nesting whose values are printable ASCII
strings without escapes, short integers, or the same literals. An entry that matches is canonical; any other is parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.entries.entry import Entry, canonical, parse
from ledger.errors import EntryError

_MAX_KNOWN = 8
_MAX_BYTES = 2_000
"""Longer entries are always parsed: compiling their shape costs more than it would save."""
_MAX_COMPILED = 100
_CHARACTERS = r"[ !#-\[\]-~]*"
_STRING = f'"{_CHARACTERS}"'
_INTEGER = r"(?:0|-?[1-9][0-9]{0,14})"  # below 10**15, and so below 2**53
_LITERALS = {None: "null", True: "true", False: "false"}


@dataclass(frozen=True, slots=True)
class ItemParts:
    """The parts of an `item` entry: its scan, its seq, the finding's status and the finding's canonical bytes."""

    scan: int
    seq: int
    status: str
    finding: bytes


class Shapes:
    """The most recent shapes, at most eight, each compiled when it occurs a second time. One instance a thread."""

    def __init__(self) -> None:
        self._known: list[re.Pattern[bytes]] = []
        self._met: dict[str, None] = {}
        self._compiled = 0

    def check(self, bodies: Sequence[bytes]) -> None:
        """Raises EntryError, with the entry's position, unless each is an Entry or bytes that `parse` accepts."""
        known = self._known[0].fullmatch if self._known else _nothing
        for position, body in enumerate(bodies):
            if type(body) is Entry or (type(body) is bytes and known(body) and len(body) <= _MAX_BYTES):
                continue
            try:
                self.read(body)
            except EntryError as error:
                raise EntryError(f"entry {position} of {len(bodies)}: {error}") from error
            known = self._known[0].fullmatch if self._known else _nothing

    def read(self, body: bytes) -> ItemParts | dict[str, Any]:
        """The parts of an `item` of a known shape, or the parsed entry for any other. Raises EntryError."""
        if not isinstance(body, bytes) or len(body) > _MAX_BYTES:
            return parse(body)
        for place, shape in enumerate(self._known):
            match = shape.fullmatch(body)
            if match is None:
                continue
            if place:
                self._known.insert(0, self._known.pop(place))
            if shape.groups:
                finding, status, scan, seq = match.group("finding", "status", "scan", "seq")
                return ItemParts(int(scan), int(seq), status.decode(), finding)
            return dict(json.loads(body))
        value = parse(body)
        self._learn(value)
        return value

    def _learn(self, value: dict[str, Any]) -> None:
        pattern = _top(value)
        if pattern not in self._met:
            self._met[pattern] = None
            if len(self._met) > 4 * _MAX_KNOWN:
                del self._met[next(iter(self._met))]
        elif self._compiled < _MAX_COMPILED:
            self._compiled += 1
            self._known.insert(0, re.compile(pattern.encode()))
            del self._known[_MAX_KNOWN:]


def _nothing(_body: bytes) -> None:
    """The match of an entry while no shape is known: none."""


def _top(entry: dict[str, Any]) -> str:
    """The pattern of a whole entry: `v` and `type` are literal, and the parts of an item are named groups."""
    patterns = {key: _pattern(value) for key, value in entry.items()}
    patterns |= {"v": "1", "type": re.escape(canonical(entry["type"]).decode())}
    finding = entry.get("finding")
    if (
        entry["type"] == "item"
        and type(entry.get("scan")) is type(entry.get("seq")) is int
        and type(finding) is dict
        and type(finding.get("status")) is str
    ):
        inner = {key: _pattern(value) for key, value in finding.items()}
        inner["status"] = f'"(?P<status>{_CHARACTERS})"'
        patterns["finding"] = f"(?P<finding>{_object(inner)})"
        for key in ("scan", "seq"):
            patterns[key] = f"(?P<{key}>{_INTEGER})"
    return _object(patterns)


def _pattern(value: Any) -> str:
    if isinstance(value, str):
        return _STRING
    if value is None or isinstance(value, bool):
        return _LITERALS[value]
    if isinstance(value, int):
        return _INTEGER
    if isinstance(value, list):
        return rf"\[{','.join(map(_pattern, value))}\]"
    return _object({key: _pattern(item) for key, item in value.items()})


def _object(patterns: dict[str, str]) -> str:
    members = ",".join(f"{re.escape(canonical(key).decode())}:{patterns[key]}" for key in sorted(patterns))
    return rf"\{{{members}\}}"
