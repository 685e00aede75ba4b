"""The checkpoints of a ledger's file, checked one after the other while the tree is rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import NoteError, QuorumError, UnknownSignerError
from ledger.note import Signature, Verifier, open_note, parse_note
from ledger.policy import NONE, Policy, PolicyResult
from ledger.rebuilding import Rebuilt, Tell
from ledger.vkey import LOG_KINDS, Kind


@dataclass(frozen=True, slots=True)
class Expected:
    """A size and root that are known from elsewhere: from a notebook, or from a signed checkpoint."""

    size: int
    root: bytes
    signed: bool

    @property
    def root_of_it(self) -> str:
        name = "root of the checkpoint from elsewhere," if self.signed else "expected root"
        return f"the {name} {self.root.hex()}"

    @property
    def size_of_it(self) -> str:
        return f"the {self.size} of the checkpoint from elsewhere" if self.signed else f"the expected {self.size}"


class CheckpointAudit:
    """What is known of the checkpoints so far."""

    def __init__(self, verifiers: Sequence[Verifier], policy: Policy | None, problem: Tell) -> None:
        self._verifiers = verifiers
        self._known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
        self._policy = policy
        self._problem = problem
        self._fitting = -1
        self._misfit = False
        self.origin: str | None = None
        self.count = 0
        self.signed: int | None = None
        """The largest size that a known key of the log has signed."""
        self.strange = 0
        """Checkpoints that no known key of the log has signed."""
        self.signers: dict[str, None] = {}
        self.accepted: PolicyResult | None = None
        """The largest checkpoint that the policy accepts."""
        self.refused = "there is no checkpoint"
        """Why the policy did not accept the last one."""

    def check(self, size: int, note: str, cosignatures: Sequence[str], rebuilt: Rebuilt) -> None:
        """The next checkpoint, with what witnesses have added; `rebuilt` is the tree of its size."""
        self.count += 1
        name = f"checkpoint of size {size}"
        try:
            checkpoint = parse_checkpoint(parse_note(note).text)
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
        fits = self._fits(name, checkpoint, rebuilt)
        note += "".join(cosignatures)
        try:
            signatures = open_note(note, self._verifiers).signatures
        except UnknownSignerError:
            signatures = ()
        except NoteError as error:
            self._problem(f"{name}: {error}", None)
            return
        by_log = [signature for signature in signatures if self._is_the_logs(signature)]
        if not by_log:
            self.strange += 1
            return
        self.signers.update(dict.fromkeys(signature.name for signature in by_log))
        if fits:
            self.signed = size
            self._ask(note, size, cosigned=bool(cosignatures))

    def _is_the_logs(self, signature: Signature) -> bool:
        """A witness' key that is known beside the log's does not sign for the log."""
        kind = self._known[signature.name, signature.key_id].kind
        return kind == Kind.ED25519 or (kind in LOG_KINDS and signature.name == self.origin)

    def _ask(self, note: str, size: int, *, cosigned: bool) -> None:
        if self._policy is None or not (cosigned or self._policy.quorum == NONE):
            self.refused = f"the checkpoint of size {size} is cosigned by nobody"
            return
        try:
            self.accepted = self._policy.check(note)
        except (QuorumError, UnknownSignerError) as error:
            self.refused = f"checkpoint of size {size}: {error}"

    def _fits(self, name: str, checkpoint: Checkpoint, rebuilt: Rebuilt) -> bool:
        if checkpoint.root == rebuilt.root():
            self._fitting = checkpoint.size
            return True
        if not self._misfit:  # every later one differs too
            rebuilt.compare_so_far()  # names the entry, where only the entry was changed
            where = f"; the one of size {self._fitting} still has" if self._fitting >= 0 else ""
            text = f"{name} does not have the root of the entries{where}"
            self._problem(text, None if rebuilt.differs else "tampering")
        self._misfit = True
        return False
