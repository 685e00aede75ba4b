"""A result that no known key signed first is named in the same words, whoever signs later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger import Ledger, Signer, audit, canonical
from ledger.auditing.first_signers import FirstSigners
from ledger.commands.verify import report_lines


@pytest.fixture
def other(origin: str) -> Signer:
    return Signer.from_private_bytes(bytes(range(32, 64)), name=origin, mldsa_seed=bytes(range(32)))


def decision(verdict: str) -> bytes:
    return canonical({"v": 1, "type": "decision", "verdict": verdict})


def named(path: Path, *keys: str) -> list[str]:
    return [note for note in audit(path, keys=keys).notes if note.startswith("signed first by no known key")]


def test_the_note_stays_when_a_known_key_signs_later(
    make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer, other: Signer
) -> None:
    path = make_ledger(5)
    with Ledger.open(path, signer=other) as log:
        log.append([decision("confirmed")], checkpoint=True)
    before = audit(path, keys=signer.vkeys)
    assert before.problems == ("entry 5, a decision, is signed by no known key",)
    (note,) = named(path, *signer.vkeys)
    assert "entry 5, a decision. Who wrote it signed as" in note
    assert any(f"+{vkey.split('+')[1]}" in note for vkey in other.vkeys)
    with Ledger.open(path, signer=signer) as log:
        log.append([make_entry(50)], checkpoint=True)
    after = audit(path, keys=signer.vkeys)
    assert after.problems == ()
    assert named(path, *signer.vkeys) == [note]
    assert any(note in line for line in report_lines(after))
    assert named(path, *signer.vkeys, *other.vkeys) == []


def test_an_entry_whose_writer_is_known_is_not_named(
    make_ledger: Callable[..., Path], make_entry: Callable[..., bytes], signer: Signer, other: Signer
) -> None:
    path = make_ledger(5)
    with Ledger.open(path, signer=signer) as log:
        log.append([decision("confirmed")], checkpoint=True)
    with Ledger.open(path, signer=other) as log:
        log.append([make_entry(50)], checkpoint=True)
    assert named(path, *signer.vkeys) == []
    assert named(path) == []


def test_many_are_counted_and_the_first_are_named() -> None:
    first = FirstSigners()
    for index, kind in enumerate(["scan.close", "item", "relookup", "scan.abandon", *["decision"] * 1000]):
        first.add(index, kind)
    first.signed(is_known=False, keys=["lab+01234567"])
    (note,) = first.notes()
    assert note.startswith(
        "signed first by no known key: entry 0, the close of a scan; entry 2, a relookup; entry 3, the abandonment of "
        "a scan; entry 4, a decision; entry 5, a decision, and 998 more. Who wrote them signed as lab+01234567: "
    )
    assert list(first.unsigned(1003)) == ["entry 1003, a decision, is signed by no known key"]
    assert list(first.unsigned(1004)) == []
