"""Checks examiners' decisions: the entries that they cite have the cited leaf hashes."""

from __future__ import annotations

from typing import Any

from ledger.exhibit.verifier.canonical import digest_of, list_of, size_of
from ledger.exhibit.verifier.report import Refused, Step, many

MAX_CITED = 500


class Decisions:
    """Checks decisions: `add_entry` with each in order, then `check_cited` with the leaf hash of every cited entry."""

    def __init__(self) -> None:
        self.cited: dict[int, dict[bytes, int]] = {}
        self.remembered: dict[int, bytes] = {}
        self._decisions: set[int] = set()
        self._superseded: dict[int, int] = {}
        self._unknown: list[int] = []
        self._citations = 0
        self._without = 0

    def add_entry(self, index: int, entry: dict[str, Any]) -> None:
        """Records a decision; `cites` and `supersedes` must name earlier entries by index and leaf hash."""
        self._decisions.add(index)
        if entry.get("cites") is None:
            self._without += 1
        else:
            citations = list_of(entry, "cites", dict)
            if not 0 < len(citations) <= MAX_CITED:
                raise Refused(f"it does not cite 1 to {MAX_CITED} entries")
            for citation in citations:
                self._cite(index, citation)
        superseded = entry.get("supersedes")
        if superseded is None:
            return
        if type(superseded) is not dict:
            raise Refused("it does not say what it supersedes")
        target = self._cite(index, superseded)
        if target not in self._decisions:
            self._unknown.append(target)
        if target in self._superseded:
            raise Refused(f"it supersedes entry {target}, which entry {self._superseded[target]} superseded already")
        self._superseded[target] = index

    def remember(self, index: int, leaf: bytes) -> None:
        """Stores the leaf hash of an entry of a part, which later decisions may cite."""
        self.remembered[index] = leaf

    def check_cited(self, index: int, leaf: bytes, step: Step) -> None:
        """Compares the leaf hash of entry `index` with those that decisions cite."""
        for cited, decision in self.cited.pop(index, {}).items():
            self._citations += 1
            if cited != leaf:
                step.problem(f"decision {decision} cites entry {index} with another leaf hash")

    def finish(self, complete: bool, step: Step) -> None:
        """Checks that cited entries exist and superseded ones are decisions; a part may lack some, which are noted."""
        for target in self._unknown:
            if complete:
                step.problem(f"entry {self._superseded[target]} supersedes entry {target}, which is no decision")
        if complete and self.cited:
            step.problem(f"entry {min(self.cited)} is cited, but it is not there")
        if self._decisions:
            citations = many(self._citations, "citation")
            step.say(f"{many(len(self._decisions), 'decision')}, {citations} of entries as they stand here")
        if self._without:
            step.note(f"{many(self._without, 'decision')} without a citation")
        if self.cited:
            step.note(f"not in this part: {many(len(self.cited), 'entry', 'entries')} that decisions cite")

    def _cite(self, index: int, citation: dict[str, Any]) -> int:
        target, leaf = size_of(citation, "index"), digest_of(citation, "leaf_hash")
        if target >= index:
            raise Refused(f"it cites entry {target}, which does not stand before it")
        self.cited.setdefault(target, {})[leaf] = index
        return target
