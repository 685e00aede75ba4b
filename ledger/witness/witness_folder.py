"""A witness' folder: its keys, the logs that it knows, and the latest checkpoint that it cosigned of each.

    witness.pem      the private keys, unless they are stored elsewhere
    witness.keys     their vkeys, for verifiers
    logs.keys        vkeys of the logs that it knows
    latest/          one signed and cosigned checkpoint a log, named SHA-256(origin)
    refused/         signed requests that contradict an earlier checkpoint, each with that checkpoint
    lock             held while a request is answered

Anybody who can write this folder can make the witness forget. A file of `latest/` is verified each time it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.durable import create_file, locked, replace_file
from ledger.errors import NoteError, WitnessError
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.key_files import add_vkey, read_vkeys
from ledger.notes.note import MAX_NOTE, Note, Verifier, open_note
from ledger.notes.vkey import LOG_KINDS, parse_vkey

KEY = "witness.pem"
VKEYS = "witness.keys"
LOGS = "logs.keys"
_LATEST = "latest"
_REFUSED = "refused"
_LOCK = "lock"
_SUFFIX = ".checkpoint"
MAX_REFUSED = 1_000
"""The most refused requests that are stored: a log that signs nonsense must not fill the disk."""


class WitnessFolder:
    """The folder of an existing witness. A file that cannot be read or written raises WitnessError, which names it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / VKEYS).is_file():
            raise WitnessError(f"{folder}: not a witness (it has no {VKEYS})")
        self.vkeys = read_vkeys(folder / VKEYS)
        names = {parse_vkey(vkey).name for vkey in self.vkeys}
        if len(names) != 1:
            raise WitnessError(f"{folder / VKEYS}: not the vkeys of one witness")
        self.name = names.pop()
        self._verifiers = [Verifier(vkey) for vkey in self.vkeys]

    @classmethod
    def create(cls, folder: Path, vkeys: tuple[str, ...]) -> WitnessFolder:
        """Creates the folder of a witness with these vkeys. The folder may exist, but not as a witness' folder."""
        try:
            for path in (folder, folder / _LATEST, folder / _REFUSED):
                path.mkdir(parents=True, exist_ok=True)
            create_file(folder / VKEYS, "".join(f"{vkey}\n" for vkey in vkeys).encode())
        except OSError as error:
            raise WitnessError(f"{error.filename or folder}: {error.strerror}") from error
        return cls(folder)

    def trust(self, vkey: str) -> None:
        """Adds a log's key to the logs that the witness knows. Raises NoteError for a vkey that is no log's."""
        public = parse_vkey(vkey)
        if public.kind not in LOG_KINDS:
            raise NoteError(f"vkey of {public.name}: a witness' key, not a log's")
        add_vkey(self.folder / LOGS, vkey)

    def log_keys(self, origin: str) -> list[Verifier]:
        """The keys of a log; an empty list if the witness does not know it."""
        path = self.folder / LOGS
        verifiers = [Verifier(vkey) for vkey in read_vkeys(path)] if path.exists() else []
        return [verifier for verifier in verifiers if verifier.name == origin]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the folder's lock: no other process answers from it meanwhile."""
        path = self.folder / _LOCK
        try:
            with locked(path):
                yield
        except OSError as error:
            raise WitnessError(f"{path}: {error.strerror}") from error

    def latest(self, origin: str) -> Note | None:
        """The latest cosigned checkpoint of a log, with this witness' cosignatures only; None if it never cosigned."""
        stored = self.stored(origin)
        return None if stored is None else self._open(self._path(origin), stored, origin)

    def stored(self, origin: str) -> str | None:
        """The stored text of a log's latest cosigned checkpoint, with all signatures; None if it never cosigned."""
        return _read(self._path(origin)) if self._path(origin).exists() else None

    def all_latest(self) -> Iterator[tuple[Path, Note]]:
        """Generates (file, latest cosigned checkpoint) for each log."""
        for path in sorted((self.folder / _LATEST).glob(f"*{_SUFFIX}")):
            yield path, self._open(path, _read(path), None)

    def store(self, origin: str, note: str) -> None:
        """Stores `note` as the log's latest cosigned checkpoint; durable on return."""
        path = self._path(origin)
        try:
            path.parent.mkdir(exist_ok=True)
            replace_file(path, note.encode())
        except OSError as error:
            raise WitnessError(f"{path}: {error.strerror}") from error

    def store_refused(self, origin: str, request: bytes) -> None:
        """Stores a signed request, and the checkpoint that it contradicts, as evidence; at most MAX_REFUSED."""
        folder = self.folder / _REFUSED
        name = hashlib.sha256(request).hexdigest()
        stored = self.stored(origin)
        try:
            folder.mkdir(exist_ok=True)
            if (folder / f"{name}.request").exists() or len(list(folder.glob("*.request"))) >= MAX_REFUSED:
                return
            if stored is not None:
                replace_file(folder / f"{name}{_SUFFIX}", stored.encode())
            create_file(folder / f"{name}.request", request)
        except OSError as error:
            raise WitnessError(f"{folder}: {error.strerror}") from error

    def _path(self, origin: str) -> Path:
        return self.folder / _LATEST / (hashlib.sha256(origin.encode()).hexdigest() + _SUFFIX)

    def _open(self, path: Path, stored: str, origin: str | None) -> Note:
        """The stored checkpoint. Raises WitnessError unless this witness has cosigned it and `path` is its file."""
        try:
            opened = open_note(stored, self._verifiers)
            checkpoint = parse_checkpoint(opened.text)
        except NoteError as error:
            raise WitnessError(f"{path}: was changed: {error}") from error
        if path != self._path(checkpoint.origin) or origin not in (None, checkpoint.origin):
            raise WitnessError(f"{path}: was moved: it is of {checkpoint.origin!r}")
        return opened


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4 * MAX_NOTE).decode("utf-8")
    except OSError as error:
        raise WitnessError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WitnessError(f"{path}: not UTF-8") from error
