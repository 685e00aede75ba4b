"""Functions that run relookups for tests, and apply their changes to the matches of a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.current import CurrentState, findings_of
from matcher.revisit.relookup import Relookup, RelookupRequest, relookup

Matches = dict[str, set[str]]


def lines_of(known_list: Path, seeds: list[int]) -> list[dict[str, object]]:
    """The lines of `known_list` for the originals with these seeds."""
    lines = [json.loads(line) for line in known_list.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["note"] in {f"{seed}.png" for seed in seeds}]


def run_relookup(case: Path, store: Path, **more: Any) -> list[Relookup]:
    """Relook a case up in a store; one result a scan."""
    with open_case(case, CaseFacts(), key=case.parent / "key") as log:
        return list(relookup(log, RelookupRequest(case, store, **more)))


def form(match: dict[str, Any]) -> str:
    """A match as text, without the fields that depend on the number of listed hashes."""
    return json.dumps({key: match[key] for key in match if key not in ("threshold", "chance")}, sort_keys=True)


def recorded(case: Path) -> Matches:
    """The recorded matches of each item, by its path."""
    with CaseReader(case) as reader:
        return {finding["path"]: set(map(form, finding["matches"])) for _scan, finding in reader.findings()}


def current(case: Path) -> dict[str, dict[str, Any]]:
    """The current findings by their paths, without what says how they came about, nor what depends on list lengths."""
    found = {}
    with CaseReader(case) as reader:
        for placed in findings_of(reader, CurrentState.read(reader)):
            finding = {name: value for name, value in placed.finding.items() if name not in ("relookup", "decision")}
            finding["matches"] = list(map(form, finding["matches"]))
            found[finding["path"]] = finding
    return found


def after(matches: Matches, result: Relookup) -> Matches:
    """A scan's matches after the changes of a relookup."""
    changed = {path: set(forms) for path, forms in matches.items()}
    for change in result.changes_of("withdrawn"):
        assert change.match is not None
        changed[change.path].remove(form(change.match))
    for change in result.changes_of("new"):
        assert change.match is not None
        assert form(change.match) not in changed[change.path]
        changed[change.path].add(form(change.match))
    return changed
