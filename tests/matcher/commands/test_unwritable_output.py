"""Commands whose output cannot be written: exit code 2 and one plain sentence; a reader that leaves is no failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger import Ledger, Signer
from matcher.revisit.verify import verify_case
from tests.shared.scan_cases import fail

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full and a shell"),
]


@pytest.fixture(scope="module")
def ledger_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledgers") / "a.ledger"
    signer = Signer.generate("lab.example/a")
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        log.append([b'{"text":"%d","type":"note","v":1}' % number for number in range(2000)], checkpoint=True)
    return path


def call(command: str, redirection: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    text = f"'{sys.executable}' {' '.join(options)} -m {command} {redirection}"
    return subprocess.run(["bash", "-c", text], capture_output=True, check=False)


@pytest.mark.parametrize(
    ("redirection", "reason", "options"),
    [
        ("> /dev/full", "No space left on device", ()),
        ("> /dev/full", "No space left on device", ("-u",)),
        (">&-", "is closed", ()),
    ],
)
def test_what_cannot_be_written_is_exit_code_2(
    ledger_file: Path, redirection: str, reason: str, options: tuple[str, ...]
) -> None:
    for command, tool in ((f"ledger entries '{ledger_file}'", "ledger"), ("matcher --help", "matcher")):
        done = call(command, redirection, *options)
        assert (done.returncode, done.stderr.decode()) == (2, f"{tool}: standard output: {reason}\n"), command


def test_a_reader_that_has_enough_is_no_failure_of_the_ledger(ledger_file: Path) -> None:
    done = call(f"ledger entries '{ledger_file}'", "| head -c 10; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_stderr_that_cannot_be_written_changes_no_exit_code(ledger_file: Path) -> None:
    assert call(f"ledger verify '{ledger_file}.missing'", "2> /dev/full").returncode == 2
    assert call("ledger verify --no-such-option", "2> /dev/full").returncode == 2
    assert call("matcher findings --no-such-option", "2> /dev/full").returncode == 2


def test_what_was_done_is_said(tmp_path: Path, known_store: Path) -> None:
    (tmp_path / "list.txt").write_text("0" * 31 + "1\n")
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "note.txt").write_text("text")
    case, store = tmp_path / "case", tmp_path / "store"
    key = f"--case '{case}' --key '{tmp_path / 'key'}'"
    for command, done in (
        (f"lists import '{tmp_path / 'list.txt'}' --store '{store}' --name l", "l version 1 was imported"),
        (
            f"scan '{tmp_path / 'evidence'}' --store '{known_store}' {key} --workers 0",
            "scan 1 is complete and recorded",
        ),
        (f"decide {key} --path note.txt --verdict refuted --examiner A", "the decision is recorded"),
    ):
        result = call(f"matcher {command}", "> /dev/full")
        assert result.returncode == 2
        assert f"standard output: No space left on device; {done} all the same" in result.stderr.decode(), command


@pytest.mark.parametrize(("redirection", "reason"), [("> /dev/full", "No space left on device"), (">&-", "is closed")])
def test_an_abandonment_is_recorded_and_said(
    tmp_path: Path, drawn_evidence: Path, known_store: Path, redirection: str, reason: str
) -> None:
    case = tmp_path / "case"
    fail(case, drawn_evidence, known_store, 3)
    result = call(
        f"matcher scan --abandon 1 --reason 'the wrong disk' --case '{case}' --key '{tmp_path / 'key'}'", redirection
    )
    said = f"matcher: standard output: {reason}; scan 1 is abandoned all the same\n"
    assert (result.returncode, result.stderr.decode()) == (2, said)
    verdict = verify_case(case)
    assert (verdict.problems, verdict.scans[0].check.reason) == ((), "the wrong disk")
