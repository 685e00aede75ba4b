"""Whom an audit believes: keys that change, policies and witnesses, checkpoints from elsewhere, time stamps."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shared.time_authority import Authority, issue, make_key
from ledger import Checkpoint, Cosigner, Ledger, Signer, UnknownSignerError, audit, canonical, parse_policy
from ledger.commands.verify import report_lines
from ledger.notes.keyring import ADD, REVOKE, ROTATE, KeyChange, format_change
from ledger.notes.note import format_signature
from ledger.timestamps.timestamp import verify_token

TIME = "2026-10-01T00:00:00Z"


@pytest.fixture(scope="module")
def witness() -> Cosigner:
    return Cosigner.generate("witness.example/w")


@pytest.fixture
def other(origin: str) -> Signer:
    return Signer.from_private_bytes(bytes(range(32, 64)), name=origin, mldsa_seed=bytes(range(32)))


def policy_of(signer: Signer, witness: Cosigner) -> Any:
    lines = [f"log {signer.vkey}", f"witness a {witness.vkeys[0]}", f"witness b {witness.vkeys[1]}"]
    return parse_policy("\n".join([*lines, "group w any a b", "quorum w", ""]).encode())


def cosign(path: Path, witness: Cosigner, *, time: int = 1_790_000_000) -> None:
    """The latest checkpoint, by both keys of the witness."""
    with Ledger.open(path) as log:
        size = log.latest_size()
        signatures = witness.cosign(Checkpoint(log.origin, size, log.root(size)), time=time)
        log.add_cosignatures(size, [format_signature(signature) for signature in signatures])


def test_a_policy_that_is_met(make_ledger: Callable[..., Path], signer: Signer, witness: Cosigner) -> None:
    path = make_ledger(9)
    policy = policy_of(signer, witness)
    assert audit(path, policy=policy).problems == (
        "the policy accepts no checkpoint: the checkpoint of size 9 is cosigned by nobody",
    )
    cosign(path, witness)
    report = audit(path, policy=policy)
    assert (report.problems, report.trust) == ((), "verified")
    assert report.accepted is not None
    assert {cosigned.witness.name for cosigned in report.accepted.cosigned} == {b"a", b"b"}
    assert "witness      a at 2026-09-21T14:13:20.000+00:00" in report_lines(report)


def test_entries_that_no_witness_saw(
    make_ledger: Callable[..., Path], signer: Signer, witness: Cosigner, make_entry: Callable[..., bytes]
) -> None:
    path = make_ledger(9)
    cosign(path, witness)
    with Ledger.open(path, signer=signer) as log:
        log.append([make_entry(50)], checkpoint=True)
    problems = audit(path, policy=policy_of(signer, witness)).problems
    assert problems == ("entries 9 to 10 are behind the last checkpoint that the policy accepts",)
    assert audit(path, keys=signer.vkeys).intact


def test_a_cosignature_that_is_not_valid(
    make_ledger: Callable[..., Path], signer: Signer, witness: Cosigner, tamper: Callable[..., None]
) -> None:
    path = make_ledger(9)
    cosign(path, witness)
    with Ledger.open_readonly(path) as log:
        line = log.cosigned_checkpoint(9).splitlines()[-1] + "\n"
    changed = f"{line[:-20]}{'A' if line[-20] != 'A' else 'B'}{line[-19:]}"
    tamper(path, ("UPDATE cosignature SET line = ? WHERE line = ?", (changed, line)))
    problems = audit(path, policy=policy_of(signer, witness)).problems
    assert any("the signature by witness.example/w is not valid" in problem for problem in problems)


def test_a_fork_and_a_rolled_back_ledger(
    make_ledger: Callable[..., Path],
    signer: Signer,
    witness: Cosigner,
    make_entry: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    """The older copy has its old cosignature: only what the witness says today tells."""
    path = make_ledger(9)
    cosign(path, witness)
    older = tmp_path / "older.ledger"
    shutil.copy(path, older)
    with Ledger.open(path, signer=signer) as log:
        log.append([make_entry(50)], checkpoint=True)
        today = log.latest_checkpoint()
    cosign(path, witness, time=1_790_000_100)
    policy = policy_of(signer, witness)
    assert audit(path, policy=policy, checkpoints=[today]).intact
    assert audit(older, policy=policy).intact
    assert audit(older, policy=policy, checkpoints=[today]).problems == (
        "there are 10 entries, fewer than the 11 of the checkpoint from elsewhere",
    )
    with Ledger.open(older, signer=signer) as log:
        log.append([make_entry(number) for number in range(60, 63)], checkpoint=True)
    problems = audit(older, policy=policy, checkpoints=[today]).problems
    assert any("do not have the root of the checkpoint from elsewhere" in problem for problem in problems)
    assert any("are behind the last checkpoint that the policy accepts" in problem for problem in problems)


def test_a_checkpoint_from_elsewhere_that_nobody_known_signed(
    make_ledger: Callable[..., Path], signer: Signer, other: Signer, tmp_path: Path
) -> None:
    with Ledger.create(tmp_path / "other.ledger", origin=signer.name, signer=other) as log:
        strange = log.latest_checkpoint()
    with pytest.raises(UnknownSignerError):
        audit(make_ledger(3), keys=signer.vkeys, checkpoints=[strange])


def test_keys_that_are_rotated_and_revoked(make_ledger: Callable[..., Path], signer: Signer, other: Signer) -> None:
    path = make_ledger(5)
    rotation = format_change(KeyChange(ROTATE, other.vkeys, replaces=signer.vkeys), time=TIME)
    with Ledger.open(path, signer=[signer, other]) as log:
        log.append([rotation], checkpoint=True)
    with Ledger.open(path, signer=other) as log:
        log.append([canonical({"v": 1, "type": "note"})], checkpoint=True)
    assert audit(path, keys=signer.vkeys).problems == ()
    with Ledger.open(path, signer=signer) as log:
        log.append([canonical({"v": 1, "type": "note"})], checkpoint=True)
    problems = audit(path, keys=signer.vkeys).problems
    assert len(problems) == 1
    assert "has signed size 8, but entry 5 ended its use" in problems[0]


def test_a_key_that_adds_itself_is_not_believed(
    make_ledger: Callable[..., Path], signer: Signer, other: Signer
) -> None:
    path = make_ledger(5)
    with Ledger.open(path, signer=other) as log:
        log.append([format_change(KeyChange(ADD, other.vkeys), time=TIME)], checkpoint=True)
    report = audit(path, keys=signer.vkeys)
    assert report.signed_size == 5
    assert "entry 5: no key that counts vouches for this change of keys" in report.notes


def test_a_revoked_key_and_entries_that_change_none(
    make_ledger: Callable[..., Path], signer: Signer, other: Signer
) -> None:
    path = make_ledger(5)
    with Ledger.open(path, signer=signer) as log:
        log.append([format_change(KeyChange(ADD, other.vkeys), time=TIME)], checkpoint=True)
        log.append([format_change(KeyChange(REVOKE, other.vkeys, reason="lost"), time=TIME)], checkpoint=True)
        log.append([canonical({"v": 1, "type": "key", "action": "added", "vkey": other.vkey})], checkpoint=True)
    report = audit(path, keys=signer.vkeys)
    assert report.problems == ()
    assert report.notes[0] == "entry 7 changes no key: a key entry does not add, rotate or revoke"
    assert report.notes[1:] == ("checkpoints signed with Ed25519 alone, though ML-DSA-44 counts: 1",)
    with Ledger.open(path, signer=other) as log:
        log.append([canonical({"v": 1, "type": "note"})], checkpoint=True)
    assert "ended its use" in audit(path, keys=signer.vkeys).problems[0]


@pytest.mark.process
def test_time_stamps_are_verified_where_roots_are_given(
    make_ledger: Callable[..., Path], signer: Signer, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("TIME STAMPS IN AN AUDIT NOT TESTED: there is no openssl to make an authority of")
    path = make_ledger(5)
    root, stranger = (issue("Root", make_key("p256"), authority=True) for _ in range(2))
    authority = Authority(tmp_path / "authority", issue("Authority", make_key("p256"), by=root))
    roots, others = [root.certificate], [stranger.certificate]
    with Ledger.open(path) as log:
        note = log.latest_checkpoint()
        log.add_token(5, verify_token(authority.stamp(note.encode()), note=note, roots=roots))
    report = audit(path, keys=signer.vkeys, roots=roots)
    assert (report.problems, [stamped.size for stamped in report.stamped]) == ((), [5])
    assert any(line.startswith("stamped      first 5 entries at 2") for line in report_lines(report))
    assert audit(path, keys=signer.vkeys).notes[0] == "time-stamp tokens not verified, for want of roots: 1"
    assert "its time-stamp token" in audit(path, keys=signer.vkeys, roots=others).problems[0]
