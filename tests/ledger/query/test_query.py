"""Finding entries: by the table and by reading all it is the same, whatever is done to the table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import Ledger, Signer, canonical
from ledger.clock import iso
from ledger.query.find import SUFFIX, Query, find

DAY = 86_400_000
PATHS = ("DCIM/a.jpg", "DCIM/b.jpg", "DCIM%/_", "Bücher/ü.png", "")


def entry(number: int, seed: int) -> bytes:
    kind = ("note", "item", "decision", "item")[seed % 4]
    fields: dict[str, Any] = {"number": number}
    if kind == "item":
        fields |= {"scan": seed % 3, "seq": number, "finding": {"status": "examined", "path": PATHS[seed % len(PATHS)]}}
        fields |= {"finding": {"status": "known", "path": {"commitment": "00" * 32}}} if seed % 7 == 0 else {}
    else:
        fields |= {"time": iso(DAY * (seed % 5))}
    return canonical({"v": 1, "type": kind, **fields})


@pytest.fixture
def log(path: Path, signer: Signer) -> Any:
    with Ledger.create(path, origin=signer.name, signer=signer) as opened:
        opened.append([entry(number, number * 7 % 23) for number in range(120)], checkpoint=True)
        yield opened


@pytest.fixture
def table(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def scanned(log: Ledger, query: Query) -> list[tuple[int, bytes]]:
    return list(find(log, query, table=None))


QUERIES = st.builds(
    Query,
    types=st.sampled_from([(), ("item",), ("note", "decision"), ("none",)]),
    since=st.none() | st.integers(0, 5 * DAY),
    until=st.none() | st.integers(0, 5 * DAY),
    scan=st.none() | st.integers(0, 3),
    status=st.sampled_from([None, "examined", "known", "x"]),
    path=st.sampled_from([None, "", "D", "DCIM/", "DCIM%", "B\u00fc", "x"]),
    start=st.integers(0, 130),
    stop=st.none() | st.integers(0, 130),
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=QUERIES)
def test_the_table_gives_what_reading_gives(log: Ledger, table: Path, query: Query) -> None:
    troubles: list[str] = []
    assert list(find(log, query, table=table, on_trouble=troubles.append)) == scanned(log, query)
    assert troubles == []


def test_what_is_asked_is_what_comes(log: Ledger) -> None:
    items = scanned(log, Query(types=("item",), path="DCIM/"))
    assert items
    assert all(b'"path":"DCIM/' in body for _, body in items)
    dated = scanned(log, Query(since=DAY, until=2 * DAY))
    assert {body.split(b'"time":"')[1][:10] for _, body in dated} == {b"1970-01-02", b"1970-01-03"}
    assert scanned(log, Query(start=5, stop=7)) == list(log.entries(5, 7))


QUERY = Query(types=("decision",))


def test_the_table_grows_with_the_ledger(log: Ledger, table: Path) -> None:
    before = list(find(log, QUERY, table=table))
    log.append([entry(500, 2)])
    after = list(find(log, QUERY, table=table))
    assert after == [*before, (120, entry(500, 2))] == scanned(log, QUERY)


def test_a_table_of_another_ledger_is_made_anew(log: Ledger, table: Path, tmp_path: Path, signer: Signer) -> None:
    other = tmp_path / "other.ledger"
    with Ledger.create(other, origin=signer.name, signer=signer) as opened:
        opened.append([entry(number, 2) for number in range(50)], checkpoint=True)
        list(find(opened, QUERY, table=table))
        assert list(find(log, QUERY, table=table)) == scanned(log, QUERY)
        assert list(find(opened, QUERY, table=table)) == scanned(opened, QUERY)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET type = 'decision'",
        "UPDATE entry SET idx = idx + 1000 WHERE idx > 60 AND type != 'decision'",
        "UPDATE covers SET root = x'00'",
        "UPDATE covers SET size = 5000",
        "UPDATE covers SET origin = 'x'",
        "INSERT INTO covers SELECT * FROM covers",
    ],
)
def test_what_the_table_says_is_not_believed(log: Ledger, table: Path, statement: str) -> None:
    list(find(log, QUERY, table=table))
    with closing(sqlite3.connect(table)) as connection, connection:
        connection.execute(statement)
    assert list(find(log, QUERY, table=table)) == scanned(log, QUERY)


def test_a_damaged_table_is_made_anew(log: Ledger, table: Path) -> None:
    list(find(log, QUERY, table=table))
    data = bytearray(table.read_bytes())
    data[4096:] = b"\x55" * (len(data) - 4096)
    table.write_bytes(data)
    troubles: list[str] = []
    for _ in range(2):
        assert list(find(log, QUERY, table=table, on_trouble=troubles.append)) == scanned(log, QUERY)


def test_another_file_in_its_place_is_left_alone(log: Ledger, table: Path) -> None:
    table.write_bytes(b"somebody's letters " * 100)
    troubles: list[str] = []
    assert list(find(log, QUERY, table=table, on_trouble=troubles.append)) == scanned(log, QUERY)
    assert len(troubles) == 1
    assert troubles[0].startswith(str(table))
    assert table.read_bytes().startswith(b"somebody")
    table.unlink()
    with closing(sqlite3.connect(table)) as connection, connection:
        connection.execute("CREATE TABLE letters (x)")
    assert list(find(log, QUERY, table=table, on_trouble=troubles.append)) == scanned(log, QUERY)
    assert "another file than a query table" in troubles[1]


def test_a_table_that_cannot_be_used(log: Ledger, table: Path) -> None:
    table.mkdir()
    troubles: list[str] = []
    assert list(find(log, QUERY, table=table, on_trouble=troubles.append)) == scanned(log, QUERY)
    assert len(troubles) == 1


def test_a_table_in_use_is_not_waited_for(log: Ledger, table: Path) -> None:
    list(find(log, QUERY, table=table))
    with closing(sqlite3.connect(table, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        troubles: list[str] = []
        assert list(find(log, QUERY, table=table, on_trouble=troubles.append)) == scanned(log, QUERY)
        assert "locked" in troubles[0]


def test_deleted_meanwhile(log: Ledger, table: Path) -> None:
    found = find(log, QUERY, table=table)
    first = next(found)
    table.unlink()
    assert [first, *found] == scanned(log, QUERY)


def test_the_command(run: Callable[..., Any], log: Ledger, path: Path, table: Path) -> None:
    bodies = [body for _, body in scanned(log, QUERY)]
    result = run("entries", path, "--type", "decision")
    assert (result.code, result.out.encode().splitlines()) == (0, bodies)
    assert table.exists()
    result = run("entries", "--case", path.parent, "--type", "note", "--type", "decision", "--since", "1970-01-05")
    assert all('"time":"1970-01-05' in line for line in result.out.splitlines())
    result = run("entries", path, "--from", 3, "--to", 5, "--with-index", "--no-query-file")
    assert [line.split("\t")[0] for line in result.out.splitlines()] == ["3", "4"]
    result = run("entries", path, "--path-prefix", "Bücher/")
    assert result.out.count("Bücher/ü.png") == len(result.out.splitlines()) > 0
    assert run("entries", path, "--since", "yesterday").code == 2


@pytest.mark.parametrize("prefix", ["Bücher/", "Bu\u0308cher/"])
def test_paths_are_compared_alike_in_both_of_unicodes_forms(log: Ledger, table: Path, prefix: str) -> None:
    names = ("Bücher/nfc.jpg", "Bu\u0308cher/nfd.jpg")
    more = [{"v": 1, "type": "item", "scan": 9, "seq": n, "finding": {"path": name}} for n, name in enumerate(names)]
    log.append([canonical(form) for form in more], checkpoint=True)
    query = Query(path=prefix, scan=9)
    assert [index for index, _body in find(log, query, table=None)] == [120, 121]
    assert list(find(log, query, table=table)) == scanned(log, query)


def test_a_table_of_the_version_before_is_made_again(log: Ledger, table: Path) -> None:
    query = Query(path="Bücher")
    expected = list(find(log, query, table=table))
    with closing(sqlite3.connect(table)) as database, database:
        database.execute("UPDATE entry SET path = 'x' WHERE path IS NOT NULL")
        database.execute("PRAGMA user_version=1")
    troubles: list[str] = []
    assert list(find(log, query, table=table, on_trouble=troubles.append)) == expected
    assert troubles == []
    assert expected
