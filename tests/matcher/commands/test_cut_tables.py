"""Rows of one table of a ledger are gone, or the end of a file of hashes: not intact, whatever was cut."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.shared.exhibit_cases import build, tamper
from ledger import Ledger, audit, read_vkeys
from ledger.commands import main
from ledger.timestamps.time_token import Token
from matcher.commands import run
from tests.shared.scan_cases import fail

Capture = pytest.CaptureFixture[str]

CUTS = {
    "first": "DELETE FROM {0} WHERE {1} = (SELECT min({1}) FROM {0})",
    "last": "DELETE FROM {0} WHERE {1} = (SELECT max({1}) FROM {0})",
    "all": "DELETE FROM {0}",
}
KEYS = {"entry": "idx", "tile": "level", "checkpoint": "size", "opening": "idx", "cosignature": "line"}


def run_ledger(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def cut(path: Path, table: str, which: str) -> int:
    """Delete rows with the triggers out of the way, and put these back. Returns how many were deleted."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _sql in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        deleted = connection.execute(CUTS[which].format(table, KEYS.get(table, "size"))).rowcount
        for _name, sql in triggers:
            connection.execute(sql)
    return deleted


@pytest.fixture(scope="module")
def sealed_case(
    tmp_path_factory: pytest.TempPathFactory, known_folder: Path, known_store: Path
) -> tuple[Path, list[str]]:
    """A case with a complete scan of sealed paths, and the arguments of that scan but for the case."""
    folder = tmp_path_factory.mktemp("sealed")
    scan = ["scan", str(known_folder), "--store", str(known_store), "--quiet", "--workers", "0", "--seal-paths"]
    assert run([*scan, "--case", str(folder / "case")]) == 1
    return folder / "case", scan


def stamp(ledger: Path) -> None:
    """Add two tokens to the newest checkpoint, and one to the first; nothing verifies them here."""
    with Ledger.open(ledger) as log:
        notes = dict(log.checkpoints())
        for der, size in ((b"a", max(notes)), (b"b", max(notes)), (b"c", 0)):
            imprint = hashlib.sha256(notes[size].encode()).digest()
            log.add_token(size, Token(der, imprint, datetime(2026, 10, 1, tzinfo=UTC), "CN=Clock", 1, "1.2.3"))


@pytest.fixture
def case(sealed_case: tuple[Path, list[str]], tmp_path: Path) -> Path:
    return shutil.copytree(sealed_case[0], tmp_path / "case")


def check(case: Path, scan: list[str], capsys: Capture) -> None:
    """The case is not intact, say both verifiers, and its scan is not resumed."""
    before = (case / "case.ledger").read_bytes()
    for command in (run, ["verify", "--case", str(case)]), (run_ledger, ["verify", str(case)]):
        assert command[0](command[1]) == 1, command
        printed = capsys.readouterr()
        assert "NOT INTACT" in printed.out
        assert "Traceback" not in printed.out + printed.err
    assert run([*scan, "--case", str(case), "--resume"]) == 1
    printed = capsys.readouterr()
    assert "NOT INTACT" in printed.err
    assert "matcher verify --case" in printed.err
    assert (case / "case.ledger").read_bytes() == before


def test_an_untouched_case(case: Path, sealed_case: tuple[Path, list[str]], capsys: Capture) -> None:
    assert run(["verify", "--case", str(case)]) == 0
    assert run_ledger(["verify", str(case)]) == 0
    assert run([*sealed_case[1], "--case", str(case), "--resume"]) == 1, "notable, and complete already"
    assert "NOT INTACT" not in capsys.readouterr().err


@pytest.mark.parametrize("which", [pytest.param("first", marks=pytest.mark.slow), "last", "all"])
@pytest.mark.parametrize("table", ["entry", "tile", "checkpoint", "opening", "timestamp"])
def test_rows_of_a_table(
    case: Path, sealed_case: tuple[Path, list[str]], table: str, which: str, capsys: Capture
) -> None:
    if table == "timestamp":
        stamp(case / "case.ledger")
        assert run(["verify", "--case", str(case)]) == 0
    assert cut(case / "case.ledger", table, which)
    check(case, sealed_case[1], capsys)


def test_each_single_checkpoint(case: Path, tmp_path: Path) -> None:
    """Also one that a later one covers: the entry that came after it names it."""
    for number in (1, 2):
        decided = ["decide", "--case", str(case), "--path", f"{number}.png", "--verdict", "refuted", "--examiner", "A"]
        assert run(decided) == 0
    with Ledger.open_readonly(case / "case.ledger") as log:
        sizes = [size for size, _note in log.checkpoints()]
    assert len(sizes) == 5
    keys = read_vkeys(case / "verifier.keys")
    assert audit(case / "case.ledger", own_keys=keys).intact
    for size in sizes:
        copy = Path(shutil.copy(case / "case.ledger", tmp_path / f"without-{size}"))
        tamper(copy, ("DELETE FROM checkpoint WHERE size = ?", (size,)))
        problems = audit(copy, own_keys=keys).problems
        assert problems
        if size not in (0, sizes[-1]):
            assert problems[0].startswith(f"the checkpoint of size {size}, after which entry ")


@pytest.mark.parametrize("which", ["last", "all"])
def test_what_reads_a_case_names_the_openings_that_are_missing(
    case: Path, known_store: Path, which: str, tmp_path: Path, capsys: Capture
) -> None:
    """As `verify` does; no entry is blamed for what is missing, and no commitment is printed as a path."""
    assert cut(case / "case.ledger", "opening", which)
    before = (case / "case.ledger").read_bytes()
    for command in (
        ["report", "--format", "html", "-o", str(tmp_path / "report")],
        ["report", "--format", "csv", "-o", str(tmp_path / "report")],
        ["report", "--format", "jsonl", "-o", str(tmp_path / "report")],
        ["findings"],
        ["diff", str(case)],
        ["decide", "--path", "1.png", "--verdict", "refuted", "--examiner", "A"],
        ["relookup", "--store", str(known_store)],
        ["export", "--notable", "-o", str(tmp_path / "exhibit")],
    ):
        named = [str(case)] if command[0] == "diff" else ["--case", str(case)]
        assert run([*command, *named]) == 2, command
        printed = capsys.readouterr()
        assert re.search("opening[s]? of .*(is|are) missing.*cannot be read any more", printed.err, re.I), command
        assert "commitment" not in printed.out
    assert not (tmp_path / "report").exists()
    assert (case / "case.ledger").read_bytes() == before


@pytest.mark.parametrize("left", [0, 10, -1])
def test_the_file_of_hashes(case: Path, sealed_case: tuple[Path, list[str]], left: int, capsys: Capture) -> None:
    (file,) = (case / "case.hashes").iterdir()
    file.write_bytes(file.read_bytes()[:left])
    check(case, sealed_case[1], capsys)
    file.unlink()
    check(case, sealed_case[1], capsys)


@pytest.fixture(scope="module")
def cosigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger whose last checkpoint covers a decision, with cosignatures, and `keys.txt`."""
    folder = tmp_path_factory.mktemp("cosigned")
    case = build(folder, stamp=lambda _note: (b"token", b""))
    (folder / "keys.txt").write_text("".join(f"{vkey}\n" for vkey in case.vkeys))
    return folder


@pytest.mark.parametrize("which", CUTS)
@pytest.mark.parametrize("table", ["entry", "tile", "checkpoint", "cosignature", "timestamp"])
def test_a_ledger_with_cosignatures(cosigned: Path, tmp_path: Path, table: str, which: str, capsys: Capture) -> None:
    ledger = Path(shutil.copy(cosigned / "case.ledger", tmp_path))
    arguments = ["verify", str(ledger), "--keys", str(cosigned / "keys.txt")]
    assert run_ledger(arguments) == 0
    assert cut(ledger, table, which)
    assert run_ledger(arguments) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("what", ["hashes", "entry", "checkpoint"])
def test_an_open_scan(tmp_path: Path, drawn_evidence: Path, known_store: Path, what: str, capsys: Capture) -> None:
    """Its last entry is signed: the anomaly that says why it ended."""
    fail(tmp_path / "case", drawn_evidence, known_store, 3)
    if what == "hashes":
        (file,) = (tmp_path / "case/case.hashes").iterdir()
        file.write_bytes(file.read_bytes()[:-1])
    else:
        assert cut(tmp_path / "case/case.ledger", what, "all" if what == "checkpoint" else "last")
    scan = ["scan", str(drawn_evidence), "--store", str(known_store), "--exhibit", "E1", "--workers", "0", "--quiet"]
    check(tmp_path / "case", [*scan, "--key", str(tmp_path / "key")], capsys)
