"""An examiner's decisions on items of a case, recorded in its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger import Decision, Ledger, SizeChangedError, clock, contrary_decision, decision_entries
from matcher.record.case import CaseReader
from matcher.revisit.items import ItemSearch, NamedItem


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What is decided of the items that `search` names."""

    case: Path
    verdict: str
    examiner: str
    search: ItemSearch
    role: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was recorded: its leaf index, its item, and the decision that it supersedes, if any."""

    index: int
    item: NamedItem
    supersedes: int | None


def decide(log: Ledger, request: DecisionRequest) -> list[Decided]:
    """Record one decision an item, all in one append with a signed checkpoint. CaseError, DecisionError.

    A decision supersedes the newest one that cites this item alone. One that cites other items too is left standing
    for these; of this item the newest decision holds. The search goes on from where it stopped: no entry is read twice.
    """
    while True:
        with CaseReader(request.case) as reader:
            request.search.read_on(reader)
        size, items = request.search.size, request.search.items(request.case)
        superseded = [max((index for index, cited in item.decisions if cited == 1), default=None) for item in items]
        decisions = [
            Decision(request.verdict, request.examiner, [item.index], request.role, request.note, supersedes)
            for item, supersedes in zip(items, superseded, strict=True)
        ]
        bodies = decision_entries(log, decisions, clock.now(), standing_at=size)
        try:
            first = log.append(bodies, checkpoint=True, expected_size=size)
        except SizeChangedError:  # another process has appended since: maybe a decision on the same item
            continue
        return [
            Decided(first + place, item, supersedes)
            for place, (item, supersedes) in enumerate(zip(items, superseded, strict=True))
        ]


def contrary_ones(log: Ledger, recorded: Sequence[Decided], request: DecisionRequest) -> Iterator[str]:
    """A generator of a sentence for each decision that contradicts the one of another examiner that stood till then."""
    decision = Decision(request.verdict, request.examiner, ())
    for decided in recorded:
        earlier = max((index for index, _cited in decided.item.decisions), default=None)
        if earlier is not None and (told := contrary_decision(log, decision, earlier)):
            yield f"{told}: {decided.item.path}"
