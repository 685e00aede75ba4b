"""Sealed paths: the lab reads its case as ever, and nobody finds a path in the entries."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, audit, parse, read_vkeys
from ledger.entries.disclosure import is_commitment
from matcher.commands import run
from matcher.errors import CaseError
from matcher.imaging.drawing import landscape
from matcher.record.case import CaseReader
from matcher.record.examiner_folder import sealing_secret_path
from matcher.record.sealing import Sealing

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "exhibit"
    (folder / "Bücher").mkdir(parents=True)
    landscape(1, width=320, height=240).save(folder / "Bücher" / "secret-name.png")
    landscape(30, width=160, height=120).save(folder / "other-name.jpg")
    (folder / "note-name.txt").write_text("text")
    return folder


def scan(evidence: Path, store: Path, case: Path, *more: str) -> int:
    return run(["scan", str(evidence), "--store", str(store), "--case", str(case), "--workers", "0", "--quiet", *more])


def bodies(case: Path) -> list[bytes]:
    with Ledger.open_readonly(case / "case.ledger") as log:
        return [body for _index, body in log.entries()]


def paths(case: Path) -> list[str]:
    with CaseReader(case) as reader:
        return [finding["path"] for _scan, finding in reader.findings()]


NAMES = ["Bücher/secret-name.png", "note-name.txt", "other-name.jpg"]


@pytest.mark.slow
def test_no_path_stands_in_an_entry_and_the_lab_reads_all(
    evidence: Path, known_store: Path, tmp_path: Path, capsys: Capture
) -> None:
    case, plain = tmp_path / "case", tmp_path / "plain"
    assert scan(evidence, known_store, case, "--seal-paths") == scan(evidence, known_store, plain) == 1
    sealed = b"\n".join(bodies(case))
    for name in (b"secret-name", b"note-name", b"other-name", str(evidence).encode()):
        assert name not in sealed
        assert name in b"\n".join(bodies(plain))
    assert paths(case) == paths(plain) == NAMES
    assert run(["verify", "--case", str(case)]) == 0
    capsys.readouterr()
    assert run(["findings", "--case", str(case)]) == 0
    assert [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()] == NAMES
    assert run(["diff", str(case), str(plain)]) == 0
    assert not [line for line in capsys.readouterr().out.splitlines() if '"path"' in line and "exhibit" not in line]


@pytest.mark.slow
def test_the_same_secret_gives_the_same_findings_root(evidence: Path, known_store: Path, tmp_path: Path) -> None:
    roots = []
    for name in ("one", "two"):
        scan(evidence, known_store, tmp_path / name, "--seal-paths")
        roots.append(parse(bodies(tmp_path / name)[-1])["findings_root"])
    sealing_secret_path().unlink()
    scan(evidence, known_store, tmp_path / "three", "--seal-paths")
    roots.append(parse(bodies(tmp_path / "three")[-1])["findings_root"])
    assert roots[0] == roots[1] != roots[2]


@pytest.mark.slow
def test_a_sealed_scan_is_resumed(
    evidence: Path, known_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, case = tmp_path / "whole", tmp_path / "case"
    scan(evidence, known_store, whole, "--seal-paths")
    original = Sealing.seal_finding

    def failing(self: Sealing, finding: dict[str, Any]) -> Any:
        if finding["path"] == "other-name.jpg":
            raise KeyboardInterrupt
        return original(self, finding)

    with monkeypatch.context() as patch:
        patch.setattr(Sealing, "seal_finding", failing)
        assert scan(evidence, known_store, case, "--seal-paths") == 2
    assert scan(evidence, known_store, case, "--resume") == 2  # it began with sealed paths
    (evidence / "another.txt").write_text("new")
    assert scan(evidence, known_store, case, "--resume", "--seal-paths") == 1
    told = b"\n".join(bodies(case))
    assert b"the source changed" not in told or b"another.txt" not in told
    assert run(["verify", "--case", str(case)]) == 0
    assert set(NAMES) <= set(paths(case))


def test_a_sealed_scan_is_looked_up_again(
    evidence: Path, known_store: Path, tmp_path: Path, make_store: Callable[..., Path], capsys: Capture
) -> None:
    case = tmp_path / "case"
    scan(evidence, known_store, case, "--seal-paths")
    before = len(bodies(case))
    other = make_store([{"id": "x", "algorithm": "pdq", "value": "0f" * 32}])
    assert run(["relookup", "--case", str(case), "--store", str(other)]) == 0
    assert "secret-name" in capsys.readouterr().out
    later = bodies(case)[before:]
    withdrawn = next(parse(body)["withdrawn"] for body in later if b'"type":"relookup"' in body)
    assert withdrawn
    assert all(is_commitment(change["path"]) for change in withdrawn)
    assert b"secret-name" not in b"".join(later)
    report = audit(case / "case.ledger", own_keys=read_vkeys(case / "verifier.keys"))
    assert report.intact


def test_the_secret_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "sealing.secret"
    Sealing.from_file(path)
    assert len(path.read_bytes()) == 32
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"short")
    with pytest.raises(CaseError, match="not 32 bytes"):
        Sealing.from_file(path)


def test_a_key_with_a_passphrase(evidence: Path, known_store: Path, tmp_path: Path, capsys: Capture) -> None:
    case, key, passphrase = str(tmp_path / "case"), tmp_path / "examiner.pem", tmp_path / "passphrase"
    passphrase.write_text("correct horse\n")
    secret = ("--key", str(key), "--passphrase-file", str(passphrase))
    assert scan(evidence, known_store, Path(case), *secret) == 1
    assert b"ENCRYPTED" in key.read_bytes()
    capsys.readouterr()
    assert scan(evidence, known_store, Path(case), "--key", str(key)) == 2
    assert str(key) in capsys.readouterr().err
    assert run(["relookup", "--case", case, "--store", str(known_store), *secret]) == 0
    assert run(["verify", "--case", case]) == 0
