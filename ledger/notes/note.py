"""Signed notes (c2sp.org/signed-note): a text and signatures on it. Pure.

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

The text ends in a newline, a blank line follows, then one line a signature: U+2014, space, key name, space,
base64(key id[4] || signature). vkey.py defines the key id, statement.py the message of a cosignature.

All input is bounded, parsed, formatted again and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from ledger.errors import NoteError, SignatureError, UnknownSignerError
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.statement import cosignature_message, split_time, subtree_message
from ledger.notes.vkey import KEY_ID_BYTES, Kind, PublicKey, check_name, parse_vkey
from ledger.strict import decode_base64, encode_base64

MAX_NOTE = 1_000_000
MAX_SIGNATURES = 100

_DASH = "— "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. `value` is the part after the key id: the signature, of a cosignature with its time."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text, with its last newline, and its signatures in the order of their lines."""

    text: str
    signatures: tuple[Signature, ...]


class Verifier:
    """Verifies signatures by one named public key."""

    def __init__(self, vkey: str) -> None:
        """Raises NoteError unless `vkey` is of a known kind and exactly as `format_vkey` writes it."""
        self.public = parse_vkey(vkey)
        self.vkey = vkey
        self.name = self.public.name
        self.key_id = self.public.key_id
        self.kind = self.public.kind

    def verify(self, text: str, signature: Signature) -> None:
        """Returns None or raises SignatureError; for a cosignature `text` must be a checkpoint's."""
        try:
            _VERIFY[self.kind](self.public, text, signature.value)
        except (InvalidSignature, UnicodeEncodeError, NoteError) as error:
            raise SignatureError(f"the signature by {self.name} is not valid{_reason(error)}") from error

    def cosigned_at(self, signature: Signature) -> int:
        """The time in a cosignature, in seconds since 1970. Raises NoteError where this key's kind has none."""
        if self.kind == Kind.ED25519:
            raise NoteError(f"a signature by {self.name} holds no time")
        return split_time(signature.value)[0]


def open_note(note: str, verifiers: Iterable[Verifier]) -> Note:
    """The note's text with the signatures by keys of `verifiers`, all verified.

    1. Parse strictly.
    2. Ignore signatures by unknown keys; a signature by a known key that fails rejects the whole note.
    3. At least one known key has signed.

    Raises NoteError: SignatureError for 2, UnknownSignerError for 3.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier).vkey != verifier.vkey:
            raise NoteError(f"two keys of {verifier.name} have the same key id")
    # 1
    parsed = parse_note(note)
    # 2
    verified = []
    for signature in parsed.signatures:
        signed_by = known.get((signature.name, signature.key_id))
        if signed_by is not None:
            signed_by.verify(parsed.text, signature)
            verified.append(signature)
    # 3
    if not verified:
        raise UnknownSignerError("no known key has signed")
    return Note(parsed.text, tuple(verified))


def format_note(note: Note) -> str:
    """The note as it is stored and sent. Raises NoteError if it cannot be written."""
    check_text(note.text)
    if not 0 < len(note.signatures) <= MAX_SIGNATURES:
        raise NoteError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(note.signatures)}")
    return f"{note.text}\n{''.join(format_signature(signature) for signature in note.signatures)}"


def parse_note(note: str) -> Note:
    """The note with all its signatures, none verified. Raises NoteError unless `format_note` would write it so."""
    if len(note) > MAX_NOTE:
        raise NoteError(f"a note is longer than {MAX_NOTE}")
    text, blank, block = note.rpartition("\n\n")
    if not blank:
        raise NoteError("a note does not end in signature lines after a blank line")
    parsed = Note(text + "\n", parse_signatures(block))
    if format_note(parsed) != note:
        raise NoteError("a note is not written exactly")
    return parsed


def format_signature(signature: Signature) -> str:
    """One signature line, with its newline. Raises NoteError if it cannot be written."""
    check_name(signature.name)
    if len(signature.key_id) != KEY_ID_BYTES or not signature.value:
        raise NoteError("a signature is too short")
    return f"{_DASH}{signature.name} {encode_base64(signature.key_id + signature.value)}\n"


def parse_signatures(block: str) -> tuple[Signature, ...]:
    """The signatures of 1 to 100 lines, none verified. Raises NoteError unless written exactly."""
    if len(block) > MAX_NOTE:
        raise NoteError(f"signature lines are longer than {MAX_NOTE}")
    lines = block.split("\n")
    if lines.pop() != "" or not lines:
        raise NoteError("signature lines do not end in a newline")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has more than {MAX_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise NoteError("a signature line is malformed")
        data = decode_base64(encoded)
        signatures.append(Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:]))
    if "".join(format_signature(signature) for signature in signatures) != block:
        raise NoteError("a signature line is not written exactly")
    return tuple(signatures)


def check_text(text: str) -> bytes:
    """The text's bytes. Raises NoteError unless a note can contain the text."""
    if not text.endswith("\n"):
        raise NoteError("a note's text does not end in a newline")
    if len(text) > MAX_NOTE:
        raise NoteError(f"a note is longer than {MAX_NOTE}")
    if any(char < " " and char != "\n" for char in text):
        raise NoteError("a note's text holds a control character")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NoteError("not UTF-8") from error


def _reason(error: Exception) -> str:
    return f": {error}" if isinstance(error, NoteError) else ""


def _verify_text(public: PublicKey, text: str, value: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(public.key).verify(value, text.encode("utf-8"))


def _verify_cosignature(public: PublicKey, text: str, value: bytes) -> None:
    time, signature = split_time(value)
    message = cosignature_message(parse_checkpoint(text), time=time)
    Ed25519PublicKey.from_public_bytes(public.key).verify(signature, message)


def _verify_subtree(public: PublicKey, text: str, value: bytes) -> None:
    time, signature = split_time(value)
    message = subtree_message(parse_checkpoint(text), cosigner=public.name, time=time)
    MLDSA44PublicKey.from_public_bytes(public.key).verify(signature, message)


_VERIFY: dict[Kind, Callable[[PublicKey, str, bytes], None]] = {
    Kind.ED25519: _verify_text,
    Kind.ED25519_COSIGNATURE: _verify_cosignature,
    Kind.MLDSA44: _verify_subtree,
}
