"""A witness (c2sp.org/tlog-witness): cosigns a log's checkpoint only if it extends the last one that it cosigned.

A log can show different histories to different readers, as long as nobody compares them. A witness compares: it stores,
for every log, the latest checkpoint that it cosigned, and cosigns no checkpoint that contradicts it.
"""

from __future__ import annotations

from pathlib import Path

from ledger.errors import KeyFileError, NoteError, ProofError
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.cosignature import Cosigner
from ledger.notes.key_files import write_key
from ledger.notes.note import Note, Verifier, format_note, open_note, parse_note
from ledger.notes.proof_file import MAX_FILE, ConsistencyFile, parse_consistency, verify_growth
from ledger.notes.witness_answer import BAD_REQUEST, CONFLICT, FORBIDDEN, NOT_FOUND, UNPROCESSABLE, Answer, cosigned
from ledger.tree.merkle import EMPTY_ROOT
from ledger.witness.witness_folder import KEY, WitnessFolder

MAX_REQUEST = MAX_FILE


class Witness:
    """A witness' folder with its private keys. Several processes may use one folder; a lock makes them take turns."""

    def __init__(self, folder: WitnessFolder, cosigner: Cosigner) -> None:
        """Raises KeyFileError unless the keys are those of the folder."""
        if cosigner.vkeys != folder.vkeys:
            raise KeyFileError(f"{folder.folder}: the private keys are not those of the witness {folder.name}")
        self._folder = folder
        self._cosigner = cosigner
        self._verifiers = {(key.name, key.key_id): key for key in map(Verifier, cosigner.vkeys)}

    @classmethod
    def create(
        cls, folder: Path, cosigner: Cosigner, *, keep_key: bool = True, passphrase: bytes | None = None
    ) -> Witness:
        """Creates a witness. With `keep_key` its private keys are in its folder, encrypted with a passphrase if any."""
        made = WitnessFolder.create(folder, cosigner.vkeys)
        if keep_key:
            write_key(folder / KEY, cosigner, passphrase=passphrase)
        return cls(made, cosigner)

    def add_checkpoint(self, request: bytes, *, time: int) -> Answer:
        """Answers the body of an add-checkpoint request, at `time` in seconds since 1970.

        1. 400: the request is malformed.
        2. 404: the witness does not know this log.
        3. 403: no key of the log has signed, or the signature of one is not valid.
        4. 400: the old size is larger than the new one.
        5. 409: the old size is not the latest cosigned, or the latest size has another root.
        6. 422: the proof does not lead from the latest cosigned root to the new one.
        7. 200: the new checkpoint is stored on the disk, and then its cosignatures are returned.

        A signed checkpoint that contradicts an earlier one is stored as evidence (5, 6). Raises WitnessError if the
        folder cannot be read or written; no cosignature is returned then.
        """
        # 1
        try:
            file = parse_consistency(_decode(request))
        except ProofError as error:
            return Answer(BAD_REQUEST, _line(error))
        with self._folder.lock():
            return self._answer(file, request, time)

    def _answer(self, file: ConsistencyFile, request: bytes, time: int) -> Answer:
        # 2
        origin = parse_checkpoint(parse_note(file.checkpoint).text).origin
        keys = self._folder.log_keys(origin)
        if not keys:
            return Answer(NOT_FOUND, "no log of this origin is known\n")

        # 3
        try:
            opened = open_note(file.checkpoint, keys)
        except NoteError as error:
            return Answer(FORBIDDEN, _line(error))
        new = parse_checkpoint(opened.text)

        # 4
        if file.old > new.size:
            return Answer(BAD_REQUEST, f"the old size {file.old} is larger than the new size {new.size}\n")

        # 5
        latest, cosigned_at = self._latest(origin)
        forked = new.size == latest.size and new.root != latest.root
        if forked:
            self._folder.store_refused(origin, request)
        if forked or file.old != latest.size:
            return Answer(CONFLICT, f"{latest.size}\n")

        # 6
        try:
            verify_growth(latest, new, file.proof)
        except ProofError as error:
            self._folder.store_refused(origin, request)
            return Answer(UNPROCESSABLE, _line(error))

        # 7
        # A clock that was set back must not make a later cosignature look older.
        signatures = self._cosigner.cosign(new, time=max(time, cosigned_at))
        # One line a key: a request may repeat a signature until the note has no room for cosignatures.
        by_log = {(each.name, each.key_id): each for each in opened.signatures}
        self._folder.store(origin, format_note(Note(opened.text, (*by_log.values(), *signatures))))
        return cosigned(signatures)

    def _latest(self, origin: str) -> tuple[Checkpoint, int]:
        """The last cosigned checkpoint of a log and its time; if there is none, the empty tree and 0."""
        note = self._folder.latest(origin)
        if note is None:
            return Checkpoint(origin, 0, EMPTY_ROOT), 0
        times = [self._verifiers[each.name, each.key_id].cosigned_at(each) for each in note.signatures]
        return parse_checkpoint(note.text), max(times)


def _decode(request: bytes) -> str:
    if len(request) > 4 * MAX_REQUEST:
        raise ProofError("the request is too long")
    try:
        return request.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProofError("the request is not UTF-8") from error


def _line(error: Exception) -> str:
    """The error as one printable line, whatever characters the request has."""
    text = "".join(char if char.isprintable() else "?" for char in str(error))
    return f"{text[:500]}\n"
