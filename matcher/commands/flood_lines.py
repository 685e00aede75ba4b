"""What a scan says of a flood: what matches so many pictures, how to see them, and how to switch it off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matcher.commands.going_on import quoted, typed_without
from matcher.commands.match_line import cut_middle
from matcher.lists.opened import OpenList
from matcher.record.floods import Flood
from matcher.reports.flood_words import flood_sentence

_MOST_NOTE = 60
_OTHER = {"--resume": 0, "--scan": 1, "--threshold": 1, "--max-false-matches": 1}
"""Options that a scan with another threshold cannot have, with their number of values."""


@dataclass(frozen=True, slots=True)
class FloodWarner:
    """Puts floods of one scan in words. `thresholds`: of whole pictures, by algorithm."""

    case: Path
    store: Path
    scan: int
    lists: Sequence[OpenList] = ()
    thresholds: Mapping[str, int] = field(default_factory=dict)

    def lines(self, flood: Flood, *, so_far: bool) -> Iterator[str]:
        """A generator of the lines on one flood."""
        yield f"warning: {flood_sentence(flood, so_far=so_far)}{self._note(flood)}: look at some before relying on any"
        see: list[str | Path] = ["matcher", "findings", "--case", self.case, "--scan", str(self.scan)]
        if flood.algorithm is not None:
            yield f"  to see them: {quoted([*see, '--only-by', flood.algorithm])}"
            yield from self._stricter(flood.algorithm)
            return
        assert flood.list is not None
        assert flood.entry is not None
        entry = [f"--entry={flood.entry}"]
        yield f"  to see them: {quoted([*see, '--list', flood.list, *entry])}"
        remove: list[str | Path] = ["matcher", "lists", "remove", "--store", self.store, "--name", flood.list]
        reason = f"matches {flood.items} of {flood.compared} pictures"
        off = quoted([*remove, "--reason", reason, "--", flood.entry])
        yield f"  to switch it off for further scans, as a new version of the list: {off}"

    def _note(self, flood: Flood) -> str:
        for opened in self.lists:
            if opened.name == flood.list and flood.entry is not None:
                _places, records = opened.records_of([flood.entry])
                note = opened.entry(int(records[0])).note if len(records) else None
                if note and (words := " ".join(note.split())):
                    return f' (note: "{cut_middle(words, _MOST_NOTE)}")'
        return ""

    def _stricter(self, algorithm: str) -> Iterator[str]:
        threshold = self.thresholds.get(algorithm)
        typed = typed_without(_OTHER)
        if threshold and typed is not None:
            again = quoted([*typed, f"--threshold={algorithm}={threshold // 2}"])
            yield f"  to scan anew with half of its threshold ({threshold}; 0 for equal hashes only): {again}"
