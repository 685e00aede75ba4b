"""Decisions: an examiner's verdicts on entries. A decision may supersede an earlier one; nothing is ever edited.

    {"cites":[{"index":17,"leaf_hash":"…"}],"examiner":"A. Keller","note":null,"role":null,"supersedes":null,
     "type":"decision","verdict":"confirmed","v":1,…}

`cites` names the judged items by leaf index and leaf hash; `supersedes` names the decision that this one replaces.
Decisions of earlier versions may have any verdict, and cite any entry: an audit accepts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.clock import Stamp
from ledger.entries.entry import canonical, parse
from ledger.entries.item import is_item, place_of
from ledger.entries.later import seqs_named
from ledger.errors import DecisionError
from ledger.log import Ledger
from ledger.tree.merkle import leaf_hash

VERDICTS = ("confirmed", "refuted", "needs-review")
"""What can be decided: the item is what the match says, it is not, or somebody else has to look at it."""
_MOST_NAMED = 10
"""The most items that a refusal names."""
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
    """The canonical entry of one decision; see decision_entries."""
    return decision_entries(log, [decision], stamp)[0]


def decision_entries(log: Ledger, decisions: Sequence[Decision], stamp: Stamp, *, standing_at: int = 0) -> list[bytes]:
    """The canonical entries of decisions, with the leaf hashes of the cited entries as they stand in `log`.

    Raises DecisionError for a verdict that is none of VERDICTS, for a cited entry that does not exist or is no item,
    for superseding an entry that is no decision or is superseded already, and for texts that an entry cannot hold.
    `standing_at`: the caller has read the first so many entries, and none of them supersedes a decision that these
    supersede; only later entries are then read for that.
    """
    for decision in decisions:
        _check_texts(decision)
    targets = {decision.supersedes for decision in decisions if decision.supersedes is not None}
    taken = _superseding(log, targets, standing_at)
    bodies = []
    for decision in decisions:
        supersedes = None
        if decision.supersedes is not None:
            supersedes = _citation(log, decision.supersedes)
            if decision.supersedes in taken:
                later = taken[decision.supersedes]
                by = "another of these decisions" if later is None else f"entry {later}"
                raise DecisionError(f"entry {decision.supersedes} is superseded already, by {by}")
            taken[decision.supersedes] = None
        form = {
            **{"v": 1, "type": "decision"},
            **stamp.fields(),
            "verdict": decision.verdict,
            "examiner": decision.examiner,
            "role": decision.role,
            "note": decision.note,
            "after_checkpoint": log.latest_size(),
            "cites": [_citation(log, index, item=True) for index in decision.cites],
            "supersedes": supersedes,
        }
        bodies.append(canonical(form))
    return bodies


def contrary_decision(log: Ledger, decision: Decision, earlier: int) -> str:
    """A sentence where the decision at leaf index `earlier` is another examiner's with another verdict; else empty."""
    for _, body in log.entries(earlier, earlier + 1):
        entry = parse(body)
        if entry.get("verdict") == decision.verdict or entry.get("examiner") == decision.examiner:
            return ""
        return (
            f"note: {decision.examiner} decided {decision.verdict}, in place of {entry.get('verdict')!s:.40} by "
            f"{entry.get('examiner')!s:.200} (entry {earlier})"
        )
    return ""


def _check_texts(decision: Decision) -> None:
    if not 0 < len(decision.cites) <= MOST_CITED:
        raise DecisionError(f"a decision cites 1 to {MOST_CITED} entries, not {len(decision.cites)}")
    if decision.verdict not in VERDICTS:
        raise DecisionError(f"{decision.verdict!r:.40} is no verdict: {', '.join(VERDICTS)} are")
    for name in ("examiner", "role", "note"):
        text = getattr(decision, name)
        if text is not None and not 0 < len(text) <= MOST_CHARACTERS:
            raise DecisionError(f"{name} has 1 to {MOST_CHARACTERS} characters, not {len(text)}")


def _superseding(log: Ledger, targets: set[int], standing_at: int) -> dict[int, int | None]:
    """The decision of the log that supersedes each of `targets`, where one does. Raises DecisionError, see above."""
    taken: dict[int, int | None] = {}
    if not targets:
        return taken
    for target in sorted(targets):
        body = dict(log.entries(target, target + 1)).get(target)
        if body is None:
            raise DecisionError(f"there is no entry {target}")
        if parse(body)["type"] != "decision":
            raise DecisionError(f"entry {target} is no decision")
    for later, body in log.entries(max(min(targets) + 1, standing_at)):
        if b'"type":"decision"' in body:
            entry = parse(body)
            superseded = _cited_index(entry.get("supersedes")) if entry["type"] == "decision" else None
            if superseded is not None and superseded in targets:
                taken[superseded] = later
    return taken


def _citation(log: Ledger, index: int, *, item: bool = False) -> dict[str, Any]:
    for _, body in log.entries(index, index + 1):
        if item and (entry := parse(body))["type"] != "item":
            raise DecisionError(
                f"entry {index} is no item, but of type {entry['type']!r:.40}: only items can be decided"
                f"{_items_to_cite(log, index, entry)}"
            )
        return {"index": index, "leaf_hash": leaf_hash(body).hex()}
    raise DecisionError(f"there is no entry {index}")


def _items_to_cite(log: Ledger, index: int, entry: dict[str, Any]) -> str:
    """What to cite in place of a relookup: the entries of the items that it names. Empty for any other entry."""
    if entry["type"] != "relookup":
        return ""
    try:
        wanted = {(entry["scan"], seq) for seq in seqs_named(entry)}
    except (KeyError, TypeError):  # not as a relookup is written
        return ""
    items = [str(at) for at, body in log.entries(0, index) if is_item(body) and place_of(body) in wanted]
    return items_to_cite(items)


def items_to_cite(items: Sequence[str]) -> str:
    """The end of a refusal to decide a relookup, which names these items; empty where it names none."""
    if not items:
        return ""
    more = f" and {len(items) - _MOST_NAMED:,} more" if len(items) > _MOST_NAMED else ""
    which = "the item that it is about is entry" if len(items) == 1 else "the items that it is about are entries"
    return f"; {which} {', '.join(items[:_MOST_NAMED])}{more}"


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
