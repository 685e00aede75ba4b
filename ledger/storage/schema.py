"""The tables and triggers of a ledger's file, exactly as they are stored: an audit compares them byte for byte.

The triggers stop accidents, not attacks: anybody who can write the file can drop them, but cannot change an entry
without changing the root.
"""

from __future__ import annotations

from typing import Any

from ledger.tree.damage import Sign, differ_in_one_bit

APPLICATION_ID = 0x4C444752
"""'LDGR', at byte 68 of the file."""

USER_VERSION = 2
"""Version of this schema."""

TABLES = {
    "entry": "CREATE TABLE entry (idx INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
    "tile": (
        "CREATE TABLE tile (level INTEGER NOT NULL, n INTEGER NOT NULL, width INTEGER NOT NULL, hashes BLOB NOT NULL,"
        " PRIMARY KEY (level, n),"
        " CHECK (level >= 0 AND n >= 0 AND width BETWEEN 1 AND 256 AND length(hashes) = 32 * width))"
        " STRICT, WITHOUT ROWID"
    ),
    "checkpoint": "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY CHECK (size >= 0), note TEXT NOT NULL) STRICT",
    # Attachments that came after a checkpoint was signed; each is recorded in an entry too, so the tree covers it.
    "cosignature": (
        "CREATE TABLE cosignature (size INTEGER NOT NULL, line TEXT NOT NULL, PRIMARY KEY (size, line))"
        " STRICT, WITHOUT ROWID"
    ),
    "timestamp": (
        "CREATE TABLE timestamp (size INTEGER NOT NULL, token BLOB NOT NULL, PRIMARY KEY (size, token))"
        " STRICT, WITHOUT ROWID"
    ),
    # Openings of the commitments in entries: for the ledger's owner, never part of the evidence.
    "opening": (
        "CREATE TABLE opening (idx INTEGER NOT NULL, pointer TEXT NOT NULL, salt BLOB NOT NULL, value TEXT NOT NULL,"
        " PRIMARY KEY (idx, pointer)) STRICT, WITHOUT ROWID"
    ),
}


def _refuse(event: str, table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table}: {event} is refused'); END"
    )


def _of_a_checkpoint(table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_size BEFORE INSERT ON {table}"
        " WHEN NOT EXISTS (SELECT 1 FROM checkpoint WHERE size = new.size)"
        f" BEGIN SELECT RAISE(ABORT, '{table}: no checkpoint has that size'); END"
    )


TRIGGERS = {
    "entry_no_update": _refuse("UPDATE", "entry"),
    "entry_no_delete": _refuse("DELETE", "entry"),
    # Closes gaps, NULL (which reads as -1 here) and INSERT OR REPLACE, which deletes without firing a trigger.
    "entry_next": (
        "CREATE TRIGGER entry_next BEFORE INSERT ON entry"
        " WHEN new.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry)"
        " BEGIN SELECT RAISE(ABORT, 'entry: an index is not the next'); END"
    ),
    "checkpoint_no_update": _refuse("UPDATE", "checkpoint"),
    "checkpoint_no_delete": _refuse("DELETE", "checkpoint"),
    "checkpoint_next": (
        "CREATE TRIGGER checkpoint_next BEFORE INSERT ON checkpoint"
        " WHEN new.size <= (SELECT coalesce(max(size), -1) FROM checkpoint)"
        " OR new.size > (SELECT coalesce(max(idx) + 1, 0) FROM entry)"
        " BEGIN SELECT RAISE(ABORT, 'checkpoint: a size is not larger, or beyond the entries'); END"
    ),
    "tile_no_delete": _refuse("DELETE", "tile"),
    "tile_extend": (
        "CREATE TRIGGER tile_extend BEFORE UPDATE ON tile"
        " WHEN new.level IS NOT old.level OR new.n IS NOT old.n OR new.width <= old.width"
        " OR substr(new.hashes, 1, length(old.hashes)) IS NOT old.hashes"
        " BEGIN SELECT RAISE(ABORT, 'tile: only extending is allowed'); END"
    ),
    "tile_next": (
        "CREATE TRIGGER tile_next BEFORE INSERT ON tile"
        " WHEN new.n IS NOT (SELECT coalesce(max(n) + 1, 0) FROM tile WHERE level = new.level AND width = 256)"
        " OR EXISTS (SELECT 1 FROM tile WHERE level = new.level AND n = new.n)"
        " BEGIN SELECT RAISE(ABORT, 'tile: not the next of its level'); END"
    ),
    "cosignature_no_update": _refuse("UPDATE", "cosignature"),
    "cosignature_no_delete": _refuse("DELETE", "cosignature"),
    "cosignature_size": _of_a_checkpoint("cosignature"),
    "timestamp_no_update": _refuse("UPDATE", "timestamp"),
    "timestamp_no_delete": _refuse("DELETE", "timestamp"),
    "timestamp_size": _of_a_checkpoint("timestamp"),
    "opening_no_update": _refuse("UPDATE", "opening"),
    "opening_no_delete": _refuse("DELETE", "opening"),
    "opening_once": (
        "CREATE TRIGGER opening_once BEFORE INSERT ON opening"
        " WHEN NOT EXISTS (SELECT 1 FROM entry WHERE idx = new.idx)"
        " OR EXISTS (SELECT 1 FROM opening WHERE idx = new.idx AND pointer = new.pointer)"
        " BEGIN SELECT RAISE(ABORT, 'opening: of no entry, or there already'); END"
    ),
}

STATEMENTS = (*TABLES.values(), *TRIGGERS.values())

OBJECTS = frozenset(
    [
        *(("table", name, sql) for name, sql in TABLES.items()),
        *(("trigger", name, sql) for name, sql in TRIGGERS.items()),
    ]
)
"""The expected rows of sqlite_schema, as (type, name, sql)."""


def schema_problems(stored: dict[tuple[Any, Any], Any]) -> list[tuple[str, Sign]]:
    """The differences of a stored schema, SQL by (type, name), from that of a ledger, and what each is a sign of."""
    problems: list[tuple[str, Sign]] = []
    for kind, name, sql in sorted(OBJECTS):
        if (kind, name) not in stored:
            problems.append((f"{kind} {name} is missing", "tampering"))
        elif stored[kind, name] != sql:
            flipped = differ_in_one_bit(str(stored[kind, name]), sql)
            problems.append((f"{kind} {name} was changed", "damage" if flipped else "tampering"))
    extra = stored.keys() - {(kind, name) for kind, name, _ in OBJECTS}
    for kind, name in sorted(extra, key=str):
        problems.append((f"{kind} {name} does not belong in a ledger", "tampering"))
    return problems
