"""The property that each parser of the ledger must have for any bytes: for the fuzzer, and for its corpus.

A target returns where the parser refused the bytes with its own error, or where the parsed value was written again as
the same bytes. Any other behaviour is a defect and raises.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ledger import (
    EntryError,
    KeyFileError,
    LedgerError,
    NoteError,
    ProofError,
    canonical,
    format_checkpoint,
    format_note,
    parse,
    parse_checkpoint,
    parse_note,
)
from ledger.errors import PolicyError, WitnessError
from ledger.notes.key_files import parse_keys
from ledger.notes.policy import parse_policy
from ledger.notes.proof_file import format_consistency, format_inclusion, parse_consistency, parse_inclusion
from ledger.notes.vkey import format_vkey, parse_vkey
from ledger.notes.witness_answer import format_answer, parse_answer

Target = Callable[[bytes], bool]
"""Whether the bytes were accepted."""


def same_bytes(write_again: Callable[[bytes], bytes], refusal: type[LedgerError]) -> Target:
    def target(data: bytes) -> bool:
        try:
            written = write_again(data)
        except refusal:
            return False
        assert written == data, f"accepted, but written again as {written!r:.200}"
        return True

    return target


def text(write_again: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """Adapt a parser of text: bytes that are not UTF-8 become lone surrogates, which it must refuse too."""
    return lambda data: write_again(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def policy(data: bytes) -> bool:
    """A policy's layout is free, so it is not written again; an accepted policy must be applicable."""
    try:
        read = parse_policy(data)
    except PolicyError:
        return False
    try:
        read.check(_UNSIGNED)
    except NoteError:
        return True
    raise AssertionError("an unsigned note is accepted")


def key_file(data: bytes) -> bool:
    """A key file has several encodings, so its bytes are not compared; its keys must survive being written and read."""
    try:
        keys = parse_keys(data)
    except KeyFileError:
        return False
    written = b"".join(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in keys)
    again = parse_keys(written)
    assert [key.private_bytes_raw() for key in again] == [key.private_bytes_raw() for key in keys]
    return True


_UNSIGNED = f"origin\n0\n{'A' * 43}=\n\n— nobody AAAAAAA=\n"

TARGETS: dict[str, Target] = {
    "note": same_bytes(text(lambda note: format_note(parse_note(note))), NoteError),
    "vkey": same_bytes(text(lambda vkey: format_vkey(parse_vkey(vkey))), NoteError),
    "checkpoint": same_bytes(text(lambda lines: format_checkpoint(parse_checkpoint(lines))), NoteError),
    "tlog-proof": same_bytes(text(lambda file: format_inclusion(parse_inclusion(file))), ProofError),
    "add-checkpoint": same_bytes(text(lambda file: format_consistency(parse_consistency(file))), ProofError),
    "answer": same_bytes(text(lambda file: format_answer(parse_answer(file))), WitnessError),
    "entry": same_bytes(lambda body: canonical(parse(body)), EntryError),
    "policy": policy,
    "key-file": key_file,
}
