"""Records that lie: forged, half made, or written by another hand. Never an all-clear, never a traceback."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger import Ledger, TreeHasher, canonical, leaf_hash, load_signer
from ledger.storage.store import Store as LedgerFile
from matcher.commands import run
from matcher.errors import CaseError
from matcher.record.case import KEYS, LEDGER, CaseFacts, CaseReader, open_case
from matcher.record.entries import append_scan_open, entry
from matcher.revisit.verify import verify_case

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def case(tmp_path: Path, known_folder: Path, known_store: Path) -> Path:
    """A case with one finished scan of one notable picture; its key is beside it."""
    folder = tmp_path / "case"
    call = ["scan", str(known_folder / "1.png"), "--store", str(known_store), "--case", str(folder), "--workers", "0"]
    assert run([*call, "--key", str(tmp_path / "key"), "--quiet"]) == 1
    return folder


def trusted(case: Path) -> Path:
    """The case's vkey, kept elsewhere."""
    path = case.parent / "trusted.keys"
    path.write_text((case / KEYS).read_text())
    return path


def test_a_record_rebuilt_without_the_key_is_not_intact(case: Path) -> None:
    """The genuine, signed, empty tree, and after it the same entries without the match."""
    keys = trusted(case)
    with CaseReader(case) as reader:
        bodies = [canonical(found) for _index, found in reader.entries()]
    changed = [json.loads(body) for body in bodies]
    for found in changed:
        if found["type"] == "item":
            found["finding"] |= {"matches": [], "matches_total": 0, "hashes": [], "status": "examined"}
            tree = TreeHasher()
            tree.append(leaf_hash(canonical(found["finding"])))
        if found["type"] == "scan.close":
            found |= {"findings_root": tree.root().hex(), "counts": {"examined": 1}, "notable": 0, "matches": 0}
    with closing(sqlite3.connect(case / LEDGER)) as database:
        (empty,) = database.execute("select note from checkpoint where size = 0").fetchone()
    (case / LEDGER).unlink()
    LedgerFile.create(case / LEDGER, empty).close()
    with Ledger.open(case / LEDGER) as log:
        log.append([canonical(found) for found in changed])
    verdict = verify_case(case, keys=keys)
    assert any("is signed by no known key" in problem for problem in verdict.problems)
    assert verdict.audit.trust == "self-asserted"
    assert run(["verify", "--case", str(case), "--keys", str(keys)]) == 1


def test_an_empty_key_file_is_not_taken_for_the_cases_own(case: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.keys").write_text("\n")
    assert run(["verify", "--case", str(case), "--keys", str(tmp_path / "empty.keys")]) == 2


def test_trusted_keys_do_not_need_those_of_the_case(case: Path) -> None:
    keys = trusted(case)
    (case / KEYS).unlink()
    assert run(["verify", "--case", str(case), "--keys", str(keys)]) == 0


def test_a_case_that_lost_its_keys_can_be_gone_on_with(case: Path, tmp_path: Path) -> None:
    (case / KEYS).unlink()
    open_case(case, CaseFacts(), key=tmp_path / "key").close()
    assert len((case / KEYS).read_text().split()) == 2


@pytest.mark.parametrize("finding", [{"status": "examined"}, {"status": "examined", "matches": 3, "hashes": None}])
def test_entries_of_another_hand_are_named(
    case: Path, tmp_path: Path, capsys: Capture, finding: dict[str, object]
) -> None:
    with open_case(case, CaseFacts(), key=tmp_path / "key") as log:
        number = append_scan_open(log, [], {"lists": [], "settings": {}})
        tree = TreeHasher()
        tree.append(leaf_hash(canonical(finding)))
        item = canonical({"v": 1, "type": "item", "scan": number, "seq": 0, "finding": finding})
        root = tree.root().hex()
        close = entry("scan.close", scan=number, items=1, counts={"examined": 1}, findings_root=root)
        log.append([item, close], checkpoint=True)
    assert run(["verify", "--case", str(case), "--keys", str(trusted(case))]) == 1
    assert "that this tool does not write" in capsys.readouterr().out
    assert run(["findings", "--case", str(case)]) == 2
    assert "entry 8 of the ledger (item) is not as matcher writes it" in capsys.readouterr().err


def test_a_flipped_byte_in_the_schema_is_no_traceback(case: Path, capsys: Capture) -> None:
    path = case / LEDGER
    path.write_bytes(path.read_bytes().replace(b"entry_no_update", b"entr\xd4_no_update"))
    assert run(["verify", "--case", str(case)]) in (1, 2)
    assert "Traceback" not in capsys.readouterr().err


class TestMakingACase:
    @pytest.mark.parametrize("name", ["examiner", "exhibit", "authority", "role"])
    @pytest.mark.parametrize("value", ["M\udcfcller", "x" * 1001])
    def test_what_a_ledger_cannot_hold_makes_no_case(self, tmp_path: Path, name: str, value: str) -> None:
        with pytest.raises(CaseError, match=name):
            open_case(tmp_path / "case", CaseFacts(**{name: value}), key=tmp_path / "key")
        assert not (tmp_path / "case").exists()

    def test_a_key_does_not_go_into_the_case(self, tmp_path: Path) -> None:
        with pytest.raises(CaseError, match="private key"):
            open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "case/key.pem")
        assert not (tmp_path / "case").exists()

    def test_what_a_killed_creation_left_does_not_matter(self, tmp_path: Path) -> None:
        (tmp_path / "case").mkdir()
        (tmp_path / "case/.case.ledger.12345678").write_bytes(b"half")
        (tmp_path / "case" / KEYS).write_text("")
        with open_case(tmp_path / "case", CaseFacts(examiner="A"), key=tmp_path / "key") as log:
            assert log.size == 2
        assert verify_case(tmp_path / "case").problems == ()

    def test_a_file_system_without_links_will_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(_self: Path, _target: Path) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "hardlink_to", refused)
        for _ in range(2):
            with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
                assert log.size == 2
        assert sorted(path.name for path in (tmp_path / "case").iterdir()) == [LEDGER, "reports", KEYS]

    @pytest.mark.slow
    def test_who_scans_is_recorded_with_each_scan(self, case: Path, tmp_path: Path, known_store: Path) -> None:
        call = ["scan", str(known_store / "catalogue.db"), "--store", str(known_store), "--case", str(case)]
        assert run([*call, "--workers", "0", "--key", str(tmp_path / "key"), "--examiner", "Other"]) == 3
        with CaseReader(case) as reader:
            examiners = [found["examiner"] for _index, found in reader.entries() if found["type"] == "scan.open"]
        assert examiners == [None, "Other"]

    def test_a_new_case_is_signed_from_its_first_entry(self, tmp_path: Path) -> None:
        open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key").close()
        with CaseReader(tmp_path / "case") as reader:
            signer = load_signer(tmp_path / "key", name=reader.origin)
        (tmp_path / "trusted").write_text(signer.vkey)
        audit = verify_case(tmp_path / "case", keys=tmp_path / "trusted").audit
        assert (audit.trust, audit.signed_size, audit.size) == ("verified", 2, 2)


class TestOutputs:
    @pytest.mark.parametrize("name", [LEDGER, KEYS, "new.csv", ""])
    def test_a_report_never_takes_the_place_of_the_record(self, case: Path, name: str) -> None:
        before = {path.name: path.read_bytes() for path in case.iterdir() if path.is_file()}
        assert run(["report", "--case", str(case), "--format", "csv", "-o", str(case / name) if name else ""]) == 2
        assert {path.name: path.read_bytes() for path in case.iterdir() if path.is_file()} == before

    def test_a_list_is_not_written_into_the_pictures(self, tmp_path: Path, known_folder: Path) -> None:
        folder = shutil.copytree(known_folder, tmp_path / "pictures")
        assert run(["lists", "build", str(folder), "--name", "x", "-o", str(folder / "1.png"), "--workers", "0"]) == 2
        assert (folder / "1.png").read_bytes() == (known_folder / "1.png").read_bytes()

    def test_a_link_is_written_through(self, case: Path, tmp_path: Path) -> None:
        (tmp_path / "real.csv").write_text("scan,path,exhibit,size,sha256,status,reason,")
        (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
        assert run(["report", "--case", str(case), "--format", "csv", "-o", str(tmp_path / "link.csv")]) == 0
        assert (tmp_path / "link.csv").is_symlink()
        assert b"1.png" in (tmp_path / "real.csv").read_bytes()


def test_an_internal_error_is_one_line_and_2(
    known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def broken(*_arguments: object, **_options: object) -> Callable[..., object]:
        raise AttributeError("no such thing")

    monkeypatch.setattr("matcher.examine.engine.Matcher.open", broken)
    assert run(["match", "--store", str(known_store), "x"]) == 2
    assert "internal error: AttributeError: no such thing" in capsys.readouterr().err


def test_names_do_not_steer_the_terminal(tmp_path: Path, known_store: Path, capsys: Capture) -> None:
    assert run(["match", "--store", str(known_store), str(tmp_path / "a\x1b[31m\nb")]) == 2
    captured = capsys.readouterr()
    assert "\x1b" not in captured.err
    assert captured.err.count("\n") == 2  # the list's entries by meaning, and the error
    (tmp_path / "c\x9b31m.txt").write_text("x")
    assert run(["hash", str(tmp_path / "c\x9b31m.txt")]) == 0
    out = capsys.readouterr().out
    assert "\x9b" not in out
    assert json.loads(out)["path"] == str(tmp_path / "c\x9b31m.txt")


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="a shell's <&-")
@pytest.mark.parametrize(("redirection", "module", "code"), [("<&-", "matcher", 2), (">&-", "ledger", 2)])
def test_closed_streams_are_neither_an_all_clear_nor_a_traceback(
    case: Path, known_store: Path, redirection: str, module: str, code: int
) -> None:
    arguments = {"matcher": f"match - --store '{known_store}'", "ledger": f"verify '{case}'"}[module]
    command = f"'{sys.executable}' -m {module} {arguments} {redirection}"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=False)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
