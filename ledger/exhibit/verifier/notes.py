"""Strict parsing of signed notes, vkeys and checkpoints (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature).

key id = SHA-256(name || 0x0A || type || public key)[:4]
types    0x01 Ed25519 on the text, 0x04 Ed25519 cosignature, 0x06 ML-DSA-44 cosignature
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import NamedTuple

from ledger.exhibit.verifier.ed25519 import ed25519_negated, ed25519_verify
from ledger.exhibit.verifier.mldsa import MLDSA_KEY, mldsa44_verify
from ledger.exhibit.verifier.report import CannotCheck, Refused

ED25519, COSIGNATURE, MLDSA44 = 0x01, 0x04, 0x06
KINDS = {ED25519: "Ed25519", COSIGNATURE: "Ed25519 cosignature", MLDSA44: "ML-DSA-44"}
MAX_NOTE = 1_000_000
MAX_SIGNATURES = 200
MAX_NAME = 255
MAX_TREE = 2**63 - 1
DASH = "\N{EM DASH} "


class Key(NamedTuple):
    """A public key under a name."""

    name: str
    key_id: bytes
    kind: int
    public: bytes

    def __str__(self) -> str:
        return f"{self.name} ({KINDS[self.kind]}, key id {self.key_id.hex()})"


class Signature(NamedTuple):
    """One signature line; `line` is the whole line without its newline."""

    name: str
    key_id: bytes
    value: bytes
    line: str


class Checkpoint(NamedTuple):
    """A signed checkpoint: its three lines as `text`, their values, and its signatures in order."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...]


def parse_vkey(vkey: str) -> Key:
    """The key of a vkey. Refuses other types than the three, and a vkey that is not written exactly."""
    if len(vkey) > 4096:
        raise Refused("a vkey is too long")
    name, _, rest = vkey.partition("+")
    _, _, encoded = rest.partition("+")
    check_name(name)
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("the name in a vkey is not UTF-8") from error
    data = exact_base64(encoded)
    kind, public = data[0] if data else 0, data[1:]
    if kind not in KINDS or len(public) != (MLDSA_KEY if kind == MLDSA44 else 32):
        raise Refused(f"the vkey of {name} is neither Ed25519 nor ML-DSA-44")
    if kind != MLDSA44:
        ed25519_negated(public)
    key = Key(name, hashlib.sha256(name.encode("utf-8") + b"\n" + data).digest()[:4], kind, public)
    if vkey != f"{name}+{key.key_id.hex()}+{encoded}":
        raise Refused(f"the vkey of {name} does not have the key id of its key")
    return key


def parse_vkeys(data: bytes) -> list[Key]:
    """The keys of a file of vkeys, one a line; empty lines are skipped."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Refused("not UTF-8") from error
    return [parse_vkey(line.strip(" \t\r")) for line in lines if line.strip(" \t\r")]


def parse_note(data: bytes) -> Checkpoint:
    """The signed checkpoint in a note, no signature verified. Refuses a note that is not written exactly."""
    if len(data) > MAX_NOTE:
        raise Refused(f"a note is longer than {MAX_NOTE} bytes")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("a note is not UTF-8") from error
    if any(char < " " and char != "\n" for char in note):
        raise Refused("a note holds a control character")
    text, blank, block = note.rpartition("\n\n")
    lines = block.split("\n")
    if not blank or lines.pop() or not lines or len(lines) > MAX_SIGNATURES:
        raise Refused(f"a note does not end in 1 to {MAX_SIGNATURES} signature lines after a blank line")
    signatures = []
    for line in lines:
        dash, name, encoded = line[:2], *line[2:].partition(" ")[::2]
        if dash != DASH:
            raise Refused("a signature line is malformed")
        check_name(name)
        value = exact_base64(encoded)
        if len(value) < 5:
            raise Refused("a signature is too short")
        signatures.append(Signature(name, value[:4], value[4:], line))
    return parse_text(text + "\n", tuple(signatures))


def parse_text(text: str, signatures: tuple[Signature, ...]) -> Checkpoint:
    """The checkpoint of three lines, with these signatures."""
    lines = text.split("\n")
    if len(lines) != 4 or not 0 < len(lines[0].encode("utf-8")) <= 255:
        raise Refused("a checkpoint is not three lines")
    return Checkpoint(text, lines[0], exact_size(lines[1]), exact_hash(lines[2]), signatures)


def parse_proof_lines(lines: list[str]) -> list[bytes]:
    """The hashes of lines of base64, one a line."""
    return [exact_hash(line) for line in lines]


def verify_signature(key: Key, checkpoint: Checkpoint, signature: Signature) -> int:
    """Verifies a signature. Returns its time in seconds since 1970; 0 if its kind has none. Refuses an invalid one."""
    value, seconds = signature.value, 0
    message = checkpoint.text.encode("utf-8")
    if key.kind != ED25519:
        seconds, value = int.from_bytes(value[:8], "big"), value[8:]
        if seconds > MAX_TREE:
            raise Refused(f"a signature by {key} has no time that can be")
    if key.kind == COSIGNATURE:
        message = f"cosignature/v1\ntime {seconds}\n".encode() + message
    elif key.kind == MLDSA44:
        message = subtree_message(key.name, seconds, checkpoint)
    try:
        if key.kind == MLDSA44:
            mldsa44_verify(key.public, message, value)
        else:
            ed25519_verify(key.public, message, value)
    except Refused as error:
        raise Refused(f"the signature by {key} on the checkpoint of size {checkpoint.size}: {error}") from error
    return seconds


def subtree_message(name: str, seconds: int, checkpoint: Checkpoint) -> bytes:
    """The message of an ML-DSA-44 cosigner (tlog-cosignature): the whole tree, as the subtree from 0 to its size."""
    cosigner, origin = name.encode("utf-8"), checkpoint.origin.encode("utf-8")
    return b"".join(
        (
            b"subtree/v1\n\x00",
            bytes([len(cosigner)]) + cosigner,
            seconds.to_bytes(8, "big"),
            bytes([len(origin)]) + origin,
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def check_name(name: str) -> None:
    """Refuses a text that is no valid key name."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise Refused(f"{name!r:.80} cannot name a key")
    if len(name.encode("utf-8", "replace")) > MAX_NAME:
        raise Refused("a key name is too long")


def exact_base64(text: str) -> bytes:
    """The bytes of base64 in its canonical spelling. Refuses any other."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise Refused("base64 is not written exactly")
    return data


def exact_hash(text: str) -> bytes:
    """The 32 bytes of canonical base64. Refuses any other text."""
    data = exact_base64(text)
    if len(data) != 32:
        raise Refused("a hash is not 32 bytes")
    return data


def exact_size(text: str) -> int:
    """The number of a decimal from 0 to 2**63 - 1 without leading zeros. Refuses any other text."""
    if len(text) > 19 or not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0"):
        raise Refused("a tree size or index is not written exactly")
    if int(text) > MAX_TREE:
        raise Refused("a tree size or index is too large")
    return int(text)


def read_supplied(path: str, limit: int = MAX_NOTE) -> bytes:
    """The bytes of a file that the command line names, without UTF-8's byte order mark. Raises CannotCheck."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise CannotCheck(f"{path}: longer than {limit} bytes")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise CannotCheck(f"{path}: text in UTF-16: save it as UTF-8 or ASCII")
    return data.removeprefix(b"\xef\xbb\xbf")
