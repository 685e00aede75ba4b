"""Checks disclosed values: each must fit the commitment at its place in the entry.

commitment = SHA-256("ledger-commitment/v1" || 0x0A || salt[32] || canonical JSON of the value)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ledger.exhibit.verifier.canonical import MAX_ENTRY, canonical, digest_of, read_json, size_of
from ledger.exhibit.verifier.files import Exhibit
from ledger.exhibit.verifier.report import Refused, Step

MAX_OPENING = 4 * MAX_ENTRY
MAX_SHOWN = 20
OPENINGS = "openings.jsonl"
Place = tuple[int, str]


class Openings:
    """Checks openings.jsonl in the pass over the entries: its lines are in the order of index and pointer."""

    def __init__(self, exhibit: Exhibit, present: bool, step: Step) -> None:
        self._step = step
        self._lines: Iterator[bytes] = exhibit.lines(OPENINGS, MAX_OPENING) if present else iter(())
        self._last: Place = (-1, "")
        self._next: dict[str, Any] | None = None
        self._count = 0
        self._advance()

    def check_entry(self, index: int, entry: dict[str, Any]) -> None:
        """Checks the openings of the next entry; entries must come in order."""
        while self._next is not None and self._next["index"] <= index:
            opening = self._next
            with self._step.refusing(f"opening of entry {opening['index']} at {opening['pointer']!r:.80}"):
                if opening["index"] < index:
                    raise Refused("that entry is not here")
                check_opening(entry, opening)
                self._count += 1
                if self._count <= MAX_SHOWN:
                    value = canonical(opening["value"]).decode("utf-8")
                    self._step.say(f"entry {index} {opening['pointer']} is {value:.200}")
            self._advance()

    def finish(self) -> None:
        """Reports an opening without an entry, and the number of disclosed values."""
        if self._next is not None:
            self._step.problem(f"an opening is of entry {self._next['index']}, which is not here")
        if self._count > MAX_SHOWN:
            self._step.say(f"and {self._count - MAX_SHOWN} more")
        elif not self._count:
            self._step.say("no value is disclosed")

    def _advance(self) -> None:
        self._next = None
        with self._step.refusing(OPENINGS):
            line = next(self._lines, None)
            if line is None:
                return
            opening = read_json(line)
            if type(opening) is not dict or sorted(opening) != ["index", "pointer", "salt", "value"]:
                raise Refused("a line is not an opening")
            if canonical(opening) != line or type(opening["pointer"]) is not str:
                raise Refused("a line is not in canonical form")
            digest_of(opening, "salt")
            place = (size_of(opening, "index"), opening["pointer"])
            if place <= self._last:
                raise Refused("its lines are not in order")
            self._last = place
            self._next = opening


def check_opening(entry: dict[str, Any], opening: dict[str, Any]) -> None:
    """Refuses unless the entry has the commitment to the opening's value at its pointer."""
    place = at_pointer(entry, opening["pointer"])
    if type(place) is not dict or list(place) != ["commitment"]:
        raise Refused("there is no commitment")
    message = b"ledger-commitment/v1\n" + digest_of(opening, "salt") + canonical(opening["value"])
    if hashlib.sha256(message).digest() != digest_of(place, "commitment"):
        raise Refused("the value is not the one that was committed to")


def at_pointer(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901). Refuses if there is none."""
    if pointer and not pointer.startswith("/"):
        raise Refused("a JSON pointer is malformed")
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if type(value) is dict and key in value:
            value = value[key]
        elif type(value) is list and key in {str(place) for place in range(len(value))}:
            value = value[int(key)]
        else:
            raise Refused("there is nothing at that place")
    return value
