"""The checks of ledger_faults.py on a ledger whose writer was disturbed, and a journal like a killed writer's.

1. A read-only audit says intact, and changes nothing in the folder, a hot journal included.
2. The entries are whole groups, none twice; every acknowledged group is present, at its index, with its bytes.
3. A new writer opens the ledger and appends; it audits intact again, with every acknowledged entry.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.ledger.fault_writer import group_entries, make_signer
from ledger import Ledger, LedgerError, NotALedgerError, StoreError, audit, parse

AFTER = 9
"""The number of the writer that opens the ledger after all others have ended."""

Group = tuple[int, int]
"""(writer, group)"""

_KILLED_WRITER = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=2")
connection.execute("BEGIN IMMEDIATE")
size = connection.execute("SELECT coalesce(max(idx) + 1, 0) FROM entry").fetchone()[0]
for idx in range(size, size + 100):
    connection.execute("INSERT INTO entry VALUES (?, zeroblob(4000))", (idx,))
os._exit(9)
"""


class Lost(Exception):
    """An acknowledged entry is missing, or the ledger has changed."""


def leave_hot_journal(path: Path) -> None:
    """Leave half of a transaction in the file, and beside it the journal that undoes it."""
    subprocess.run([sys.executable, "-c", _KILLED_WRITER, str(path)], check=False)
    assert path.with_name(path.name + "-journal").stat().st_size > 0


def check(path: Path, acknowledged: dict[Group, int], paddings: dict[Group, int], *, created: bool) -> int:
    """Make checks 1 to 3. Returns the number of acknowledged entries. Raises Lost.

    `acknowledged` has the index of each group's first entry. Where the ledger itself was to be `created`, it may be
    missing if nothing was acknowledged.
    """
    try:
        before = folder_state(path.parent)
        # 1
        try:
            check_audit(path)
        except StoreError:
            if created and not acknowledged and not is_ledger(path):
                return 0
            raise
        if folder_state(path.parent) != before:
            raise Lost("the audit changed the folder")
        # 2
        count = check_entries(path, acknowledged, paddings)
        # 3
        entries = group_entries(AFTER, 0, 3, padding=0)
        with Ledger.open(path, signer=make_signer()) as log:
            first = log.append(entries, checkpoint=True)
        check_audit(path)
        check_entries(path, {**acknowledged, (AFTER, 0): first}, {**paddings, (AFTER, 0): 0})
    except LedgerError as error:
        raise Lost(f"{type(error).__name__}: {error}") from error
    return count


def is_ledger(path: Path) -> bool:
    """Whether the creation of the ledger was committed; False where the file is missing or rolls back to nothing."""
    try:
        Ledger.open_readonly(path).close()
    except NotALedgerError:
        return False
    except StoreError:
        return path.exists()
    return True


def check_audit(path: Path) -> None:
    report = audit(path, keys=[make_signer().vkey])
    if not report.intact or report.signed_size != report.size:
        raise Lost(f"not intact: {report.problems[:3]}, {report.signed_size} of {report.size} signed")


def check_entries(path: Path, acknowledged: dict[Group, int], paddings: dict[Group, int]) -> int:
    """Check that the entries are whole groups. Returns the number of acknowledged entries. Raises Lost."""
    with Ledger.open_readonly(path) as log:
        bodies = [body for _index, body in log.entries()]
    first_index: dict[Group, int] = {}
    counted = index = 0
    while index < len(bodies):
        entry = parse(bodies[index])
        group, count = (entry["writer"], entry["group"]), entry["count"]
        if bodies[index : index + count] != group_entries(*group, count, padding=paddings[group]):
            raise Lost(f"entry {index} does not begin a whole group: {group}")
        if group in first_index:
            raise Lost(f"group {group} is there twice")
        first_index[group] = index
        counted += count if group in acknowledged else 0
        index += count
    for group, first in acknowledged.items():
        if first_index.get(group) != first:
            raise Lost(f"group {group} was acknowledged at {first}, and is at {first_index.get(group)}")
    return counted


def folder_state(folder: Path) -> dict[str, tuple[str, int]]:
    """The digest and the modification time of every file, by name."""
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in sorted(folder.iterdir())
    }


def read_lines(output: str, writer: int) -> tuple[dict[Group, int], list[dict[str, object]]]:
    """A writer's output, parsed: its acknowledged groups, and its errors."""
    lines = [json.loads(line) for line in output.splitlines()]
    acknowledged = {(writer, line["group"]): line["first"] for line in lines if "group" in line}
    return acknowledged, [line for line in lines if "error" in line]
