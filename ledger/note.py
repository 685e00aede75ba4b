"""Signed notes (c2sp.org/signed-note): a text and Ed25519 signatures on it. Pure.

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

The text ends in a newline, a blank line follows, then one line a signature: U+2014, space, key name, space,
base64(key id[4] || signature). A key is told to others as a vkey, `<name>+<key id in hex>+base64(type || key)`:

    example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k

    key id = SHA-256(name || 0x0A || type || public key)[:4]

Whatever is parsed here is bounded, parsed, formatted again and compared.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import NoteError, SignatureError, UnknownSignerError

MAX_NOTE = 1_000_000
MAX_SIGNATURES = 100
MAX_NAME = 255
MAX_VKEY = 4096

ED25519 = 0x01
_KEY_ID_BYTES = 4
_KEY_BYTES = 32
_DASH = "— "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. `value` is what follows the key id."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text, with its last newline, and signatures in the order of their lines."""

    text: str
    signatures: tuple[Signature, ...]


class Verifier:
    """A public key with its name."""

    def __init__(self, vkey: str) -> None:
        """Raises NoteError unless `vkey` is an Ed25519 vkey, written exactly."""
        if len(vkey) > MAX_VKEY:
            raise NoteError("a vkey is too long")
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        check_name(name)
        data = decode_base64(encoded)
        if data[:1] != bytes([ED25519]):
            raise NoteError(f"vkey of {name}: not an Ed25519 key")
        if len(data) != 1 + _KEY_BYTES:
            raise NoteError(f"vkey of {name}: not {_KEY_BYTES} bytes of key")
        self.name = name
        self.key_id = _key_id(name, data)
        self.vkey = _format_vkey(name, data)
        if self.vkey != vkey:
            raise NoteError(
                f"vkey of {name}: its key id {key_id[:16]!r} is not the key's, or it is not written exactly"
            )
        self._key = Ed25519PublicKey.from_public_bytes(data[1:])

    def verify(self, text: str, signature: Signature) -> None:
        """Returns None or raises SignatureError."""
        try:
            self._key.verify(signature.value, text.encode("utf-8"))
        except (InvalidSignature, UnicodeEncodeError) as error:
            raise SignatureError(f"the signature by {self.name} is not valid") from error


class Signer:
    """An Ed25519 private key under a key name. The same key may sign under several names."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        check_name(name)
        public = bytes([ED25519]) + key.public_key().public_bytes_raw()
        self.name = name
        self.key_id = _key_id(name, public)
        self.vkey = _format_vkey(name, public)
        self._key = key

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, data: bytes, *, name: str) -> Signer:
        """The key with these 32 private bytes."""
        if len(data) != _KEY_BYTES:
            raise NoteError(f"a private key is not {_KEY_BYTES} bytes")
        return cls(name, Ed25519PrivateKey.from_private_bytes(data))

    def private_bytes(self) -> bytes:
        """The 32 private bytes."""
        return self._key.private_bytes_raw()

    def sign(self, text: str) -> Signature:
        """A signature on `text`, which must be one that a note can carry."""
        return Signature(self.name, self.key_id, self._key.sign(_check_text(text)))


def sign_note(text: str, *signers: Signer) -> str:
    """The note that carries `text` signed by all `signers`."""
    return format_note(Note(text, tuple(signer.sign(text) for signer in signers)))


def open_note(note: str, verifiers: Iterable[Verifier]) -> Note:
    """The note's text with those of its signatures that `verifiers` have verified.

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
    _check_text(note.text)
    if not 0 < len(note.signatures) <= MAX_SIGNATURES:
        raise NoteError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(note.signatures)}")
    lines = []
    for signature in note.signatures:
        check_name(signature.name)
        if len(signature.key_id) != _KEY_ID_BYTES or not signature.value:
            raise NoteError("a signature is too short")
        encoded = base64.b64encode(signature.key_id + signature.value).decode("ascii")
        lines.append(f"{_DASH}{signature.name} {encoded}\n")
    return f"{note.text}\n{''.join(lines)}"


def parse_note(note: str) -> Note:
    """The note with all its signatures, none of them verified. Raises NoteError unless written exactly."""
    if len(note) > MAX_NOTE:
        raise NoteError(f"a note is longer than {MAX_NOTE}")
    text, blank, block = note.rpartition("\n\n")
    lines = block.split("\n")
    if not blank or lines.pop() != "":
        raise NoteError("a note does not end in signature lines after a blank line")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has more than {MAX_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise NoteError("a signature line is malformed")
        data = decode_base64(encoded)
        signatures.append(Signature(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:]))
    parsed = Note(text + "\n", tuple(signatures))
    if format_note(parsed) != note:
        raise NoteError("a note is not written exactly")
    return parsed


def check_name(name: str) -> None:
    """Raises NoteError unless `name` can name a key: no space, no '+', no control character, 1 to 255 bytes."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise NoteError(f"{name!r:.80} cannot name a key: no spaces, no '+', not empty")
    if len(_encode(name)) > MAX_NAME:
        raise NoteError(f"a key name has more than {MAX_NAME} bytes")


def decode_base64(text: str) -> bytes:
    """Standard base64 with padding, exactly as it would be written. Raises NoteError."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NoteError("not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise NoteError("base64 is not written exactly")
    return data


def _check_text(text: str) -> bytes:
    if not text.endswith("\n"):
        raise NoteError("a note's text does not end in a newline")
    if len(text) > MAX_NOTE:
        raise NoteError(f"a note is longer than {MAX_NOTE}")
    if any(char < " " and char != "\n" for char in text):
        raise NoteError("a note's text holds a control character")
    return _encode(text)


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NoteError("not UTF-8") from error


def _key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode("utf-8") + b"\n" + key).digest()[:_KEY_ID_BYTES]


def _format_vkey(name: str, key: bytes) -> str:
    return f"{name}+{_key_id(name, key).hex()}+{base64.b64encode(key).decode('ascii')}"
