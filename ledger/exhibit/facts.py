"""The facts of a certificate, collected from the entries of an exhibit as they are written. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger.entries.entry import parse
from ledger.entries.item import is_item
from ledger.errors import EntryError, NoteError
from ledger.strict import decode_base64

LISTED = (
    "case.open",
    "key",
    "self.test",
    "list.load",
    "scan.open",
    "scan.close",
    "scan.abandon",
    "anomaly",
    "relookup",
)
"""The types of which every entry is listed; others are counted."""

_KEY_ID = 4
_WITH_TIME = {_KEY_ID + 8 + 64, _KEY_ID + 8 + 2420}
MAX_LISTED = 1000
"""The most listed entries of each type."""


@dataclass(slots=True)
class Facts:
    """Collects the facts: call `add` with every entry in order. `listed` is (index, entry) by type, at most
    MAX_LISTED of each, and `counts` the number of entries by type."""

    origin: str
    listed: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    stamps: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    cosignatures: list[tuple[int, int, str, int]] = field(default_factory=list)
    """(index, size, cosigner, Unix time or 0) of each cosignature line; not verified here."""
    unreadable: int = 0

    def add(self, index: int, body: bytes) -> None:
        """Collects the facts of the next entry."""
        if is_item(body):  # most entries are items, which are counted without being parsed
            self.counts["item"] = self.counts.get("item", 0) + 1
            return
        try:
            entry = parse(body)
        except EntryError:
            self.unreadable += 1
            return
        kind = entry["type"]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind in LISTED and len(self.listed.setdefault(kind, [])) < MAX_LISTED:
            self.listed[kind].append((index, entry))
        elif kind == "checkpoint.time" and len(self.stamps) < MAX_LISTED:
            self.stamps.append((index, entry))
        elif kind == "checkpoint.cosign" and len(self.cosignatures) < MAX_LISTED:
            self.cosignatures += [(index, entry.get("size", 0), *_cosigner(line)) for line in _lines(entry)]


def _lines(entry: dict[str, Any]) -> list[object]:
    lines = entry.get("lines")
    return lines if type(lines) is list else []


def _cosigner(line: object) -> tuple[str, int]:
    """The name in a cosignature line, and its Unix time, 0 if it has none."""
    _, _, rest = str(line).partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        value = decode_base64(encoded)
    except NoteError:
        return name, 0
    seconds = value[_KEY_ID : _KEY_ID + 8] if len(value) in _WITH_TIME else b""
    return name, int.from_bytes(seconds, "big")
