"""Signed notes, vkeys and checkpoints: the published example, and attacks on the strict parsers."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import (
    EMPTY_ROOT,
    Checkpoint,
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
    parse_checkpoint,
    parse_note,
    sign_note,
)
from ledger.notes.note import MAX_NOTE, MAX_SIGNATURES
from ledger.notes.vkey import MAX_NAME

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def make_signer(number: int, name: str = "lab.example/case-17") -> Signer:
    return Signer.from_private_bytes(bytes([number]) * 32, name=name)


def test_published_example() -> None:
    opened = open_note(EXAMPLE, [Verifier(VKEY)])
    assert opened.text == "This is an example message.\n"
    assert [signature.name for signature in opened.signatures] == ["example.com/foo"]
    assert format_note(parse_note(EXAMPLE)) == EXAMPLE


def test_every_changed_character_is_noticed() -> None:
    verifier = Verifier(VKEY)
    for place, char in enumerate(EXAMPLE):
        for other in {chr(ord(char) ^ 1), chr(ord(char) ^ 32), "\n", " ", "=", "é"} - {char}:
            changed = EXAMPLE[:place] + other + EXAMPLE[place + 1 :]
            with pytest.raises(NoteError):
                open_note(changed, [verifier])


def test_sign_and_open() -> None:
    one, two, unknown = make_signer(1), make_signer(2, "witness.example/w"), make_signer(3, "other.example")
    note = sign_note("text\n\nwith a blank line\n", one, unknown, two)
    opened = open_note(note, [Verifier(one.vkey), Verifier(two.vkey)])
    assert opened.text == "text\n\nwith a blank line\n"
    assert [signature.name for signature in opened.signatures] == [one.name, two.name]
    assert len(parse_note(note).signatures) == 3


def test_one_key_under_two_names() -> None:
    one, other = make_signer(1), make_signer(1, "lab.example/case-18")
    assert one.private_bytes() == other.private_bytes()
    assert one.key_id != other.key_id
    with pytest.raises(UnknownSignerError):
        open_note(sign_note("text\n", one), [Verifier(other.vkey)])


def test_generated_keys_differ() -> None:
    assert Signer.generate("a").vkey != Signer.generate("a").vkey


def test_a_known_key_that_fails_rejects_the_whole_note() -> None:
    good, bad = make_signer(1), make_signer(2)
    text = "text\n"
    forged = Signature(bad.name, bad.key_id, make_signer(3).sign(text).value)
    note = format_note(Note(text, (good.sign(text), forged)))
    assert open_note(note, [Verifier(good.vkey)]).text == text
    with pytest.raises(SignatureError):
        open_note(note, [Verifier(good.vkey), Verifier(bad.vkey)])


def test_same_name_or_same_key_id_alone_is_unknown() -> None:
    signer = make_signer(1)
    text = "text\n"
    signature = signer.sign(text)
    for stranger in (
        Signature("other.example", signer.key_id, signature.value),
        Signature(signer.name, b"\x00\x00\x00\x00", signature.value),
    ):
        with pytest.raises(UnknownSignerError):
            open_note(format_note(Note(text, (stranger,))), [Verifier(signer.vkey)])


def test_nobody_known() -> None:
    with pytest.raises(UnknownSignerError):
        open_note(EXAMPLE, [])


def test_sixteen_signatures_are_accepted_and_a_hundred_and_one_are_not() -> None:
    signers = [make_signer(number, f"w{number}") for number in range(MAX_SIGNATURES)]
    assert len(parse_note(sign_note("text\n", *signers)).signatures) == MAX_SIGNATURES
    with pytest.raises(NoteError):
        sign_note("text\n", *signers, make_signer(101))
    lines = EXAMPLE.split("\n\n")[1]
    with pytest.raises(NoteError, match="more than 100"):
        parse_note("text\n\n" + lines * 101)


LINE = EXAMPLE.split("\n\n")[1]
ENCODED = LINE.split(" ")[2]

NOTE_ATTACKS = {
    "empty": "",
    "no signature": "text\n",
    "no blank line": "text\n" + LINE,
    "only signatures": "\n" + LINE,
    "blank line, then nothing": "text\n\n",
    "last newline missing": EXAMPLE[:-1],
    "one newline more": EXAMPLE + "\n",
    "blank line between signatures": EXAMPLE + "\n" + "not a signature\n",
    "carriage returns": EXAMPLE.replace("\n", "\r\n"),
    "control character in the text": "te\x00xt\n\n" + LINE,
    "tab in the text": "te\txt\n\n" + LINE,
    "lone surrogate": "te\ud800xt\n\n" + LINE,
    "hyphen for the dash": EXAMPLE.replace("—", "-"),
    "two spaces": EXAMPLE.replace("— ", "—  "),
    "no-break space": EXAMPLE.replace("foo ", "foo\u00a0"),
    "space after": EXAMPLE[:-1] + " \n",
    "plus in the name": EXAMPLE.replace("example.com/foo", "example.com+foo"),
    "no name": EXAMPLE.replace("example.com/foo", ""),
    "name is a no-break space": EXAMPLE.replace("example.com/foo", "a\u00a0b"),
    "no padding": EXAMPLE.replace("=", ""),
    "spare bits set": EXAMPLE.replace("aQM=", "aQN="),
    "url-safe base64": EXAMPLE.replace("TfXppzi2ONnc", "TfXppzi2ON-c"),
    "newline in base64": EXAMPLE.replace("Uw2Q", "Uw2Q\n"),
    "garbage in base64": EXAMPLE.replace("Uw2Q", "Uw2Q!!!!"),
    "key id only": EXAMPLE.replace(ENCODED, "Uw2QOg==\n"),
    "less than a key id": EXAMPLE.replace(ENCODED, "Uw2Q\n"),
    "name too long": EXAMPLE.replace("example.com/foo", "x" * (MAX_NAME + 1)),
    "too long": "x" * MAX_NOTE + "\n\n" + LINE,
    "text only": "This is an example message.\n\n",
}


@pytest.mark.parametrize("name", NOTE_ATTACKS)
def test_attacks_on_the_note_parser(name: str) -> None:
    with pytest.raises(NoteError):
        open_note(NOTE_ATTACKS[name], [Verifier(VKEY)])


@given(st.text())
@settings(deadline=None)
def test_what_parses_is_written_the_same_way(text: str) -> None:
    for note in (text, f"{text}\n\n{LINE}", f"{text}\n\n— {text} {ENCODED}"):
        try:
            parsed = parse_note(note)
        except NoteError:
            continue
        assert format_note(parsed) == note


VKEY_ATTACKS = {
    "empty": "",
    "name only": "example.com/foo",
    "no key": "example.com/foo+530d903a",
    "no name": VKEY.removeprefix("example.com/foo"),
    "another name": VKEY.replace("foo", "bar"),
    "space in the name": VKEY.replace("foo", "f o"),
    "upper-case key id": VKEY.replace("530d903a", "530D903A"),
    "another key id": VKEY.replace("530d903a", "530d903b"),
    "long key id": VKEY.replace("530d903a", "00530d903a"),
    "another key": VKEY.replace("AekyeR", "AekyeS"),
    "newline after": VKEY + "\n",
    "space before": " " + VKEY,
    "padding": VKEY + "=",
    "short key": "a+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
    "cosignature type": "a+00000000+" + base64.b64encode(b"\x04" + bytes(32)).decode(),
    "no type": "a+00000000+",
    "too long": "x" * 100_000,
}


@pytest.mark.parametrize("name", VKEY_ATTACKS)
def test_attacks_on_vkeys(name: str) -> None:
    with pytest.raises(NoteError):
        Verifier(VKEY_ATTACKS[name])


def test_vkey_as_the_format_says() -> None:
    signer = make_signer(1, "name")
    name, key_id, key = signer.vkey.split("+", 2)
    data = base64.b64decode(key)
    assert (name, data[0], len(data)) == ("name", 1, 33)
    assert key_id == hashlib.sha256(b"name\n" + data).hexdigest()[:8]
    assert Verifier(signer.vkey).vkey == signer.vkey


@pytest.mark.parametrize("text", ["no newline", "", "tab\t\n", "nul\0\n", "\ud800\n", "x" * MAX_NOTE + "\n"])
def test_what_cannot_be_signed(text: str) -> None:
    with pytest.raises(NoteError):
        make_signer(1).sign(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\x01", "\ud800", "é" * 128])
def test_what_cannot_name_a_key(name: str) -> None:
    with pytest.raises(NoteError):
        Signer.generate(name)


def test_private_bytes_are_bounded() -> None:
    with pytest.raises(NoteError):
        Signer.from_private_bytes(bytes(31), name="a")


# Checkpoints

CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_published_checkpoint() -> None:
    checkpoint = parse_checkpoint(CHECKPOINT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")
    assert format_checkpoint(checkpoint) == CHECKPOINT


@given(st.text(min_size=1, max_size=60), st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
@settings(deadline=None)
def test_checkpoint_round_trip(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    try:
        text = format_checkpoint(checkpoint)
    except NoteError:
        assert any(char < " " for char in origin) or len(origin.encode("utf-8", "surrogatepass")) != len(origin)
        return
    assert parse_checkpoint(text) == checkpoint


CHECKPOINT_ATTACKS = {
    "empty": "",
    "two lines": "a\n1\n",
    "extension line": CHECKPOINT + "extension\n",
    "no last newline": CHECKPOINT[:-1],
    "no origin": CHECKPOINT.removeprefix("example.com/behind-the-sofa"),
    "leading zero": CHECKPOINT.replace("\n2", "\n02"),
    "sign": CHECKPOINT.replace("\n2", "\n+2"),
    "negative": CHECKPOINT.replace("\n2", "\n-2"),
    "underscore": CHECKPOINT.replace("208521", "208_521"),
    "space": CHECKPOINT.replace("\n2", "\n 2"),
    "other digits": CHECKPOINT.replace("20852163", "٢٠"),
    "superscript": CHECKPOINT.replace("20852163", "2²"),
    "no size": CHECKPOINT.replace("20852163", ""),
    "2**63": CHECKPOINT.replace("20852163", str(2**63)),
    "many digits": CHECKPOINT.replace("20852163", "9" * 10_000),
    "many digits within the length": CHECKPOINT.replace("20852163", "9" * 200),
    "carriage return": CHECKPOINT.replace("\n", "\r\n"),
    "short root": "a\n1\n" + base64.b64encode(bytes(31)).decode() + "\n",
    "long root": "a\n1\n" + base64.b64encode(bytes(33)).decode() + "\n",
    "spare bits set": CHECKPOINT.replace("q2I=", "q2J="),
    "hexadecimal root": "a\n1\n" + EMPTY_ROOT.hex() + "\n",
    "control character in the origin": "a\x01b\n0\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
    "lone surrogate": "a\ud800\n0\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
}


@pytest.mark.parametrize("name", CHECKPOINT_ATTACKS)
def test_attacks_on_the_checkpoint_parser(name: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(CHECKPOINT_ATTACKS[name])


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 0, EMPTY_ROOT),
        Checkpoint("a\nb", 0, EMPTY_ROOT),
        Checkpoint("a" * 256, 0, EMPTY_ROOT),
        Checkpoint("a", -1, EMPTY_ROOT),
        Checkpoint("a", 2**63, EMPTY_ROOT),
        Checkpoint("a", 0, b""),
    ],
)
def test_what_is_no_checkpoint(checkpoint: Checkpoint) -> None:
    with pytest.raises(NoteError):
        format_checkpoint(checkpoint)
