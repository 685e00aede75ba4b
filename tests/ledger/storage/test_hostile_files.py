"""Files beside a ledger, and in it, that are there to do harm to whoever reads it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import DamagedError, Ledger, Signer, StoreError, audit, canonical
from ledger.query.find import SUFFIX, Query, find
from ledger.storage.store import Store

MAGIC = bytes.fromhex("d9d505f920a163d7")


def journal_that_names(victim: Path, *, pages: int) -> bytes:
    """A hot journal without pages, of a transaction over several databases, as SQLite's pager.c writes one."""
    name = os.fsencode(victim)
    header = MAGIC + (0).to_bytes(4, "big") + bytes(4) + pages.to_bytes(4, "big") + (512).to_bytes(4, "big")
    header += (4096).to_bytes(4, "big")
    trailer = (2**30 // 4096 + 1).to_bytes(4, "big") + name + len(name).to_bytes(4, "big")
    return header.ljust(512, b"\0") + trailer + sum(name).to_bytes(4, "big") + MAGIC


@pytest.mark.parametrize("how", [audit, Ledger.open_readonly, Ledger.open])
def test_a_journal_that_names_another_file(
    make_ledger: Callable[..., Path], tmp_path: Path, how: Callable[[Path], Any]
) -> None:
    path = make_ledger(3)
    victim = tmp_path / "precious.jpg"
    victim.write_bytes(b"a picture")
    copy = tmp_path / "copy.ledger"
    shutil.copy(path, copy)
    for ledger in (path, copy):
        ledger.with_name(ledger.name + "-journal").write_bytes(
            journal_that_names(victim, pages=path.stat().st_size // 4096)
        )
    with closing(sqlite3.connect(copy)) as connection:  # what SQLite alone does
        connection.execute("SELECT count(*) FROM entry").fetchall()
    assert not victim.exists()
    victim.write_bytes(b"a picture")
    with pytest.raises(StoreError, match="names another file"):
        how(path)
    assert victim.read_bytes() == b"a picture"


def test_a_stray_write_ahead_log_is_left_alone(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(3)
    path.with_name(path.name + "-wal").write_bytes(b"anything" * 100)
    before = sorted(child.name for child in path.parent.iterdir())
    assert audit(path, keys=signer.vkeys).intact
    with Ledger.open_readonly(path) as log:
        assert log.size == 3
    assert sorted(child.name for child in path.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE checkpoint SET note = note || char(0) || 'hidden' WHERE size = 3", "checkpoint of size 3: "),
        ("UPDATE entry SET body = x'' WHERE idx = 1", "entry 1: not JSON"),
        ("INSERT INTO timestamp VALUES (3, x'')", "no entry tells of its time-stamp token"),
        ("INSERT INTO cosignature VALUES (3, '')", "no entry tells of its cosignature"),
        ("INSERT INTO opening VALUES (9223372036854775807, '/a', x'', '')", "there is no such entry"),
    ],
)
def test_what_is_hidden_or_empty(
    make_ledger: Callable[..., Path], tamper: Callable[..., None], signer: Signer, statement: str, problem: str
) -> None:
    path = make_ledger(3)
    tamper(path, statement)
    problems = audit(path, keys=signer.vkeys).problems
    assert any(problem in found for found in problems), problems


def test_a_view_that_never_ends_in_place_of_a_table(
    make_ledger: Callable[..., Path], tamper: Callable[..., None]
) -> None:
    path = make_ledger(3)
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS size, 'x' AS note FROM c"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE checkpoint")
        connection.execute(f"CREATE VIEW checkpoint AS {endless}")
    with pytest.raises(DamagedError, match="table checkpoint is missing"):
        Ledger.open_readonly(path)
    assert audit(path).problems


def test_a_query_table_that_never_ends(make_ledger: Callable[..., Path]) -> None:
    path = make_ledger(3)
    table = path.with_name(path.name + SUFFIX)
    with Ledger.open_readonly(path) as log:
        expected = list(find(log, Query(types=("note",)), table=table))
        with closing(sqlite3.connect(table)) as connection, connection:
            connection.execute("DROP TABLE covers")
            endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x AS size FROM c"
            connection.execute(f"CREATE VIEW covers AS {endless}")
        troubles: list[str] = []
        assert list(find(log, Query(types=("note",)), table=table, on_trouble=troubles.append)) == expected
    assert "another file than a query table" in troubles[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="NOT TESTED with pipes: this system has none")
def test_a_pipe_in_place_of_a_ledger_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="not a regular file"):
        Store.open_readonly(tmp_path / "pipe")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="NOT TESTED with pipes: this system has none")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/etc/passwd"), Path.mkdir])
def test_what_is_no_file_in_place_of_one(
    path: Path, signer: Signer, scan_entries: Callable[..., list[dict[str, Any]]], make: Callable[[Path], Any]
) -> None:
    entries = scan_entries(1, ["examined"])
    entries[-1]["hashes"] = {"file": "1.hashes", "bytes": 10, "sha256": "00" * 32}
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        log.append([canonical(entry) for entry in entries], checkpoint=True)
    make(path.with_name("1.hashes"))
    problems = audit(path, keys=signer.vkeys, folder=path.parent).problems
    assert problems == ("scan 1: 1.hashes is not a regular file of the case",)
