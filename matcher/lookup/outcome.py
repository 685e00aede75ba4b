"""All matches of one item → which are listed, and what they amount to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from matcher.imaging.renderings import parse_transform
from matcher.model import LOW_QUALITY, TRANSFORMS, Disposition, Finding, Hash, Match, Region
from matcher.settings import MAX_MATCHES

MAX_FORM = 60_000
"""Bytes of a finding's JSON form, at most: a ledger entry holds 65,535, some of them the entry's own."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A match with what its list's profile says of the entry's category.

    `odds`: hundredths of log10 of how probable it is that one listed hash of an unrelated picture is so near to one
    hash asked; None where nobody has measured that.
    """

    match: Match
    disposition: Disposition
    by_digest: bool
    odds: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All matches of an item: the nearest `listed`, how many there were, and what they amount to.

    `notable`: any match is of a notable category. `doubtful`: all of those are by hashes of low quality. `conflict`:
    notable, and another match is known good. `known` and `known_good` speak of digests alone.
    """

    listed: tuple[Match, ...]
    total: int
    hashes: tuple[Hash, ...]
    notable: bool
    doubtful: bool
    conflict: bool
    known: bool
    known_good: bool


def nearest(found: Iterable[Matched]) -> list[Match]:
    """The nearest match of each entry by each algorithm, sorted."""
    return [candidate.match for candidate in best_of(found)]


def best_of(found: Iterable[Matched]) -> list[Matched]:
    """The same with what each means. What a list has in two categories matches in both."""
    best: dict[tuple[str, str, str, str | None], Matched] = {}
    for candidate in found:
        match = candidate.match
        key = (match.list, match.entry, match.algorithm, match.category)
        if key not in best or _preference(candidate) < _preference(best[key]):
            best[key] = candidate
    return sorted(best.values(), key=lambda candidate: candidate.match.order())


def outcome(found: Sequence[Matched]) -> Outcome:
    """Keep the nearest matches, cut, and say what it all amounts to.

    `hashes` of the result are those that take part in a listed match, each once, in the order of the matches.
    """
    matches = nearest(found)
    listed = tuple(matches[:MAX_MATCHES])
    notable = [candidate for candidate in found if candidate.disposition is Disposition.NOTABLE]
    every = {candidate.disposition for candidate in found}
    by_digest = {candidate.disposition for candidate in found if candidate.by_digest}
    return Outcome(
        listed=listed,
        total=len(matches),
        hashes=_taking_part(listed),
        notable=bool(notable),
        doubtful=bool(notable) and all(map(_is_doubtful, notable)),
        conflict={Disposition.NOTABLE, Disposition.KNOWN_GOOD} <= every,
        known=Disposition.NOTABLE in by_digest,
        known_good=Disposition.KNOWN_GOOD in by_digest,
    )


def _is_doubtful(candidate: Matched) -> bool:
    quality = candidate.match.quality
    return quality is not None and quality < LOW_QUALITY


def fitted(finding: Finding) -> Finding:
    """The finding with as many of its matches, nearest first, as one ledger entry holds; mostly all of them."""
    while len(finding.matches) > 1 and _size(finding) > MAX_FORM:
        fewer = finding.matches[:-1]
        finding = replace(finding, matches=fewer, hashes=_taking_part(fewer))
    return finding


def _size(finding: Finding) -> int:
    return len(json.dumps(finding.as_json(), ensure_ascii=False).encode("utf-8", "replace"))


def _taking_part(matches: Iterable[Match]) -> tuple[Hash, ...]:
    taking = (Hash(match.algorithm, match.value, match.quality, match.region) for match in matches)
    return tuple(dict.fromkeys(taking))


def _preference(candidate: Matched) -> tuple[int, bool, int, int, Region | tuple[()], int, bytes]:
    """Nearest first; of equals the whole picture, the earlier frame, as it stands, the region further to the left,
    the earlier orientation.
    """
    match = candidate.match
    frame, kind, orientation = parse_transform(match.transform)
    place = match.region is not None, frame, kind, match.region or ()
    return match.distance, *place, TRANSFORMS.index(orientation), match.entry_value
