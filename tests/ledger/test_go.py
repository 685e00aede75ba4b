"""Go's own sumdb packages verify our notes and proofs, and refuse what was altered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, Signer, consistency_proof, inclusion_proof, leaf_hash, root
from tests.shared.merkle_cases import ListReader

pytestmark = pytest.mark.peer

GOPATH = Path(os.environ.get("LEDGER_TEST_GOPATH", "/usr/share/gocode"))
"""Where Debian's golang-golang-x-mod-dev puts its sources."""

Ask = Callable[[list[dict[str, Any]]], list[dict[str, str]]]


@pytest.fixture(scope="session")
def go_checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in go/, built; skips where there is no Go or no golang.org/x/mod."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("NOT CROSS-VERIFIED with Go's sumdb: no go on the PATH (Debian: golang-go)")
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip(f"NOT CROSS-VERIFIED with Go's sumdb: none in {GOPATH} (Debian: golang-golang-x-mod-dev)")
    folder = tmp_path_factory.mktemp("go")
    settings = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0"}
    program = folder / ("check.exe" if os.name == "nt" else "check")
    source = Path(__file__).parent / "go" / "check.go"
    subprocess.run([go, "build", "-o", str(program), str(source)], check=True, env={**os.environ, **settings})
    return program


@pytest.fixture
def ask(go_checker: Path) -> Ask:
    """Puts questions to the program; its answers, in order."""

    def run(questions: list[dict[str, Any]]) -> list[dict[str, str]]:
        lines = "".join(json.dumps(question) + "\n" for question in questions)
        done = subprocess.run([go_checker], input=lines, capture_output=True, encoding="utf-8", check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(questions)
        return answers

    return run


def inclusion(index: int, size: int, leaf: bytes, top: bytes, proof: list[bytes]) -> dict[str, Any]:
    hashes = [value.hex() for value in proof]
    return {"kind": "inclusion", "index": index, "size": size, "leaf": leaf.hex(), "root": top.hex(), "proof": hashes}


def consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: list[bytes]) -> dict[str, Any]:
    sizes = {"size1": size1, "size2": size2, "root1": root1.hex(), "root2": root2.hex()}
    return {"kind": "consistency", **sizes, "proof": [value.hex() for value in proof]}


def altered(question: dict[str, Any]) -> list[dict[str, Any]]:
    """The question with one bit of every hash in it flipped, a hash more, and a hash less."""

    def flipped(text: str) -> str:
        return f"{int(text[0], 16) ^ 1:x}{text[1:]}"

    ends = [name for name in ("leaf", "root", "root1", "root2") if name in question]
    proof = question["proof"]
    changed = [{**question, name: flipped(question[name])} for name in ends]
    changed += [{**question, "proof": [*proof[:at], flipped(proof[at]), *proof[at + 1 :]]} for at in range(len(proof))]
    changed.append({**question, "proof": [*proof, "00" * 32]})
    if proof:
        changed.append({**question, "proof": proof[:-1]})
    return changed


def refused(answers: list[dict[str, str]]) -> bool:
    return all(answer["error"] for answer in answers)


def test_leaf_hashes(ask: Ask, make_entry: Callable[..., bytes]) -> None:
    bodies = [b"", b"\x00", make_entry(1), make_entry(2, text="é" * 1000)]
    answers = ask([{"kind": "leaf", "body": body.hex()} for body in bodies])
    assert [answer["hash"] for answer in answers] == [leaf_hash(body).hex() for body in bodies]


def test_every_proof_of_every_size(ask: Ask, make_entry: Callable[..., bytes]) -> None:
    leaves = [leaf_hash(make_entry(number)) for number in range(70)]
    reader = ListReader(leaves)
    roots = [root(leaves[:size]) for size in range(71)]
    questions = [
        inclusion(index, size, leaves[index], roots[size], inclusion_proof(reader, index, size))
        for size in range(1, 71)
        for index in range(size)
    ]
    questions += [
        consistency(size1, size2, roots[size1], roots[size2], consistency_proof(reader, size1, size2))
        for size2 in range(1, 71)
        for size1 in range(1, size2 + 1)
    ]
    assert {answer["error"] for answer in ask(questions)} == {""}
    assert refused(ask([change for question in questions[::7] for change in altered(question)]))


def test_a_ledger(
    ask: Ask, make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer, origin: str
) -> None:
    """What comes out of a file: checkpoints with their cosignatures, and proofs from tiles."""
    sizes = [1, 255, 256, 257, 512, 700]
    with Ledger.open_readonly(make_ledger(700, checkpoints=sizes)) as log:
        notes = {size: log.cosigned_checkpoint(size) for size, _note in log.checkpoints()}
        roots = {size: log.root(size) for size in notes}
        bodies = dict(log.entries())
        questions = [
            inclusion(index, size, leaf_hash(bodies[index]), roots[size], log.inclusion_proof(index, size))
            for size in sizes
            for index in range(0, size, 13)
        ]
        questions += [
            consistency(size1, size2, roots[size1], roots[size2], log.consistency_proof(size1, size2))
            for size1 in sizes
            for size2 in sizes
            if size1 <= size2
        ]
    assert {answer["error"] for answer in ask(questions)} == {""}
    assert refused(ask([change for question in questions[::11] for change in altered(question)]))

    opened = ask([{"kind": "note", "note": note, "vkey": signer.vkey} for note in notes.values()])
    assert [answer["error"] for answer in opened] == [""] * len(notes)
    assert [answer["text"] for answer in opened] == [note.partition("\n\n")[0] + "\n" for note in notes.values()]


def test_altered_notes_are_refused(ask: Ask, make_ledger: Callable[..., Path], signer: Signer, origin: str) -> None:
    with Ledger.open_readonly(make_ledger(7)) as log:
        note = log.cosigned_checkpoint()
    text, _, signatures = note.partition("\n\n")
    other = Signer.generate(origin)
    changes = [
        {"note": note.replace("\n7\n", "\n8\n"), "vkey": signer.vkey},
        {"note": note.replace(origin, "lab.example/case-18", 1), "vkey": signer.vkey},
        {"note": f"{text}\n", "vkey": signer.vkey},
        {"note": f"{text}\nmore\n\n{signatures}", "vkey": signer.vkey},
        {"note": note[:-1], "vkey": signer.vkey},
        {"note": note, "vkey": other.vkey},
    ]
    answers = ask([{"kind": "note", **change} for change in changes])
    assert refused(answers), answers
