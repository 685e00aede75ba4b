"""The chain of trust from key to key, and attacks on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import (
    Checkpoint,
    Cosigner,
    Ledger,
    Note,
    Signature,
    SignatureError,
    Signer,
    UnknownSignerError,
    Verifier,
    format_note,
    open_note,
    parse,
    parse_note,
    sign_checkpoint,
)
from ledger.errors import EntryError, NoteError, RevokedKeyError
from ledger.notes.keyring import ADD, REVOKE, ROTATE, KeyChange, Keyring, format_change, parse_change

ORIGIN = "lab.example/case-17"
TIME = "2026-10-01T00:00:00Z"


def signer(number: int, *, mldsa: bool = True, name: str = ORIGIN) -> Signer:
    return Signer.from_private_bytes(
        bytes([number]) * 32, name=name, mldsa_seed=bytes([number]) * 32 if mldsa else None
    )


A, B, C = signer(1), signer(2), signer(3)


def signed(size: int, *signers: Signer, origin: str = ORIGIN) -> str:
    return sign_checkpoint(Checkpoint(origin, size, bytes(32)), signers, time=1)


def entry(change: KeyChange) -> dict[str, Any]:
    return parse(format_change(change, time=TIME))


def adds(who: Signer) -> dict[str, Any]:
    return entry(KeyChange(ADD, who.vkeys))


def rotates(old: Signer, new: Signer) -> dict[str, Any]:
    return entry(KeyChange(ROTATE, new.vkeys, replaces=old.vkeys))


def revokes(who: Signer) -> dict[str, Any]:
    return entry(KeyChange(REVOKE, who.vkeys, reason="lost"))


def test_an_added_key_counts_after_a_checkpoint_that_covers_it() -> None:
    ring = Keyring(A.vkeys)
    ring.open_checkpoint(signed(0, A))
    ring.add_entry(0, adds(B))
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(signed(1, B))
    assert len(ring.open_checkpoint(signed(1, A)).signatures) == 2
    assert ring.changes[0].believed_at == 1
    ring.open_checkpoint(signed(2, B))
    assert ring.vkeys == (*A.vkeys, *B.vkeys)


def test_a_checkpoint_that_does_not_cover_the_entry_changes_nothing() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(5, adds(B))
    ring.open_checkpoint(signed(5, A))
    assert ring.changes[0].believed_at is None
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(signed(6, B))
    ring.open_checkpoint(signed(6, A))
    ring.open_checkpoint(signed(7, B))


def test_a_key_that_adds_itself_is_not_believed() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, adds(B))
    for size in (1, 2, 3):
        with pytest.raises(UnknownSignerError):
            ring.open_checkpoint(signed(size, B))
    ring.add_entry(3, adds(C))  # nor does it vouch for another
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(signed(4, B, C))
    assert ring.vkeys == A.vkeys


def test_rotation() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, rotates(A, B))
    assert len(ring.open_checkpoint(signed(1, A, B)).signatures) == 2  # the new one does not count yet
    assert ring.vkeys == B.vkeys
    ring.open_checkpoint(signed(2, B))
    with pytest.raises(RevokedKeyError, match="entry 0"):
        ring.open_checkpoint(signed(3, A))
    with pytest.raises(RevokedKeyError):
        ring.open_checkpoint(signed(3, B, A))
    ring.add_entry(3, rotates(B, C))
    ring.open_checkpoint(signed(4, B, C))
    assert ring.vkeys == C.vkeys


def test_a_rotation_that_the_old_key_has_not_signed() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, rotates(A, B))
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(signed(1, B))
    assert ring.vkeys == A.vkeys


def test_another_trusted_key_cannot_rotate_a_key_away() -> None:
    ring = Keyring([*A.vkeys, *C.vkeys])
    ring.add_entry(0, rotates(A, B))
    ring.open_checkpoint(signed(1, C, B))
    assert ring.changes[0].believed_at is None
    assert ring.vkeys == (*A.vkeys, *C.vkeys)
    with pytest.raises(RevokedKeyError, match="entry 0 ended its use"):
        ring.open_checkpoint(signed(2, A, B))


def test_a_rotation_needs_both_old_algorithms_where_both_count() -> None:
    """Whoever breaks one of the two algorithms cannot rotate to keys of his own."""
    ring = Keyring(A.vkeys)
    ring.add_entry(0, rotates(A, B))
    ring.open_checkpoint(signed(1, signer(1, mldsa=False), B))
    assert ring.vkeys == A.vkeys


def test_a_rotation_that_the_new_key_has_not_signed_or_not_validly() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, rotates(A, B))
    ring.open_checkpoint(signed(1, A))
    note = parse_note(signed(1, A, signer(2, mldsa=False)))
    ring.open_checkpoint(format_note(note))
    key_id = Verifier(B.vkeys[1]).key_id
    ring.open_checkpoint(format_note(Note(note.text, (*note.signatures, Signature(ORIGIN, key_id, bytes(2428))))))
    assert ring.changes[0].believed_at is None
    assert ring.vkeys == A.vkeys


def test_who_knows_one_algorithm_of_a_key_follows_its_rotation() -> None:
    for place in (0, 1):
        ring = Keyring([A.vkeys[place]])
        ring.add_entry(0, rotates(A, B))
        ring.open_checkpoint(signed(1, A, B))
        assert ring.vkeys == B.vkeys
        with pytest.raises(RevokedKeyError):
            ring.open_checkpoint(signed(2, A, B))


def test_a_revoked_key_signs_on() -> None:
    ring = Keyring([*A.vkeys, *B.vkeys])
    ring.open_checkpoint(signed(1, B))
    ring.add_entry(1, revokes(B))
    ring.open_checkpoint(signed(2, A))
    for signers in ((B,), (A, B), (B, A)):
        with pytest.raises(RevokedKeyError, match=r"lab\.example/case-17\+[0-9a-f]{8} has signed size 3, but entry 1"):
            ring.open_checkpoint(signed(3, *signers))
    ring.open_checkpoint(signed(1, B))  # what it signed before still counts
    ring.open_checkpoint(signed(2, B))
    ring.open_checkpoint(signed(3, A))


def test_a_revoked_key_is_never_added_again() -> None:
    ring = Keyring([*A.vkeys, *B.vkeys])
    ring.add_entry(0, revokes(B))
    ring.open_checkpoint(signed(1, A))
    ring.add_entry(1, adds(B))
    ring.open_checkpoint(signed(2, A))
    with pytest.raises(RevokedKeyError):
        ring.open_checkpoint(signed(3, B))
    ring.open_checkpoint(signed(3, A))
    ring.add_entry(4, revokes(C))  # also one that was never trusted
    ring.open_checkpoint(signed(5, A))
    ring.add_entry(5, adds(C))
    ring.open_checkpoint(signed(6, A))
    assert ring.vkeys == A.vkeys


def test_a_key_may_revoke_itself_and_nobody_is_left() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, revokes(A))
    ring.open_checkpoint(signed(1, A))
    assert ring.vkeys == ()
    with pytest.raises(RevokedKeyError):
        ring.open_checkpoint(signed(2, A))
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(signed(2, B))


def test_a_stranger_revokes_nobody() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, revokes(A))
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(signed(1, B))
    assert ring.vkeys == A.vkeys


def test_a_forged_signature_of_a_known_key() -> None:
    ring = Keyring([*A.vkeys, *B.vkeys])
    ring.add_entry(0, adds(C))
    note = parse_note(signed(1, B))
    forged = Signature(ORIGIN, A.key_id, bytes(64))
    with pytest.raises(SignatureError):
        ring.open_checkpoint(format_note(Note(note.text, (*note.signatures, forged))))
    assert ring.changes[0].believed_at is None


def test_keys_of_witnesses_do_not_count_nor_an_mldsa_key_of_another_name() -> None:
    witness = Cosigner.generate(ORIGIN)
    other = signer(4, name="other.example")
    ring = Keyring([*witness.vkeys[:1], other.vkeys[1]])
    ring.add_entry(0, adds(B))
    note = parse_note(signed(1, other))
    cosigned = Note(note.text, (*note.signatures, *witness.cosign(Checkpoint(ORIGIN, 1, bytes(32)), time=1)))
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(format_note(cosigned))


def test_trusted_keys_that_are_malformed() -> None:
    with pytest.raises(NoteError):
        Keyring(["nonsense"])


GOOD = {"v": 1, "type": "key", "time": TIME, "action": "add", "vkeys": [A.vkey]}
ATTACKS: dict[str, dict[str, Any]] = {
    "no action": {key: value for key, value in GOOD.items() if key != "action"},
    "unknown action": GOOD | {"action": "trust"},
    "action of another type": GOOD | {"action": ["add"]},
    "no time": {key: value for key, value in GOOD.items() if key != "time"},
    "time of another type": GOOD | {"time": 1},
    "another field": GOOD | {"note": "x"},
    "add with replaces": GOOD | {"replaces": [B.vkey]},
    "add with a reason": GOOD | {"reason": "x"},
    "rotate without replaces": GOOD | {"action": "rotate"},
    "rotate replacing nothing": GOOD | {"action": "rotate", "replaces": []},
    "rotate by itself": GOOD | {"action": "rotate", "replaces": [A.vkey]},
    "rotate with a reason": GOOD | {"action": "rotate", "replaces": [B.vkey], "reason": "x"},
    "revoke without a reason": GOOD | {"action": "revoke"},
    "revoke with an empty reason": GOOD | {"action": "revoke", "reason": ""},
    "revoke with a long reason": GOOD | {"action": "revoke", "reason": "x" * 5000},
    "revoke with a reason of another type": GOOD | {"action": "revoke", "reason": 1},
    "no vkeys": GOOD | {"vkeys": []},
    "vkeys of another type": GOOD | {"vkeys": A.vkey},
    "vkey of another type": GOOD | {"vkeys": [1]},
    "malformed vkey": GOOD | {"vkeys": ["nonsense"]},
    "the same vkey twice": GOOD | {"vkeys": [A.vkey, A.vkey]},
    "too many vkeys": GOOD | {"vkeys": [signer(number, mldsa=False).vkey for number in range(17)]},
    "a witness' vkey": GOOD | {"vkeys": [Cosigner.generate(ORIGIN).vkeys[0]]},
    "the form of before": {"v": 1, "type": "key", "time": TIME, "action": "added", "vkey": A.vkey},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_entries_that_are_no_change(name: str) -> None:
    assert parse_change(GOOD) == KeyChange(ADD, (A.vkey,))
    with pytest.raises(EntryError):
        Keyring(A.vkeys).add_entry(0, ATTACKS[name])


def test_other_entries_do_not_matter() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, {"v": 1, "type": "note"})
    assert ring.changes == ()


def test_what_cannot_be_written() -> None:
    for change in (KeyChange("x", A.vkeys), KeyChange(ADD, ()), KeyChange(REVOKE, A.vkeys), KeyChange(ROTATE, A.vkeys)):
        with pytest.raises(EntryError):
            format_change(change, time=TIME)


def test_a_ledger_with_several_signers(path: Path, make_entry: Callable[..., bytes]) -> None:
    Ledger.create(path, origin=ORIGIN, signer=A).close()
    with Ledger.open(path, signer=[A, B]) as log:
        log.append([make_entry(0)], checkpoint=True)
        for who in (A, B):
            assert len(open_note(log.latest_checkpoint(), map(Verifier, who.vkeys)).signatures) == 2


def test_a_key_is_not_added_by_a_checkpoint_that_covers_more() -> None:
    """Anyone can append; whoever signs later vouches for what stands there, but not for its keys."""
    ring = Keyring(A.vkeys)
    ring.add_entry(0, adds(B))
    ring.open_checkpoint(signed(2, A))
    assert ring.vkeys == A.vkeys
    with pytest.raises(UnknownSignerError):
        ring.open_checkpoint(signed(3, B))


@pytest.mark.parametrize("change", [revokes(B), rotates(B, C)])
def test_a_key_that_is_taken_back_stays_so_without_the_checkpoint_that_did_it(change: dict[str, Any]) -> None:
    ring = Keyring([*A.vkeys, *B.vkeys])
    ring.add_entry(0, change)
    with pytest.raises(RevokedKeyError, match="has signed size 2, but entry 0 ended its use"):
        ring.open_checkpoint(signed(2, B))


def test_another_key_vouches_later_for_a_revocation() -> None:
    ring = Keyring([*A.vkeys, *B.vkeys])
    ring.add_entry(0, revokes(B))
    ring.open_checkpoint(signed(5, A))
    assert ring.vkeys == A.vkeys


def test_a_new_key_has_signed_validly_or_not_at_all() -> None:
    ring = Keyring(A.vkeys)
    ring.add_entry(0, adds(B))
    note = parse_note(signed(1, A, B))
    wrong = Signature(ORIGIN, Verifier(B.vkey).key_id, bytes(64))
    with pytest.raises(SignatureError):
        ring.open_checkpoint(format_note(Note(note.text, (*note.signatures[:2], wrong))))
