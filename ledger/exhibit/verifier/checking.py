"""The checks of steps 2 to 7 that one pass over entries and checkpoints, in the order of the log, makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ledger.exhibit.verifier.cosigning import Cosignatures
from ledger.exhibit.verifier.decisions import Decisions
from ledger.exhibit.verifier.files import Manifest
from ledger.exhibit.verifier.keyring import Keyring
from ledger.exhibit.verifier.notes import MLDSA44, Checkpoint, Key, Signature, parse_note
from ledger.exhibit.verifier.openings import Openings
from ledger.exhibit.verifier.report import Refused, Report, many
from ledger.exhibit.verifier.scans import PartScans, Scans
from ledger.exhibit.verifier.timestamps import Tokens

FILES, ENTRIES, SIGNATURES, COSIGNATURES, TOKENS, SCANS, OPENED = range(1, 8)
MAX_NOTES = 50


class Expected(NamedTuple):
    """A size and root from outside the exhibit, and a description of their source."""

    size: int
    root: bytes
    source: str


class Checks:
    """All checks of one pass. `signed` is the largest size that a trusted key has signed, `root` its root."""

    def __init__(
        self,
        report: Report,
        manifest: Manifest,
        *,
        keyring: Keyring,
        own: list[Key],
        witnesses: list[Key],
        cosignatures: Cosignatures,
        tokens: Tokens,
        openings: Openings,
        expected: list[Expected],
    ) -> None:
        self.report = report
        self.manifest = manifest
        self.scans = Scans()
        self.part_scans = PartScans()
        self.decisions = Decisions()
        self.cosignatures = cosignatures
        self.tokens = tokens
        self.openings = openings
        self.signed: int | None = None
        self.root = b""
        self.signers: list[Key] = []
        self._keyring = keyring
        self._own = {(key.name, key.key_id) for key in own}
        self._witnesses = {(key.name, key.key_id) for key in witnesses}
        self._expected: dict[int, list[Expected]] = {}
        for one in expected:
            self._expected.setdefault(one.size, []).append(one)
        self._unsigned = 0
        self._unknown = 0
        self._one_algorithm = 0
        checks: dict[str, tuple[int, Callable[[int, dict[str, Any]], None]]] = {
            "key": (SIGNATURES, keyring.add_entry),
            "checkpoint.cosign": (COSIGNATURES, cosignatures.add_entry),
            "checkpoint.time": (TOKENS, tokens.add_entry),
            "decision": (SCANS, self.decisions.add_entry),
        }
        if not manifest.complete:  # a part may lack items of a scan
            checks["scan.open"] = (SCANS, self.part_scans.scan_open)
            checks["item"] = (SCANS, self.part_scans.item)
            checks["scan.close"] = (SCANS, self.part_scans.scan_close)
        else:
            checks["list.load"] = (SCANS, self.scans.list_load)
            checks["scan.open"] = (SCANS, self.scans.scan_open)
            checks["item"] = (SCANS, self.scans.item)
            checks["scan.close"] = (SCANS, self.scans.scan_close)
            checks["scan.abandon"] = (SCANS, self.scans.scan_abandon)
        self._checks = checks

    def entry(self, index: int, entry: dict[str, Any]) -> None:
        """Checks the next entry, which is canonical; the caller checks that it is in the log."""
        if entry["type"] in self._checks:
            number, check = self._checks[entry["type"]]
            with self.report[number].refusing(f"entry {index} ({entry['type']})"):
                check(index, entry)
        self.openings.check_entry(index, entry)

    def checkpoint(self, size: int, data: bytes, root: bytes | None = None) -> Checkpoint:
        """Checks and returns the next checkpoint. `root`, if not None, is the one computed from the entries.

        1. It is written exactly, of this log, and of the size in its file name.
        2. Its root is that of the entries, and the expected one.
        3. Signatures by the log's keys are valid.
        4. Signatures by witnesses are valid.
        """
        # 1
        checkpoint = parse_note(data)
        if checkpoint.size != size or checkpoint.origin != self.manifest.origin:
            raise Refused("it is of another size or another log")
        # 2
        if root is not None and checkpoint.root != root:
            raise Refused("it does not have the root of the entries")
        self.root_at(size, checkpoint.root)
        # 3
        with self.report[SIGNATURES].refusing():
            both = {key for key in self._keyring.counting() if key.kind == MLDSA44 and key.name == checkpoint.origin}
            signers = self._keyring.check(checkpoint)
            if signers:
                self._one_algorithm += bool(both) and both.isdisjoint(signers)
                self.signed, self.root, self.signers = size, checkpoint.root, signers
            else:
                self._unsigned += 1
        of_the_log = [one for one in checkpoint.signatures if self._is_of_the_log(one)]
        self._unknown += sum(not self._keyring.knows(one) for one in of_the_log)
        # 4
        self.cosignatures.check(checkpoint, of_the_log, self.report[COSIGNATURES])
        return checkpoint

    def root_at(self, size: int, root: bytes) -> None:
        """Compares the root at a size with the expected one, if there is one."""
        for one in self._expected.pop(size, []):
            if one.root != root:
                self.report[ENTRIES].problem(f"the first {size} entries do not have the root of {one.source}")
            else:
                self.report[ENTRIES].say(f"the first {size} entries have the root of {one.source}")

    def expects(self, size: int) -> bool:
        """Whether a root is expected at this size."""
        return size in self._expected

    def finish(self, trust: str) -> None:
        """The checks after the last entry and checkpoint. `trust` describes the origin of the keys."""
        complete = self.manifest.complete
        for size in sorted(self._expected):
            for one in self._expected[size]:
                self.report[ENTRIES].problem(
                    f"{one.source} is of size {size}, which is "
                    + ("beyond the entries" if complete else "not the size of a checkpoint in this part")
                )
        self._finish_signatures(trust)
        self.cosignatures.finish(complete, self.report[COSIGNATURES])
        signed = self.signed or 0
        if complete:
            self.scans.finish(signed, self.report[SCANS])
        else:
            self.part_scans.finish(self.report[SCANS])
        self.decisions.finish(complete, self.report[SCANS])
        self.openings.finish()

    def _finish_signatures(self, trust: str) -> None:
        step = self.report[SIGNATURES]
        for change in self._keyring.changes:
            step.say(change)
        for note in self._keyring.notes[:MAX_NOTES]:
            step.note(note)
        if self._one_algorithm:
            checkpoints = many(self._one_algorithm, "checkpoint")
            step.note(f"signed with Ed25519 alone, though an ML-DSA-44 key counts: {checkpoints}")
        if self.signed is not None:
            names = ", ".join(map(str, dict.fromkeys(self.signers)))
            step.say(f"the first {self.signed} entries are signed by {names}")
        step.say(trust)
        if self._unsigned:
            step.note(f"signed by no key that is trusted: {many(self._unsigned, 'checkpoint')}")
        if self._unknown:
            signatures = many(self._unknown, "signature")
            step.note(f"not checked: {signatures} under the log's own name by a key that is not known here")

    def _is_of_the_log(self, signature: Signature) -> bool:
        key_id = (signature.name, signature.key_id)
        if key_id in self._witnesses:
            return False
        return signature.name == self.manifest.origin or key_id in self._own or self._keyring.knows(signature)
