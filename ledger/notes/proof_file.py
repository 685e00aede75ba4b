"""Proof files, which a reader can verify without the ledger. Pure.

On the left an inclusion proof (c2sp.org/tlog-proof): an entry is in a log. On the right a consistency proof: a tree
begins with an older one. It is also the request to a witness (the body of add-checkpoint in c2sp.org/tlog-witness):

    c2sp.org/tlog-proof@v1                          old 20852014
    index 73894                                     PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=    jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
                                                    (an empty line)
    example.com/fancylog                            example.com/behind-the-sofa
    109482                                          20852163
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/fancylog hI2DJw...                — example.com/behind-the-sofa Az3grl...

Hashes are ordered from the leaf's sibling to the root, one a line. The checkpoint is a signed note, as the log and the
witnesses signed it. A line `extra <base64>` may precede the index; no signature covers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import NoteError, ProofError
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import MAX_NOTE, parse_note
from ledger.notes.trust import Trust
from ledger.strict import decode_base64, decode_decimal, encode_base64
from ledger.tree.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash
from ledger.tree.proof import verify_consistency, verify_inclusion

INCLUSION = "c2sp.org/tlog-proof@v1"
MAX_PROOF = 63
MAX_EXTRA = 65_535
MAX_FILE = MAX_NOTE + 200_000


@dataclass(frozen=True, slots=True)
class InclusionFile:
    """A proof that the entry at `index` is in the tree of `checkpoint`, a signed note. No signature covers `extra`."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class ConsistencyFile:
    """A proof that the tree of `checkpoint`, a signed note, begins with the first `old` entries."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str


def format_inclusion(file: InclusionFile) -> str:
    """The text of an inclusion proof file, the inverse of `parse_inclusion`.

    Raises ProofError if a field is not valid.
    """
    if file.extra is not None and not 0 < len(file.extra) <= MAX_EXTRA:
        raise ProofError(f"extra data has 1 to {MAX_EXTRA} bytes, not {len(file.extra)}")
    extra = "" if file.extra is None else f"extra {encode_base64(file.extra)}\n"
    return f"{INCLUSION}\n{extra}index {_number(file.index)}\n{_rest(file.proof, file.checkpoint)}"


def format_consistency(file: ConsistencyFile) -> str:
    """The text of a consistency proof file, the inverse of `parse_consistency`.

    Raises ProofError if a field is not valid.
    """
    return f"old {_number(file.old)}\n{_rest(file.proof, file.checkpoint)}"


def parse_inclusion(text: str) -> InclusionFile:
    """The content of an inclusion proof, not verified. Raises ProofError unless it is written exactly."""
    lines, checkpoint = _split(text)
    if lines.pop(0) != INCLUSION:
        raise ProofError(f"a proof does not begin with {INCLUSION}")
    try:
        extra = decode_base64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else None
        index = _numbered(lines, "index ")
        file = InclusionFile(index, _hashes(lines), checkpoint, extra)
    except NoteError as error:
        raise ProofError(f"a proof is malformed: {error}") from error
    if format_inclusion(file) != text:
        raise ProofError("a proof is not written exactly")
    return file


def parse_consistency(text: str) -> ConsistencyFile:
    """The content of a consistency proof, not verified. Raises ProofError unless it is written exactly."""
    lines, checkpoint = _split(text)
    try:
        old = _numbered(lines, "old ")
        file = ConsistencyFile(old, _hashes(lines), checkpoint)
    except NoteError as error:
        raise ProofError(f"a consistency proof is malformed: {error}") from error
    if format_consistency(file) != text:
        raise ProofError("a consistency proof is not written exactly")
    return file


def verify_inclusion_file(file: InclusionFile, entry: bytes, *, trust: Trust) -> None:
    """Verifies that `entry` is at `file.index` of a checkpoint that `trust` accepts. Raises NoteError or ProofError."""
    checkpoint = trust.open_checkpoint(file.checkpoint)
    verify_inclusion(
        index=file.index, size=checkpoint.size, leaf=leaf_hash(entry), root=checkpoint.root, proof=file.proof
    )


def verify_consistency_file(file: ConsistencyFile, old: Checkpoint, *, trust: Trust) -> None:
    """Verifies that the tree of `file` begins with that of `old`, which the caller trusts, and that `trust` accepts it.

    Raises NoteError or ProofError.
    """
    checkpoint = trust.open_checkpoint(file.checkpoint)
    if checkpoint.origin != old.origin:
        raise ProofError(f"the proof is of {checkpoint.origin!r}, not of {old.origin!r}")
    if file.old != old.size:
        raise ProofError(f"the proof begins at size {file.old}, not at {old.size}")
    verify_growth(old, checkpoint, file.proof)


def verify_growth(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Verifies that the tree of `new` begins with that of `old`, which may be empty. Raises ProofError."""
    if old.size > 0:
        verify_consistency(size1=old.size, size2=new.size, root1=old.root, root2=new.root, proof=proof)
        return
    if proof:
        raise ProofError("a proof from an empty tree is not empty")
    if old.root != EMPTY_ROOT or (new.size == 0 and new.root != EMPTY_ROOT):
        raise ProofError("an empty tree does not have the root of one")


def _rest(proof: Sequence[bytes], checkpoint: str) -> str:
    if len(proof) > MAX_PROOF:
        raise ProofError(f"{len(proof)} hashes, more than any proof has")
    if any(len(value) != HASH_BYTES for value in proof):
        raise ProofError(f"a hash is not {HASH_BYTES} bytes")
    try:
        parse_checkpoint(parse_note(checkpoint).text)
    except NoteError as error:
        raise ProofError(f"the proof's checkpoint: {error}") from error
    return "".join(f"{encode_base64(value)}\n" for value in proof) + f"\n{checkpoint}"


def _number(number: int) -> str:
    try:
        return str(decode_decimal(str(number)))
    except NoteError as error:
        raise ProofError(str(error)) from error


def _split(text: str) -> tuple[list[str], str]:
    """The lines before the first empty one, at least one, and the checkpoint after it."""
    if len(text) > MAX_FILE:
        raise ProofError(f"a proof is longer than {MAX_FILE}")
    head, empty, checkpoint = text.partition("\n\n")
    if not empty:
        raise ProofError("a proof has no empty line before its checkpoint")
    return head.split("\n", MAX_PROOF + 4), checkpoint


def _numbered(lines: list[str], word: str) -> int:
    if not lines or not lines[0].startswith(word):
        raise ProofError(f"a proof has no line {word!r} where it belongs")
    return decode_decimal(lines.pop(0).removeprefix(word))


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > MAX_PROOF:
        raise ProofError(f"more than {MAX_PROOF} hashes")
    return tuple(decode_base64(line) for line in lines)
