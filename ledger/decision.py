"""Decisions: an examiner's verdicts on entries. A decision may supersede an earlier one; nothing is ever edited.

    {"cites":[{"index":17,"leaf_hash":"…"}],"examiner":"A. Keller","note":null,"role":null,"supersedes":null,
     "type":"decision","verdict":"known material confirmed","v":1,…}

`cites` names the judged entries by leaf index and leaf hash; `supersedes` names the decision that this one replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.clock import Stamp
from ledger.entries.entry import canonical, parse
from ledger.errors import DecisionError
from ledger.log import Ledger
from ledger.tree.merkle import leaf_hash

MOST_CITED = 500
"""The most citations of one decision, so that it fits an entry."""
MOST_CHARACTERS = 4000
"""The most characters of each text of a decision."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, the examiner who gives it, and the leaf indexes of the entries that it judges."""

    verdict: str
    examiner: str
    cites: Sequence[int]
    role: str | None = None
    note: str | None = None
    supersedes: int | None = None


def decision_entry(log: Ledger, decision: Decision, stamp: Stamp) -> bytes:
    """The canonical entry of a decision, with the leaf hashes of the cited entries as they stand in `log`.

    Raises DecisionError for a cited entry that does not exist, for superseding an entry that is no decision or is
    superseded already, and for texts that an entry cannot hold.
    """
    if not 0 < len(decision.cites) <= MOST_CITED:
        raise DecisionError(f"a decision cites 1 to {MOST_CITED} entries, not {len(decision.cites)}")
    for name in ("verdict", "examiner", "role", "note"):
        text = getattr(decision, name)
        if text is not None and not 0 < len(text) <= MOST_CHARACTERS:
            raise DecisionError(f"{name} has 1 to {MOST_CHARACTERS} characters, not {len(text)}")
    supersedes = None
    if decision.supersedes is not None:
        supersedes = _citation(log, decision.supersedes)
        check_can_be_superseded(log, decision.supersedes)
    return canonical(
        {
            **{"v": 1, "type": "decision"},
            **stamp.fields(),
            "verdict": decision.verdict,
            "examiner": decision.examiner,
            "role": decision.role,
            "note": decision.note,
            "cites": [_citation(log, index) for index in decision.cites],
            "supersedes": supersedes,
        }
    )


def check_can_be_superseded(log: Ledger, index: int) -> None:
    """Raises DecisionError unless the entry is a decision that no other supersedes."""
    if parse(dict(log.entries(index, index + 1))[index])["type"] != "decision":
        raise DecisionError(f"entry {index} is no decision")
    for later, body in log.entries(index + 1):
        if b'"type":"decision"' in body:
            entry = parse(body)
            if entry["type"] == "decision" and _cited_index(entry.get("supersedes")) == index:
                raise DecisionError(f"entry {index} is superseded already, by entry {later}")


def _citation(log: Ledger, index: int) -> dict[str, Any]:
    for _, body in log.entries(index, index + 1):
        return {"index": index, "leaf_hash": leaf_hash(body).hex()}
    raise DecisionError(f"there is no entry {index}")


def _cited_index(citation: object) -> int | None:
    index = citation.get("index") if type(citation) is dict else None
    return index if type(index) is int else None


class DecisionChecker:
    """Checks decisions as they are added in order, and passes each problem to `problem`.

    Memory grows with the number of decisions. `leaf_at(index)` is the leaf hash of an earlier entry.
    """

    def __init__(self, leaf_at: Callable[[int], bytes], problem: Callable[[str], None]) -> None:
        self._leaf_at = leaf_at
        self._problem = problem
        self._superseded_by: dict[int, int | None] = {}
        self.without_citation = 0

    def add(self, index: int, entry: dict[str, Any]) -> None:
        """Checks the next `decision` entry."""
        self._superseded_by[index] = None
        cites = entry.get("cites")
        if cites is None:
            self.without_citation += 1
        elif type(cites) is not list or not 0 < len(cites) <= MOST_CITED:
            self._problem(f"entry {index} does not say what it judges")
        else:
            for citation in cites:
                self._check(index, citation, "cites")
        superseded = entry.get("supersedes")
        if superseded is None:
            return
        target = self._check(index, superseded, "supersedes")
        if target is not None and target not in self._superseded_by:
            self._problem(f"entry {index} supersedes entry {target}, which is no decision")
        elif target is not None and (other := self._superseded_by[target]) is not None:
            self._problem(f"entry {index} supersedes entry {target}, as entry {other} does already")
        elif target is not None:
            self._superseded_by[target] = index

    def _check(self, index: int, citation: object, verb: str) -> int | None:
        """The cited index; None, and a problem, unless it is that of an earlier entry."""
        target = _cited_index(citation)
        if target is None or not 0 <= target < index:
            self._problem(f"entry {index} {verb} what is no earlier entry")
            return None
        cited = citation.get("leaf_hash") if type(citation) is dict else None
        if type(cited) is not str or len(cited) != 64 or self._leaf_at(target).hex() != cited:
            self._problem(f"entry {index} {verb} entry {target} by a leaf hash that it does not have")
        return target
