"""Digests of files → matches: every listed entry that has one of the digests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matcher.lists.opened import OpenList
from matcher.lists.together import OpenLists
from matcher.lists.trivial import trivial_content
from matcher.lookup.hash_lookup import codes_of
from matcher.lookup.outcome import Matched
from matcher.model import TRANSFORMS, Hash, Match


def match_digests(lists: OpenLists, digests: Iterable[Hash]) -> list[Matched]:
    """Every listed entry with one of the file's digests."""
    return [matched for digest in digests for matched in match_each_digest(lists, [digest])[0]]


def match_each_digest(lists: OpenLists, digests: Sequence[Hash]) -> list[list[Matched]]:
    """For each digest of different files, all by one algorithm, every listed entry with it."""
    matches: list[list[Matched]] = [[] for _ in digests]
    if not digests or not any(digests[0].algorithm in opened.algorithms for opened in lists.opened):
        return matches
    listed = lists.find_digests(digests[0].algorithm, codes_of(digests))
    for query, place, number in zip(
        listed.queries.tolist(), listed.lists.tolist(), listed.entries.tolist(), strict=True
    ):
        matches[query].append(_by_digest(lists.opened[place], number, digests[query]))
    return matches


def _by_digest(opened: OpenList, number: int, digest: Hash) -> Matched:
    """The match of a digest with entry `number` of a list. One of trivial content is not notable."""
    entry = opened.entry(number)
    trivial = trivial_content(digest.algorithm, digest.value) is not None
    match = Match(
        list=opened.name,
        entry=entry.id,
        category=entry.category,
        algorithm=digest.algorithm,
        value=digest.value,
        entry_value=digest.value,
        distance=0,
        threshold=0,
        quality=None,
        region=None,
        transform=TRANSFORMS[0],
        trivial=trivial,
    )
    return Matched(match, opened.facts.profile.meaning(entry.category, trivial=trivial), by_digest=True)
