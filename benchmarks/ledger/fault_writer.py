"""The writer that ledger_faults.py disturbs: it appends groups to a ledger and reports each acknowledged one.

    python -m benchmarks.ledger.fault_writer '{"path": ..., "create": false, "writer": 0, "groups": [[3, 0], [9, 99]]}'

A group is [number of entries, bytes of padding in each]. After every `append` that returned, it prints one JSON line at
once: {"group": G, "first": I}. After an error it prints {"error": text, "names": whether it names the file, "written":
whether the group was written all the same}; then the same Ledger tries again. Where that does not help, the file is
opened again, reported as {"reopened": true}. Any exception but a LedgerError ends it with a traceback.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ledger import Ledger, LedgerError, Signer, canonical

ORIGIN = "lab.example/faults"
TRIES = 5


def make_signer() -> Signer:
    return Signer.from_private_bytes(bytes(range(32)), name=ORIGIN)


def group_entries(writer: int, group: int, count: int, *, padding: int) -> list[bytes]:
    """The entries of one group, no two alike."""
    fields = {"v": 1, "type": "note", "writer": writer, "group": group, "count": count, "padding": "x" * padding}
    return [canonical({**fields, "place": place}) for place in range(count)]


def say(**line: Any) -> None:
    """Print one line without buffering, since a killed process cannot flush a buffer."""
    os.write(1, json.dumps(line).encode() + b"\n")


def report(error: LedgerError, path: Path, *, written: bool) -> None:
    say(error=str(error), names=path.name in str(error), written=written)


def begin(path: Path, *, create: bool) -> Ledger:
    """Open the ledger; after an error, try again."""
    for _ in range(TRIES):
        try:
            if create and not path.exists():
                return Ledger.create(path, origin=ORIGIN, signer=make_signer())
            return Ledger.open(path, signer=make_signer())
        except LedgerError as error:
            report(error, path, written=False)
    raise SystemExit("the ledger cannot be opened after an error")


def place_of(log: Ledger, entries: list[bytes], start: int) -> int | None:
    """The index of the first of `entries` from `start` on; None where the ledger does not have them."""
    return next((index for index, body in log.entries(start) if body == entries[0]), None)


def append(log: Ledger, path: Path, entries: list[bytes], start: int) -> int | None:
    """Append entries. Returns the index of the first; None where every try fails.

    An error is reported, and the same Ledger tries again unless the entries were written.
    """
    for _ in range(TRIES):
        try:
            return log.append(entries, checkpoint=True)
        except LedgerError as error:
            first = place_of(log, entries, start)
            report(error, path, written=first is not None)
            if first is not None:
                return first
    return None


def main() -> None:
    arguments = json.loads(sys.argv[1])
    path = Path(arguments["path"])
    log = begin(path, create=arguments["create"])
    start = log.size
    for group, (count, padding) in enumerate(arguments["groups"]):
        entries = group_entries(arguments["writer"], group, count, padding=padding)
        first = append(log, path, entries, start)
        if first is None:
            log.close()
            log = begin(path, create=False)
            say(reopened=True)
            first = append(log, path, entries, start)
        if first is None:
            raise SystemExit("the ledger cannot go on after an error")
        say(group=group, first=first)
        start = first + count
    log.close()


if __name__ == "__main__":
    main()
