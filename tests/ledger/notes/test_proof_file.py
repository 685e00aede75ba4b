"""Proof files: round trips, attacks on the parsers, and attacks on what they prove."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import Checkpoint, NoteError, ProofError, SignatureError, Signer, UnknownSignerError, Verifier
from ledger.notes.proof_file import (
    MAX_EXTRA,
    ConsistencyFile,
    InclusionFile,
    format_consistency,
    format_inclusion,
    parse_consistency,
    parse_inclusion,
    verify_consistency_file,
    verify_inclusion_file,
)
from ledger.notes.signer import sign_checkpoint
from ledger.notes.trust import LogKeys
from ledger.tree.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash, root
from tests.shared.merkle_cases import ListReader

ORIGIN = "lab.example/case-17"
LOG = Signer.from_private_bytes(bytes(32), name=ORIGIN, mldsa_seed=bytes(32))
TRUST = LogKeys([Verifier(vkey) for vkey in LOG.vkeys])
ENTRIES = [b"entry %d" % number for number in range(13)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE = ListReader(LEAVES)


def note(size: int, *, origin: str = ORIGIN, signer: Signer = LOG) -> str:
    return sign_checkpoint(Checkpoint(origin, size, root(LEAVES[:size])), [signer], time=1)


def inclusion(index: int, size: int) -> InclusionFile:
    return InclusionFile(index, tuple(inclusion_proof(TREE, index, size)), note(size))


def growth(old: int, size: int) -> ConsistencyFile:
    return ConsistencyFile(old, tuple(consistency_proof(TREE, old, size)) if old else (), note(size))


def old_checkpoint(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root(LEAVES[:size]))


@pytest.mark.slow
def test_every_entry_of_every_size() -> None:
    for size in range(1, len(ENTRIES) + 1):
        for index in range(size):
            file = parse_inclusion(format_inclusion(inclusion(index, size)))
            verify_inclusion_file(file, ENTRIES[index], trust=TRUST)
            for other in set(range(len(ENTRIES))) - {index}:
                with pytest.raises(ProofError):
                    verify_inclusion_file(file, ENTRIES[other], trust=TRUST)


def test_every_growth() -> None:
    for size in range(len(ENTRIES) + 1):
        for old in range(size + 1):
            file = parse_consistency(format_consistency(growth(old, size)))
            verify_consistency_file(file, old_checkpoint(old), trust=TRUST)
            with pytest.raises(ProofError):
                verify_consistency_file(file, replace(old_checkpoint(old), root=bytes(32)), trust=TRUST)


def test_the_exact_bytes() -> None:
    file = inclusion(1, 2)
    text = format_inclusion(file)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 1\n")
    head, _, checkpoint = text.partition("\n\n")
    assert len(head.split("\n")) == 3
    assert checkpoint == file.checkpoint
    assert format_consistency(growth(0, 2)).startswith(f"old 0\n\n{ORIGIN}\n2\n")


def test_extra_data_is_kept() -> None:
    file = replace(inclusion(0, 3), extra=b"age-v1.2.1")
    text = format_inclusion(file)
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra YWdlLXYxLjIuMQ==\nindex 0\n")
    assert parse_inclusion(text) == file


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.binary(max_size=99))
@settings(deadline=None, max_examples=50)
def test_round_trip(number: int, proof: list[bytes], extra: bytes) -> None:
    one = InclusionFile(number, tuple(proof), NOTE, extra or None)
    assert parse_inclusion(format_inclusion(one)) == one
    two = ConsistencyFile(number, tuple(proof), NOTE)
    assert parse_consistency(format_consistency(two)) == two


NOTE = note(5)
GOOD = format_inclusion(inclusion(3, 5))
HEAD = "c2sp.org/tlog-proof@v1\n"
INCLUSION_ATTACKS = {
    "empty": "",
    "only the first line": HEAD,
    "another version": GOOD.replace("@v1", "@v2"),
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "no index": GOOD.replace("index 3\n", ""),
    "two indexes": GOOD.replace("index 3\n", "index 3\nindex 3\n"),
    "leading zero": GOOD.replace("index 3", "index 03"),
    "sign": GOOD.replace("index 3", "index +3"),
    "negative": GOOD.replace("index 3", "index -3"),
    "two spaces": GOOD.replace("index 3", "index  3"),
    "tab": GOOD.replace("index 3", "index\t3"),
    "trailing space": GOOD.replace("index 3", "index 3 "),
    "arabic digits": GOOD.replace("index 3", "index ٣"),
    "2**63": GOOD.replace("index 3", f"index {2**63}"),
    "many digits": GOOD.replace("index 3", "index " + "9" * 5000),
    "extra after the index": GOOD.replace("index 3\n", "index 3\nextra AAAA\n"),
    "empty extra": GOOD.replace("index 3", "extra \nindex 3"),
    "two extras": GOOD.replace("index 3", "extra AAAA\nextra AAAA\nindex 3"),
    "extra that is no base64": GOOD.replace("index 3", "extra A\nindex 3"),
    "extra that is too long": GOOD.replace("index 3", "extra " + "A" * 4 * (MAX_EXTRA // 3 + 1) + "\nindex 3"),
    "short hash": GOOD.replace("index 3\n", "index 3\nAAAA\n"),
    "hash with spare bits": HEAD + "index 0\n" + "A" * 42 + "B=\n\n" + NOTE,
    "hash in the url alphabet": HEAD + "index 0\n" + "_" * 42 + "8=\n\n" + NOTE,
    "64 hashes": HEAD + "index 0\n" + ("A" * 43 + "=\n") * 64 + "\n" + NOTE,
    "a hundred thousand hashes": HEAD + "index 0\n" + ("A" * 43 + "=\n") * 30_000 + "\n" + NOTE,
    "no empty line": GOOD.replace("\n\n", "\n", 1),
    "two empty lines": GOOD.replace("\n\n", "\n\n\n", 1),
    "no checkpoint": GOOD.partition("\n\n")[0] + "\n\n",
    "checkpoint without signatures": GOOD.partition("\n— ")[0],
    "text after the checkpoint": GOOD + "x\n",
    "no last newline": GOOD[:-1],
    "too long": GOOD + "x" * 2_000_000,
    "lone surrogate": GOOD.replace(ORIGIN, "\ud800"),
    "byte order mark": "\ufeff" + GOOD,
}


@pytest.mark.parametrize("name", INCLUSION_ATTACKS)
def test_attacks_on_the_inclusion_parser(name: str) -> None:
    assert parse_inclusion(GOOD)
    with pytest.raises(ProofError):
        parse_inclusion(INCLUSION_ATTACKS[name])


BODY = format_consistency(growth(3, 5))
CONSISTENCY_ATTACKS = {
    "empty": "",
    "no old line": BODY.partition("\n")[2],
    "capital": BODY.replace("old", "Old"),
    "leading zero": BODY.replace("old 3", "old 03"),
    "minus zero": BODY.replace("old 3", "old -0"),
    "no number": BODY.replace("old 3", "old "),
    "underscore": BODY.replace("old 3", "old 1_0"),
    "2**64": BODY.replace("old 3", f"old {2**64}"),
    "64 hashes": "old 3\n" + ("A" * 43 + "=\n") * 64 + "\n" + NOTE,
    "hash of 33 bytes": "old 3\n" + "A" * 44 + "\n\n" + NOTE,
    "space behind a hash": BODY.replace("=\n", "= \n", 1),
    "carriage return": BODY.replace("\n", "\r\n", 1),
    "no empty line": BODY.replace("\n\n", "\n", 1),
    "no checkpoint": "old 3\n\n",
    "no last newline": BODY[:-1],
    "a proof file": GOOD,
    "nul": BODY.replace("old 3", "old 3\0"),
}


@pytest.mark.parametrize("name", CONSISTENCY_ATTACKS)
def test_attacks_on_the_consistency_parser(name: str) -> None:
    assert parse_consistency(BODY)
    with pytest.raises(ProofError):
        parse_consistency(CONSISTENCY_ATTACKS[name])


def test_every_changed_character_is_noticed() -> None:
    end = GOOD.index("\n— ")
    for place in range(end):
        changed = GOOD[:place] + chr(ord(GOOD[place]) ^ 1) + GOOD[place + 1 :]
        with pytest.raises((ProofError, NoteError)):
            verify_inclusion_file(parse_inclusion(changed), ENTRIES[3], trust=TRUST)


def test_what_cannot_be_written() -> None:
    for file in (
        InclusionFile(-1, (), NOTE),
        InclusionFile(2**63, (), NOTE),
        InclusionFile(0, (bytes(31),), NOTE),
        InclusionFile(0, (bytes(32),) * 64, NOTE),
        InclusionFile(0, (), "nonsense"),
        InclusionFile(0, (), NOTE, b""),
        InclusionFile(0, (), NOTE, bytes(MAX_EXTRA + 1)),
    ):
        with pytest.raises(ProofError):
            format_inclusion(file)
    with pytest.raises(ProofError):
        format_consistency(ConsistencyFile(-1, (), NOTE))


def test_only_the_log_itself_is_believed() -> None:
    witness = Signer.generate("witness.example")
    stranger = Signer.generate(ORIGIN)
    cosigned_only = replace(inclusion(3, 5), checkpoint=note(5, signer=witness))
    for trust in (LogKeys([Verifier(witness.vkey)]), LogKeys([Verifier(stranger.vkey)]), LogKeys([])):
        with pytest.raises(UnknownSignerError):
            verify_inclusion_file(cosigned_only, ENTRIES[3], trust=trust)
    another_log = replace(inclusion(3, 5), checkpoint=note(5, origin="other.example"))
    with pytest.raises(UnknownSignerError, match="itself"):
        verify_inclusion_file(another_log, ENTRIES[3], trust=TRUST)
    forged = replace(inclusion(3, 5), checkpoint=note(5).replace("\n5\n", "\n6\n"))
    with pytest.raises(SignatureError):
        verify_inclusion_file(forged, ENTRIES[3], trust=TRUST)


def test_attacks_on_what_a_consistency_file_proves() -> None:
    file = growth(3, 5)
    old = old_checkpoint(3)
    verify_consistency_file(file, old, trust=TRUST)
    for changed, before in (
        (file, old_checkpoint(2)),
        (replace(file, old=2), old),
        (file, old_checkpoint(0)),
        (file, replace(old, origin="other.example")),
        (replace(file, old=0), replace(old, size=0)),
        (replace(file, old=0, proof=()), replace(old, size=0)),
        (replace(file, proof=()), old),
        (replace(file, proof=file.proof[::-1]), old),
        (replace(growth(5, 5), old=6), replace(old, size=6)),
        (replace(growth(0, 0), old=0), replace(old_checkpoint(0), root=bytes(32))),
    ):
        with pytest.raises(ProofError):
            verify_consistency_file(changed, before, trust=TRUST)
    assert old_checkpoint(0).root == EMPTY_ROOT
