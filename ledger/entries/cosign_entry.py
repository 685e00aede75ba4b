"""The entries that record the cosignatures of a checkpoint. Pure: the time is an argument.

{"lines":["— witness.example/w …"],"size":1024,"time":"2026-10-01T00:00:00Z","type":"checkpoint.cosign","v":1}
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.entries.entry import MAX_ENTRY, canonical
from ledger.errors import NoteError

_MAX_LINES = MAX_ENTRY - 1_000
"""The most bytes of lines in an entry, which has less than a thousand others. Lines are ASCII except for the name."""


def cosign_entries(size: int, lines: Sequence[str], *, time: str) -> list[bytes]:
    """As many entries as needed to hold these signature lines of the checkpoint of a size. `time` is in UTC."""
    groups: list[list[str]] = [[]]
    room = _MAX_LINES
    for line in (line.removesuffix("\n") for line in lines):
        cost = len(line.encode()) + 8
        if cost > _MAX_LINES:
            raise NoteError("a cosignature is too long for an entry")
        if cost > room:
            groups.append([])
            room = _MAX_LINES
        groups[-1].append(line)
        room -= cost
    return [
        canonical({"v": 1, "type": "checkpoint.cosign", "time": time, "size": size, "lines": group}) for group in groups
    ]
