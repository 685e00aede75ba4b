"""All matches of one item → those that the finding lists, and the finding's flags."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matcher.imaging.renderings import KINDS, parse_transform
from matcher.model import TRANSFORMS, Disposition, Finding, Hash, Match
from matcher.settings import MAX_MATCHES

MAX_FORM = 60_000
"""The largest JSON form of a finding, in bytes: a ledger entry has at most 65,535, with its other fields."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A match with its disposition: that of the entry's category in its list's profile, unless a mark forbids it.

    `odds`: hundredths of log10 of the probability that one listed hash of an unrelated picture is this near to one
    query; None where that was not measured.
    """

    match: Match
    disposition: Disposition
    by_digest: bool
    odds: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All matches of an item: the nearest ones `listed`, the `total` number, and the flags of the finding.

    `notable`: any match is of a notable category. `doubtful`: all of those are by hashes of low quality. `conflict`:
    notable, and another match is known good. `known` and `known_good` consider digests alone.
    """

    listed: tuple[Match, ...]
    total: int
    hashes: tuple[Hash, ...]
    notable: bool
    doubtful: bool
    conflict: bool
    known: bool
    known_good: bool


def nearest(matched: Iterable[Matched]) -> list[Match]:
    """The nearest match of each entry by each algorithm, sorted by `Match.order`."""
    return [candidate.match for candidate in best_of(matched)]


def best_of(matched: Iterable[Matched]) -> list[Matched]:
    """The nearest match of each entry by each algorithm, sorted by `Match.order`, with its disposition.

    An entry that a list has in two categories matches in both.
    """
    best: dict[tuple[str, str, str, str | None], Matched] = {}
    for candidate in matched:
        match = candidate.match
        key = (match.list, match.entry, match.algorithm, match.category)
        if key not in best or _preference(candidate) < _preference(best[key]):
            best[key] = candidate
    return sorted(best.values(), key=lambda candidate: candidate.match.order())


def outcome(matched: Sequence[Matched]) -> Outcome:
    """Select the nearest matches, at most MAX_MATCHES, and compute the flags of the finding.

    `hashes` of the result are those that take part in a listed match, each once, in the order of the matches.
    """
    matches = nearest(matched)
    listed = tuple(matches[:MAX_MATCHES])
    notable = [candidate for candidate in matched if candidate.disposition is Disposition.NOTABLE]
    every = {candidate.disposition for candidate in matched}
    by_digest = {candidate.disposition for candidate in matched if candidate.by_digest}
    return Outcome(
        listed=listed,
        total=len(matches),
        hashes=_taking_part(listed),
        notable=bool(notable),
        doubtful=bool(notable) and all(candidate.match.doubtful for candidate in notable),
        conflict={Disposition.NOTABLE, Disposition.KNOWN_GOOD} <= every,
        known=Disposition.NOTABLE in by_digest,
        known_good=Disposition.KNOWN_GOOD in by_digest,
    )


def fit_to_entry(finding: Finding) -> Finding:
    """The finding with as many of its matches, nearest first, as fit into one ledger entry; mostly all of them."""
    while len(finding.matches) > 1 and _size(finding) > MAX_FORM:
        fewer = finding.matches[:-1]
        finding = replace(finding, matches=fewer, hashes=_taking_part(fewer))
    return finding


def _size(finding: Finding) -> int:
    return len(json.dumps(finding.as_json(), ensure_ascii=False).encode("utf-8", "replace"))


def _taking_part(matches: Iterable[Match]) -> tuple[Hash, ...]:
    taking = (Hash(match.algorithm, match.value, match.quality, match.region) for match in matches)
    return tuple(dict.fromkeys(taking))


def _preference(candidate: Matched) -> tuple[Any, ...]:
    """Sort key: what may be notable before what is negative, the distance, the whole picture before regions.

    Then the file's own picture before embedded ones, the earlier frame, the plain rendering before altered ones, the
    region further to the left, the earlier orientation.
    """
    match = candidate.match
    name, orientation = parse_transform(match.transform)
    part = (-1, 0) if name.part is None else (name.part.kind, name.part.number)
    place = match.region is not None, part, name.frame, KINDS.index(name.kind), match.region or ()
    return match.negative_by is not None, match.distance, *place, TRANSFORMS.index(orientation), match.entry_value
