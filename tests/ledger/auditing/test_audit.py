"""Audits: whatever is changed in a ledger's file is found, and the first wrong entry is named."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import (
    Checkpoint,
    DamagedError,
    Ledger,
    NoteError,
    Signer,
    StoreError,
    audit,
    canonical,
    format_checkpoint,
    leaf_hash,
    root,
    sign_note,
)
from ledger.auditing.ledger_file import MAX_PROBLEMS
from ledger.entries.shapes import Shapes
from ledger.storage.schema import TABLES
from ledger.tree.tiles import RightEdge


def test_intact(make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer) -> None:
    path = make_ledger(1500, checkpoints=[1, 256, 257, 1000])
    report = audit(path, keys=[signer.vkey])
    assert (report.problems, report.notes, report.scans) == ((), (), ())
    assert report.intact
    assert (report.origin, report.size, report.checkpoints, report.signed_size) == (signer.name, 1500, 6, 1500)
    assert (report.signers, report.trust) == ((signer.name,), "verified")
    assert report.root == root(leaf_hash(make_entry(number)) for number in range(1500))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 513])
def test_intact_at_the_edges_of_tiles(make_ledger: Callable[..., Path], signer: Signer, size: int) -> None:
    assert audit(make_ledger(size), keys=[signer.vkey]).problems == ()


def test_unsigned_entries_are_told(
    make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer
) -> None:
    path = make_ledger(10)
    with Ledger.open(path) as log:
        log.append([make_entry(10)])
        assert audit(path, keys=[signer.vkey]).notes == ("1 entry after the last checkpoint is not signed",)
        log.append([make_entry(11), make_entry(12)])
    report = audit(path, keys=[signer.vkey])
    assert report.notes == ("3 entries after the last checkpoint are not signed",)
    assert (report.intact, report.size, report.signed_size) == (True, 13, 10)


# Trust


def test_keys_that_lie_beside_the_ledger_vouch_for_nothing(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(10)
    report = audit(path, own_keys=[signer.vkey])
    assert (report.intact, report.trust) == (True, "self-asserted")
    other = Signer.generate(signer.name)
    report = audit(path, keys=[other.vkey], own_keys=[signer.vkey])
    assert report.problems == ("no checkpoint is signed by a known key",)
    assert (report.trust, report.signed_size) == ("self-asserted", None)
    assert audit(path).problems == ("no key to check signatures with",)
    assert audit(path, keys=[other.vkey, signer.vkey]).trust == "verified"


def test_a_malformed_key_is_an_error(make_ledger: Callable[..., Path]) -> None:
    with pytest.raises(NoteError):
        audit(make_ledger(1), keys=["nonsense"])


def test_a_rotated_key(make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer) -> None:
    path = make_ledger(10)
    new = Signer.generate(signer.name)
    with Ledger.open(path, signer=new) as log:
        log.append([make_entry(10)], checkpoint=True)
    assert audit(path, keys=[new.vkey]).signed_size == 11
    assert audit(path, keys=[signer.vkey, new.vkey]).notes == ()
    report = audit(path, keys=[signer.vkey])
    assert (report.intact, report.signed_size) == (True, 10)
    assert report.notes == (
        "no known key has signed 1 of the 3 checkpoints",
        "1 entry after the last checkpoint is not signed",
    )


def test_expected_root(make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer) -> None:
    path = make_ledger(300)
    roots = {size: root(leaf_hash(make_entry(number)) for number in range(size)) for size in (0, 7, 300)}
    for expect in roots.items():
        assert audit(path, keys=[signer.vkey], expect=expect).intact
    problem = audit(path, keys=[signer.vkey], expect=(7, roots[300])).problems
    assert problem == (f"the first 7 entries do not have the expected root {roots[300].hex()}",)
    problem = audit(path, keys=[signer.vkey], expect=(301, roots[300])).problems
    assert problem == ("there are 300 entries, fewer than the expected 301",)


# Tampering, with the guards dropped and put back


def body(number: int) -> bytes:
    return canonical({"v": 1, "type": "note", "number": number})


SIZE = 600
TAMPERING: dict[str, tuple[list[Any], str]] = {
    "edit": (
        [("UPDATE entry SET body = ? WHERE idx = 258", (body(7),))],
        "entry 258 is not the entry that the tree was made of",
    ),
    "edit in the partial tile": (
        [("UPDATE entry SET body = ? WHERE idx = 599", (body(7),))],
        "entry 599 is not the entry that the tree was made of",
    ),
    "edit to what is no entry": ([("UPDATE entry SET body = ? WHERE idx = 5", (b"{}",))], 'entry 5: "v" is not 1'),
    "edit to something huge": ([("UPDATE entry SET body = zeroblob(99999999) WHERE idx = 5")], "entry 5: 65536 bytes"),
    "swap": (
        [
            "UPDATE entry SET idx = 9999 WHERE idx = 300",
            "UPDATE entry SET idx = 300 WHERE idx = 301",
            "UPDATE entry SET idx = 301 WHERE idx = 9999",
        ],
        "entry 300 was swapped with entry 301",
    ),
    "delete": (["DELETE FROM entry WHERE idx = 20"], "entry 20 is missing"),
    "delete the first": (["DELETE FROM entry WHERE idx = 0"], "entry 0 is missing"),
    "delete the last": (["DELETE FROM entry WHERE idx = 599"], "checkpoint of size 600 is beyond the 599 entries"),
    "delete and close up": (
        ["DELETE FROM entry WHERE idx = 20", "UPDATE entry SET idx = idx - 1 WHERE idx > 20"],
        "entry 20 was deleted",
    ),
    "delete the last and its checkpoint": (
        ["DELETE FROM entry WHERE idx = 599", "DELETE FROM checkpoint WHERE size = 600"],
        "the tiles are not those of 599 entries",
    ),
    "insert at the end": ([("INSERT INTO entry VALUES (600, ?)", (body(600),))], "tile 2 of level 0 has no hash 88"),
    "insert before": ([("INSERT INTO entry VALUES (-3, ?)", (body(600),))], "entry -3 has no place"),
    "insert far behind": (
        [("INSERT INTO entry VALUES (9223372036854775807, ?)", (body(600),))],
        "entry 600 is missing",
    ),
    "change a leaf hash": (
        ["UPDATE tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE level = 0 AND n = 1"],
        "tile 1 of level 0: hash 0 is not that of entry 256, which the rest of the tree has",
    ),
    "change a node": (
        ["UPDATE tile SET hashes = zeroblob(64) WHERE level = 1"],
        "tile 0 of level 1: hash 0 does not follow from the entries",
    ),
    "delete a tile": (["DELETE FROM tile WHERE level = 0 AND n = 1"], "tile 1 of level 0 has no hash 0"),
    "add a tile": (["INSERT INTO tile VALUES (2, 0, 1, zeroblob(32))"], "the tiles are not those of 600 entries"),
    "add a tile below": (
        ["PRAGMA ignore_check_constraints=ON", "INSERT INTO tile VALUES (-5, 0, 1, zeroblob(32))"],
        "the tiles are not those of 600 entries",
    ),
    "widen a tile": (
        ["UPDATE tile SET width = 89, hashes = CAST(hashes || zeroblob(32) AS BLOB) WHERE level = 0 AND n = 2"],
        "the tiles are not those of 600 entries",
    ),
    "lie about a width": (
        ["PRAGMA ignore_check_constraints=ON", "UPDATE tile SET width = 89 WHERE level = 0 AND n = 2"],
        "tile 2 of level 0 is not as wide as it says",
    ),
    "drop all checkpoints": (["DELETE FROM checkpoint"], "no checkpoint is signed by a known key"),
    "drop the first checkpoint": (["DELETE FROM checkpoint WHERE size = 0"], "the checkpoint of size 0"),
    "move a checkpoint": (
        ["UPDATE checkpoint SET size = 301 WHERE size = 300"],
        "checkpoint of size 301 says size 300",
    ),
    "move a checkpoint beyond": (
        ["UPDATE checkpoint SET size = 9223372036854775807 WHERE size = 600"],
        "is beyond the 600 entries",
    ),
    "move a checkpoint before": (
        ["PRAGMA ignore_check_constraints=ON", "UPDATE checkpoint SET size = -1 WHERE size = 300"],
        "checkpoint of size -1: no tree has that size",
    ),
    "edit a checkpoint": (
        ["UPDATE checkpoint SET note = replace(note, char(10) || '300' || char(10), char(10) || '0300' || char(10))"],
        "checkpoint of size 300: a checkpoint is not written exactly",
    ),
    "not a note": (["UPDATE checkpoint SET note = 'nonsense' WHERE size = 300"], "checkpoint of size 300: a note does"),
    "rename the origin": (
        ["UPDATE checkpoint SET note = replace(note, 'case-17' || char(10), 'case-18' || char(10)) WHERE size = 600"],
        "checkpoint of size 600: its origin is 'lab.example/case-18', not 'lab.example/case-17'",
    ),
    "rename the origin everywhere": (
        ["UPDATE checkpoint SET note = replace(note, 'case-17' || char(10), 'case-18' || char(10))"],
        "checkpoint of size 0: the signature by lab.example/case-17 is not valid",
    ),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found(
    make_ledger: Callable[..., Path], tamper: Callable[..., None], signer: Signer, name: str
) -> None:
    statements, expected = TAMPERING[name]
    path = make_ledger(SIZE, checkpoints=[300])
    tamper(path, *statements)
    report = audit(path, keys=[signer.vkey])
    assert any(expected in problem for problem in report.problems), report.problems
    assert not report.intact


def rewrite_tiles(path: Path, tamper: Callable[..., None]) -> None:
    """What a careful forger does: the tiles follow from the entries again."""
    with closing(sqlite3.connect(path)) as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM entry ORDER BY idx")]
    edge = RightEdge()
    edge.extend([leaf_hash(value) for value in bodies])
    tiles = [(tile.level, tile.n, tile.width, tile.hashes) for tile in edge.take()]
    tamper(path, "DELETE FROM tile", *(("INSERT INTO tile VALUES (?, ?, ?, ?)", tile) for tile in tiles))


def test_a_forger_who_rewrites_the_tiles_meets_the_checkpoints(
    make_ledger: Callable[..., Path], tamper: Callable[..., None], signer: Signer
) -> None:
    path = make_ledger(SIZE, checkpoints=[100, 300, 400])
    tamper(path, ("UPDATE entry SET body = ? WHERE idx = 258", (body(7),)))
    rewrite_tiles(path, tamper)
    report = audit(path, keys=[signer.vkey])
    assert report.problems == (
        "checkpoint of size 300 does not have the root of the entries; the one of size 100 still has",
    )
    assert (report.signed_size, report.notes) == (100, ("500 entries after the last checkpoint are not signed",))


def test_a_forger_with_another_key_meets_the_verifiers_keys(
    make_ledger: Callable[..., Path], tamper: Callable[..., None], signer: Signer
) -> None:
    path = make_ledger(SIZE)
    tamper(path, ("UPDATE entry SET body = ? WHERE idx = 258", (body(7),)))
    rewrite_tiles(path, tamper)
    forged_root = audit(path).root
    forger = Signer.generate(signer.name)
    note = sign_note(format_checkpoint(Checkpoint(signer.name, SIZE, forged_root)), forger)
    tamper(path, ("UPDATE checkpoint SET note = ? WHERE size = 600", (note,)))
    assert audit(path, own_keys=[forger.vkey]).intact
    report = audit(path, keys=[signer.vkey])
    assert report.signed_size == 0
    assert "600 entries after the last checkpoint are not signed" in report.notes


def test_an_older_copy_meets_the_notebook(make_ledger: Callable[..., Path], signer: Signer, tmp_path: Path) -> None:
    path = make_ledger(10)
    copy = tmp_path / "older.ledger"
    copy.write_bytes(path.read_bytes())
    with Ledger.open(path, signer=signer) as log:
        log.append([body(10)], checkpoint=True)
        noted = (log.size, log.root())
    assert audit(path, keys=[signer.vkey], expect=noted).intact
    assert audit(copy, keys=[signer.vkey]).intact
    assert not audit(copy, keys=[signer.vkey], expect=noted).intact


def test_a_forger_who_drops_guards_is_found(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(10)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER entry_next")
        connection.execute("DROP TRIGGER tile_extend")
        connection.execute("CREATE TRIGGER tile_extend BEFORE UPDATE ON tile BEGIN SELECT 1; END")
        connection.execute("CREATE INDEX extra ON entry (body)")
        connection.execute("CREATE VIEW look AS SELECT * FROM entry")
    assert audit(path, keys=[signer.vkey]).problems == (
        "trigger entry_next is missing",
        "trigger tile_extend was changed",
        "index extra does not belong in a ledger",
        "view look does not belong in a ledger",
    )


def test_what_stands_in_for_a_table_is_not_read(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(10)
    endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i AS idx, x'00' AS body FROM n"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE entry")
        connection.execute(f"CREATE VIEW entry AS {endless}")
    report = audit(path, keys=[signer.vkey])
    assert "table entry is missing" in report.problems
    assert report.size == 0


def test_a_flipped_byte_in_an_entry(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(300)
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"number":123,', b'"number":124,'))
    report = audit(path, keys=[signer.vkey])
    assert report.problems[0] == "entry 123 is not the entry that the tree was made of"


def evidence(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}


@pytest.mark.slow
def test_no_flipped_bit_goes_unnoticed(make_ledger: Callable[..., Path], signer: Signer) -> None:
    """A sample of them; benchmarks/ledger/flip_every_bit.py flips every one."""
    path = make_ledger(40)
    data = path.read_bytes()
    rows = evidence(path)
    refused = 0
    for place in range(0, len(data), 97):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            intact = audit(path, keys=[signer.vkey]).intact
        except StoreError:
            intact = False
        if intact:
            assert evidence(path) == rows
        refused += not intact
    assert refused > 50


def test_a_truncated_file(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(5000)
    path.write_bytes(path.read_bytes()[: 4096 * 30])
    with pytest.raises(DamagedError, match=r"case\.ledger"):
        audit(path, keys=[signer.vkey])


def test_problems_are_bounded(make_ledger: Callable[..., Path], tamper: Callable[..., None], signer: Signer) -> None:
    path = make_ledger(SIZE)
    tamper(path, "UPDATE entry SET body = x'00'")
    report = audit(path, keys=[signer.vkey])
    assert len(report.problems) == MAX_PROBLEMS + 1
    assert report.problems[0].startswith("entry 0: not JSON")
    assert report.problems[-1].endswith("more problems")


def test_a_file_that_grows_meanwhile(
    make_ledger: Callable[..., Path], signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_ledger(400)
    monkeypatch.setattr("ledger.storage.store.READ_ROWS", 100)
    with Ledger.open(path, signer=signer) as log:
        calls = 0

        def slow_read(self: Shapes, entry: bytes) -> dict[str, Any]:
            nonlocal calls
            calls += 1
            if calls % 90 == 0:
                log.append([body(calls)] * 70, checkpoint=True)
            return {"type": "note"}

        monkeypatch.setattr(
            sys.modules["ledger.auditing.ledger_file"], "Shapes", type("Slow", (Shapes,), {"read": slow_read})
        )
        report = audit(path, keys=[signer.vkey])
        assert log.size == 400 + 4 * 70
    assert (report.problems, report.size, report.signed_size) == ((), 400, 400)


def test_scans_are_checked(
    path: Path, origin: str, signer: Signer, scan_entries: Callable[..., list[dict[str, Any]]]
) -> None:
    scan = scan_entries(1, ["examined", "known", "examined"])
    with Ledger.create(path, origin=origin, signer=signer) as log:
        log.append([canonical(entry) for entry in scan[:-1]], checkpoint=True)
        assert audit(path, keys=[signer.vkey]).problems == ("scan 1 was never closed: incomplete",)
        log.append([canonical(scan[-1])], checkpoint=True)
    report = audit(path, keys=[signer.vkey])
    assert report.problems == ()
    assert [(check.scan, check.items, check.complete) for check in report.scans] == [(1, 3, True)]
