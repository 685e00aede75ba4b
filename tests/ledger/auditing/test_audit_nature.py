"""Damage and tampering are told apart, as far as can be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger import Ledger, Signer, audit, canonical


def flip(path: Path, found: bytes, bit: int) -> None:
    """In every copy: SQLite leaves old ones behind in what a page does not use."""
    data = path.read_bytes()
    path.write_bytes(data.replace(found, bytes([found[0] ^ 1 << bit]) + found[1:]))


def test_damage_and_tampering_are_told_apart(
    make_ledger: Callable[..., Path], tamper: Callable[..., None], signer: Signer
) -> None:
    path = make_ledger(300)
    data = path.read_bytes()

    def nature() -> str:
        return audit(path, keys=[signer.vkey]).nature

    assert nature() == "intact"
    flip(path, b'123,"type"', 1)
    assert audit(path, keys=[signer.vkey]).problems[0].endswith("bit 1 of its byte 10 is flipped")
    assert nature() == "damaged"
    path.write_bytes(data)
    flip(path, b"'entry: an index is not the next'", 3)
    assert nature() == "damaged"
    path.write_bytes(data)
    tamper(path, "CREATE TABLE more (x)")
    assert nature() == "tampered"
    path.write_bytes(data)
    tamper(path, ("UPDATE entry SET body = ? WHERE idx = 200", (canonical({"v": 1, "type": "note", "number": 7}),)))
    assert nature() == "tampered"
    path.write_bytes(data)
    flip(path, signer.name.encode() + b"\n300\n", 0)  # of the checkpoint
    assert nature() in ("unclear", "tampered")


def test_a_scan_that_goes_on_is_incomplete(
    path: Path, signer: Signer, scan_entries: Callable[..., list[dict[str, Any]]]
) -> None:
    entries = [canonical(entry) for entry in scan_entries(1, ["examined"] * 3)]
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        log.append(entries[:-1], checkpoint=True)
        assert audit(path, keys=[signer.vkey]).nature == "incomplete"
        log.append(entries[-1:], checkpoint=True)
        assert audit(path, keys=[signer.vkey]).nature == "intact"
