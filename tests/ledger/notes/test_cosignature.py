"""Cosignatures and the second algorithm of a log's own signatures: exact bytes, and attacks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from ledger import (
    Checkpoint,
    Cosigner,
    Note,
    NoteError,
    Signature,
    SignatureError,
    Signer,
    UnknownSignerError,
    Verifier,
    format_checkpoint,
    format_note,
    open_note,
    parse_note,
    sign_checkpoint,
    sign_note,
)
from ledger.notes.note import parse_signatures
from ledger.notes.statement import cosignature_message, join_time, split_time, subtree_message
from ledger.notes.vkey import Kind, PublicKey, format_vkey, parse_vkey
from ledger.strict import decode_base64, decode_decimal

TIME = 1_679_315_147
CHECKPOINT = Checkpoint("example.com/behind-the-sofa", 20_852_163, bytes(range(32)))
WITNESS = Cosigner.generate("witness.example.com/w1")
LOG = Signer.from_private_bytes(bytes(range(32)), name=CHECKPOINT.origin, mldsa_seed=bytes(range(32, 64)))


def verifiers(*vkeys: str) -> list[Verifier]:
    return [Verifier(vkey) for vkey in vkeys]


def test_what_an_ed25519_cosigner_signs_byte_for_byte() -> None:
    assert cosignature_message(CHECKPOINT, time=TIME) == (
        b"cosignature/v1\ntime 1679315147\n"
        b"example.com/behind-the-sofa\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    )


def test_what_an_mldsa_cosigner_signs_byte_for_byte() -> None:
    message = subtree_message(CHECKPOINT, cosigner="witness.example.com/w1", time=TIME)
    assert message == (
        b"subtree/v1\n\x00"
        b"\x16witness.example.com/w1"
        b"\x00\x00\x00\x00\x64\x18\x50\xcb"
        b"\x1bexample.com/behind-the-sofa"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x01\x3e\x2d\xc3" + bytes(range(32))
    )
    assert len(message) == 12 + 1 + 22 + 8 + 1 + 27 + 8 + 8 + 32


def test_lengths_are_of_bytes_not_of_characters() -> None:
    message = subtree_message(Checkpoint("é", 0, bytes(32)), cosigner="ü" * 127, time=0)
    assert message[12:15] == b"\xfe\xc3\xbc"
    assert b"\x02\xc3\xa9" + bytes(48) in message


@pytest.mark.parametrize("time", [-1, 2**63, 2**64])
def test_times_that_no_cosignature_has(time: int) -> None:
    makers: list[Callable[[], bytes]] = [
        lambda: cosignature_message(CHECKPOINT, time=time),
        lambda: subtree_message(CHECKPOINT, cosigner="w", time=time),
        lambda: join_time(time, b"x"),
    ]
    for make in makers:
        with pytest.raises(NoteError):
            make()


def test_published_vkey_of_a_witness() -> None:
    verifier = Verifier("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
    assert (verifier.name, verifier.kind) == ("remora.n621.de", Kind.ED25519_COSIGNATURE)


def test_the_time_in_a_published_cosignature() -> None:
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0"
        "xUe+mbIUBkBIfZ+qnA==\n"
    )
    signature = parse_note(note).signatures[0]
    time, rest = split_time(signature.value)
    assert (time, len(rest)) == (TIME, 64)


def test_a_witness_cosigns_with_both_algorithms() -> None:
    note = sign_checkpoint(CHECKPOINT, [LOG], time=TIME)
    signatures = WITNESS.cosign(CHECKPOINT, time=TIME + 1)
    assert [len(signature.value) for signature in signatures] == [8 + 64, 8 + 2420]
    parsed = parse_note(note)
    cosigned = format_note(Note(parsed.text, parsed.signatures + signatures))
    for vkey, kind in zip(WITNESS.vkeys, (Kind.ED25519_COSIGNATURE, Kind.MLDSA44), strict=True):
        verifier = Verifier(vkey)
        opened = open_note(cosigned, [verifier])
        assert verifier.kind == kind
        assert [verifier.cosigned_at(signature) for signature in opened.signatures] == [TIME + 1]
    assert len(open_note(cosigned, verifiers(*LOG.vkeys, *WITNESS.vkeys)).signatures) == 4


def test_a_log_signs_with_both_algorithms_and_each_alone_is_enough() -> None:
    note = sign_checkpoint(CHECKPOINT, [LOG], time=TIME)
    assert len(LOG.vkeys) == 2
    assert LOG.vkey == LOG.vkeys[0]
    for vkey in LOG.vkeys:
        assert len(open_note(note, verifiers(vkey)).signatures) == 1
    assert [parse_vkey(vkey).kind for vkey in LOG.vkeys] == [Kind.ED25519, Kind.MLDSA44]


def test_the_ed25519_line_of_a_log_is_a_plain_note_signature() -> None:
    note = sign_checkpoint(CHECKPOINT, [LOG], time=TIME)
    old = Signer.from_private_bytes(bytes(range(32)), name=CHECKPOINT.origin)
    assert old.vkeys == LOG.vkeys[:1]
    plain = sign_note(format_checkpoint(CHECKPOINT), old)
    assert note.startswith(plain)
    assert sign_checkpoint(CHECKPOINT, [old], time=TIME) == plain


def test_every_flipped_bit_of_a_cosignature_is_noticed() -> None:
    text = format_checkpoint(CHECKPOINT)
    for signature, vkey in zip(WITNESS.cosign(CHECKPOINT, time=TIME), WITNESS.vkeys, strict=True):
        verifier = Verifier(vkey)
        verifier.verify(text, signature)
        places = range(len(signature.value)) if len(signature.value) < 100 else range(0, len(signature.value), 37)
        for place in places:  # the time is signed too
            value = bytearray(signature.value)
            value[place] ^= 1 << place % 8
            with pytest.raises(SignatureError):
                verifier.verify(text, Signature(signature.name, signature.key_id, bytes(value)))


@pytest.mark.parametrize(
    "other",
    [
        Checkpoint("example.com/behind-the-sofb", CHECKPOINT.size, CHECKPOINT.root),
        Checkpoint(CHECKPOINT.origin, CHECKPOINT.size + 1, CHECKPOINT.root),
        Checkpoint(CHECKPOINT.origin, CHECKPOINT.size, bytes(32)),
    ],
)
def test_a_cosignature_is_of_one_checkpoint(other: Checkpoint) -> None:
    for signature, vkey in zip(WITNESS.cosign(CHECKPOINT, time=TIME), WITNESS.vkeys, strict=True):
        with pytest.raises(SignatureError):
            Verifier(vkey).verify(format_checkpoint(other), signature)


@pytest.mark.parametrize(
    "value", [b"", bytes(7), bytes(8), bytes(72), b"\x80" + bytes(71), bytes(8 + 2419), bytes(8 + 2420)]
)
def test_values_that_are_no_cosignature(value: bytes) -> None:
    for vkey in WITNESS.vkeys:
        with pytest.raises(SignatureError):
            Verifier(vkey).verify(format_checkpoint(CHECKPOINT), Signature(WITNESS.name, b"1234", value))


def test_a_time_beyond_the_limit_is_refused_although_it_is_signed() -> None:
    time = 2**63
    key = WITNESS.private_keys()[0]
    text = format_checkpoint(CHECKPOINT)
    value = time.to_bytes(8) + key.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
    with pytest.raises(SignatureError, match="not a time"):
        Verifier(WITNESS.vkeys[0]).verify(text, Signature(WITNESS.name, b"1234", value))


def test_cosignatures_are_of_checkpoints_only() -> None:
    text = "This is an example message.\n"
    key = WITNESS.private_keys()[0]
    value = join_time(TIME, key.sign(f"cosignature/v1\ntime {TIME}\n{text}".encode()))
    with pytest.raises(SignatureError):
        Verifier(WITNESS.vkeys[0]).verify(text, Signature(WITNESS.name, b"1234", value))


def test_a_cosignature_key_verifies_no_plain_signature_and_the_reverse() -> None:
    """The same Ed25519 key as kind 1 and as kind 4: two key ids, and neither signature passes for the other."""
    text = format_checkpoint(CHECKPOINT)
    public = WITNESS.private_keys()[0].public_key()
    assert isinstance(public, Ed25519PublicKey)
    plain = Verifier(format_vkey(PublicKey(WITNESS.name, Kind.ED25519, public.public_bytes_raw())))
    cosigning = Verifier(WITNESS.vkeys[0])
    assert plain.key_id != cosigning.key_id
    cosignature = WITNESS.cosign(CHECKPOINT, time=TIME)[0]
    for value in (cosignature.value, cosignature.value[8:]):
        with pytest.raises(SignatureError):
            plain.verify(text, Signature(WITNESS.name, plain.key_id, value))
    with pytest.raises(NoteError):
        plain.cosigned_at(cosignature)


def test_an_mldsa_signature_commits_to_the_signers_name() -> None:
    data = parse_vkey(WITNESS.vkeys[1])
    other = Verifier(format_vkey(PublicKey("other.example", Kind.MLDSA44, data.key)))
    signature = WITNESS.cosign(CHECKPOINT, time=TIME)[1]
    with pytest.raises(SignatureError):
        other.verify(format_checkpoint(CHECKPOINT), Signature(other.name, other.key_id, signature.value))


def test_a_known_cosigner_that_fails_rejects_the_whole_note() -> None:
    forged = Signature(WITNESS.name, Verifier(WITNESS.vkeys[0]).key_id, bytes(72))
    note = format_note(Note(format_checkpoint(CHECKPOINT), (*LOG.sign_checkpoint(CHECKPOINT, time=TIME), forged)))
    assert open_note(note, verifiers(*LOG.vkeys))
    with pytest.raises(SignatureError):
        open_note(note, verifiers(*LOG.vkeys, *WITNESS.vkeys))
    with pytest.raises(UnknownSignerError):
        open_note(note, verifiers(WITNESS.vkeys[1]))


def test_sixteen_signers_with_both_algorithms_fit() -> None:
    signers = [Signer.generate(f"w{number}") for number in range(16)]
    note = sign_checkpoint(CHECKPOINT, signers, time=TIME)
    assert len(open_note(note, verifiers(*(vkey for signer in signers for vkey in signer.vkeys))).signatures) == 32


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 7, 250, 255])
def test_vkeys_of_other_kinds(kind: int) -> None:
    public = parse_vkey(LOG.vkey)
    with pytest.raises(NoteError):
        Verifier(f"a+00000000+{LOG.vkey[-44:]}")
    data = bytes([kind]) + public.key
    key_id = hashlib.sha256(b"a\n" + data).digest()[:4].hex()
    with pytest.raises(NoteError, match="vkey of a"):
        Verifier(f"a+{key_id}+{base64.b64encode(data).decode()}")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("length", [0, 31, 33, 1311, 1313])
def test_public_keys_of_a_wrong_length(kind: Kind, length: int) -> None:
    with pytest.raises(NoteError, match="bytes of key"):
        format_vkey(PublicKey("a", kind, bytes(length)))


def test_keys_that_anyone_can_sign_for() -> None:
    """All points of small order, computed here, with either sign of x, and all y that are not reduced."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p

    def square_root(a: int) -> int:
        root = pow(a, (p + 3) // 8, p)
        root = root if root * root % p == a % p else root * pow(2, (p - 1) // 4, p) % p
        return root if root * root % p == a % p else 0

    # order 8: twice the point has y = 0, so d*y**4 + 2*y**2 - 1 = 0
    eights = [square_root((sign * square_root(1 + d) - 1) * pow(d, -1, p) % p) for sign in (1, -1)]
    small = {0, 1, p - 1, *(y for root in eights if root for y in (root, p - root))}
    assert len(small) == 5
    for y in (*small, *range(p, 2**255)):
        for sign in (0, 1):
            key = (y | sign << 255).to_bytes(32, "little")
            for kind in (Kind.ED25519, Kind.ED25519_COSIGNATURE):
                with pytest.raises(NoteError, match="anyone can sign for"):
                    format_vkey(PublicKey("a", kind, key))


def test_seeds_are_bounded() -> None:
    with pytest.raises(NoteError):
        Signer.from_private_bytes(bytes(32), name="a", mldsa_seed=bytes(31))


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "01", "00", "1_0", "٢", "²", "1e3", str(2**63), "9" * 5000]
)
def test_what_is_no_decimal(text: str) -> None:
    with pytest.raises(NoteError):
        decode_decimal(text)
    assert decode_decimal(str(2**63 - 1)) == 2**63 - 1


def test_a_signature_that_another_implementation_made() -> None:
    """Made by filippo.io/torchwood, published in transparency-dev/formats: of the subtree of entries 8 to 13.

    We sign whole trees only, so the start is put into our message here; all other bytes are ours.
    """
    vkey, line = (Path(__file__).parent / "mldsa_vector.txt").read_text("utf-8").splitlines(keepends=True)
    public = parse_vkey(vkey.strip())
    (signature,) = parse_signatures(line)
    time, value = split_time(signature.value)
    root = decode_base64("E7ERCtFloiK1fdb+B6/dLG0pM1nmIR0ETKBSauCjtVw=")
    message = subtree_message(Checkpoint("example.com/log", 13, root), cosigner=public.name, time=time)
    start = len(message) - 32 - 8 - 8
    assert message[start : start + 8] == bytes(8)
    theirs = message[:start] + (8).to_bytes(8) + message[start + 8 :]
    MLDSA44PublicKey.from_public_bytes(public.key).verify(value, theirs)
    assert (signature.name, signature.key_id) == (public.name, public.key_id)
    with pytest.raises(InvalidSignature):
        MLDSA44PublicKey.from_public_bytes(public.key).verify(value, message)
