"""A small case with a relookup and decisions after its scan, written by the real writers; for tests of what holds now.

By version 1 of `national`, `gone.jpg` matched and no longer does, `known.jpg` was known by a digest and no longer is,
`kept.jpg` still matches. By version 2, `new.jpg` and `identical.jpg` match, and so does `again.jpg`, which is a
duplicate; `changed.jpg` is of a category that is notable since. `unsure.jpg` could not be confirmed. `plain.jpg` never
matched.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger import Decision, Ledger, canonical, clock, decision_entry
from matcher.model import Match, Status
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import entry
from matcher.revisit.relookup import Change, Relookup, relookup_entries
from tests.shared.report_cases import finding, match, scan

LISTS = [{"name": name, "version": version, "digest": digest * 32} for name, version, digest in
         (("national", 2, "bb"), ("system", 1, "ab"))]  # fmt: skip


def near(number: int, distance: int, **fields: Any) -> Match:
    """A match by PDQ whose hashes are `distance` bits from each other."""
    made = match(number, "pdq", distance=distance, **fields)
    flipped = int.from_bytes(made.value, "big") ^ ((1 << distance) - 1)
    return replace(made, entry_value=flipped.to_bytes(32, "big"))


GONE, KEPT = near(1, 4), near(2, 8)
KNOWN, CHANGED = match(3), near(4, 12, category="2")
NEW, IDENTICAL, AGAIN = near(5, 6), match(6), near(7, 3)

FINDINGS = (
    finding("gone.jpg", GONE, notable=True),
    finding("known.jpg", KNOWN, status=Status.KNOWN, notable=True),
    finding("kept.jpg", KEPT, notable=True),
    finding("changed.jpg", CHANGED),
    finding("new.jpg"),
    finding("identical.jpg"),
    finding("again.jpg", content="new.jpg"),
    finding("unsure.jpg"),
    finding("plain.jpg"),
)
NOTABLE_NOW = ["kept.jpg", "changed.jpg", "new.jpg", "identical.jpg", "again.jpg"]


def seq_of(path: str) -> int:
    return [item.path for item in FINDINGS].index(path)


def change(kind: str, path: str, made: Match | None = None, **fields: Any) -> Change:
    return Change(kind, seq_of(path), path, None if made is None else made.as_json(), **fields)


CHANGES = (
    change("withdrawn", "gone.jpg", GONE),
    change("withdrawn", "known.jpg", KNOWN),
    change("changed", "changed.jpg", CHANGED, was="information", notable=True),
    change("new", "new.jpg", NEW, notable=True),
    change("new", "identical.jpg", IDENTICAL, notable=True),
    change("new", "again.jpg", AGAIN, notable=True),
    change("unconfirmed", "unsure.jpg", reason="the evidence is not there"),
)


def relookup(log: Ledger, changes: tuple[Change, ...], lists: list[dict[str, Any]], number: int = 1) -> None:
    """Append a relookup with these changes, and the `list.load` of `lists`: any category of `national` is notable."""
    result = Relookup(number, len(FINDINGS), lists, {}, {}, 0, changes=list(changes))
    loads = [
        entry("list.load", **one, sources=[], index_digest="cd" * 32,
              counts={"entries": 1204, "hashes": {"pdq": 1204}, "kept": {}, "refused": 0},
              profile={"categories": {}, "other": "notable" if one["name"] == "national" else "known-good"})
        for one in lists
    ]  # fmt: skip
    log.append([*loads, *map(canonical, relookup_entries(result))], checkpoint=True)


def indexes(case: Path) -> dict[str, int]:
    """The leaf index of each item by its path."""
    with CaseReader(case) as reader:
        return {found["finding"]["path"]: at for at, found in reader.entries() if found["type"] == "item"}


def decide(log: Ledger, verdict: str, *cites: int, supersedes: int | None = None) -> int:
    """Append a decision. Returns its leaf index."""
    decision = Decision(verdict, "A. Keller", cites, note="seen", supersedes=supersedes)
    return log.append([decision_entry(log, decision, clock.now())], checkpoint=True)


def later_case_in(base: Path) -> Path:
    """Make the case, with decisions on `kept.jpg` (superseded) and, before the relookup, on `gone.jpg`."""
    case, key = base / "later", base / "later.key"
    with open_case(case, CaseFacts(exhibit="E1"), key=key) as log:
        scan(case, log, FINDINGS, exhibit="E1")
        at = indexes(case)
        decide(log, "confirmed", at["gone.jpg"])
        relookup(log, CHANGES, LISTS)
        first = decide(log, "needs-review", at["kept.jpg"], at["new.jpg"])
        decide(log, "refuted", at["kept.jpg"], supersedes=first)
    return case
