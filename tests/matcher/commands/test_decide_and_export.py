"""matcher decide and matcher export: who decides what, what is refused, and that a bare Python verifies the exhibit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shared.exhibit_cases import remake_manifest, verify
from ledger import Decision, Ledger, clock, decision_entry, load_signer
from ledger.commands import main as ledger_command
from matcher.commands import run
from matcher.record.case import LEDGER, CaseReader
from matcher.revisit.verify import verify_case

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, known_folder: Path, known_store: Path) -> Path:
    """A case of one scan of six notable pictures, and its key beside it."""
    folder = tmp_path_factory.mktemp("decided")
    shutil.copytree(known_folder, folder / "exhibit")
    (folder / "exhibit" / "6.png").rename(folder / "exhibit" / "Fotos für später.png")
    call = ["scan", str(folder / "exhibit"), "--store", str(known_store), "--case", str(folder / "case")]
    assert run([*call, "--workers", "0", "--key", str(folder / "key"), "--examiner", "A. Keller", "--quiet"]) == 1
    return folder


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "case", tmp_path / "case")
    shutil.copy(made / "key", tmp_path / "key")
    return tmp_path / "case"


def decide(case: Path, *arguments: str) -> int:
    return run(["decide", "--case", str(case), "--key", str(case.parent / "key"), *arguments])


def index_of(case: Path, path: str) -> int:
    with CaseReader(case) as reader:
        return next(
            index for index, entry in reader.entries() if entry["type"] == "item" and entry["finding"]["path"] == path
        )


def decisions(case: Path) -> list[dict[str, Any]]:
    with CaseReader(case) as reader:
        return [entry for _index, entry in reader.entries() if entry["type"] == "decision"]


def test_several_items_are_decided_at_once_by_the_examiner_of_the_case(case: Path, capsys: Capture) -> None:
    second = index_of(case, "2.png")
    assert decide(case, "--path", "1.png", "--index", str(second), "--verdict", "confirmed", "--note", "seen") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["path"], line["examiner"], line["supersedes"]) for line in lines] == [
        ("1.png", "A. Keller", None),
        ("2.png", "A. Keller", None),
    ]
    assert [[cited["index"] for cited in entry["cites"]] for entry in decisions(case)] == [
        [index_of(case, "1.png")],
        [second],
    ]
    assert {(entry["verdict"], entry["note"]) for entry in decisions(case)} == {("confirmed", "seen")}
    assert verify_case(case).problems == ()


def test_a_later_decision_supersedes_the_earlier_one(case: Path, capsys: Capture) -> None:
    for verdict in ("needs-review", "refuted", "confirmed"):
        assert decide(case, "--path", "1.png", "--verdict", verdict) == 0
    first, second, third = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["supersedes"], second["supersedes"], third["supersedes"]) == (
        None,
        first["decision"],
        second["decision"],
    )
    assert verify_case(case).problems == ()


def test_a_decision_on_several_items_stands_for_the_others(case: Path, capsys: Capture) -> None:
    both = [index_of(case, "1.png"), index_of(case, "2.png")]
    with CaseReader(case) as reader:
        signer = load_signer(case.parent / "key", name=reader.origin)
    with Ledger.open(case / LEDGER, signer=signer) as log:
        log.append([decision_entry(log, Decision("confirmed", "B", both), clock.now())], checkpoint=True)
    assert decide(case, "--path", "1.png", "--verdict", "refuted") == 0
    assert json.loads(capsys.readouterr().out)["supersedes"] is None
    assert verify_case(case).problems == ()


def test_a_path_is_found_in_the_other_normal_form(case: Path, capsys: Capture) -> None:
    assert decide(case, "--path", "Fotos fu\u0308r spa\u0308ter.png", "--verdict", "refuted") == 0
    assert json.loads(capsys.readouterr().out)["path"] == "Fotos für später.png"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--index", "0", "--verdict", "confirmed"], "entry 0 is no item"),
        (["--index", "999", "--verdict", "confirmed"], "entry 999 is no item"),
        (["--path", "none.png", "--verdict", "confirmed"], "has the path 'none.png'"),
        (["--path", "1.png", "--scan", "2", "--verdict", "confirmed"], "no finding of scan 2"),
        (["--path", "1.png", "--verdict", "xx"], "'xx' is not one of 'confirmed', 'refuted', 'needs-review'"),
        (["--path", "1.png", "--path", "none.png", "--verdict", "confirmed"], "'none.png'"),
        (["--verdict", "confirmed"], "name the items"),
    ],
)
def test_what_is_refused_leaves_the_ledger_as_it_was(
    case: Path, capsys: Capture, arguments: list[str], reason: str
) -> None:
    before = (case / LEDGER).read_bytes()
    assert decide(case, *arguments) == 2
    assert reason in capsys.readouterr().err
    assert (case / LEDGER).read_bytes() == before


def test_somebody_else_s_key_needs_a_name(case: Path, capsys: Capture) -> None:
    before = (case / LEDGER).read_bytes()
    call = ["decide", "--case", str(case), "--key", str(case.parent / "other.key"), "--path", "1.png"]
    assert run([*call, "--verdict", "confirmed"]) == 2
    assert "--examiner NAME" in capsys.readouterr().err
    assert (case / LEDGER).read_bytes() == before
    assert run([*call, "--verdict", "confirmed", "--examiner", "B. Roth"]) == 0
    assert "did not know the key that signs this; it was made now" in capsys.readouterr().err
    assert decisions(case)[0]["examiner"] == "B. Roth"
    assert verify_case(case).problems == ()


def test_a_path_of_two_scans_has_to_be_told_apart(case: Path, made: Path, known_store: Path, capsys: Capture) -> None:
    call = ["scan", str(made / "exhibit"), "--store", str(known_store), "--case", str(case), "--workers", "0"]
    assert run([*call, "--key", str(case.parent / "key"), "--quiet"]) == 1
    assert decide(case, "--path", "1.png", "--verdict", "confirmed") == 2
    assert "name one by --scan or --index" in capsys.readouterr().err
    assert decide(case, "--path", "1.png", "--scan", "2", "--verdict", "confirmed") == 0
    assert json.loads(capsys.readouterr().out)["scan"] == 2


def test_an_entry_of_another_scan_is_refused(case: Path, made: Path, known_store: Path, capsys: Capture) -> None:
    call = ["scan", str(made / "exhibit"), "--store", str(known_store), "--case", str(case), "--workers", "0"]
    assert run([*call, "--key", str(case.parent / "key"), "--quiet"]) == 1
    before, index = (case / LEDGER).read_bytes(), str(index_of(case, "1.png"))
    with CaseReader(case) as reader:
        first, second = (at for at, entry in reader.entries() if entry.get("finding", {}).get("path") == "1.png")
    assert index == str(first)
    out = case.parent / "exhibit"
    said = f"entry {first} belongs to scan 1, not to scan 2"
    for more in ((), ("--path", "2.png")):
        arguments = ["export", "--case", str(case), "--index", index, "--scan", "2", *more, "-o", str(out)]
        assert run(arguments) == 2
        assert said in capsys.readouterr().err
    assert decide(case, "--index", index, "--scan", "2", "--verdict", "refuted") == 2
    assert said in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        ledger_command(["export", str(case), "--entries", f"{first},{second}", "--scan", "2", "-o", str(out)])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert not out.exists()
    assert (case / LEDGER).read_bytes() == before
    assert run(["export", "--case", str(case), "--index", str(second), "--scan", "2", "-o", str(out)]) == 0


def verified(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.process
def test_an_exhibit_of_one_item_holds_its_decision_and_verifies(case: Path, tmp_path: Path) -> None:
    assert decide(case, "--path", "2.png", "--verdict", "confirmed") == 0
    assert decide(case, "--path", "1.png", "--verdict", "refuted") == 0
    assert run(["export", "--case", str(case), "--path", "2.png", "-o", str(tmp_path / "exhibit-2")]) == 0
    assert "VERIFIED" in verified(tmp_path / "exhibit-2")
    entries = [json.loads(path.read_bytes()) for path in (tmp_path / "exhibit-2" / "entries").iterdir()]
    assert [entry["finding"]["path"] for entry in entries if entry["type"] == "item"] == ["2.png"]
    assert [entry["verdict"] for entry in entries if entry["type"] == "decision"] == ["confirmed"]


@pytest.mark.process
def test_a_whole_case_and_its_notable_items_are_exported(case: Path, tmp_path: Path) -> None:
    assert run(["export", "--case", str(case), "-o", str(tmp_path / "all")]) == 0
    assert "VERIFIED" in verified(tmp_path / "all")
    assert run(["export", "--case", str(case), "--notable", "-o", str(tmp_path / "notable.zip")]) == 0
    shutil.unpack_archive(tmp_path / "notable.zip", tmp_path / "unpacked")
    (folder,) = {path.parent for path in (tmp_path / "unpacked").rglob("verify.py")}
    assert "VERIFIED" in verified(folder)


@pytest.mark.process
def test_a_checkpoint_that_was_left_out_of_an_exhibit_is_missed(case: Path, tmp_path: Path) -> None:
    assert decide(case, "--path", "1.png", "--verdict", "confirmed") == 0
    assert decide(case, "--path", "2.png", "--verdict", "refuted") == 0
    assert run(["export", "--case", str(case), "-o", str(tmp_path / "all")]) == 0
    missing = decisions(case)[1]["after_checkpoint"]
    (tmp_path / "all" / "checkpoints" / f"{missing}.txt").unlink()
    remake_manifest(tmp_path / "all")
    code, printed, _errors = verify(tmp_path / "all" / "verify.py", tmp_path / "all")
    assert code == 1
    assert f"it came after a checkpoint, of size {missing}, that is not in the exhibit" in printed


def test_an_exhibit_is_not_written_into_the_case_nor_of_what_is_not_there(case: Path, capsys: Capture) -> None:
    before = sorted(case.rglob("*"))
    assert run(["export", "--case", str(case), "-o", str(case / "exhibit")]) == 2
    assert "lies inside the case" in capsys.readouterr().err
    assert run(["export", "--case", str(case), "--path", "none.png", "-o", str(case.parent / "exhibit")]) == 2
    assert "'none.png'" in capsys.readouterr().err
    assert run(["export", "--case", str(case), "--index", "999", "-o", str(case.parent / "exhibit")]) == 2
    assert sorted(case.rglob("*")) == before
    assert not (case.parent / "exhibit").exists()
