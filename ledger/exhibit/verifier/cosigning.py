"""Checks cosignatures by witnesses: their validity, the policy's quorum, and that an entry records each."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from ledger.exhibit.verifier.canonical import list_of, size_of
from ledger.exhibit.verifier.notes import Checkpoint, Key, Signature, verify_signature
from ledger.exhibit.verifier.policy import Policy
from ledger.exhibit.verifier.report import Refused, Step, many

MAX_LISTED = 20


def utc(seconds: int) -> str:
    """A Unix time as text in UTC; times from 2**37 s on as a number of seconds."""
    if seconds >= 2**37:
        return f"{seconds} s after 1970"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


class Cosignatures:
    """Checks the cosignature lines of all checkpoints. `witnessed` is the largest size that meets the policy."""

    def __init__(self, witnesses: list[Key], policy: Policy | None) -> None:
        self._witnesses = {(key.name, key.key_id): key for key in witnesses}
        self._policy = policy
        self._lines: dict[tuple[int, bytes], None] = {}
        self._recorded: dict[tuple[int, bytes], int] = {}
        self._verified = 0
        self._unknown = 0
        self.witnessed: int | None = None

    def check(self, checkpoint: Checkpoint, of_the_log: list[Signature], step: Step) -> None:
        """Checks the next checkpoint; `of_the_log` are its signatures by the log itself."""
        cosigners: set[Key] = set()
        for signature in checkpoint.signatures:
            if signature in of_the_log:
                continue
            self._lines[(checkpoint.size, line_digest(signature.line))] = None
            key = self._witnesses.get((signature.name, signature.key_id))
            if key is None:
                self._unknown += 1
                continue
            with step.refusing():
                seconds = verify_signature(key, checkpoint, signature)
                cosigners.add(key)
                self._verified += 1
                if self._verified <= MAX_LISTED:
                    when = utc(seconds) if seconds else "a time that is not said"
                    step.say(f"size {checkpoint.size}: cosigned by {key} at {when}")
        if self._policy is not None and self._policy.met_by(cosigners):
            self.witnessed = checkpoint.size

    def add_entry(self, index: int, entry: dict[str, Any]) -> None:
        """Records a `checkpoint.cosign` entry: lines that were added to an earlier checkpoint."""
        size = size_of(entry, "size")
        if size > index:
            raise Refused(f"it cosigns size {size}, which was not yet")
        for line in list_of(entry, "lines", str):
            self._recorded[(size, line_digest(line))] = index

    def finish(self, complete: bool, step: Step) -> None:
        """Checks that checkpoints have all recorded lines and, in a complete exhibit, no other lines."""
        for size, digest in self._lines:
            if complete and (size, digest) not in self._recorded:
                step.problem(f"the checkpoint of size {size} has a cosignature of which no entry tells")
        for (size, digest), index in self._recorded.items():
            if (size, digest) not in self._lines:
                step.problem(f"entry {index} tells of a cosignature that the checkpoint of size {size} does not have")
        if self._verified > MAX_LISTED:
            step.say(f"and {many(self._verified - MAX_LISTED, 'more cosignature')}")
        if self._unknown:
            step.note(f"not checked: {many(self._unknown, 'cosignature')} by witnesses whose keys were not given")
        if not self._lines:
            step.say("no witness has cosigned a checkpoint")


def line_digest(line: str) -> bytes:
    """The SHA-256 of a signature line, which stands for it here."""
    return hashlib.sha256(line.encode("utf-8", "replace")).digest()
