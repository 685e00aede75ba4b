"""The verifier's parsers and the keyring, against the package's own and against attacks."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.shared.exhibit_cases import ORIGIN, TIME, Cosigner
from ledger import (
    Checkpoint,
    EntryError,
    Signer,
    canonical,
    consistency_proof,
    format_checkpoint,
    inclusion_proof,
    leaf_hash,
    parse,
    sign_note,
)
from ledger.exhibit.verifier import canonical as theirs
from ledger.exhibit.verifier import tree
from ledger.exhibit.verifier.keyring import Keyring
from ledger.exhibit.verifier.notes import parse_note, parse_vkey, parse_vkeys, verify_signature
from ledger.exhibit.verifier.openings import at_pointer
from ledger.exhibit.verifier.policy import Policy
from ledger.exhibit.verifier.report import Refused, Step
from tests.shared.merkle_cases import ListReader

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
W1, W2, W3 = (Cosigner(f"w.example/{n}", kind, bytes([n]) * 32) for n, kind in ((1, 4), (2, 6), (3, 4)))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@pytest.mark.slow
@given(JSON)
def test_entries_are_canonical_for_both_or_for_neither(value: Any) -> None:
    entry = {"v": 1, "type": "t", "value": value}
    try:
        body = canonical(entry)
    except EntryError:
        return
    assert theirs.parse_entry(body) == parse(body) == entry
    assert theirs.canonical(entry) == body


@pytest.mark.parametrize(
    "body",
    [
        *('{"type":"t","v":1} ', ' {"type":"t","v":1}', '{"v":1,"type":"t"}', '{"type":"t", "v":1}', "[]", "", "1"),
        *('{"type":"t","v":1,"v":1}', '{"type":"t","v":1.0}', '{"type":"t","v":1e0}', '{"type":"t","v":2}'),
        *('{"type":"","v":1}', '{"v":1}', '{"a":-0,"type":"t","v":1}', '{"a":NaN,"type":"t","v":1}'),
        *('{"a":9007199254740992,"type":"t","v":1}', '{"type":"t","v":1,"ä":1}', '{"a":"\\u0041","type":"t","v":1}'),
        *('{"a":"\\ud800","type":"t","v":1}', '{"a":"\\/","type":"t","v":1}', '{"a":"\t","type":"t","v":1}'),
        '{"a":' + "[" * 64 + "]" * 64 + ',"type":"t","v":1}',
        '{"a":' + "[" * 30000 + "]" * 30000 + ',"type":"t","v":1}',
        '{"a":"' + "x" * 65_535 + '","type":"t","v":1}',
    ],
)
def test_bodies_that_are_no_entries(body: str) -> None:
    with pytest.raises(EntryError):
        parse(body.encode())
    with pytest.raises(Refused):
        theirs.parse_entry(body.encode())


def test_proofs_of_every_leaf_of_every_tree() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(20)]
    roots = []
    for size in range(21):
        built = tree.Tree()
        for leaf in leaves[:size]:
            built.add(leaf)
        roots.append(built.root())
    for size in range(1, 21):
        for index in range(size):
            proof = inclusion_proof(ListReader(leaves), index, size)
            tree.check_inclusion(index, size, leaves[index], proof, roots[size])
            for wrong in _wrong(proof):
                with pytest.raises(Refused):
                    tree.check_inclusion(index, size, leaves[index], wrong, roots[size])
            with pytest.raises(Refused):
                tree.check_inclusion(index, size + 32, leaves[index], proof, roots[size])
        for first in range(1, size):
            proof = consistency_proof(ListReader(leaves), first, size)
            tree.check_consistency(first, size, roots[first], roots[size], proof)
            for wrong in _wrong(proof):
                with pytest.raises(Refused):
                    tree.check_consistency(first, size, roots[first], roots[size], wrong)


def _wrong(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with a hash too many, too few, changed, and cut."""
    changed = [[*proof[:at], bytes(32), *proof[at + 1 :]] for at in range(len(proof))]
    return [[*proof, bytes(32)], *([proof[:-1], [*proof[:-1], proof[-1][:31]]] if proof else []), *changed]


def test_the_note_of_the_specification() -> None:
    with pytest.raises(Refused, match="not three lines"):  # its signature is fine, but it is no checkpoint
        parse_note(
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Z"
            "tg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n".encode()
        )
    assert parse_vkey(VKEY).key_id.hex() == "530d903a"
    assert parse_vkeys(f"\n{VKEY}\r\n\n".encode()) == [parse_vkey(VKEY)]


@pytest.mark.parametrize(
    "vkey",
    [
        *("", "x", VKEY + " ", VKEY.upper(), VKEY.replace("530d903a", "530d903b"), VKEY.replace("+AekyeR", "+BekyeR")),
        *(VKEY[:-1], VKEY.replace("foo", "f o"), VKEY + "=", VKEY.replace("530d903a", "530D903A"), W2.vkey[:-4]),
    ],
)
def test_malformed_vkeys(vkey: str) -> None:
    with pytest.raises(Refused):
        parse_vkey(vkey)


NOTE = sign_note(format_checkpoint(Checkpoint(ORIGIN, 7, bytes(32))), Signer.from_private_bytes(bytes(32), name=ORIGIN))


@pytest.mark.parametrize(
    "change",
    [
        *(lambda note: note[:-1], lambda note: note + "\n", lambda note: note.replace("\n7\n", "\n07\n")),
        *(lambda note: note.replace("\n7\n", "\n+7\n"), lambda note: note.replace("\n7\n", "\n٧\n")),
        *(lambda note: note.replace("\n7\n", "\n7 \n"), lambda note: note.replace("— ", "- ")),
        *(lambda note: note.replace("\n\n", "\nextension\n\n"), lambda note: note.replace("=\n\n", "\n\n")),
        *(lambda note: note.replace("\n7\n", "\n9223372036854775808\n"), lambda note: note.replace("\n", "\r\n")),
        *(lambda note: note.replace("— lab", "—  lab"), lambda note: "", lambda note: note.partition("\n\n")[0]),
    ],
)
def test_malformed_notes(change: Any) -> None:
    parse_note(NOTE.encode())
    with pytest.raises(Refused):
        parse_note(change(NOTE).encode())


def checkpoint(size: int, *signers: Any) -> Any:
    """A checkpoint as the verifier reads it, by Signers and Cosigners."""
    text = format_checkpoint(Checkpoint(ORIGIN, size, bytes([size]) * 32))
    first = Signer.from_private_bytes(bytes([99]) * 32, name="nobody")
    note = sign_note(text, *([one for one in signers if isinstance(one, Signer)] or [first]))
    return parse_note((note + "".join(one.line(text) for one in signers if isinstance(one, Cosigner))).encode())


def test_cosignatures_say_when() -> None:
    for witness in (W1, W2):
        note = checkpoint(5, witness)
        assert verify_signature(parse_vkey(witness.vkey), note, note.signatures[-1]) == TIME
        other = checkpoint(6, witness)
        with pytest.raises(Refused, match="on the checkpoint of size 6"):
            verify_signature(parse_vkey(witness.vkey), other, note.signatures[-1])


A, B, C = (Signer.from_private_bytes(bytes([n]) * 32, name=ORIGIN) for n in (1, 2, 3))


def keyring(*signers: Signer) -> Keyring:
    return Keyring([parse_vkey(signer.vkey) for signer in signers])


def names(keys: Any) -> list[str]:
    return [key.key_id.hex() for key in keys]


def change(action: str, *signers: Any, **more: Any) -> dict[str, Any]:
    """A `key` entry."""
    vkeys = [signer.vkey for signer in signers]
    return {"v": 1, "type": "key", "time": "2026-10-01T00:00:00Z", "action": action, "vkeys": vkeys, **more}


def test_a_key_is_added_by_one_that_is_trusted() -> None:
    ring = keyring(A)
    ring.add_entry(3, change("add", B))
    assert ring.check(checkpoint(3, B)) == []  # does not cover the entry
    assert names(ring.check(checkpoint(4, A, B))) == [A.key_id.hex()]
    assert names(ring.check(checkpoint(5, B))) == [B.key_id.hex()]


def test_an_entry_behind_a_checkpoint_waits_for_the_next() -> None:
    ring = keyring(A)
    ring.add_entry(4, change("add", B))
    assert names(ring.check(checkpoint(4, A, B))) == [A.key_id.hex()]
    assert names(ring.check(checkpoint(5, A, B))) == [A.key_id.hex()]
    assert names(ring.check(checkpoint(6, A, B))) == [A.key_id.hex(), B.key_id.hex()]


def test_a_new_key_has_signed_validly_or_not_at_all() -> None:
    ring = keyring(A)
    ring.add_entry(3, change("add", B))
    note = checkpoint(4, A, B)
    wrong = note.signatures[1]._replace(value=bytes(64))
    with pytest.raises(Refused, match="not valid"):
        ring.check(note._replace(signatures=[note.signatures[0], wrong]))


def test_a_key_is_not_added_by_a_checkpoint_that_covers_more() -> None:
    """Anyone can append an entry; whoever signs later does not vouch for its keys."""
    ring = keyring(A)
    ring.add_entry(3, change("add", B))
    assert names(ring.check(checkpoint(5, A))) == [A.key_id.hex()]
    assert "adds no key" in ring.notes[0]
    assert ring.check(checkpoint(6, B)) == []


@pytest.mark.parametrize("entry", [change("revoke", B, reason="lost"), change("rotate", C, replaces=[B.vkey])])
def test_a_key_that_is_taken_back_stays_so_without_the_checkpoint_that_did_it(entry: dict[str, Any]) -> None:
    ring = keyring(A, B)
    ring.add_entry(3, entry)
    with pytest.raises(Refused, match="a key that entry 3 had revoked"):
        ring.check(checkpoint(5, B))


def test_another_key_vouches_later_for_a_revocation() -> None:
    ring = keyring(A, B)
    ring.add_entry(3, change("revoke", B, reason="lost"))
    assert names(ring.check(checkpoint(9, A))) == [A.key_id.hex()]
    assert names([*ring.counting()]) == [A.key_id.hex()]


def test_a_rotation_needs_the_old_key_and_the_new_one() -> None:
    for signers in ((A,), (C, B), (C,)):
        ring = keyring(A, C)
        ring.add_entry(3, change("rotate", B, replaces=[A.vkey]))
        ring.check(checkpoint(4, *signers))
        assert names(ring.counting()) == [A.key_id.hex(), C.key_id.hex()]


def test_a_key_cannot_add_itself() -> None:
    ring = keyring(A)
    ring.add_entry(3, change("add", B))
    assert ring.check(checkpoint(4, B)) == []
    assert ring.check(checkpoint(5, B)) == []


def test_a_rotated_key_signs_no_more() -> None:
    ring = keyring(A)
    ring.add_entry(3, change("rotate", B, replaces=[A.vkey]))
    assert len(ring.check(checkpoint(4, A, B))) == 1
    assert names(ring.check(checkpoint(6, B))) == [B.key_id.hex()]
    with pytest.raises(Refused, match="a key that entry 3 had revoked"):
        ring.check(checkpoint(7, A))
    with pytest.raises(Refused, match="a key that entry 3 had revoked"):
        ring.check(checkpoint(7, A, B))


def test_a_revoked_key_does_not_come_back() -> None:
    ring = keyring(A, B)
    ring.add_entry(3, change("revoke", B, reason="lost"))
    ring.check(checkpoint(4, A))
    ring.add_entry(4, change("add", B))
    assert names(ring.check(checkpoint(5, A))) == [A.key_id.hex()]
    assert "taken back" in ring.notes[0]
    with pytest.raises(Refused, match="a key that entry 3 had revoked"):
        ring.check(checkpoint(6, B))


def test_a_wrong_signature_by_a_known_key_is_fatal_and_by_a_stranger_is_not() -> None:
    ring = keyring(A)
    note = checkpoint(4, A, C)
    forged = note._replace(text=note.text.replace("\n4\n", "\n5\n"), size=5)
    with pytest.raises(Refused, match="not valid"):
        ring.check(forged)
    assert keyring(B).check(note) == []


@pytest.mark.parametrize(
    "entry",
    [
        *({}, change("add"), change("add") | {"vkeys": ["x"]}, change("forget", B), change("added", B)),
        *(change("rotate", B), change("add", W1), change("add", B) | {"action": 1}, change("add", B, B)),
        *(
            change("add") | {"vkey": B.vkey},
            change("add", B, reason="x"),
            change("revoke", A),
            change("add", *[B] * 17),
        ),
        *(change("rotate", A, replaces=[A.vkey]), change("add", B) | {"time": 1}),
    ],
)
def test_key_entries_that_are_not_understood_change_no_key(entry: dict[str, Any]) -> None:
    ring = keyring(A)
    ring.add_entry(0, entry)
    assert len(ring.notes) == 1
    ring.check(checkpoint(1, A))
    assert names(ring.counting()) == [A.key_id.hex()]


def key(witness: Cosigner) -> Any:
    return parse_vkey(witness.vkey)


def policy(*lines: str) -> Policy:
    return Policy("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))


WITNESSES = [f"witness w{n} {witness.vkey} https://w.example/" for n, witness in enumerate((W1, W2, W3), start=1)]


@pytest.mark.parametrize(
    ("lines", "enough", "too_few"),
    [
        (["quorum none"], [()], []),
        (["quorum w1"], [(W1,), (W1, W2)], [(), (W2,)]),
        (["group g any w1 w2", "quorum g"], [(W1,), (W2,)], [(), (W3,)]),
        (["group g all w1 w2", "quorum g"], [(W1, W2)], [(W1,), (W1, W3)]),
        (["group g 2 w1 w2 w3", "quorum g"], [(W1, W3), (W1, W2, W3)], [(W3,)]),
        (["group g any w1 w2", "group h all g w3", " quorum\th "], [(W2, W3)], [(W1, W2), (W3,)]),
        (["# comment", "", f"log {VKEY}", "group \udcff any w1", "quorum \udcff"], [(W1,)], [()]),
    ],
)
def test_policies(lines: list[str], enough: Any, too_few: Any) -> None:
    parsed = policy(*WITNESSES, *lines)
    assert all(parsed.met_by({key(witness) for witness in some}) for some in enough)
    assert not any(parsed.met_by({key(witness) for witness in some}) for some in too_few)


@pytest.mark.parametrize(
    "lines",
    [
        *([], ["quorum w9"], ["quorum none", "quorum none"], ["quorum"], ["quorum w1 w2"], ["nonsense", "quorum none"]),
        *(["group g 0 w1", "quorum g"], ["group g 2 w1", "quorum g"], ["group g any", "quorum g"], ["group w1 any w2"]),
        *(["group g any w1 w1", "quorum g"], ["group g any w1", "group h any w1", "quorum g"], ["group none any w1"]),
        *(["group g any none", "quorum g"], ["quorum g", "group g any w1"], ["group g 01 w1", "quorum g"]),
        *([f"witness w4 {W1.vkey}", "quorum w1"], [f"witness w1 {VKEY}"], [f"log {VKEY}", f"log {VKEY}", "quorum w1"]),
        *([f"log {W1.vkey}", "quorum w1"], ["quorum w1\x07"], ["quorum w1\r"], [f"witness w4 {VKEY}", "quorum w1"]),
    ],
)
def test_malformed_policies(lines: list[str]) -> None:
    with pytest.raises(Refused):
        policy(*WITNESSES, *lines)


def test_json_pointers() -> None:
    value = {"a": {"b/c": [1, {"~": 2}], "": 3}}
    for pointer, found in (("", value), ("/a/b~1c/0", 1), ("/a/b~1c/1/~0", 2), ("/a/", 3)):
        assert at_pointer(value, pointer) == found
    for pointer in ("a", "/b", "/a/b~1c/00", "/a/b~1c/2", "/a/b~1c/-1", "/a/b~1c/-", "/a/b~1c/0/x"):
        with pytest.raises(Refused):
            at_pointer(value, pointer)


def test_problems_are_bounded() -> None:
    step = Step(1, "title")
    choose = random.Random(1)
    for _ in range(100):
        step.problem(str(choose.random()))
    assert (len(step.problems), step.hidden) == (50, 50)
