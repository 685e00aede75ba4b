"""One line for a match, as it occurs: short enough for a terminal, with a name that an examiner recognises."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from matcher.lists.opened import OpenList
from matcher.model import Disposition, Finding, Match
from matcher.record.strength import NONE_LISTED, chance_in_words, expected_number, is_identical

_MOST_NOTE = 40
_MOST_ID = 16
_LEAST_PATH = 60
_NOTABLE = Disposition.NOTABLE


def match_line(finding: Finding, lists: Sequence[OpenList], *, width: int | None = None) -> str:
    """The strongest match of a finding that has one, on one line: of a notable finding the strongest notable one.

    That is one by a digest, else the one with the smallest chance: distances by two algorithms cannot be compared. With
    `width`, the path is cut to make the line fit.
    """
    nearest = min(_of_the_kind_that_counts(finding, lists), key=_weakness)
    what = (
        "notable"
        if finding.notable
        else "trivial match"
        if finding.trivial
        else "negative match"
        if finding.negative
        else "match"
    )
    more = f", and {finding.matches_total - 1:,} more" if finding.matches_total > 1 else ""
    turned = "" if nearest.transform == "none" else f", {nearest.transform}"
    head = f"{what} (provisional): "
    chance = "" if nearest.chance is None else f", {chance_in_words(nearest.chance)}"
    how = f"{nearest.algorithm} {nearest.distance} of {nearest.threshold}{turned}{chance}"
    if is_identical(nearest):
        how = f"identical by {nearest.algorithm}"
    tail = f": {nearest.list} {entry_name(nearest, lists)}, {how}{more}"
    room = None if width is None else max(_LEAST_PATH, width - len(head) - len(tail))
    return f"{head}{cut_middle(finding.path, room)}{tail}"


def _of_the_kind_that_counts(finding: Finding, lists: Sequence[OpenList]) -> Sequence[Match]:
    """The matches of which the line may name one. A trivial or known-good one may be nearer than the notable ones."""
    if not finding.notable:
        return finding.matches
    profiles = {opened.name: opened.facts.profile for opened in lists}
    notable = [
        match
        for match in finding.matches
        if (profile := profiles.get(match.list)) is not None
        and profile.meaning(match.category, trivial=match.trivial, negative=match.negative_by is not None) is _NOTABLE
    ]
    return notable or finding.matches


def _weakness(match: Match) -> tuple[bool, bool, Decimal]:
    chance = expected_number(match.chance, 1)
    return not is_identical(match), match.doubtful, NONE_LISTED if chance is None else chance


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
