"""Checks the checkpoints of a ledger's file, in order of size, while the tree is rebuilt."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ledger.auditing.rebuilding import Rebuilt, ReportProblem
from ledger.errors import NoteError, QuorumError, UnknownSignerError
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.keyring import Keyring
from ledger.notes.note import Signature, Verifier, open_note, parse_note
from ledger.notes.policy import NONE, Policy, PolicyResult
from ledger.notes.vkey import WITNESS_KINDS, Kind


@dataclass(frozen=True, slots=True)
class Expected:
    """A size and root from outside the ledger: from a notebook, or (`signed`) from a signed checkpoint."""

    size: int
    root: bytes
    signed: bool

    @property
    def root_text(self) -> str:
        """The root with its origin, for a message."""
        name = "root of the checkpoint from elsewhere," if self.signed else "expected root"
        return f"the {name} {self.root.hex()}"

    @property
    def size_text(self) -> str:
        """The size with its origin, for a message."""
        return f"the {self.size} of the checkpoint from elsewhere" if self.signed else f"the expected {self.size}"


class CheckpointAudit:
    """Checks each checkpoint, and collects the results for the audit's report."""

    def __init__(self, vkeys: Sequence[str], policy: Policy | None, problem: ReportProblem) -> None:
        self.keyring = Keyring(vkeys)
        self._others = [verifier for verifier in map(Verifier, vkeys) if verifier.kind in WITNESS_KINDS]
        self._policy = policy
        self._problem = problem
        self._last_matching = -1
        self._mismatched = False
        self.origin: str | None = None
        self.count = 0
        self.signed: int | None = None
        """The largest size that a trusted key of the log has signed."""
        self.unknown = 0
        """The number of checkpoints that no such key has signed."""
        self.strangers: tuple[str, ...] = ()
        """The keys, by name and id, that have signed the last checkpoint without a known key's signature."""
        self.one_algorithm = 0
        """The number of checkpoints signed with Ed25519 alone, although an ML-DSA-44 key is trusted."""
        self.signers: dict[str, None] = {}
        self.accepted: PolicyResult | None = None
        """The largest checkpoint that the policy accepts."""
        self.refused = "there is no checkpoint"
        """The reason why the policy did not accept the latest checkpoint."""

    def check(self, size: int, note: str, cosignatures: Sequence[str], rebuilt: Rebuilt) -> None:
        """Checks the next checkpoint and its cosignatures; `rebuilt` is the tree of its size."""
        self.count += 1
        self.strangers = ()
        name = f"checkpoint of size {size}"
        cosigned = note + "".join(cosignatures)
        try:
            parsed = parse_note(cosigned)
            checkpoint = parse_checkpoint(parsed.text)
            parse_note(note)  # the note must be well-formed without the cosignatures too
        except NoteError as error:
            self._problem(f"{name}: {error}", None)
            return
        if checkpoint.size != size:
            self._problem(f"{name} says size {checkpoint.size}", "tampering")
            return
        if self.origin is None:
            self.origin = checkpoint.origin
        if checkpoint.origin != self.origin:
            self._problem(f"{name}: its origin is {checkpoint.origin!r}, not {self.origin!r}", "tampering")
            return
        if any(self._is_almost_known(signature) for signature in parsed.signatures):
            self._problem(f"{name}: a known key's name or id was changed in its signature line", "damage")
        if not self._has_root(name, checkpoint, rebuilt):
            return
        try:
            self._open(note, cosigned)
        except UnknownSignerError:
            self.unknown += 1
            self.strangers = tuple(f"{each.name}+{each.key_id.hex()}" for each in parsed.signatures)
        except NoteError as error:
            self._problem(f"{name}: {error}", None)
        else:
            self.signed = size
            self._apply_policy(cosigned, size, by_witnesses=bool(cosignatures))

    def _open(self, note: str, cosigned: str) -> None:
        """Verifies all signatures by known keys, the log's and the witnesses'."""
        with suppress(UnknownSignerError):
            open_note(cosigned, self._others)
        both = {(key.name, key.key_id) for key in self.keyring.counting if key.kind == Kind.MLDSA44}
        signatures = self.keyring.open_checkpoint(note).signatures
        if both and both.isdisjoint((signature.name, signature.key_id) for signature in signatures):
            self.one_algorithm += 1
        self.signers.update(dict.fromkeys(signature.name for signature in signatures))

    def _apply_policy(self, cosigned: str, size: int, *, by_witnesses: bool) -> None:
        if self._policy is None or not (by_witnesses or self._policy.quorum == NONE):
            self.refused = f"the checkpoint of size {size} is cosigned by nobody"
            return
        try:
            self.accepted = self._policy.check(cosigned)
        except (QuorumError, UnknownSignerError) as error:
            self.refused = f"checkpoint of size {size}: {error}"

    def _is_almost_known(self, signature: Signature) -> bool:
        """Whether a signature names a known key except for one changed character; else it would be ignored as unknown.

        A known name with a key id that differs in more characters is a rotated key's. A key id depends on the name, so
        a known key id under another name is a changed name.
        """
        return any(
            signature.key_id == verifier.key_id
            if signature.name != verifier.name
            else _differing_characters(signature.key_id, verifier.key_id) == 1
            for verifier in (*self.keyring.verifiers, *self._others)
        )

    def _has_root(self, name: str, checkpoint: Checkpoint, rebuilt: Rebuilt) -> bool:
        if checkpoint.root == rebuilt.root():
            self._last_matching = checkpoint.size
            return True
        if not self._mismatched:  # every later checkpoint differs too
            rebuilt.compare_so_far()  # reports the entry, where only the entry was changed
            where = f"; the one of size {self._last_matching} still has" if self._last_matching >= 0 else ""
            text = f"{name} does not have the root of the entries{where}"
            self._problem(text, None if rebuilt.differs else "tampering")
        self._mismatched = True
        return False


def _differing_characters(one: bytes, other: bytes) -> int:
    """The number of characters that differ in base64, in which a signature line has the key id."""
    return sum(left != right for left, right in zip(b64encode(one), b64encode(other), strict=True))
