"""The keys by which a verifier accepts a checkpoint. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ledger.errors import UnknownSignerError
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import Verifier, open_note
from ledger.notes.vkey import LOG_KINDS


class Trust(Protocol):
    """A rule that accepts or refuses signed checkpoints: LogKeys or a Policy."""

    def open_checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint of a signed note. Raises NoteError if the note is not accepted."""
        ...


class LogKeys:
    """Accepts a checkpoint that its own log has signed: a known key whose name is the origin.

    Cosignatures by other known keys alone are not enough.
    """

    def __init__(self, verifiers: Iterable[Verifier]) -> None:
        self._verifiers = tuple(verifiers)
        self._logs = {(each.name, each.key_id) for each in self._verifiers if each.kind in LOG_KINDS}

    def open_checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint of a signed note, if a known key of its own log has signed it.

        Raises NoteError: SignatureError if the signature by any known key is not valid, UnknownSignerError if no known
        key of the log has signed.
        """
        opened = open_note(note, self._verifiers)
        checkpoint = parse_checkpoint(opened.text)
        signed = {(each.name, each.key_id) for each in opened.signatures if each.name == checkpoint.origin}
        if not signed & self._logs:
            raise UnknownSignerError(f"no known key of {checkpoint.origin!r} itself has signed")
        return checkpoint
