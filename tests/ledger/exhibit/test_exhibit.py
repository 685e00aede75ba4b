"""Exhibits: what is in them, that they are always the same, and that the verifier in them verifies them."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks.shared.exhibit_cases import ORIGIN, Case, build, remake_manifest, tamper, verify
from ledger import Ledger, LedgerError, Signer, canonical, leaf_hash
from ledger.commands import main
from ledger.exhibit.exporting import Choices, export
from ledger.exhibit.selecting import Selection, SelectionError, Selector, parse_ranges
from ledger.exhibit.writing import ExhibitError


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return build(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def verifier(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier of an exhibit, got elsewhere."""
    return case.export(tmp_path_factory.mktemp("elsewhere") / "exhibit") / "verify.py"


@pytest.fixture
def keys(case: Case, tmp_path: Path) -> Path:
    path = tmp_path / "trusted.keys"
    path.write_text("\n".join(case.vkeys) + "\n", "utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.process
def test_a_complete_exhibit(case: Case, tmp_path: Path, keys: Path) -> None:
    exhibit = case.export(tmp_path / "exhibit", disclose=None)
    files = contents(exhibit)
    checkpoints = {f"checkpoints/{size}.txt" for size in (0, 3, 10, 14)}
    texts = {"README.txt", "certificate.txt", "manifest.json", "verify.py", "keys.txt", "policy.txt"}
    assert set(files) == {*texts, *checkpoints, "entries.jsonl", "openings.jsonl"}
    with Ledger.open_readonly(case.ledger) as log:
        assert files["entries.jsonl"] == b"".join(body + b"\n" for _, body in log.entries())
        assert files["checkpoints/10.txt"] == log.cosigned_checkpoint(10).encode()
        assert json.loads(files["manifest.json"])["root"] == log.root().hex()
    code, out, err = verify(exhibit / "verify.py", exhibit)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("VERIFIED self-asserted (no key from outside the exhibit): 14 entries of ")
    assert 'entry 5 /finding/path is "DCIM/1.jpg"' in out
    code, out, err = verify(exhibit / "verify.py", exhibit, "--keys", keys)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("VERIFIED with the keys you gave: 14 entries of ")
    assert [line[0] for line in out.splitlines() if line[1:2] == "."] == list("1234567")


@pytest.mark.process
def test_a_part(case: Case, tmp_path: Path, keys: Path, verifier: Path) -> None:
    exhibit = case.export(tmp_path / "part", selection=Selection(notable=True))
    files = contents(exhibit)
    entries = {int(name[8:-5]) for name in files if name.startswith("entries/")}
    assert entries == {0, 1, 2, 3, 4, 5, 6, 9, 10, 12}  # not the known-good, the unreadable, the note, the anomaly
    assert {f"proofs/{index}.tlog-proof" for index in entries} <= set(files)
    assert {"consistency/3-10.txt", "consistency/10-14.txt"} == {name for name in files if "consistency" in name}
    assert "entries.jsonl" not in files
    code, out, _ = verify(verifier, exhibit, "--keys", keys)
    assert (code, out.splitlines()[-1].partition(" of lab")[0]) == (
        0,
        "VERIFIED with the keys you gave: 10 of 14 entries",
    )
    assert "a part cannot show that a scan is complete" in out


@pytest.mark.process
@pytest.mark.parametrize("selection", [None, Selection(ranges=parse_ranges("6-7")), Selection(scans=frozenset({1}))])
def test_always_the_same_bytes(case: Case, tmp_path: Path, verifier: Path, selection: Selection | None) -> None:
    first = case.export(tmp_path / "a", selection=selection)
    assert contents(case.export(tmp_path / "b", selection=selection)) == contents(first)
    packed = case.export(tmp_path / "a.zip", selection=selection, archive=True)
    assert packed.read_bytes() == case.export(tmp_path / "b.zip", selection=selection, archive=True).read_bytes()
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == sorted(contents(first))
        assert {name: archive.read(name) for name in archive.namelist()} == contents(first)
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    for exhibit in (first, packed):
        assert verify(verifier, exhibit)[0] == 0


@pytest.mark.peer
@pytest.mark.process
def test_it_verifies_on_a_real_python_3_9(case: Case, tmp_path: Path, keys: Path) -> None:
    python = shutil.which("python3.9")
    if python is None or subprocess.run([python, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED on Python 3.9: no python3.9 on the path")
    whole = case.export(tmp_path / "whole.zip", disclose=None, archive=True)
    part = case.export(tmp_path / "part", selection=Selection(notable=True))
    for exhibit in (whole, part):
        code, out, err = verify(part / "verify.py", exhibit, "--keys", keys, python=python)
        assert (code, err) == (0, "")
        assert out == verify(part / "verify.py", exhibit, "--keys", keys)[1]


def test_nothing_is_left_behind_and_nothing_overwritten(case: Case, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file.zip").write_bytes(b"x")
    for out in (tmp_path / "there", tmp_path / "file.zip"):
        with pytest.raises(ExhibitError, match="exists already"):
            case.export(out)
    with pytest.raises(ExhibitError, match="nothing to disclose"):
        case.export(tmp_path / "new", disclose=frozenset({6}))
    with pytest.raises(SelectionError, match="only 14 entries"):
        case.export(tmp_path / "new", selection=Selection(ranges=parse_ranges("14")))
    with pytest.raises(SelectionError, match="no scan 2"):
        case.export(tmp_path / "new", selection=Selection(scans=frozenset({2})))
    with pytest.raises(ExhibitError, match="new"):
        case.export(tmp_path / "absent" / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"there", "file.zip"}


@pytest.mark.process
def test_a_damaged_ledger(tmp_path: Path, verifier: Path) -> None:
    case = build(tmp_path)
    tamper(case.ledger, ("UPDATE entry SET body = ? WHERE idx = 7", (canonical({"v": 1, "type": "note"}),)))
    with pytest.raises(ExhibitError, match="not intact: entry 7 is not the entry that the tree was made of"):
        case.export(tmp_path / "exhibit")
    exported = export(
        case.ledger, tmp_path / "exhibit", choices=Choices(vkeys=(case.signer.vkey,)), even_if_damaged=True
    )
    assert exported.problems
    assert "NOT INTACT" in (tmp_path / "exhibit" / "certificate.txt").read_text("utf-8")
    code, out, _ = verify(verifier, tmp_path / "exhibit")
    assert (code, out.splitlines()[-1]) == (
        1,
        "NOT VERIFIED: the checkpoint of size 10: it does not have the root of the entries",
    )


@pytest.mark.process
@pytest.mark.slow
def test_entries_behind_the_latest_checkpoint(tmp_path: Path, verifier: Path) -> None:
    case = build(tmp_path)
    with Ledger.open(case.ledger) as log:
        log.append([canonical({"v": 1, "type": "note", "text": "unsigned"})])
    code, out, _ = verify(verifier, case.export(tmp_path / "all"))
    assert code == 0
    assert "the entries from 14 on are SIGNED BY NOBODY" in out
    with Ledger.open_readonly(case.ledger) as log:  # the root is the one that was signed
        assert f"the first 14 of 15 entries of {ORIGIN}, root {log.root(14).hex()}" in out.splitlines()[-1]
    part = case.export(tmp_path / "part", selection=Selection(types=frozenset({"note"})))
    assert not (part / "entries" / "14.json").exists()
    assert verify(verifier, part)[0] == 0


@pytest.mark.process
def test_what_is_expected_from_outside(case: Case, tmp_path: Path, verifier: Path) -> None:
    with Ledger.open_readonly(case.ledger) as log:
        roots = {size: log.root(size).hex() for size in (3, 7, 10)}
        (tmp_path / "checkpoint").write_text(log.cosigned_checkpoint(10), "utf-8")
    whole = case.export(tmp_path / "whole")
    part = case.export(tmp_path / "part", selection=Selection(notable=True))
    agreeing = ("--expect", f"3:{roots[3]}", "--checkpoint", tmp_path / "checkpoint")
    for exhibit in (whole, part):
        code, out, _ = verify(verifier, exhibit, *agreeing)
        assert (code, out.count("have the root of")) == (0, 2)
        code, out, _ = verify(verifier, exhibit, "--expect", f"3:{roots[7]}")
        assert "NOT VERIFIED: the first 3 entries do not have the root of --expect 3" in out
        assert code == 1
    assert verify(verifier, whole, "--expect", f"7:{roots[7]}")[0] == 0
    assert "not the size of a checkpoint in this part" in verify(verifier, part, "--expect", f"7:{roots[7]}")[1]
    assert "beyond the entries" in verify(verifier, whole, "--expect", f"99:{roots[7]}")[1]


@pytest.mark.process
def test_a_policy_from_outside(case: Case, tmp_path: Path, verifier: Path) -> None:
    exhibit = case.export(tmp_path / "exhibit", policy=None)
    witness = f"witness w {case.witnesses[0].vkey}\n"
    other = Signer.generate("lab.example/another").vkey
    for text, code, words in (
        (f"log {case.signer.vkey}\n{witness}quorum w\n", 0, "VERIFIED with the keys you gave"),
        (f"{witness}quorum w\n", 0, "VERIFIED self-asserted"),
        (f"log {other}\n{witness}quorum w\n", 1, f"the policy you gave does not know the log {ORIGIN}"),
        (f"log {Signer.generate(ORIGIN).vkey}\n{witness}quorum w\n", 1, "is signed by no key that is trusted"),
        (f"{witness}witness x {case.witnesses[1].vkey}\ngroup g all w x\nquorum g\n", 0, "cosigned as the policy you"),
        (f"witness v {other.replace('+Aa', '+Ba')}\nquorum v\n", 2, ""),
    ):
        (tmp_path / "policy").write_text(text, "utf-8")
        found, out, _ = verify(verifier, exhibit, "--policy", tmp_path / "policy")
        assert (found, words in out) == (code, True)


@pytest.mark.process
@pytest.mark.slow
def test_could_not_check(case: Case, tmp_path: Path, verifier: Path, keys: Path) -> None:
    exhibit = case.export(tmp_path / "exhibit")
    (tmp_path / "witness.keys").write_text(case.witnesses[0].vkey + "\n", "utf-8")
    (tmp_path / "nothing").write_bytes(b"")
    for arguments in (
        (tmp_path / "absent",),
        (keys,),
        (exhibit, "--keys", tmp_path / "absent"),
        (exhibit, "--keys", tmp_path / "nothing"),
        (exhibit, "--keys", tmp_path / "witness.keys"),
        (exhibit, "--policy", keys),
        (exhibit, "--tsa-roots", keys),
        (exhibit, "--expect", "3:00"),
        (exhibit, "--checkpoint", keys),
    ):
        code, out, err = verify(verifier, *arguments)
        assert (code, err.startswith("could not check: ")) == (2, True)
        assert "VERIFIED" not in out
    assert verify(verifier, exhibit, "--nonsense")[0] == 2
    (tmp_path / "empty").mkdir()
    assert verify(verifier, tmp_path / "empty")[0] == 1


@pytest.mark.process
def test_a_scan_without_settings_or_with_a_hole_is_refused(tmp_path: Path, verifier: Path) -> None:
    case = build(tmp_path)
    exhibit = case.export(tmp_path / "exhibit")
    body = (exhibit / "entries.jsonl").read_bytes()
    (exhibit / "entries.jsonl").write_bytes(body.replace(b'"settings":{"exact":false},', b""))
    remake_manifest(exhibit)
    assert "it does not tell the settings of scan 1" in verify(verifier, exhibit)[1]
    (exhibit / "entries.jsonl").write_bytes(body.replace(b'"seq":1', b'"seq":2'))
    remake_manifest(exhibit)
    assert "it is item 2 of scan 1 where item 1 must be" in verify(verifier, exhibit)[1]


@pytest.mark.process
def test_decisions_cite_what_is_there(tmp_path: Path, verifier: Path) -> None:
    case = build(tmp_path)
    signer = Signer.from_private_bytes(bytes(range(32)), name=ORIGIN)
    wrong = {"index": 6, "leaf_hash": leaf_hash(b"something else").hex()}
    with Ledger.open(case.ledger, signer=signer) as log:
        log.append([canonical({"v": 1, "type": "decision", "cites": [wrong], "supersedes": None})], checkpoint=True)
    out = verify(verifier, case.export(tmp_path / "exhibit", even_if_damaged=True))[1]
    assert out.splitlines()[-1] == "NOT VERIFIED: decision 14 cites entry 6 with another leaf hash"


@pytest.mark.slow
def test_the_certificate_states_what_the_ledger_says(case: Case, tmp_path: Path) -> None:
    text = (case.export(tmp_path / "exhibit") / "certificate.txt").read_text("utf-8")
    for fact in ("DRAFT", "Ада", "national", "known: 1", "Name:", "witness.example/a cosigned", "2026-09-21 14:13:20"):
        assert fact in text


@pytest.mark.process
@pytest.mark.slow
def test_the_command(case: Case, tmp_path: Path, verifier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (case.ledger.with_name("verifier.keys")).write_text(case.signer.vkey + "\n", "utf-8")
    (tmp_path / "policy").write_bytes(case.policy)

    def run(*arguments: object) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["export", *map(str, arguments)])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    code, out, err = run(
        "--case", case.ledger.parent, "-o", tmp_path / "x.zip", "--disclose", "all", "--policy", tmp_path / "policy"
    )
    assert (code, out) == (0, "")
    assert err.startswith(f"ledger: {tmp_path / 'x.zip'}: all 14 entries, root ")
    assert verify(verifier, tmp_path / "x.zip")[0] == 0
    code, _, err = run(case.ledger, "-o", tmp_path / "part", "--scan", 1, "--disclose", 5)
    assert (code, " of 14 entries, root " in err) == (0, True), err
    assert verify(verifier, tmp_path / "part")[0] == 0
    for arguments in (
        ("-o", tmp_path / "new"),
        (case.ledger, "-o", tmp_path / "part"),
        (case.ledger, "-o", tmp_path / "new", "--entries", "7-6"),
        (case.ledger, "-o", tmp_path / "new", "--entries", "7,"),
        (case.ledger, "-o", tmp_path / "new", "--disclose", "6"),
        (case.ledger, "-o", tmp_path / "new", "--disclose", "0-999999999999999"),
        (case.ledger, "-o", tmp_path / "new", "--policy", tmp_path / "absent"),
        (tmp_path / "absent", "-o", tmp_path / "new"),
    ):
        assert run(*arguments)[0] == 2
    assert not (tmp_path / "new").exists()


def test_errors_are_of_the_ledger() -> None:
    assert issubclass(ExhibitError, LedgerError)
    assert issubclass(SelectionError, LedgerError)


@pytest.mark.parametrize("text", ["", "5,", "01", "7-6", "-1", "5 ", "x", "1-2-3"])
def test_malformed_ranges(text: str) -> None:
    with pytest.raises(SelectionError):
        parse_ranges(text)


@pytest.mark.process
def test_a_hostile_archive(case: Case, tmp_path: Path, verifier: Path, make_zip: Callable[..., Path]) -> None:
    files = contents(case.export(tmp_path / "exhibit"))
    for name in ("../evil", "/evil", "entries/../keys.txt", "x/", "keys.txt "):
        code, out, _ = verify(verifier, make_zip([*files.items(), (name, b"x")]))
        assert (code, "NOT VERIFIED" in out) == (1, True)
    code, out, _ = verify(verifier, make_zip([*files.items(), ("keys.txt", b"x")]))
    assert (code, "the archive has keys.txt twice" in out) == (1, True)


@pytest.fixture
def make_zip(tmp_path: Path) -> Callable[..., Path]:
    def make(files: list[tuple[str, bytes]]) -> Path:
        path = tmp_path / "hostile.zip"
        with (
            pytest.warns(UserWarning, match="Duplicate name") if len(dict(files)) < len(files) else nullcontext(),
            zipfile.ZipFile(path, "w") as out,
        ):
            for name, data in files:
                out.writestr(name, data)
        return path

    return make


@pytest.mark.process
def test_links_are_not_followed(case: Case, tmp_path: Path, verifier: Path) -> None:
    exhibit = case.export(tmp_path / "exhibit")
    (tmp_path / "elsewhere").write_bytes((exhibit / "keys.txt").read_bytes())
    (exhibit / "keys.txt").unlink()
    try:
        (exhibit / "keys.txt").symlink_to(tmp_path / "elsewhere")
    except OSError:
        pytest.skip("NOT TESTED with links: they cannot be made here")
    code, out, _ = verify(verifier, exhibit)
    assert (code, "keys.txt is no ordinary file" in out) == (1, True)


def test_a_trivial_match_is_not_notable() -> None:
    opened = [
        {
            "type": "list.load",
            "name": "l",
            "version": 1,
            "digest": "",
            "profile": {"categories": {}, "other": "notable"},
        },
        {"type": "scan.open", "scan": 1, "lists": [{"name": "l", "version": 1, "digest": ""}]},
    ]
    real, empty = ({"list": "l", "category": None, "trivial": trivial} for trivial in (False, True))
    findings = [{"status": "skipped", "matches": matches} for matches in ([empty], [real], [empty, real])]
    selector = Selector(Selection(notable=True))
    for index, entry in enumerate([*opened, *({"type": "item", "scan": 1, "finding": one} for one in findings)]):
        selector.add(index, entry)
    assert selector.finish() == (0, 1, 3, 4)
