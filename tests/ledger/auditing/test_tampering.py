"""Forgers who leave no contradiction in the file, and who catches them: a key, a notebook, or another's checkpoint.

test_audit.py has those whom the file itself contradicts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import (
    AuditReport,
    Ledger,
    ProofError,
    Signer,
    audit,
    canonical,
    leaf_hash,
    parse_checkpoint,
    parse_note,
    root,
    sign_note,
    verify_consistency,
    verify_inclusion,
)

ORIGIN = "lab.example/case-17"
SIZES = (100, 256, 300)
"""Where a ledger of these tests has checkpoints."""

Make = Callable[[str, Sequence[bytes], Signer], Path]


def vkeys(signer: Signer) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(signer, "vkeys", (signer.vkey,))
    return found


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a whole ledger of its own, with the library: nothing in it contradicts anything."""

    def run(name: str, entries: Sequence[bytes], signer: Signer) -> Path:
        path = tmp_path / name
        with Ledger.create(path, origin=ORIGIN, signer=signer) as log:
            start = 0
            for stop in sorted({*(size for size in SIZES if size < len(entries)), len(entries)}):
                log.append(entries[start:stop], checkpoint=True)
                start = stop
        return path

    return run


@pytest.fixture
def entries(make_entry: Callable[..., bytes]) -> list[bytes]:
    return [make_entry(number) for number in range(SIZES[-1])]


@pytest.fixture
def forger() -> Signer:
    """Signs in the ledger's name, with another key."""
    return Signer.generate(ORIGIN)


def note(number: int) -> bytes:
    return canonical({"v": 1, "type": "note", "number": number})


def noted(entries: Sequence[bytes]) -> tuple[int, bytes]:
    """What a careful reader wrote down: a size and its root, made without the ledger's file."""
    return len(entries), root(map(leaf_hash, entries))


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "edit": lambda e: [*e[:120], note(7), *e[121:]],
    "edit the first": lambda e: [note(7), *e[1:]],
    "edit the last": lambda e: [*e[:-1], note(7)],
    "delete": lambda e: [*e[:120], *e[121:]],
    "delete the first": lambda e: e[1:],
    "delete the last": lambda e: e[:-1],
    "delete the tile": lambda e: e[256:],
    "insert": lambda e: [*e[:120], note(7), *e[120:]],
    "insert before the first": lambda e: [note(-1), *e],
    "insert a copy": lambda e: [*e[:120], e[120], *e[120:]],
    "swap": lambda e: [*e[:120], e[121], e[120], *e[122:]],
    "swap across tiles": lambda e: [e[299], *e[1:299], e[0]],
    "renumber: the first to the end": lambda e: [*e[1:], e[0]],
    "renumber: backwards": lambda e: e[::-1],
    "replace one, delete one, insert one": lambda e: [*e[:10], note(7), *e[11:120], *e[121:200], note(8), *e[200:]],
}


def caught(report: AuditReport, text: str) -> None:
    assert not report.intact
    assert any(text in problem for problem in report.problems), report.problems


@pytest.mark.parametrize("change", CHANGES)
def test_a_whole_new_ledger_by_another_key(
    make: Make, entries: list[bytes], signer: Signer, forger: Signer, change: str
) -> None:
    """It vouches for itself, says so, and convinces nobody who has a key or a note of his own."""
    forged = make("forged.ledger", CHANGES[change](entries), forger)
    alone = audit(forged, own_keys=vkeys(forger))
    assert (alone.problems, alone.trust) == ((), "self-asserted")
    caught(audit(forged), "no key to check signatures with")
    caught(audit(forged, keys=vkeys(signer), own_keys=vkeys(forger)), "no checkpoint is signed by a known key")
    expected = audit(forged, own_keys=vkeys(forger), expect=noted(entries))
    caught(expected, "the expected")
    assert audit(make("true.ledger", entries, signer), keys=vkeys(signer), expect=noted(entries)).intact


@pytest.mark.parametrize("change", CHANGES)
def test_a_whole_new_ledger_by_the_same_key(make: Make, entries: list[bytes], signer: Signer, change: str) -> None:
    """Whoever has the key can rewrite all of it. Keys do not find him; a notebook and a kept checkpoint do."""
    with Ledger.open_readonly(make("true.ledger", entries, signer)) as log:
        kept = parse_checkpoint(parse_note(log.cosigned_checkpoint()).text)
    changed = CHANGES[change](entries)
    path = make("forged.ledger", changed, signer)
    assert audit(path, keys=vkeys(signer)).problems == ()
    caught(audit(path, keys=vkeys(signer), expect=(kept.size, kept.root)), "the expected")
    with Ledger.open(path, signer=signer) as log:
        log.append([note(number) for number in range(1000, 1300)], checkpoint=True)
        shown = parse_checkpoint(parse_note(log.cosigned_checkpoint()).text)
        proof = log.consistency_proof(kept.size, shown.size)
    with pytest.raises(ProofError, match="does not lead to the first root"):
        verify_consistency(size1=kept.size, size2=shown.size, root1=kept.root, root2=shown.root, proof=proof)


RENUMBERED: dict[str, tuple[list[str], str]] = {
    "one further, from the middle on": (
        ["UPDATE entry SET idx = -idx - 2 WHERE idx >= 120", "UPDATE entry SET idx = -idx - 1 WHERE idx < 0"],
        "entry 120 is missing",
    ),
    "all one further": (
        ["UPDATE entry SET idx = -idx - 2", "UPDATE entry SET idx = -idx - 1"],
        "entry 0 is missing",
    ),
    "backwards": (
        ["UPDATE entry SET idx = -idx - 1", "UPDATE entry SET idx = idx + 300"],
        "entry 0 ",
    ),
    "two tiles": (
        [
            "UPDATE entry SET idx = -idx - 1 WHERE idx BETWEEN 200 AND 299",
            "UPDATE entry SET idx = idx + 100 WHERE idx BETWEEN 100 AND 199",
            "UPDATE entry SET idx = -idx - 101 WHERE idx < 0",
        ],
        "entry 100 ",
    ),
}


@pytest.mark.parametrize("how", RENUMBERED)
def test_renumbered_entries(
    make: Make, entries: list[bytes], signer: Signer, tamper: Callable[..., None], how: str
) -> None:
    statements, expected = RENUMBERED[how]
    path = make("case.ledger", entries, signer)
    tamper(path, *statements)
    caught(audit(path, keys=vkeys(signer)), expected)


def test_the_part_before_a_forgery_still_fits(make: Make, entries: list[bytes], signer: Signer) -> None:
    """An older note about what was not rewritten is no help: what it covers is as it was."""
    path = make("forged.ledger", CHANGES["edit the last"](entries), signer)
    assert audit(path, keys=vkeys(signer), expect=noted(entries[:299])).intact
    assert not audit(path, keys=vkeys(signer), expect=noted(entries)).intact


def test_an_older_copy_that_is_put_back_and_goes_on(make: Make, entries: list[bytes], signer: Signer) -> None:
    path = make("case.ledger", entries, signer)
    older = path.read_bytes()
    with Ledger.open(path, signer=signer) as log:
        log.append([note(1), note(2)], checkpoint=True)
        kept = (log.size, log.root())
    path.write_bytes(older)
    caught(audit(path, keys=vkeys(signer), expect=kept), "fewer than the expected 302")
    with Ledger.open(path, signer=signer) as log:
        log.append([note(1), note(3), note(4)], checkpoint=True)
    assert audit(path, keys=vkeys(signer)).problems == ()
    caught(audit(path, keys=vkeys(signer), expect=kept), "do not have the expected root")


def test_two_forks_shown_to_two_people(make: Make, entries: list[bytes], signer: Signer) -> None:
    """Each is intact; the two checkpoints together are not, whichever fork makes the proof."""
    left = make("left.ledger", entries, signer)
    right = left.with_name("right.ledger")
    right.write_bytes(left.read_bytes())
    shown = {}
    for path, number, more in ((left, 1, 40), (right, 2, 70)):
        with Ledger.open(path, signer=signer) as log:
            log.append([note(number * 1000 + place) for place in range(more)], checkpoint=True)
        assert audit(path, keys=vkeys(signer)).problems == ()
        with Ledger.open_readonly(path) as log:
            shown[path] = parse_checkpoint(parse_note(log.cosigned_checkpoint()).text)
    first, second = shown[left], shown[right]
    with Ledger.open_readonly(left) as log, pytest.raises(ProofError, match="fewer than 370"):
        log.consistency_proof(first.size, second.size)
    with Ledger.open_readonly(right) as log:
        proof = log.consistency_proof(first.size, second.size)
        theirs = log.root(first.size)
    with pytest.raises(ProofError):
        verify_consistency(size1=340, size2=370, root1=first.root, root2=second.root, proof=proof)
    verify_consistency(size1=340, size2=370, root1=theirs, root2=second.root, proof=proof)
    with Ledger.open_readonly(left) as log:  # what both have, both can prove
        proof = log.consistency_proof(300, 340)
    verify_consistency(size1=300, size2=340, root1=noted(entries)[1], root2=first.root, proof=proof)


def test_an_entry_of_one_fork_is_not_in_the_other(make: Make, entries: list[bytes], signer: Signer) -> None:
    fork = make("fork.ledger", CHANGES["edit"](entries), signer)
    size, true_root = noted(entries)
    with Ledger.open_readonly(fork) as log:
        proof = log.inclusion_proof(120, size)
        forged = log.root(size)
    verify_inclusion(index=120, size=size, leaf=leaf_hash(note(7)), root=forged, proof=proof)
    for leaf in (note(7), CHANGES["edit"](entries)[121]):
        with pytest.raises(ProofError):
            verify_inclusion(index=120, size=size, leaf=leaf_hash(leaf), root=true_root, proof=proof)


# Checkpoints


@pytest.mark.parametrize("size", SIZES)
def test_a_checkpoint_of_another_log(
    make: Make, entries: list[bytes], signer: Signer, tamper: Callable[..., None], size: int
) -> None:
    """By the same key: of another origin, and of the same origin with other entries."""
    path = make("case.ledger", entries, signer)
    true = path.read_bytes()
    with Ledger.open_readonly(path) as log:
        text = parse_note(log.cosigned_checkpoint(size)).text
    with Ledger.open_readonly(make("other.ledger", entries[::-1], signer)) as log:
        same_origin = dict(log.checkpoints())[size]
    for pasted, expected in (
        (sign_note(text.replace("case-17", "case-18"), signer), "its origin is 'lab.example/case-18'"),
        (same_origin, f"checkpoint of size {size} does not have the root of the entries"),
    ):
        path.write_bytes(true)
        tamper(path, ("UPDATE checkpoint SET note = ? WHERE size = ?", (pasted, size)))
        caught(audit(path, keys=vkeys(signer)), expected)


def test_a_checkpoint_by_another_key_counts_for_nothing(
    make: Make, entries: list[bytes], signer: Signer, forger: Signer, tamper: Callable[..., None]
) -> None:
    path = make("case.ledger", entries, signer)
    with Ledger.open_readonly(path) as log:
        text = parse_note(log.cosigned_checkpoint()).text
    tamper(path, ("UPDATE checkpoint SET note = ? WHERE size = 300", (sign_note(text, forger),)))
    report = audit(path, keys=vkeys(signer))
    assert report.signed_size == 256
    assert "44 entries after the last checkpoint are not signed" in report.notes


@pytest.mark.slow
def test_no_flipped_bit_makes_a_known_keys_signature_a_strangers(
    make_ledger: Callable[..., Path], signer: Signer
) -> None:
    """A signature by an unknown key is ignored, so a flip in its name or key id must not go for that."""
    path = make_ledger(2, checkpoints=[1])
    data = path.read_bytes()
    begin = data.index("— ".encode())
    for place in range(begin, begin + len(f"— {signer.name} ".encode()) + 6):  # base64 of the key id's 4 bytes
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            report = audit(path, keys=vkeys(signer))
            assert not report.intact, f"bit {bit} of {chr(data[place])!r}: {report.notes}"


def test_a_size_that_is_no_number(make: Make, entries: list[bytes], signer: Signer) -> None:
    """One flipped bit in a row's header makes its size a text, and not even one of UTF-8."""
    path = make("case.ledger", entries, signer)
    for statement in (
        "UPDATE sqlite_schema SET sql = replace(sql, ' STRICT,', '') WHERE name = 'cosignature'",
        "INSERT INTO cosignature VALUES (CAST(x'41e2' AS TEXT), 'line')",
        "UPDATE sqlite_schema SET sql = replace(sql, ' WITHOUT', ' STRICT, WITHOUT') WHERE name = 'cosignature'",
    ):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DROP TRIGGER IF EXISTS cosignature_size")
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute(statement)
    caught(audit(path, keys=vkeys(signer)), "value in cosignature.size")


def test_the_last_checkpoint_deleted(
    make: Make, entries: list[bytes], signer: Signer, tamper: Callable[..., None]
) -> None:
    """Nobody can tell it from one that was never made: what it covered is told to be unsigned."""
    path = make("case.ledger", entries, signer)
    tamper(path, "DELETE FROM checkpoint WHERE size = 300")
    report = audit(path, keys=vkeys(signer))
    assert report.signed_size == 256
    assert "44 entries after the last checkpoint are not signed" in report.notes
    assert audit(path, keys=vkeys(signer), expect=noted(entries)).signed_size == 256


def test_the_checkpoint_of_a_scans_close_deleted(
    make: Make, signer: Signer, scan_entries: Callable[..., list[dict[str, Any]]], tamper: Callable[..., None]
) -> None:
    path = make("case.ledger", [canonical(entry) for entry in scan_entries(1, ["examined"] * 9)], signer)
    assert audit(path, keys=vkeys(signer)).problems == ()
    tamper(path, "DELETE FROM checkpoint WHERE size = 12")
    caught(audit(path, keys=vkeys(signer)), "its close, entry 11, is signed by no known key")


# What a scan was made with


@pytest.fixture
def scan(scan_entries: Callable[..., list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return scan_entries(1, ["examined", "known", "examined"])


def test_a_list_swapped_after_the_scan(make: Make, signer: Signer, scan: list[dict[str, Any]]) -> None:
    """With the key, so that only the scan's own account contradicts it."""
    loaded, *others = scan
    assert loaded["type"] == "list.load"
    swapped = [canonical(entry) for entry in ({**loaded, "digest": "cd" * 32}, *others)]
    caught(audit(make("swapped.ledger", swapped, signer), keys=vkeys(signer)), "scan 1: list national 2026-10 was not")
    late = [canonical(entry) for entry in (*others, loaded)]
    caught(audit(make("late.ledger", late, signer), keys=vkeys(signer)), "scan 1: list national 2026-10 was not")


def test_a_list_swapped_in_all_places(make: Make, signer: Signer, scan: list[dict[str, Any]]) -> None:
    """Nothing contradicts that but what was kept outside."""
    swapped = [canonical(entry).replace(b"ab" * 32, b"cd" * 32) for entry in scan]
    path = make("swapped.ledger", swapped, signer)
    assert audit(path, keys=vkeys(signer)).problems == ()
    kept = noted([canonical(entry) for entry in scan])
    caught(audit(path, keys=vkeys(signer), expect=kept), "do not have the expected root")


@pytest.mark.parametrize("field", ["status", "path"])
def test_a_finding_changed_by_whoever_has_the_key(
    make: Make, signer: Signer, scan: list[dict[str, Any]], field: str
) -> None:
    """The close of the scan has the findings root, so he must rewrite that too."""
    item = next(entry for entry in scan if entry["type"] == "item")
    item["finding"][field] = "known"
    path = make("changed.ledger", [canonical(entry) for entry in scan], signer)
    caught(audit(path, keys=vkeys(signer)), "the findings root of its close is not that of its items")
