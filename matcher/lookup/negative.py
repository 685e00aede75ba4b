"""What matched wrongly before: a picture that is nearer to it, or is it, has no notable perceptual match.

A negative list has pictures that a lab knows to match wrongly. Its entries are never notable, and they make other
matches of an item not notable, by perceptual hashes only:

1. all of them, where the file's digest is in a negative list, or is that of a picture of the packaged bank
   (matcher/calibration/bank.py);
2. those with an entry to which the picture is less near than to a negative one. Distances are compared for one
   and the same picture of the file (its own, a frame, an embedded one) or the same region of it, each in its nearest
   orientation and rendering, by each algorithm by which the picture matches the entry: the negative entry is further by
   none of them, and nearer by one at least. Where it is equally near by all, the match remains notable.

A negative entry matches within the thresholds of uncommon pictures, however common it is: it hides nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matcher.calibration.bank import Bank
from matcher.imaging.renderings import parse_transform
from matcher.lookup.outcome import Matched
from matcher.model import Disposition, Match

BANK = "(packaged bank)"
"""The packaged bank in `Match.negative_by`. No list can have this name."""

_Entry = tuple[str, str]
"""A list's name and the id of an entry."""
_Distances = dict[_Entry, dict[str, int]]
"""By entry, then by algorithm, the least distance."""


def marked(matched: Sequence[Matched], bank: Bank | None, *, sha256: bytes | None = None) -> list[Matched]:
    """The same matches of one item, those marked (`negative_by`) that what matched wrongly makes not notable.

    `sha256` is the item's digest; None where it is not known. `bank`: None where it has no effect.
    """
    rivals = [each for each in matched if each.disposition is Disposition.NEGATIVE]
    by_digest = min((each.match.list for each in rivals if each.by_digest), default=None)
    if by_digest is None and sha256 is not None and bank is not None and bank.has(sha256):
        by_digest = BANK
    if by_digest is None and not rivals:
        return list(matched)
    others = [each for each in matched if each.disposition is not Disposition.NEGATIVE and not each.by_digest]
    if by_digest is not None:
        names = {id(each): by_digest for each in others}
    else:
        near = {picture: dict(sorted(of.items())) for picture, of in _by_picture(rivals).items()}
        nearer, names = _by_picture(others), {}
        for each in others:
            picture = _picture(each.match)
            name = _nearer(near.get(picture, {}), nearer[picture][each.match.list, each.match.entry])
            if name is not None:
                names[id(each)] = name
    return [_with_mark(each, names.get(id(each))) for each in matched]


def _with_mark(matched: Matched, name: str | None) -> Matched:
    if name is None:
        return matched
    is_notable = matched.disposition is Disposition.NOTABLE
    disposition = Disposition.INFORMATION if is_notable else matched.disposition
    return replace(matched, match=replace(matched.match, negative_by=name), disposition=disposition)


def _nearer(rivals: _Distances, distances: Mapping[str, int]) -> str | None:
    """The list of the first negative entry that is nearer than one at `distances`, by algorithm; None for none."""
    for (name, _entry), own in rivals.items():
        if not distances.keys() <= own.keys():
            continue
        pairs = [(own[algorithm], distance) for algorithm, distance in distances.items()]
        if all(one <= other for one, other in pairs) and any(one < other for one, other in pairs):
            return name
    return None


def _by_picture(matched: Sequence[Matched]) -> dict[Any, _Distances]:
    """By picture or region, the distances of each entry that matches there by a perceptual hash."""
    found: dict[Any, _Distances] = {}
    for each in matched:
        if each.by_digest:
            continue
        match = each.match
        own = found.setdefault(_picture(match), {}).setdefault((match.list, match.entry), {})
        own[match.algorithm] = min(match.distance, own.get(match.algorithm, match.distance))
    return found


def _picture(match: Match) -> tuple[Any, ...]:
    """A key for the picture of the file, or the region of it, that matches: without its rendering and orientation."""
    name, _orientation = parse_transform(match.transform)
    return name.part, name.frame, match.region
