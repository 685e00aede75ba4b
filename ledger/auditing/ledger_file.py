"""Audits a ledger's file: rebuilds everything from the stored bytes and compares. Read-only, constant memory.

The stored tree is never trusted. A changed, swapped, deleted or inserted entry is detected by its leaf hash; rewritten
tiles by the checkpoints; dropped checkpoints, or a file replaced by an older copy, only by a size and root that were
stored elsewhere (`expect`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.x509 import Certificate

from ledger.auditing.attachments import ATTACHED_TYPES, AttachmentChecker, Stamped, VerifyToken
from ledger.auditing.case_files import with_file_problems
from ledger.auditing.checkpoint_audit import CheckpointAudit, Expected
from ledger.auditing.completeness import ScanCheck, ScanChecker
from ledger.auditing.first_signers import FirstSigners
from ledger.auditing.named_checkpoints import NamedCheckpoints
from ledger.auditing.openings import OpeningChecker
from ledger.auditing.rebuilding import Rebuilt
from ledger.decision import DecisionChecker
from ledger.entries.shapes import ItemParts, Shapes
from ledger.errors import DamagedError, EntryError, UnknownSignerError
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.note import Verifier, open_note, parse_note
from ledger.notes.policy import Policy, PolicyResult
from ledger.storage.schema import TABLES
from ledger.storage.store import FIRST, Shape, Store
from ledger.tree.damage import Sign
from ledger.tree.merkle import leaf_hash

MAX_PROBLEMS = 50
"""The most problems that are reported, apart from those of scans."""

Trust = Literal["verified", "self-asserted"]
Nature = Literal["intact", "incomplete", "unsigned", "damaged", "tampered", "unclear"]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The result of an audit. `root` is recomputed from the entries; `signed_size` is None if nothing is signed.

    `trust` is "verified" only where a key from the `keys` or the `policy` of the caller has signed. `nature` classifies
    the problems: "incomplete" if the only problem is that a scan is open, "unsigned" if it is that no known key
    has signed, "damaged" if bits changed or bytes are lost, "tampered" if only tampering explains the problems,
    "unclear" if they may be either. `accepted` is the largest checkpoint that the policy accepts, with its cosigners
    and their times; `stamped` are the time-stamp tokens that were traced to the `roots`. `notes` are remarks that are
    no problems.
    """

    origin: str | None
    size: int
    root: bytes
    checkpoints: int
    signed_size: int | None
    signers: tuple[str, ...]
    trust: Trust
    nature: Nature
    accepted: PolicyResult | None
    stamped: tuple[Stamped, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    scans: tuple[ScanCheck, ...]
    of_the_ledger: tuple[str, ...] = ()
    """The problems of entries, tree, checkpoints and attachments: those of single scans, and of missing signatures, are
    not among them."""

    @property
    def intact(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    @property
    def other_problems(self) -> tuple[str, ...]:
        """The problems apart from those that a scan is open: neither closed nor abandoned."""
        others = {problem for scan in self.scans for problem in scan.other_problems}
        of_open = {problem for scan in self.scans for problem in scan.problems} - others
        return tuple(problem for problem in self.problems if problem not in of_open)


def audit(
    path: Path | str,
    *,
    keys: Sequence[str] = (),
    own_keys: Sequence[str] = (),
    policy: Policy | None = None,
    expect: tuple[int, bytes] | None = None,
    checkpoints: Sequence[str] = (),
    folder: Path | str | None = None,
    roots: Sequence[Certificate] = (),
) -> AuditReport:
    """Audits a ledger, which may be in use: entries appended meanwhile are not examined.

    `keys` are vkeys that the verifier trusts from elsewhere; the keys of the logs and witnesses of `policy` are trusted
    too. Without any, `own_keys`, those stored beside the ledger, are used, and the ledger vouches for itself only.
    `expect` is a size and root from a notebook; `checkpoints` are signed notes from elsewhere, from a witness or from
    the owner of another copy: the ledger must contain each.

    1. SQLite's integrity check passes, and tables and triggers are exactly a ledger's.
    2. Entries have consecutive indexes and are canonical; every tile is the one computed from the entries.
    3. Every checkpoint is of this origin and has the root of its size; known keys' signatures are valid.
    4. At least one checkpoint is signed by a known key. A policy accepts some checkpoint, after which the only entries
       are those that record cosignatures and time-stamp tokens.
    5. Each expected root, of `expect` and `checkpoints`, is that of its size.
    6. No tile and no checkpoint is beyond the entries.
    7. Decisions cite earlier entries by their leaf hashes. Openings open their commitments. Cosignatures and time-stamp
       tokens are those that entries record; tokens are valid, if there are `roots` of authorities.
    8. Scans are complete or abandoned, and the end of each is signed by a known key; with `folder`, the files there
       have the digests that the scans recorded.

    Raises StoreError if the file cannot be read or is no ledger, and NoteError for a malformed vkey, or for one of
    `checkpoints` that no known key has signed.
    """
    trusted = (*keys, *_vkeys_of(policy))
    vkeys = tuple(dict.fromkeys(trusted or own_keys))
    expected = [_elsewhere(note, [Verifier(vkey) for vkey in vkeys]) for note in checkpoints]
    if expect is not None:
        expected.append(Expected(*expect, signed=False))
    with closing(Store.open_readonly(Path(path))) as store:
        run = _Audit(store, vkeys, policy, trusted=bool(trusted), expected=expected, roots=roots)
        try:
            run.check()
        except DamagedError as error:
            run.problem(f"the file cannot be read to its end: {error}", "damage")
        return run.report(None if folder is None else Path(folder))


def _verifier(roots: Sequence[Certificate]) -> VerifyToken:
    from ledger.timestamps.timestamp import verify_token  # noqa: PLC0415 - its library is loaded only where tokens are verified

    return lambda token, note: verify_token(token, note=note, roots=roots)


def _vkeys_of(policy: Policy | None) -> tuple[str, ...]:
    if policy is None:
        return ()
    return (*(log.vkey for log in policy.logs), *(witness.vkey for witness in policy.witnesses))


def _elsewhere(note: str, verifiers: Sequence[Verifier]) -> Expected:
    checkpoint = parse_checkpoint(parse_note(note).text)
    try:
        open_note(note, verifiers)
    except UnknownSignerError as error:
        raise UnknownSignerError(f"the checkpoint of size {checkpoint.size} from elsewhere: {error}") from error
    return Expected(checkpoint.size, checkpoint.root, signed=True)


class _Audit:
    def __init__(
        self,
        store: Store,
        vkeys: Sequence[str],
        policy: Policy | None,
        *,
        trusted: bool,
        expected: Sequence[Expected],
        roots: Sequence[Certificate],
    ) -> None:
        self._store = store
        self._trusted = trusted
        self._keyless = not vkeys
        self._policy = policy
        self._expected = expected
        self._shapes = Shapes()
        self._scans = ScanChecker()
        self._problems: list[str] = []
        self._more = 0
        self._notes: list[str] = []
        self._unsigned: list[str] = []
        self._signs: set[Sign] = set()
        self._rebuilt = Rebuilt(store, Shape(0, -1, frozenset()), self.problem)
        self._checkpoints = CheckpointAudit(vkeys, policy, self.problem)
        self._openings = OpeningChecker(store, self.problem, has_any=False)
        self._decisions = DecisionChecker(self._leaf_at, self.problem)
        self._attachments = AttachmentChecker(store, self.problem, _verifier(roots) if roots else None)
        self._attached: set[int] = set()
        self._first_signers = FirstSigners()
        self._named = NamedCheckpoints(lambda text: self.problem(text, "tampering"))
        self._pending: tuple[int, str] | None = None
        self._substantial_size = 0
        """The index after the last entry that is no record of a cosignature or token."""

    def problem(self, text: str, sign: Sign | None = None) -> None:
        if sign is not None:
            self._signs.add(sign)
        if len(self._problems) < MAX_PROBLEMS:
            if text not in self._problems:
                self._problems.append(text)
        else:
            self._more += 1

    def check(self) -> None:
        # 1
        schema = self._store.schema_problems()
        for problem, sign in schema:
            self.problem(problem, sign)
        for problem in self._store.integrity_problems():
            self.problem(problem, "damage")
        if any(problem.startswith(f"table {name} ") for problem, _ in schema for name in TABLES):
            return  # a substitute for a table, such as a view, is not read

        # 2, 3, 5
        shape = self._store.shape()
        self._openings = OpeningChecker(self._store, self.problem, has_any=self._store.has_openings())
        self._attached = set(self._store.attached_sizes())
        self._rebuilt = Rebuilt(self._store, shape, self.problem)
        notes = self._read_checkpoints(shape)
        self._pending = next(notes, None)
        while self._pending is not None and self._pending[0] < 0:
            self.problem(f"checkpoint of size {self._pending[0]}: no tree has that size", "tampering")
            self._pending = next(notes, None)
        if self._pending is None or self._pending[0] != 0:
            self.problem("the checkpoint of size 0, with which every ledger begins, is missing", "tampering")
        self._compare_roots(notes)
        index = 0
        for part in self._rebuilt.parts(self._next_stop):
            self._openings.check(index, part)
            for body in part:
                self._entry(index, body)
                index += 1
            self._compare_roots(notes)
        self._openings.finish(index)
        self._rebuilt.finish()

        # 7
        self._attachments.finish()

        # 4
        if self._checkpoints.signed is None:
            self._unsigned.append("no key to check signatures with" if self._keyless else _UNSIGNED)
        if self._policy is not None:
            self._check_policy()

        # 5
        for known in self._expected:
            if not 0 <= known.size <= self._rebuilt.size:
                text = f"there are {self._rebuilt.size} entries, fewer than {known.size_text}"
                self.problem(text, "tampering")

        # 6
        if shape.checkpoints > shape.size:
            missing = shape.checkpoints - shape.size
            text = (
                f"the checkpoint of size {shape.checkpoints} is beyond the {shape.size} entries: "
                f"{missing} {'entry is' if missing == 1 else 'entries are'} missing at the end"
            )
            self.problem(text, "tampering")

    def _next_stop(self, size: int) -> int | None:
        """The next size that has a checkpoint or an expected root."""
        stops = [known.size for known in self._expected]
        if self._pending is not None:
            stops.append(self._pending[0])
        return min((stop for stop in stops if stop > size), default=None)

    def _compare_roots(self, notes: Iterator[tuple[int, str]]) -> None:
        """Compares the tree at its present size with the checkpoint and the expected roots of that size."""
        for known in self._expected:
            if known.size == self._rebuilt.size and known.root != self._rebuilt.root():
                text = f"the first {known.size} entries do not have {known.root_text}"
                self.problem(text, None if self._rebuilt.differs else "tampering")
        while self._pending is not None and self._pending[0] == self._rebuilt.size:
            size, note = self._pending
            cosignatures = self._store.cosignatures(size) if size in self._attached else ()
            self._checkpoints.check(size, note, cosignatures, self._rebuilt)
            self._named.checkpoint(size)
            is_known = self._checkpoints.signed == size
            self._first_signers.signed(is_known=is_known, keys=self._checkpoints.strangers)
            self._pending = next(notes, None)

    def _check_policy(self) -> None:
        accepted = self._checkpoints.accepted
        if accepted is None:
            self.problem(f"the policy accepts no checkpoint: {self._checkpoints.refused}")
        elif accepted.checkpoint.size < self._substantial_size:
            unaccepted = f"entries {accepted.checkpoint.size} to {self._substantial_size - 1}"
            self.problem(f"{unaccepted} are behind the last checkpoint that the policy accepts")

    def _entry(self, index: int, body: bytes) -> None:
        try:
            entry = self._shapes.read(body)
        except EntryError as error:
            self.problem(f"entry {index}: {error}")
            return
        if isinstance(entry, ItemParts) or entry["type"] not in ATTACHED_TYPES:
            self._substantial_size = index + 1
        if not isinstance(entry, ItemParts):
            self._first_signers.add(index, entry["type"])
            self._named.entry(index, entry)
        if isinstance(entry, ItemParts):
            self._scans.add_item(index, entry.scan, entry.seq, entry.status, entry.finding)
        elif entry["type"] in ATTACHED_TYPES:
            self._attachments.add(index, entry)
        elif entry["type"] == "key":
            self._key(index, entry)
        elif entry["type"] == "decision":
            self._decisions.add(index, entry)
        else:
            self._scans.add(index, entry)

    def _key(self, index: int, entry: dict[str, Any]) -> None:
        try:
            self._checkpoints.keyring.add_entry(index, entry)
        except EntryError as error:
            self._notes.append(f"entry {index} changes no key: {error}")

    def _leaf_at(self, index: int) -> bytes:
        return next((leaf_hash(body) for _, body in self._store.bodies(index, index + 1)), b"")

    def report(self, folder: Path | None) -> AuditReport:
        # 8
        scans = self._scans.finish()
        if folder is not None:
            scans = with_file_problems(folder, scans)
        if self._more:
            self._problems.append(f"{self._more} more problems")
        checkpoints, size = self._checkpoints, self._rebuilt.size
        notes = [*self._notes[:MAX_PROBLEMS], *self._notes_of(checkpoints)]
        signed = checkpoints.signed or 0
        for scan in scans:  # a writer signs the end of a scan in the transaction that appends it
            if scan.ended_at is not None and scan.ended_at >= signed:
                end = "close" if scan.closed_at is not None else "abandonment"
                self._unsigned.append(f"scan {scan.scan}: its {end}, entry {scan.ended_at}, is signed by no known key")
        self._unsigned.extend(self._first_signers.unsigned(signed))
        unsigned = size - signed
        if unsigned:
            entries = "1 entry" if unsigned == 1 else f"{unsigned} entries"
            notes.append(f"{entries} after the last checkpoint {'is' if unsigned == 1 else 'are'} not signed")
        return AuditReport(
            origin=checkpoints.origin,
            size=size,
            root=self._rebuilt.root(),
            checkpoints=checkpoints.count,
            signed_size=checkpoints.signed,
            signers=tuple(checkpoints.signers),
            trust="verified" if self._trusted and (signed or not size) else "self-asserted",
            nature=self._nature(scans),
            accepted=checkpoints.accepted,
            stamped=tuple(self._attachments.stamped),
            problems=(*self._problems, *self._unsigned, *(problem for scan in scans for problem in scan.problems)),
            notes=tuple(notes),
            scans=scans,
            of_the_ledger=tuple(self._problems),
        )

    def _notes_of(self, checkpoints: CheckpointAudit) -> Iterator[str]:
        """Generates the notes on checkpoints, keys, decisions and tokens."""
        if checkpoints.unknown and checkpoints.signed is not None:
            yield f"no known key has signed {checkpoints.unknown} of the {checkpoints.count} checkpoints"
        if not self._keyless:
            yield from self._first_signers.notes()
        for change in checkpoints.keyring.changes:
            if change.believed_at is None:
                yield f"entry {change.index}: no key that counts vouches for this change of keys"
        if checkpoints.one_algorithm:
            yield f"checkpoints signed with Ed25519 alone, though ML-DSA-44 counts: {checkpoints.one_algorithm}"
        if self._decisions.without_citation:
            yield f"{self._decisions.without_citation} decisions do not say what they judge"
        if self._attachments.unverified:
            yield f"time-stamp tokens not verified, for want of roots: {self._attachments.unverified}"

    def _nature(self, scans: Sequence[ScanCheck]) -> Nature:
        if "tampering" in self._signs:
            return "tampered"
        if "damage" in self._signs:
            return "damaged"
        if self._problems or any(scan.other_problems for scan in scans):
            return "unclear"
        if self._unsigned:
            return "unsigned"
        return "incomplete" if any(scan.problems for scan in scans) else "intact"

    def _read_checkpoints(self, shape: Shape) -> Iterator[tuple[int, str]]:
        start, last = FIRST, min(shape.checkpoints, shape.size)
        while start <= last and (rows := self._store.checkpoints(start, last)):
            yield from rows
            start = rows[-1][0] + 1


_UNSIGNED = "no checkpoint is signed by a known key"
