"""Exports that hold only what was asked for, outputs that overwrite nothing, and decisions that contradict others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.commands import main as ledger_command
from matcher.commands import run
from matcher.record.case import CaseReader

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, known_folder: Path, known_store: Path) -> Path:
    """A case of two scans of two notable pictures and a text each, its key and the evidence beside it."""
    folder = tmp_path_factory.mktemp("asked")
    for name, pictures in (("a", ("1.png", "2.png")), ("b", ("3.png", "4.png"))):
        (folder / name).mkdir()
        for picture in pictures:
            shutil.copy(known_folder / picture, folder / name)
        (folder / name / f"{name}.txt").write_text(name)
    call = ["scan", str(folder / "a"), str(folder / "b"), "--store", str(known_store), "--case", str(folder / "case")]
    assert run([*call, "--workers", "0", "--key", str(folder / "key"), "--examiner", "A. Keller", "--quiet"]) == 1
    return folder


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "case", tmp_path / "case")
    shutil.copy(made / "key", tmp_path / "key")
    return tmp_path / "case"


def exported(case: Path, *arguments: str) -> list[str] | int:
    """The paths of the items in an exhibit, or the exit code of an export that failed."""
    out = case.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    if code := run(["export", "--case", str(case), "-o", str(out), *arguments]):
        return code
    indexes = {int(file.stem) for file in (out / "entries").iterdir()}
    with CaseReader(case) as reader:
        return [e["finding"]["path"] for index, e in reader.entries() if e["type"] == "item" and index in indexes]


def index_of(case: Path, path: str) -> str:
    with CaseReader(case) as reader:
        return next(str(at) for at, e in reader.entries() if e["type"] == "item" and e["finding"]["path"] == path)


class TestExport:
    def test_options_of_different_kinds_intersect(self, case: Path) -> None:
        assert exported(case, "--notable") == ["1.png", "2.png", "3.png", "4.png"]
        assert exported(case, "--notable", "--scan", "2") == ["3.png", "4.png"]
        assert exported(case, "--scan", "2") == ["3.png", "4.png", "b.txt"]
        assert exported(case, "--notable", "--path", "1.png", "--path", "a.txt") == ["1.png"]
        assert exported(case, "--path", "1.png", "--index", index_of(case, "3.png")) == ["1.png", "3.png"]

    def test_an_empty_intersection_is_an_error(self, case: Path, capsys: Capture) -> None:
        capsys.readouterr()
        assert exported(case, "--notable", "--path", "a.txt") == 2
        assert "nothing to export" in capsys.readouterr().err
        assert exported(case, "--notable", "--index", index_of(case, "b.txt"), "--scan", "2") == 2
        assert exported(case, "--index", index_of(case, "b.txt"), "--scan", "1") == 2
        assert "belongs to scan 2" in capsys.readouterr().err

    def test_the_ledger_s_command_does_the_same(self, case: Path) -> None:
        for arguments, code in ((["--scan", "2"], 0), (["--type", "decision"], 2)):
            out = case.parent / "other"
            with pytest.raises(SystemExit) as done:
                ledger_command(["export", str(case / "case.ledger"), "-o", str(out), "--notable", *arguments])
            assert done.value.code == code
            if code == 0:
                kinds = [file.read_text() for file in (out / "entries").iterdir()]
                assert sum('"type":"item"' in text for text in kinds) == 2
                shutil.rmtree(out)

    def test_nothing_is_written_into_the_evidence(self, case: Path, made: Path, capsys: Capture) -> None:
        for out in (made / "a" / "out", made / "b" / "out.zip"):
            assert run(["export", "--case", str(case), "-o", str(out)]) == 2
            assert "lies inside the evidence" in capsys.readouterr().err
            with pytest.raises(SystemExit) as done:
                ledger_command(["export", str(case / "case.ledger"), "-o", str(out)])
            assert (done.value.code, "lies inside the evidence" in capsys.readouterr().err) == (2, True)
            assert not out.exists()


class TestReport:
    def report(self, case: Path, output: Path, *more: str, kind: str = "csv") -> int:
        return run(["report", "--case", str(case), "--format", kind, "-o", str(output), *more])

    def test_a_report_of_ours_is_replaced(self, case: Path) -> None:
        output = case.parent / "report"
        for before in ("html", "csv", "jsonl", "html"):
            for kind in ("html", "csv", "jsonl"):
                assert self.report(case, output, kind=before) == 0
                assert self.report(case, output, kind=kind) == 0
        assert self.report(case, output, "--bom") == 0
        assert self.report(case, output) == 0

    def test_any_other_file_is_kept(self, case: Path, capsys: Capture) -> None:
        key = case.parent / "key"
        before = key.read_bytes()
        assert self.report(case, key) == 2
        assert "no report of this tool" in capsys.readouterr().err
        assert key.read_bytes() == before
        assert self.report(case, key, "--force") == 0
        assert key.read_bytes().startswith(b"scan,path,")

    def test_evidence_is_never_written_to(self, case: Path, made: Path, capsys: Capture) -> None:
        before = (made / "a" / "1.png").read_bytes()
        (case.parent / "link").symlink_to(made / "a")
        for target in (made / "a" / "1.png", made / "b" / "new.csv", case.parent / "link" / "new.csv"):
            assert self.report(case, target, "--force") == 2
            assert "lies inside the evidence" in capsys.readouterr().err
        assert (made / "a" / "1.png").read_bytes() == before
        assert sorted(file.name for file in (made / "b").iterdir()) == ["3.png", "4.png", "b.txt"]


class TestDecide:
    def decide(self, case: Path, examiner: str, verdict: str, *paths: str) -> int:
        named = [word for path in paths for word in ("--path", path)]
        key = str(case.parent / "key")
        return run(["decide", "--case", str(case), "--key", key, "--examiner", examiner, "--verdict", verdict, *named])

    def test_a_contrary_verdict_is_said(self, case: Path, capsys: Capture) -> None:
        assert self.decide(case, "A. Keller", "confirmed", "1.png", "2.png") == 0
        assert self.decide(case, "A. Keller", "refuted", "2.png") == 0
        assert self.decide(case, "B. Other", "confirmed", "1.png") == 0
        assert "in place of" not in capsys.readouterr().err
        assert self.decide(case, "C. Third", "refuted", "1.png", "3.png") == 0
        err = capsys.readouterr().err
        assert "C. Third decided refuted, in place of confirmed by B. Other (entry" in err
        assert err.count("in place of") == 1

    def test_of_the_ledger_s_command_too(self, case: Path, capsys: Capture) -> None:
        at = index_of(case, "1.png")
        fixed = ["decide", str(case / "case.ledger"), "--cites", at, "--key", str(case.parent / "key")]
        for more in (["--examiner", "A. Keller", "--verdict", "confirmed"],):
            with pytest.raises(SystemExit):
                ledger_command([*fixed, *more])
        first = capsys.readouterr().out.strip()
        with pytest.raises(SystemExit) as done:
            ledger_command([*fixed, "--examiner", "B. Other", "--verdict", "refuted", "--supersedes", first])
        assert done.value.code == 0
        assert f"in place of confirmed by A. Keller (entry {first})" in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full and a shell")
def test_a_decision_whose_output_fails_is_said_to_be_recorded(case: Path) -> None:
    at = index_of(case, "1.png")
    text = (
        f"'{sys.executable}' -m ledger decide '{case / 'case.ledger'}' --cites {at} --verdict refuted --examiner B "
        f"--key '{case.parent / 'key'}' >&-"
    )
    done = subprocess.run(["bash", "-c", text], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"the decision is recorded all the same, as entry" in done.stderr
    assert b"standard output: is closed" in done.stderr
