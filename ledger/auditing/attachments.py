"""Cosignatures and time-stamp tokens, which come after a checkpoint was signed, and the entries that tell of them.

    {"lines": ["— witness.example/w1 …"], "size": 1024, "type": "checkpoint.cosign", "v": 1, …}
    {"note_sha256": hex, "size": 1024, "token_sha256": hex, "type": "checkpoint.time", "v": 1, …}

Each lies in a table, by the size of its checkpoint, and in an entry, so that the tree covers it. Whether a cosignature
is valid is asked elsewhere; here, whether nothing was added, taken away or changed, and whether tokens are valid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.auditing.rebuilding import Tell
from ledger.errors import LedgerError
from ledger.storage.store import Store
from ledger.timestamps.time_token import Token

ATTACHED_TYPES = frozenset(["checkpoint.cosign", "checkpoint.time"])


VerifyToken = Callable[[bytes, str], Token]
"""Given a token and the note that it is on; raises LedgerError."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A time-stamp authority had the checkpoint of this size by the token's time."""

    size: int
    token: Token


class AttachmentChecker:
    """Add every `checkpoint.cosign` and `checkpoint.time` entry in order, then `finish`."""

    def __init__(self, store: Store, problem: Tell, verify: VerifyToken | None) -> None:
        self._store = store
        self._problem = problem
        self._verify = verify
        self.stamped: list[Stamped] = []
        """Tokens that were verified."""
        self.unverified = 0
        """Tokens that were not, for want of roots."""
        self._told: dict[tuple[int, str, str], int] = {}

    def add(self, index: int, entry: dict[str, Any]) -> None:
        """The next entry of either type and its index."""
        size = entry.get("size")
        if type(size) is not int or not 0 <= size <= index:
            self._problem(f"entry {index} does not say of which checkpoint it is", None)
        elif entry["type"] == "checkpoint.cosign":
            lines = entry.get("lines")
            if type(lines) is not list or not lines or not all(type(line) is str for line in lines):
                self._problem(f"entry {index} has no cosignatures", None)
                return
            for line in lines:
                self._told[size, "cosignature", f"{line}\n"] = index
        else:
            self._token(index, size, entry)

    def _token(self, index: int, size: int, entry: dict[str, Any]) -> None:
        self._told[size, "time-stamp token", str(entry.get("token_sha256"))] = index
        note = self._store.checkpoint(size)
        if note is None or hashlib.sha256(note.encode("utf-8", "replace")).hexdigest() != entry.get("note_sha256"):
            self._problem(f"entry {index}: its token is not on the checkpoint of size {size}", None)
        token = entry.get("token")
        if token is not None and (
            type(token) is not str or hashlib.sha256(_unhex(token)).hexdigest() != entry.get("token_sha256")
        ):
            self._problem(f"entry {index}: its token is not the one whose digest it has", None)

    def finish(self) -> None:
        """Compares with the tables."""
        for size in self._store.attached_sizes():
            found = [("cosignature", line) for line in self._store.cosignatures(size)]
            for token in self._store.tokens(size):
                found.append(("time-stamp token", hashlib.sha256(token).hexdigest()))
                self._check_token(size, token)
            for kind, value in found:
                if self._told.pop((size, kind, value), None) is None:
                    self._problem(f"checkpoint of size {size}: no entry tells of its {kind} {value[:60].strip()}", None)
        for (size, kind, _), index in self._told.items():
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
