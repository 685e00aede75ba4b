"""Exhibits that somebody changed: every byte of every file, and what a forger with skill would do."""

from __future__ import annotations

import io
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shared.exhibit_cases import ORIGIN, Case, build, remake_manifest, sha256, verify
from ledger import Ledger, Signer, canonical, leaf_hash, root
from ledger.entries.entry import parse
from ledger.exhibit.exporting import Choices, export
from ledger.exhibit.selecting import Selection
from ledger.exhibit.verifier import main as verifier
from ledger.exhibit.verifier import notes
from ledger.exhibit.verifier.files import Folder
from ledger.exhibit.verifier.notes import parse_vkey

STRIDE = 101
"""Every which byte is changed here; benchmarks/ledger/flip_every_byte_of_an_exhibit.py changes all."""

UNSIGNED = {"README.txt", "certificate.txt", "policy.txt", "keys.txt", "verify.py"}
"""Nobody signs these: whoever makes the manifest anew may change them. They vouch for nothing (docs/exhibit.md)."""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return build(tmp_path_factory.mktemp("case"))


@pytest.fixture(params=["complete", "part"])
def exhibit(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    selection = Selection(notable=True) if request.param == "part" else None
    return case.export(tmp_path / "exhibit", selection=selection, disclose=frozenset({5}), vkeys=(case.signer.vkey,))


@pytest.fixture
def keys(case: Case, tmp_path: Path) -> Path:
    path = tmp_path / "trusted.keys"
    path.write_text("\n".join(case.vkeys) + "\n", "utf-8")
    return path


@pytest.fixture
def run(case: Case, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[int, str]]:
    """Verifies in this process with the case's keys; what was verified once is not computed again."""
    for name in ("mldsa44_verify", "ed25519_verify"):
        monkeypatch.setattr(notes, name, lru_cache(maxsize=None)(getattr(notes, name)))
    supplied = verifier.Supplied([parse_vkey(vkey) for vkey in case.vkeys], None, [], [])

    def check(exhibit: Path) -> tuple[int, str]:
        out = io.StringIO()
        with redirect_stdout(out):
            code = verifier.run(Folder(exhibit), supplied)
        return code, out.getvalue()

    return check


def flips(exhibit: Path) -> Iterator[tuple[str, int]]:
    """Generates the file and place of every STRIDE-th byte, and of the first and last of each file."""
    for path in sorted(path for path in exhibit.rglob("*") if path.is_file()):
        name = path.relative_to(exhibit).as_posix()
        size = path.stat().st_size
        stride = STRIDE if name != "verify.py" else size
        for place in sorted({0, size - 1, *range(len(name) % stride, size, stride)}):
            yield name, place


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.slow
def test_a_changed_byte(exhibit: Path, run: Callable[[Path], tuple[int, str]]) -> None:
    assert run(exhibit)[0] == 0
    for name, place in flips(exhibit):
        flip(exhibit / name, place)
        assert run(exhibit)[0] == 1, f"{name}, byte {place}"
        flip(exhibit / name, place)
    assert run(exhibit)[0] == 0


@pytest.mark.slow
def test_a_changed_byte_and_a_manifest_made_anew(exhibit: Path, run: Callable[[Path], tuple[int, str]]) -> None:
    manifest = (exhibit / "manifest.json").read_bytes()
    harmless = 0
    for name, place in flips(exhibit):
        if name in UNSIGNED or name == "manifest.json":
            continue
        flip(exhibit / name, place)
        files = json.loads(manifest)
        files["files"][name] = sha256((exhibit / name).read_bytes())
        (exhibit / "manifest.json").write_bytes(canonical(files) + b"\n")
        code, out = run(exhibit)
        if code == 0:  # a name or key id in a signature line: then it is no signature by a known key, and that is told
            assert name.startswith("checkpoints/"), f"{name}, byte {place}"
            assert "not checked: " in out or "signed by no key that is trusted: " in out, f"{name}, byte {place}"
            harmless += 1
        flip(exhibit / name, place)
    (exhibit / "manifest.json").write_bytes(manifest)
    assert run(exhibit)[0] == 0
    assert harmless < 20


def test_random_bytes_never_end_the_verifier_in_another_way(
    exhibit: Path, run: Callable[[Path], tuple[int, str]]
) -> None:
    choose = random.Random(7)
    names = sorted(path.relative_to(exhibit).as_posix() for path in exhibit.rglob("*") if path.is_file())
    for name in names:
        original = (exhibit / name).read_bytes()
        for length in (0, 1, 40, 5000):
            (exhibit / name).write_bytes(choose.randbytes(length))
            if name != "manifest.json":
                remake_manifest(exhibit)
            code, out = run(exhibit)
            assert code == 1 or name in UNSIGNED or (name, length) == ("openings.jsonl", 0)  # nothing disclosed
            assert re.search(r"^(NOT )?VERIFIED", out, re.MULTILINE)
        (exhibit / name).write_bytes(original)


def test_a_file_missing_or_besides(exhibit: Path, run: Callable[[Path], tuple[int, str]]) -> None:
    (exhibit / "notes.txt").write_bytes(b"")
    assert "notes.txt does not belong to the exhibit" in run(exhibit)[1]
    (exhibit / "notes.txt").unlink()
    (exhibit / "checkpoints" / "3.txt").unlink()
    assert "checkpoints/3.txt is missing" in run(exhibit)[1]


def test_what_no_step_would_look_at_is_refused(
    case: Case, tmp_path: Path, run: Callable[[Path], tuple[int, str]]
) -> None:
    exhibit = case.export(tmp_path / "exhibit")
    (exhibit / "proofs").mkdir()
    (exhibit / "proofs" / "5.tlog-proof").write_bytes(b"nonsense")
    remake_manifest(exhibit)
    assert "a complete exhibit has no single entries and no proofs" in run(exhibit)[1]


@pytest.mark.parametrize("how", ["deleted", "swapped", "repeated", "cut off"])
def test_entries_moved(case: Case, tmp_path: Path, run: Callable[[Path], tuple[int, str]], how: str) -> None:
    exhibit = case.export(tmp_path / "exhibit")
    lines = (exhibit / "entries.jsonl").read_bytes().splitlines(keepends=True)
    changed = {
        "deleted": [*lines[:7], *lines[8:]],
        "swapped": [*lines[:6], lines[7], lines[6], *lines[8:]],
        "repeated": [*lines[:7], lines[6], *lines[7:]],
        "cut off": lines[:13],
    }[how]
    (exhibit / "entries.jsonl").write_bytes(b"".join(changed))
    remake_manifest(exhibit, size=len(changed), entries=len(changed))
    code, out = run(exhibit)
    assert (code, "NOT VERIFIED: the checkpoint of size " in out) == (1, True)


def test_entries_of_a_part_renumbered(case: Case, tmp_path: Path, run: Callable[[Path], tuple[int, str]]) -> None:
    exhibit = case.export(tmp_path / "exhibit", selection=Selection(notable=True))
    for folder, ending in (("entries", "json"), ("proofs", "tlog-proof")):
        (exhibit / folder / f"6.{ending}").rename(exhibit / folder / f"7.{ending}")
    remake_manifest(exhibit)
    assert "entry 7: its proof is not one of this entry" in run(exhibit)[1]
    proof = (exhibit / "proofs" / "7.tlog-proof").read_bytes()
    (exhibit / "proofs" / "7.tlog-proof").write_bytes(proof.replace(b"index 6\n", b"index 7\n"))
    remake_manifest(exhibit)
    assert "entry 7: the inclusion proof does not lead to the root" in run(exhibit)[1]


def test_an_older_state_of_the_log(case: Case, tmp_path: Path, run: Callable[[Path], tuple[int, str]]) -> None:
    """It verifies, since it was once the whole log; a size and root from outside rules it out."""
    exhibit = case.export(tmp_path / "exhibit")
    lines = (exhibit / "entries.jsonl").read_bytes().splitlines(keepends=True)[:10]
    (exhibit / "entries.jsonl").write_bytes(b"".join(lines))
    (exhibit / "checkpoints" / "14.txt").unlink()
    note = (exhibit / "checkpoints" / "10.txt").read_text("utf-8").split("— witness")[0]
    (exhibit / "checkpoints" / "10.txt").write_text(note, "utf-8")
    (exhibit / "policy.txt").unlink()
    with Ledger.open_readonly(case.ledger) as log:
        remake_manifest(exhibit, size=10, entries=10, root=log.root(10).hex())
        expected = f"14:{log.root(14).hex()}"
    assert run(exhibit)[0] == 0
    code, out, _ = verify(exhibit / "verify.py", exhibit, "--expect", expected)
    assert (code, "--expect 14 is of size 14, which is beyond the entries" in out) == (1, True)


def test_a_ledger_rebuilt_with_another_key(case: Case, tmp_path: Path, keys: Path) -> None:
    """Perfect in itself: only a key from outside tells."""
    forger = Signer.generate(ORIGIN)
    with Ledger.open_readonly(case.ledger) as log:
        bodies = [body for _, body in log.entries()]
    bodies = [body.replace(b"DCIM/2.jpg", b"DCIM/9.jpg") for body in bodies if b"checkpoint.cosign" not in body]
    entries = [parse(body) for body in bodies if b'"type":"key"' not in body]
    forged = tmp_path / "forged.ledger"
    with Ledger.create(forged, origin=ORIGIN, signer=forger) as log:
        log.append([canonical(entry) for entry in _recounted(entries)], checkpoint=True)
    exhibit = tmp_path / "exhibit"
    export(forged, exhibit, choices=Choices(vkeys=(forger.vkey,)))
    code, out, _ = verify(exhibit / "verify.py", exhibit)
    assert (code, "VERIFIED self-asserted (no key from outside the exhibit)" in out) == (0, True)
    code, out, _ = verify(exhibit / "verify.py", exhibit, "--keys", keys)
    assert (code, "is signed by no key that is trusted" in out.splitlines()[-1]) == (1, True)


def _recounted(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries without decisions, whose citations would have to be made anew, and with the right findings root."""
    findings = [entry["finding"] for entry in entries if entry["type"] == "item"]
    for entry in entries:
        if entry["type"] == "scan.close":
            entry["findings_root"] = root(leaf_hash(canonical(finding)) for finding in findings).hex()
    return [entry for entry in entries if entry["type"] != "decision"]


def test_a_cosignature_taken_away_or_of_another_checkpoint(
    case: Case, tmp_path: Path, run: Callable[[Path], tuple[int, str]]
) -> None:
    exhibit = case.export(tmp_path / "exhibit")
    path = exhibit / "checkpoints" / "10.txt"
    note = path.read_text("utf-8")
    lines = note.splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "witness.example/a" not in line), "utf-8")
    remake_manifest(exhibit)
    code, out = run(exhibit)
    assert "entry 10 tells of a cosignature that the checkpoint of size 10 does not have" in out
    assert "no checkpoint has the cosignatures that the policy" in out
    assert code == 1
    path.write_text(note, "utf-8")
    other = exhibit / "checkpoints" / "14.txt"
    other.write_text(other.read_text("utf-8") + next(line for line in lines if "witness.example/a" in line), "utf-8")
    remake_manifest(exhibit)
    code, out = run(exhibit)
    assert (code, "the signature by witness.example/a" in out) == (1, True)


def test_the_verifier_is_one_file_of_parts_that_say_the_same(exhibit: Path, keys: Path, run: Any) -> None:
    moved = exhibit.parent / "moved"
    shutil.copytree(exhibit, moved)
    out = verify(exhibit / "verify.py", moved, "--keys", keys)[1]
    assert out.partition("\n")[2].splitlines() == run(exhibit)[1].splitlines()
