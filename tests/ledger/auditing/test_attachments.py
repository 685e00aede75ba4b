"""What comes after a checkpoint was signed, and files beside the ledger: nothing added, taken away or changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, Signer, audit, canonical
from ledger.storage.store import Store

LINE = "— witness.example/w1 AAAAAAAA"
TOKEN = b"a token"


def attach(path: Path, **rows: Any) -> None:
    """A cosignature and a token on the checkpoint of size 5, as rows and as entries unless told otherwise."""
    with closing(Store.open(path)) as store:
        note = store.checkpoint(5)
        assert note is not None
        with store.writing():
            for line in rows.get("lines", [f"{LINE}\n"]):
                store.add_cosignature(5, line)
            for token in rows.get("tokens", [TOKEN]):
                store.add_token(5, token)
    cosign = {"v": 1, "type": "checkpoint.cosign", "size": 5, "lines": [LINE]}
    time = {
        **{"v": 1, "type": "checkpoint.time", "size": 5, "token": TOKEN.hex()},
        "note_sha256": hashlib.sha256(note.encode()).hexdigest(),
        "token_sha256": hashlib.sha256(TOKEN).hexdigest(),
    }
    with Ledger.open(path) as log:
        log.append([canonical(entry) for entry in rows.get("entries", lambda *both: both)(cosign, time)])


def test_rows_and_entries_that_belong_together(make_ledger: Callable[..., Path], signer: Signer) -> None:
    path = make_ledger(9, checkpoints=[5])
    attach(path)
    assert audit(path, keys=[signer.vkey]).problems == ()
    with Ledger.open_readonly(path) as log:
        assert log.cosigned_checkpoint(5) == dict(log.checkpoints())[5] + f"{LINE}\n"
        assert log.cosigned_checkpoint() == log.latest_checkpoint()
        assert log.tokens(5) == [TOKEN]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"lines": [f"{LINE}\n", "— other AAAA\n"]}, "no entry tells of its cosignature — other AAAA"),
        ({"lines": []}, "entry 9: the cosignature of the checkpoint of size 5 that it tells of is not there"),
        ({"tokens": [TOKEN, b"more"]}, "no entry tells of its time-stamp token"),
        ({"tokens": []}, "entry 10: the time-stamp token of the checkpoint of size 5 that it tells of is not there"),
        ({"entries": lambda cosign, time: [{**cosign, "size": 500}, time]}, "does not say of which checkpoint"),
        ({"entries": lambda cosign, time: [{**cosign, "size": 4}, time]}, "no entry tells of its cosignature"),
        ({"entries": lambda cosign, time: [{**cosign, "lines": []}, time]}, "entry 9 has no cosignatures"),
        ({"entries": lambda cosign, time: [cosign, {**time, "note_sha256": "00"}]}, "its token is not on the check"),
        ({"entries": lambda cosign, time: [cosign, {**time, "token": "00"}]}, "not the one whose digest it has"),
        ({"entries": lambda cosign, time: [cosign, {**time, "token": "xx"}]}, "not the one whose digest it has"),
        ({"entries": lambda cosign, time: [cosign, {**time, "size": 9, "token_sha256": "00"}]}, "is not on the check"),
    ],
)
def test_what_does_not_belong_together(
    make_ledger: Callable[..., Path], signer: Signer, rows: dict[str, Any], expected: str
) -> None:
    path = make_ledger(9, checkpoints=[5])
    attach(path, **rows)
    problems = audit(path, keys=[signer.vkey]).problems
    assert any(expected in problem for problem in problems), problems


def test_a_scan_names_a_file_and_its_digest(
    path: Path, signer: Signer, scan_entries: Callable[..., list[dict[str, Any]]]
) -> None:
    entries = scan_entries(1, ["examined"])
    (path.parent / "case.hashes").mkdir()
    hashes = path.parent / "case.hashes" / "1.hashes"
    hashes.write_bytes(b"the hashes")
    digest = hashlib.sha256(b"the hashes").hexdigest()
    entries[-1]["hashes"] = {"file": "case.hashes/1.hashes", "bytes": 10, "sha256": digest}
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        log.append([canonical(entry) for entry in entries], checkpoint=True)

    def problems() -> tuple[str, ...]:
        return audit(path, keys=[signer.vkey], folder=path.parent).problems

    assert problems() == ()
    hashes.write_bytes(b"other hashes")
    assert problems() == ("scan 1: case.hashes/1.hashes is not the file that was recorded when the scan was closed",)
    assert audit(path, keys=[signer.vkey]).problems == ()
    hashes.unlink()
    assert problems() == ("scan 1: case.hashes/1.hashes: No such file or directory",)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "", "a/b/c/d/e", 7, "a\0b"])
def test_a_name_that_leads_out_of_the_case(
    path: Path, signer: Signer, scan_entries: Callable[..., list[dict[str, Any]]], name: object
) -> None:
    entries = scan_entries(1, ["examined"])
    entries[-1]["hashes"] = {"file": name, "bytes": 10, "sha256": "00" * 32}
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        log.append([canonical(entry) for entry in entries], checkpoint=True)
    report = audit(path, keys=[signer.vkey], folder=path.parent)
    assert report.problems == ("scan 1: its close does not name a file of the case",)
