"""Checkpoints that entries name: one that is missing is a problem, once; ledgers without the field are as before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, Signer, audit, canonical
from ledger.auditing.named_checkpoints import NamedCheckpoints


@pytest.mark.parametrize("named", [-1, 6, "5", None, True, [5]])
def test_what_is_no_earlier_checkpoint(named: Any) -> None:
    problems: list[str] = []
    checker = NamedCheckpoints(problems.append)
    checker.checkpoint(5)
    checker.entry(5, {"type": "decision", "after_checkpoint": named})
    assert problems == ["entry 5 names no earlier checkpoint as the one that it came after"]


def test_a_missing_one_is_named_once() -> None:
    problems: list[str] = []
    checker = NamedCheckpoints(problems.append)
    for size in (0, 5):
        checker.checkpoint(size)
    for index, named in enumerate((0, 5, 4, 4), start=7):
        checker.entry(index, {"type": "decision", "after_checkpoint": named})
    checker.entry(11, {"type": "decision"})
    assert problems == ["the checkpoint of size 4, after which entry 9 was written, is missing"]


def test_of_a_ledger(make_ledger: Callable[..., Path], signer: Signer, tamper: Callable[..., None]) -> None:
    path = make_ledger(5)
    with Ledger.open(path, signer=signer) as log:
        log.append([canonical({"v": 1, "type": "note", "after_checkpoint": log.latest_size()})], checkpoint=True)
    assert audit(path, keys=signer.vkeys).intact
    tamper(path, ("DELETE FROM checkpoint WHERE size = ?", (5,)))
    report = audit(path, keys=signer.vkeys)
    assert (report.nature, report.problems) == (
        "tampered",
        ("the checkpoint of size 5, after which entry 5 was written, is missing",),
    )
