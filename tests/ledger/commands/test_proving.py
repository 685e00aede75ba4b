"""The commands prove and check: what one writes, the other believes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Cosigner, Ledger, Signer, Verifier, parse_checkpoint, parse_note
from ledger.notes.note import format_signature


@pytest.fixture
def keys(tmp_path: Path, signer: Signer) -> Path:
    path = tmp_path / "lab.keys"
    path.write_text("".join(f"{vkey}\n" for vkey in signer.vkeys), "utf-8")
    return path


def entry(ledger: Path, index: int) -> bytes:
    with Ledger.open_readonly(ledger) as log:
        return next(log.entries(index))[1]


def test_prove_and_check_every_entry(
    make_ledger: Callable[..., Path], keys: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    ledger = make_ledger(7, checkpoints=[3])
    for size in (3, 7):
        for index in range(size):
            file = tmp_path / f"{index}-{size}.tlog-proof"
            assert run("prove", ledger, index, "--size", size, "-o", file) == (0, "", "")
            for body in (entry(ledger, index), entry(ledger, index) + b"\n"):
                result = run("check", file, "--entry", "-", "--keys", keys, stdin=body)
                assert (result.code, result.err) == (0, "")
                assert result.out.startswith(f"entry {index} of lab.example/case-17, size {size}, root ")
                assert result.out.endswith("\nvalid\n")
            wrong = run("check", file, "--entry", "-", "--keys", keys, stdin=entry(ledger, index) + b"\n\n")
            assert (wrong.code, wrong.out) == (1, "NOT VALID\n")
            assert "does not lead to the root" in wrong.err


def test_stdout_and_case_folders(make_ledger: Callable[..., Path], run: Callable[..., Any]) -> None:
    ledger = make_ledger(5)
    proof = run("prove", ledger, 4)
    assert proof.out.startswith("c2sp.org/tlog-proof@v1\nindex 4\n")
    assert run("prove", 4, "--case", ledger.parent) == proof
    assert run("prove", ledger.parent, 4) == proof
    growth = run("prove", ledger, "--from", 2)
    assert growth.out.startswith("old 2\n")
    assert run("prove", "--case", ledger.parent, "--from", 2) == growth


def test_prove_and_check_growth(
    make_ledger: Callable[..., Path], keys: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    ledger = make_ledger(7, checkpoints=[3])
    old, file = tmp_path / "old", tmp_path / "growth"
    for size in (0, 3, 7):
        with Ledger.open_readonly(ledger) as log:
            old.write_bytes(log.cosigned_checkpoint(size).encode())
        file.unlink(missing_ok=True)
        assert run("prove", ledger, "--from", size, "-o", file).code == 0
        result = run("check", file, "--old", old, "--keys", keys)
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(f"nothing changed before entry {size} of lab.example/case-17, size 7")
    file.unlink()
    run("prove", ledger, "--from", 3, "-o", file)
    result = run("check", file, "--old", old, "--keys", keys)  # of size 7
    assert (result.code, result.out) == (1, "NOT VALID\n")


def test_a_proof_holds_the_cosignatures_and_a_policy_counts_them(
    make_ledger: Callable[..., Path], signer: Signer, tmp_path: Path, run: Callable[..., Any]
) -> None:
    ledger = make_ledger(4)
    witness = Cosigner.generate("witness.example/w")
    policy, body, file = tmp_path / "policy", tmp_path / "entry", tmp_path / "proof"
    policy.write_bytes(f"log {signer.vkey}\nwitness w {witness.vkeys[0]}\nquorum w\n".encode())
    body.write_bytes(entry(ledger, 2))
    run("prove", ledger, 2, "-o", file)
    result = run("check", file, "--entry", body, "--policy", policy)
    assert (result.code, result.out) == (1, "NOT VALID\n")
    assert "quorum 'w' is not reached" in result.err
    checkpoint = parse_checkpoint(parse_note(run("prove", ledger, 2).out.partition("\n\n")[2]).text)
    cosignature = witness.cosign(checkpoint, time=1_760_000_000)[0]
    with file.open("ab") as proof:
        proof.write(format_signature(cosignature).encode())
    result = run("check", file, "--entry", body, "--policy", policy)
    assert (result.code, result.err) == (0, "")
    assert "cosigned at 2025-10-09T08:53:20Z by witness.example/w\n" in result.out
    policy.write_bytes(f"witness w {witness.vkeys[0]}\nquorum w\n".encode())
    assert run("check", file, "--entry", body, "--policy", policy).code == 1
    keys = tmp_path / "keys"
    keys.write_text(f"{witness.vkeys[1]}\n{signer.vkey}\n", "utf-8")
    assert run("check", file, "--entry", body, "--policy", policy, "--keys", keys).code == 0


def test_a_witness_alone_is_not_enough(
    make_ledger: Callable[..., Path], signer: Signer, tmp_path: Path, run: Callable[..., Any]
) -> None:
    """Also one that calls itself like the log: its kind of key cosigns, it does not sign for a log."""
    ledger = make_ledger(4)
    witness = Cosigner.generate(signer.name)
    file, keys = tmp_path / "proof", tmp_path / "keys"
    run("prove", ledger, 2, "-o", file)
    checkpoint = parse_checkpoint(parse_note(run("prove", ledger, 2).out.partition("\n\n")[2]).text)
    with file.open("ab") as proof:
        proof.write(format_signature(witness.cosign(checkpoint, time=1)[0]).encode())
    keys.write_text(witness.vkeys[0] + "\n", "utf-8")
    result = run("check", file, "--entry", "-", "--keys", keys, stdin=entry(ledger, 2))
    assert (result.code, result.out) == (1, "NOT VALID\n")
    assert Verifier(witness.vkeys[0]).name == checkpoint.origin


def test_what_is_not_valid(
    make_ledger: Callable[..., Path], keys: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    ledger = make_ledger(4)
    good = run("prove", ledger, 2).out
    file = tmp_path / "proof"
    for content in ("", "nonsense", good[:-1], good.replace("index 2", "index 1"), good.replace("\n4\n", "\n5\n")):
        file.write_text(content, "utf-8", newline="\n")
        result = run("check", file, "--entry", "-", "--keys", keys, stdin=entry(ledger, 2))
        assert (result.code, result.out) == (1, "NOT VALID\n")
        assert result.err.count("\n") == 1


def test_what_cannot_be_checked(
    make_ledger: Callable[..., Path], keys: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    ledger = make_ledger(4)
    file, binary, empty = tmp_path / "proof", tmp_path / "binary", tmp_path / "empty"
    run("prove", ledger, 2, "-o", file)
    binary.write_bytes(b"\xff\xfe")
    empty.write_bytes(b"")
    absent = tmp_path / "absent"
    for arguments in (
        (file, "--keys", keys),
        (file, "--entry", binary, "--old", binary, "--keys", keys),
        (file, "--entry", binary),
        (absent, "--entry", binary, "--keys", keys),
        (binary, "--entry", binary, "--keys", keys),
        (file, "--entry", absent, "--keys", keys),
        (file, "--entry", binary, "--keys", absent),
        (file, "--entry", binary, "--keys", empty),
        (file, "--entry", binary, "--policy", binary),
        (file, "--entry", binary, "--policy", absent),
        (file, "--old", absent, "--keys", keys),
    ):
        result = run("check", *arguments)
        assert (result.code, result.out) == (2, "")
        assert "Traceback" not in result.err


def test_what_cannot_be_proved(make_ledger: Callable[..., Path], tmp_path: Path, run: Callable[..., Any]) -> None:
    ledger = make_ledger(4)
    existing = tmp_path / "existing"
    existing.write_bytes(b"precious")
    for arguments in (
        (ledger, 4),
        (ledger, 2, "--size", 3),
        (ledger, 2, "--size", 5),
        (ledger, "--from", 5),
        (ledger, "two"),
        (ledger, "-1"),
        (ledger, "²"),
        (ledger,),
        (ledger, 2, "--from", 1),
        (ledger, 2, "-o", existing),
        (tmp_path / "absent", 2),
        (2,),
        (),
    ):
        result = run("prove", *arguments)
        assert (result.code, result.out) == (2, "")
        assert "Traceback" not in result.err
    assert existing.read_bytes() == b"precious"
