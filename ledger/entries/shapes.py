"""Recognises entries that are written like one that was parsed before: the same keys in the same places. Pure.

Parsing an entry and writing it again to see whether it is canonical costs twenty times what hashing it does. But the
entries of a scan differ in their values only, so the first of each shape is parsed, and becomes a regular expression
that matches just those entries that have its keys and its nesting, and printable ASCII strings without escapes,
short integers, or the same literals as values. Whatever matches is canonical. Whatever does not is parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.entries.entry import Entry, canonical, parse
from ledger.errors import EntryError

_MOST = 8
_LONGEST = 2_000
"""Longer entries are parsed each time: compiling costs more than they would save."""
_COMPILED = 100
_CHARACTERS = r"[ !#-\[\]-~]*"
_STRING = f'"{_CHARACTERS}"'
_INTEGER = r"(?:0|-?[1-9][0-9]{0,14})"  # below 10**15, and so below 2**53
_LITERALS = {None: "null", True: "true", False: "false"}


@dataclass(frozen=True, slots=True)
class ItemParts:
    """What an `item` entry says: its scan, its place, the finding's status and the finding's canonical bytes."""

    scan: int
    seq: int
    status: str
    finding: bytes


class Shapes:
    """The shapes met last, at most eight, each compiled when it is met again. One a thread."""

    def __init__(self) -> None:
        self._known: list[re.Pattern[bytes]] = []
        self._met: dict[str, None] = {}
        self._compiled = 0

    def check(self, bodies: Sequence[bytes]) -> None:
        """Raises EntryError, with the place among them, unless each is an Entry or what `parse` takes."""
        known = self._known[0].fullmatch if self._known else _nothing
        for position, body in enumerate(bodies):
            if type(body) is Entry or (type(body) is bytes and known(body) and len(body) <= _LONGEST):
                continue
            try:
                self.read(body)
            except EntryError as error:
                raise EntryError(f"entry {position} of {len(bodies)}: {error}") from error
            known = self._known[0].fullmatch if self._known else _nothing

    def read(self, body: bytes) -> ItemParts | dict[str, Any]:
        """The parts of an `item` of a known shape, and any other entry as `parse` reads it. Raises EntryError."""
        if not isinstance(body, bytes) or len(body) > _LONGEST:
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
            if len(self._met) > 4 * _MOST:
                del self._met[next(iter(self._met))]
        elif self._compiled < _COMPILED:
            self._compiled += 1
            self._known.insert(0, re.compile(pattern.encode()))
            del self._known[_MOST:]


def _nothing(_body: bytes) -> None:
    """No shape is known yet."""


def _top(entry: dict[str, Any]) -> str:
    """As `_pattern`, but what makes the object an entry is literal, and the parts of an item are named groups."""
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
