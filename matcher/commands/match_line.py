"""One line for a match, as it occurs: short enough for a terminal, with a name that an examiner recognises."""

from __future__ import annotations

from collections.abc import Sequence

from matcher.algorithms import ALGORITHMS, Metric
from matcher.lists.opened import OpenList
from matcher.model import Disposition, Finding, Match

_MOST_NOTE = 40
_MOST_ID = 16
_LEAST_PATH = 60


def match_line(finding: Finding, lists: Sequence[OpenList], *, width: int | None = None) -> str:
    """A match of a finding that has one, on one line: of a notable finding the nearest notable one, else the nearest.

    With `width`, the path is cut to make the line fit.
    """
    nearest = _shown(finding, lists)
    what = "notable" if finding.notable else "trivial match" if finding.trivial else "match"
    more = f", and {finding.matches_total - 1:,} more" if finding.matches_total > 1 else ""
    turned = "" if nearest.transform == "none" else f", {nearest.transform}"
    head = f"{what} (provisional): "
    how = f"{nearest.algorithm} {nearest.distance} of {nearest.threshold}{turned}"
    if nearest.algorithm in ALGORITHMS and ALGORITHMS[nearest.algorithm].metric is Metric.EXACT:
        how = f"identical by {nearest.algorithm}"
    tail = f": {nearest.list} {entry_name(nearest, lists)}, {how}{more}"
    room = None if width is None else max(_LEAST_PATH, width - len(head) - len(tail))
    return f"{head}{cut_middle(finding.path, room)}{tail}"


def _shown(finding: Finding, lists: Sequence[OpenList]) -> Match:
    """The match that the line names. A trivial or known-good one may be nearer than the one that makes it notable."""
    if finding.notable:
        profiles = {opened.name: opened.facts.profile for opened in lists}
        for match in finding.matches:
            profile = profiles.get(match.list)
            if profile and profile.meaning(match.category, trivial=match.trivial) is Disposition.NOTABLE:
                return match
    return finding.matches[0]


def entry_name(match: Match, lists: Sequence[OpenList]) -> str:
    """A match's entry by its note in quotes, or by the end of its id where the list has no note of it."""
    for opened in lists:
        if opened.name == match.list:
            _places, records = opened.records_of([match.entry])
            note = opened.entry(int(records[0])).note if len(records) else None
            if note and (words := " ".join(note.split())):
                return f'"{cut_middle(words, _MOST_NOTE)}"'
    short = match.entry.rsplit("/", 1)[-1] or match.entry
    return short if len(short) <= _MOST_ID else f"{short[: _MOST_ID - 4]}…"


def cut_middle(text: str, most: int | None) -> str:
    """The text in at most `most` characters, with … in place of its middle; whole without `most`."""
    if most is None or len(text) <= most:
        return text
    begin = (most - 1) // 2
    return f"{text[:begin]}…{text[len(text) - (most - 1 - begin) :]}"
