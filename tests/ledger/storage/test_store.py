"""The file: its guards, waiting for its lock, and what a killed writer leaves."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import DamagedError, Ledger, NotALedgerError, Signer, StoreError, audit
from ledger.storage.schema import APPLICATION_ID, OBJECTS, TABLES, USER_VERSION
from ledger.storage.store import Store

# Fills the cache of a transaction that is never committed, so that the file is half-written, and dies.
KILLED_WRITER = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=2")
connection.execute("BEGIN IMMEDIATE")
size = connection.execute("SELECT max(idx) + 1 FROM entry").fetchone()[0]
for idx in range(size, size + 500):
    connection.execute("INSERT INTO entry VALUES (?, zeroblob(4000))", (idx,))
os._exit(9)
"""


@pytest.fixture
def raw(make_ledger: Callable[..., Path]) -> Iterator[sqlite3.Connection]:
    """A plain connection to a ledger of 300 entries."""
    with closing(sqlite3.connect(make_ledger(300), isolation_level=None)) as connection:
        connection.execute("INSERT INTO cosignature VALUES (300, 'a line')")
        connection.execute("INSERT INTO timestamp VALUES (300, x'01')")
        connection.execute("INSERT INTO opening VALUES (7, '/path', x'00', '1')")
        yield connection


def leave_hot_journal(path: Path) -> Path:
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path)], check=False)
    journal = path.with_name(path.name + "-journal")
    assert journal.stat().st_size > 0
    return journal


def digests(*paths: Path) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entry SET body = x'00' WHERE idx = 3",
        "UPDATE entry SET idx = 1000 WHERE idx = 299",
        "DELETE FROM entry WHERE idx = 299",
        "DELETE FROM entry",
        "INSERT INTO entry VALUES (301, x'00')",
        "INSERT INTO entry VALUES (299, x'00')",
        "INSERT INTO entry VALUES (-1, x'00')",
        "INSERT INTO entry VALUES (NULL, x'00')",
        "INSERT INTO entry (body) VALUES (x'00')",
        "INSERT INTO entry VALUES (300, NULL)",
        "INSERT INTO entry VALUES (300, 'text')",
        "INSERT OR REPLACE INTO entry VALUES (3, x'00')",
        "INSERT OR IGNORE INTO entry VALUES (301, x'00')",
        "REPLACE INTO entry VALUES (299, x'00')",
        "INSERT INTO entry VALUES (3, x'00') ON CONFLICT (idx) DO UPDATE SET body = excluded.body",
        "UPDATE OR REPLACE entry SET idx = 4 WHERE idx = 3",
        "UPDATE checkpoint SET note = '' WHERE size = 300",
        "DELETE FROM checkpoint WHERE size = 300",
        "INSERT INTO checkpoint VALUES (300, '')",
        "INSERT INTO checkpoint VALUES (299, '')",
        "INSERT INTO checkpoint VALUES (301, '')",
        "INSERT INTO checkpoint VALUES (NULL, '')",
        "INSERT OR REPLACE INTO checkpoint VALUES (300, '')",
        "UPDATE tile SET hashes = zeroblob(32 * 44) WHERE level = 0 AND n = 1",
        "UPDATE tile SET hashes = zeroblob(32 * 45), width = 45 WHERE level = 0 AND n = 1",
        "UPDATE tile SET hashes = substr(hashes, 1, 32), width = 1 WHERE level = 0 AND n = 1",
        "UPDATE tile SET hashes = CAST(hashes || zeroblob(32) AS BLOB) WHERE level = 0 AND n = 1",
        "UPDATE tile SET hashes = CAST(hashes || zeroblob(32) AS BLOB), width = 257 WHERE level = 0 AND n = 0",
        "UPDATE tile SET n = 7, hashes = CAST(hashes || zeroblob(32) AS BLOB), width = 45 WHERE level = 0 AND n = 1",
        "DELETE FROM tile",
        "INSERT INTO tile VALUES (0, 1, 1, zeroblob(32))",
        "INSERT INTO tile VALUES (0, 2, 1, zeroblob(32))",
        "INSERT OR REPLACE INTO tile VALUES (0, 0, 1, zeroblob(32))",
        "INSERT OR REPLACE INTO tile VALUES (0, 1, 1, zeroblob(32))",
        "INSERT INTO tile VALUES (-1, 0, 1, zeroblob(32))",
        "INSERT INTO tile VALUES (2, 0, 2, zeroblob(32))",
        "INSERT INTO cosignature VALUES (299, '')",
        "INSERT INTO cosignature VALUES (NULL, '')",
        "UPDATE cosignature SET line = ''",
        "DELETE FROM cosignature",
        "INSERT INTO timestamp VALUES (299, x'00')",
        "UPDATE timestamp SET token = x'00'",
        "DELETE FROM timestamp",
        "INSERT INTO opening VALUES (300, '/path', x'00', '1')",
        "INSERT OR REPLACE INTO opening VALUES (7, '/path', x'01', '2')",
        "UPDATE opening SET value = '2'",
        "DELETE FROM opening",
    ],
)
@pytest.mark.parametrize("recursive", ["OFF", "ON"])
def test_guards_refuse(raw: sqlite3.Connection, sql: str, recursive: str) -> None:
    raw.execute(f"PRAGMA recursive_triggers={recursive}")
    before = list(raw.iterdump())
    with pytest.raises(sqlite3.Error):
        raw.execute(sql)
    assert list(raw.iterdump()) == before


def test_guards_allow_what_an_append_does(raw: sqlite3.Connection) -> None:
    raw.execute("INSERT INTO entry VALUES (300, x'00')")
    raw.execute("UPDATE tile SET hashes = CAST(hashes || zeroblob(32) AS BLOB), width = 45 WHERE level = 0 AND n = 1")
    raw.execute("INSERT INTO checkpoint VALUES (301, '')")
    raw.execute("INSERT INTO timestamp VALUES (301, x'00')")
    raw.execute("INSERT INTO cosignature VALUES (301, 'another line')")
    raw.execute("INSERT INTO opening VALUES (300, '/path', x'00', '1')")


def test_the_file_is_as_described(raw: sqlite3.Connection) -> None:
    def pragma(name: str) -> object:
        return raw.execute(f"PRAGMA {name}").fetchone()[0]

    assert (pragma("application_id"), pragma("user_version")) == (APPLICATION_ID, USER_VERSION)
    assert (pragma("journal_mode"), pragma("integrity_check")) == ("delete", "ok")
    assert set(raw.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()) == OBJECTS
    strict = raw.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'")
    assert set(strict.fetchall()) == {(name, 1) for name in TABLES}


def test_settings_of_a_writer(make_ledger: Callable[..., Path]) -> None:
    with closing(Store.open(make_ledger(3))) as store:
        for name, value in (("trusted_schema", 0), ("synchronous", 3), ("journal_mode", "delete")):
            assert store._database.execute(f"PRAGMA {name}").fetchone()[0] == value


def test_the_next_index_is_looked_up_not_counted(raw: sqlite3.Connection) -> None:
    for sql in (
        "SELECT coalesce(max(idx) + 1, 0) FROM entry",
        "SELECT max(n) FROM tile WHERE level = 0 AND width = 256",
    ):
        program = [row[1] for row in raw.execute(f"EXPLAIN {sql}")]
        assert "Last" in program or "SeekLE" in program or "SeekLT" in program


# What is not a ledger


def test_files_that_are_no_ledger(path: Path, tmp_path: Path, signer: Signer) -> None:
    with pytest.raises(StoreError, match=r"case\.ledger: No such file"):
        Ledger.open(path)
    with pytest.raises(StoreError):
        Ledger.open(tmp_path)
    with pytest.raises(StoreError):
        Ledger.create(tmp_path / "no" / "such.ledger", origin=signer.name, signer=signer)
    for content in (b"", b"text, not a database" * 500):
        path.write_bytes(content)
        for use in (Ledger.open, Ledger.open_readonly, audit):
            with pytest.raises(NotALedgerError, match=r"case\.ledger"):
                use(path)
        assert path.read_bytes() == content
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE entry (idx)")
    for use in (Ledger.open, Ledger.open_readonly, audit):
        with pytest.raises(NotALedgerError, match="not a ledger"):
            use(path)


def test_a_ledger_of_another_version(make_ledger: Callable[..., Path], raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA user_version=3")
    with pytest.raises(NotALedgerError, match="version 3"):
        Ledger.open(Path(raw.execute("PRAGMA database_list").fetchone()[2]))


def test_create_never_overwrites(path: Path, signer: Signer) -> None:
    path.write_bytes(b"precious")
    with pytest.raises(StoreError, match="exists"):
        Ledger.create(path, origin=signer.name, signer=signer)
    assert path.read_bytes() == b"precious"


def test_a_writer_refuses_a_file_without_its_guards(make_ledger: Callable[..., Path]) -> None:
    path = make_ledger(3)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER entry_no_update")
    with pytest.raises(DamagedError, match="trigger entry_no_update is missing"):
        Ledger.open(path)
    Ledger.open_readonly(path).close()


def test_a_closed_ledger_says_so(make_ledger: Callable[..., Path]) -> None:
    log = Ledger.open(make_ledger(3))
    log.close()
    with pytest.raises(StoreError, match="closed"):
        log.root()


# Waiting


def test_a_writer_waits_and_says_so(make_ledger: Callable[..., Path], make_entry: Callable[..., bytes]) -> None:
    path = make_ledger(3)
    waited = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:

        def on_wait(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 2:
                other.execute("ROLLBACK")

        with Ledger.open(path, on_wait=on_wait) as log:
            other.execute("BEGIN IMMEDIATE")
            assert log.append([make_entry(3)]) == 3
    assert len(waited) == 2
    assert waited[0] < waited[1]


def test_a_writer_waits_for_a_reader_that_pauses(
    make_ledger: Callable[..., Path], make_entry: Callable[..., bytes]
) -> None:
    path = make_ledger(3)
    waited = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        cursor = other.execute("SELECT * FROM entry")
        cursor.fetchone()

        def on_wait(seconds: float) -> None:
            waited.append(seconds)
            cursor.close()

        with Ledger.open(path, on_wait=on_wait) as log:
            assert log.append([make_entry(3)]) == 3
            assert log.size == 4
    assert waited


def test_a_reader_does_not_hold_the_lock(make_ledger: Callable[..., Path], make_entry: Callable[..., bytes]) -> None:
    path = make_ledger(2500)
    with Ledger.open_readonly(path) as reader, Ledger.open(path, on_wait=lambda _: pytest.fail("waited")) as log:
        seen = 0
        for index, _ in reader.entries():
            assert index == seen
            seen += 1
            if index % 500 == 0:
                log.append([make_entry(index)])
        assert seen == 2500
        assert reader.size == 2505


# After a kill


@pytest.mark.process
def test_a_hot_journal_is_not_touched_by_readers(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(300)
    journal = leave_hot_journal(path)
    before = digests(path, journal)
    report = audit(path, keys=[signer.vkey])
    assert (report.problems, report.size) == ((), 300)
    with Ledger.open_readonly(path) as log:
        assert len(list(log.entries())) == 300
    assert digests(path, journal) == before
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, journal.name]


@pytest.mark.process
def test_a_writer_recovers(make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer) -> None:
    path = make_ledger(300)
    journal = leave_hot_journal(path)
    with Ledger.open(path, signer=signer) as log:
        assert log.append([make_entry(300)], checkpoint=True) == 300
    assert not journal.exists()
    assert audit(path, keys=[signer.vkey]).problems == ()


@pytest.mark.process
def test_a_reader_goes_on_when_a_writer_is_killed(make_ledger: Callable[..., Path]) -> None:
    path = make_ledger(300)
    with Ledger.open_readonly(path) as log:
        assert log.size == 300
        leave_hot_journal(path)
        assert len(list(log.entries())) == 300


def test_a_file_that_was_switched_to_wal_is_read_from_a_copy(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(3)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    before = digests(path)
    report = audit(path, keys=[signer.vkey])
    assert report.problems == ("the file was switched to another journal mode",)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert digests(path) == before
    with Ledger.open(path):
        assert audit(path, keys=[signer.vkey]).problems == ()


def test_names_that_sqlite_could_misread(tmp_path: Path, signer: Signer) -> None:
    folder = tmp_path / "case 17?mode=memory#é%41"
    folder.mkdir()
    path = folder / "a&b;c.ledger"
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        assert log.size == 0
    assert [file.name for file in folder.iterdir()] == [path.name]
