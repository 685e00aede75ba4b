"""@sigstore/verify, in JavaScript, verifies our checkpoints and inclusion proofs, and refuses what was altered."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, Signer

pytestmark = [pytest.mark.peer, pytest.mark.process]

PROGRAM = Path(__file__).parent / "node" / "check.cjs"


@pytest.fixture(scope="session")
def node() -> str:
    """Node; skips where it or the package is not there."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("NOT CROSS-VERIFIED with @sigstore/verify: no node on the PATH")
    done = subprocess.run([node, PROGRAM], input="", capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        assert "Cannot find module '@sigstore/verify'" in done.stderr, done.stderr
        pytest.skip("NOT CROSS-VERIFIED with @sigstore/verify: npm install it, and name its node_modules in NODE_PATH")
    return node


def test_checkpoints_and_inclusion(
    node: str, make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer
) -> None:
    sizes = [1, 2, 3, 64, 255, 256, 257, 600]
    key = base64.b64decode(signer.vkey.split("+", 2)[2])[1:].hex()
    questions: list[dict[str, Any]] = []
    with Ledger.open_readonly(make_ledger(600, checkpoints=sizes)) as log:
        for size in sizes:
            for index in {*range(0, size, 17), size - 1}:
                proof = [value.hex() for value in log.inclusion_proof(index, size)]
                about = {"index": index, "body": make_entry(index).hex(), "proof": proof}
                questions.append({**about, "note": log.cosigned_checkpoint(size), "name": signer.name, "key": key})
    assert {answer["error"] for answer in answers(node, questions)} == {""}

    changed = []
    for question in questions:
        if question["proof"]:
            changed.append({**question, "proof": question["proof"][:-1]})
            changed.append({**question, "proof": ["00" * 32, *question["proof"][1:]]})
        changed.append({**question, "proof": [*question["proof"], "00" * 32]})
        changed.append({**question, "body": make_entry(9999).hex()})
        changed.append({**question, "note": question["note"].replace(signer.name, "lab.example/case-18", 1)})
        changed.append({**question, "key": "01" * 32})
    assert all(answer["error"] for answer in answers(node, changed))


def answers(node: str, questions: list[dict[str, Any]]) -> list[dict[str, str]]:
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([node, PROGRAM], input=lines, capture_output=True, encoding="utf-8", check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(questions)
    return found
