"""Compares cosignatures and time-stamp tokens, added after a checkpoint was signed, with the entries that record them.

    {"lines": ["— witness.example/w1 …"], "size": 1024, "type": "checkpoint.cosign", "v": 1, …}
    {"note_sha256": hex, "size": 1024, "token_sha256": hex, "type": "checkpoint.time", "v": 1, …}

Each is stored in a table, by the size of its checkpoint, and in an entry, so that the tree covers it. This file checks
that nothing was added, removed or changed, and that tokens are valid. checkpoint_audit.py verifies the cosignatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.auditing.rebuilding import ReportProblem
from ledger.errors import LedgerError
from ledger.storage.store import Store
from ledger.timestamps.time_token import Token

ATTACHED_TYPES = frozenset(["checkpoint.cosign", "checkpoint.time"])


VerifyToken = Callable[[bytes, str], Token]
"""(token, note) -> the verified token, which must be on the note. Raises LedgerError."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A verified token, which shows that the checkpoint of this size existed at the token's time."""

    size: int
    token: Token


class AttachmentChecker:
    """Checks all attachments: call `add` with every `checkpoint.cosign` and `checkpoint.time` entry, then `finish`.

    Without `verify` tokens are counted, not verified.
    """

    def __init__(self, store: Store, problem: ReportProblem, verify: VerifyToken | None) -> None:
        self._store = store
        self._problem = problem
        self._verify = verify
        self.stamped: list[Stamped] = []
        """The tokens that were verified."""
        self.unverified = 0
        """The number of tokens that were not verified, because there are no roots."""
        self._recorded: dict[tuple[int, str, str], int] = {}
        """The index of the entry that records an attachment, by size, kind, and line or digest."""

    def add(self, index: int, entry: dict[str, Any]) -> None:
        """Checks the next entry of either type."""
        size = entry.get("size")
        if type(size) is not int or not 0 <= size <= index:
            self._problem(f"entry {index} does not say of which checkpoint it is", None)
        elif entry["type"] == "checkpoint.cosign":
            lines = entry.get("lines")
            if type(lines) is not list or not lines or not all(type(line) is str for line in lines):
                self._problem(f"entry {index} has no cosignatures", None)
                return
            for line in lines:
                self._recorded[size, "cosignature", f"{line}\n"] = index
        else:
            self._token(index, size, entry)

    def _token(self, index: int, size: int, entry: dict[str, Any]) -> None:
        self._recorded[size, "time-stamp token", str(entry.get("token_sha256"))] = index
        note = self._store.checkpoint(size)
        if note is None or hashlib.sha256(note.encode("utf-8", "replace")).hexdigest() != entry.get("note_sha256"):
            self._problem(f"entry {index}: its token is not on the checkpoint of size {size}", None)
        token = entry.get("token")
        if token is not None and (
            type(token) is not str or hashlib.sha256(_unhex(token)).hexdigest() != entry.get("token_sha256")
        ):
            self._problem(f"entry {index}: its token is not the one whose digest it has", None)

    def finish(self) -> None:
        """Compares the entries with the tables."""
        for size in self._store.attached_sizes():
            attached = [("cosignature", line) for line in self._store.cosignatures(size)]
            for token in self._store.tokens(size):
                attached.append(("time-stamp token", hashlib.sha256(token).hexdigest()))
                self._check_token(size, token)
            for kind, value in attached:
                if self._recorded.pop((size, kind, value), None) is None:
                    self._problem(f"checkpoint of size {size}: no entry tells of its {kind} {value[:60].strip()}", None)
        for (size, kind, _), index in self._recorded.items():
            self._problem(
                f"entry {index}: the {kind} of the checkpoint of size {size} that it tells of is not there", None
            )

    def _check_token(self, size: int, token: bytes) -> None:
        note = self._store.checkpoint(size)
        if self._verify is None:
            self.unverified += 1
        elif note is not None:
            try:
                self.stamped.append(Stamped(size, self._verify(token, note)))
            except LedgerError as error:
                self._problem(f"checkpoint of size {size}: its time-stamp token: {error}", None)


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
