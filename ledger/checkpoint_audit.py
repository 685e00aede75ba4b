"""The checkpoints of a ledger's file, checked one after the other while the tree is rebuilt."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import NoteError, UnknownSignerError
from ledger.note import Verifier, open_note, parse_note
from ledger.rebuilding import Rebuilt, Tell


class CheckpointAudit:
    """What is known of the checkpoints so far."""

    def __init__(self, verifiers: Sequence[Verifier], problem: Tell) -> None:
        self._verifiers = verifiers
        self._problem = problem
        self._fitting = -1
        self._misfit = False
        self.origin: str | None = None
        self.count = 0
        self.signed: int | None = None
        """The largest size that a known key has signed."""
        self.strange = 0
        """Checkpoints that no known key has signed."""
        self.signers: dict[str, None] = {}

    def check(self, size: int, note: str, rebuilt: Rebuilt) -> None:
        """The next checkpoint; `rebuilt` is the tree of its size."""
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
        try:
            signatures = open_note(note, self._verifiers).signatures
        except UnknownSignerError:
            self.strange += 1
            return
        except NoteError as error:
            self._problem(f"{name}: {error}", None)
            return
        self.signers.update(dict.fromkeys(signature.name for signature in signatures))
        if fits:
            self.signed = size

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
