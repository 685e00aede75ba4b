"""Exhibits of ledgers whose keys somebody tampered with, and archives that are there to do harm."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shared.exhibit_cases import verify
from ledger import Cosigner, Ledger, Signer, canonical
from ledger.exhibit.assembling import assemble
from ledger.exhibit.exporting import Choices, export
from ledger.notes.checkpoint import Checkpoint
from ledger.notes.keyring import ADD, REVOKE, ROTATE, KeyChange, format_change
from ledger.notes.signer import sign_checkpoint
from ledger.storage.store import Store
from ledger.tree.merkle import EMPTY_ROOT

pytestmark = pytest.mark.process

TIME = "2026-10-01T00:00:00Z"
NAME = "lab.example/case-17"
A, B = (
    Signer.from_private_bytes(bytes([number]) * 32, name=NAME, mldsa_seed=bytes([number]) * 32) for number in (1, 2)
)


@pytest.fixture
def verifier(tmp_path: Path) -> Path:
    path = tmp_path / "verify.py"
    path.write_bytes(assemble())
    return path


def note(number: int) -> bytes:
    return canonical({"v": 1, "type": "note", "number": number})


def sign(path: Path, *signers: Signer) -> None:
    """A checkpoint of the present size, past what a Ledger refuses to sign."""
    with Ledger.open(path) as log:
        checkpoint = Checkpoint(log.origin, log.size, log.root() if log.size else EMPTY_ROOT)
    store = Store.open(path)
    with store.writing():
        store.add_checkpoint(checkpoint.size, sign_checkpoint(checkpoint, signers, time=1))
    store.close()


def append(path: Path, *bodies: bytes) -> None:
    with Ledger.open(path) as log:
        log.append(bodies)


def verdict(verifier: Path, path: Path, *trusted: Signer) -> str:
    vkeys = tuple(vkey for signer in trusted for vkey in signer.vkeys)
    out = path.with_suffix(".exhibit")
    export(path, out, choices=Choices(vkeys=vkeys), even_if_damaged=True)
    keys = path.with_suffix(".keys")
    keys.write_text("".join(f"{vkey}\n" for vkey in vkeys), "utf-8")
    return str(verify(verifier, out, "--keys", str(keys))[1].splitlines()[-1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "case.ledger"
    with Ledger.create(path, origin=NAME, signer=A) as log:
        log.append([note(0)], checkpoint=True)
    return path


@pytest.mark.parametrize(
    "change", [KeyChange(REVOKE, B.vkeys, reason="lost"), KeyChange(ROTATE, A.vkeys, replaces=B.vkeys)]
)
def test_a_key_that_was_taken_back_goes_on(path: Path, verifier: Path, change: KeyChange) -> None:
    """The checkpoint that took it back is not there any more."""
    append(path, format_change(change, time=TIME), note(1))
    sign(path, B)
    assert "with a key that entry 1 had revoked" in verdict(verifier, path, A, B)


def test_a_key_that_a_stranger_added(path: Path, verifier: Path) -> None:
    append(path, format_change(KeyChange(ADD, B.vkeys), time=TIME), note(1))
    sign(path, A)
    append(path, note(2))
    sign(path, B)
    assert "of size 4, is signed by no key that is trusted" in verdict(verifier, path, A)


@pytest.mark.parametrize("fields", [{"action": "added", "vkeys": [*B.vkeys]}, {"action": "add", "vkey": B.vkey}])
def test_other_words_for_adding(path: Path, verifier: Path, fields: dict[str, Any]) -> None:
    append(path, canonical({"v": 1, "type": "key", "time": TIME, **fields}))
    sign(path, A)
    append(path, note(2))
    sign(path, B)
    assert "of size 3, is signed by no key that is trusted" in verdict(verifier, path, A)


@pytest.mark.slow
def test_archives_without_what_they_name(path: Path, verifier: Path, tmp_path: Path) -> None:
    export(path, tmp_path / "whole.zip", choices=Choices(vkeys=A.vkeys), archive=True)
    with zipfile.ZipFile(tmp_path / "whole.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for missing in files:
        lacking = tmp_path / "lacking.zip"
        with zipfile.ZipFile(lacking, "w") as archive:
            for name, data in files.items():
                if name != missing:
                    archive.writestr(name, data)
        code, out, _ = verify(verifier, lacking)
        assert (code, out.splitlines()[-1].startswith("NOT VERIFIED")) == (1, True), missing
    in_front = tmp_path / "in-front.zip"
    in_front.write_bytes(b"MZ a program" + (tmp_path / "whole.zip").read_bytes())
    assert verify(verifier, in_front)[0] == 2


def test_a_policy_of_very_many_groups(path: Path, verifier: Path, tmp_path: Path) -> None:
    witness = Cosigner.generate("w.example/w").vkeys[0]
    lines = [f"log {A.vkey}", f"witness g0 {witness}"]
    lines += [f"group g{number} any g{number - 1}" for number in range(1, 1500)]
    policy = tmp_path / "policy"
    policy.write_text("\n".join([*lines, "quorum g1499", ""]), "utf-8")
    export(path, tmp_path / "exhibit", choices=Choices(vkeys=A.vkeys))
    code, out, err = verify(verifier, tmp_path / "exhibit", "--policy", str(policy))
    assert (code, "Recursion" in out + err) == (1, False)
