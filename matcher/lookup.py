"""Hashes of one item → matches: which listed entries are within the threshold, each once, nearest first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Algorithm
from matcher.distances import distances as exact_distances
from matcher.distances import reach
from matcher.errors import DecodeError
from matcher.hashers import PictureHasher, Screen, ScreeningHasher, is_sound
from matcher.imaging.picture import Picture
from matcher.imaging.reduced import Reduced
from matcher.lists.opened import Nearby, OpenList
from matcher.lists.together import OpenLists
from matcher.model import LOW_QUALITY, NO_QUALITY, TRANSFORMS, Disposition, Finding, Hash, Match, Reason, Turned
from matcher.renderings import parse_transform
from matcher.settings import MAX_MATCHES, Settings

MAX_FORM = 60_000
"""Bytes of a finding's JSON form, at most: a ledger entry holds 65,535, some of them the entry's own."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Matched:
    """A match with what its list's profile says of the entry's category."""

    match: Match
    disposition: Disposition
    by_digest: bool


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


def match_digests(lists: OpenLists, digests: Iterable[Hash]) -> list[Matched]:
    """Every listed entry with one of the file's digests."""
    return [matched for digest in digests for matched in match_each_digest(lists, [digest])[0]]


def match_each_digest(lists: OpenLists, digests: Sequence[Hash]) -> list[list[Matched]]:
    """For each of these digests of one algorithm, which belong to different files, every listed entry with it."""
    found: list[list[Matched]] = [[] for _ in digests]
    if not digests or not any(digests[0].algorithm in opened.algorithms for opened in lists.opened):
        return found
    listed = lists.find_digests(digests[0].algorithm, codes_of(digests))
    for query, place, number in zip(
        listed.queries.tolist(), listed.lists.tolist(), listed.entries.tolist(), strict=True
    ):
        found[query].append(_by_digest(lists.opened[place], number, digests[query]))
    return found


def _by_digest(opened: OpenList, number: int, digest: Hash) -> Matched:
    """The match of a digest with the entry of that number."""
    entry = opened.entry(number)
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
    )
    return Matched(match, opened.disposition(entry), by_digest=True)


class HashLookup:
    """Looks hashes of one perceptual algorithm up, as they are, in all lists at once. Needs no hasher."""

    def __init__(self, lists: OpenLists, settings: Settings, facts: Algorithm) -> None:
        self.metric = facts.metric
        self.algorithm = facts.name
        self.lists = lists
        self.quality = settings.quality(facts.name)
        self.threshold = settings.threshold(facts.name)

    def asks(self, value: Hash) -> bool:
        """Whether the hash of a picture as it stands is good enough to be looked up."""
        return value.quality is None or value.quality >= self.quality

    def each(self, hashes: Sequence[Hash]) -> list[list[Matched]]:
        """For each of these reference hashes, which belong to different pictures, its match with each listed entry."""
        found: list[list[Matched]] = [[] for _ in hashes]
        asked = [number for number, value in enumerate(hashes) if self.asks(value)]
        if not asked:
            return found
        near = self.near(codes_of([hashes[number] for number in asked]), self.threshold)
        for place in _nearest(self.lists, self.algorithm, near, self.threshold, groups=near.queries):
            number = asked[int(near.queries[place])]
            found[number].append(self.matched(near, place, hashes[number]))
        return found

    def near(self, codes: npt.NDArray[np.uint8], radius: int) -> Nearby:
        """What lies within a radius of codes, (q, width) uint8."""
        return self.lists.find_near(self.algorithm, codes, radius=radius, minimum_quality=self.quality)

    def matched(self, near: Nearby, place: int, value: Hash) -> Matched:
        """The match of a hash, of a picture as it stands, with the listed one in that place of `near`."""
        opened = self.lists.opened[int(near.lists[place])]
        entry = opened.entry(int(near.entries[place]))
        match = Match(
            list=opened.name,
            entry=entry.id,
            category=entry.category,
            algorithm=self.algorithm,
            value=value.value,
            entry_value=opened.code(self.algorithm, int(near.rows[place])),
            distance=int(near.distances[place]),
            threshold=self.threshold,
            quality=value.quality,
            region=None,
            transform=TRANSFORMS[0],
        )
        return Matched(match, opened.disposition(entry), by_digest=False)


class PictureLookup:
    """Looks one rendering of a picture up by one algorithm: all orientations, screened, then confirmed."""

    def __init__(self, lists: OpenLists, settings: Settings, hasher: PictureHasher) -> None:
        self.hasher = hasher
        self._listed = HashLookup(lists, settings, hasher.algorithm)
        self.algorithm = self._listed.algorithm
        self.lists = lists
        self.margin = 0 if settings.exact else hasher.margin
        screens = isinstance(hasher, ScreeningHasher) and lists.opened and not settings.exact
        self.screener = hasher if isinstance(hasher, ScreeningHasher) and screens else None
        """What screens on a reduced picture, if anything may. Without a list reference hashes are what is wanted."""
        self.quality = self._listed.quality
        self._is_listed = any(self.algorithm in opened.algorithms for opened in lists.opened)
        self._exact = settings.exact and hasher.margin > 0  # without a margin, the screen is the reference

    @property
    def screen(self) -> Screen:
        """How hashes of reduced pictures come about; with no margins where none are screened."""
        return Screen(0, 0, "") if self.screener is None else self.screener.screen

    @property
    def asked_quality(self) -> int:
        """The lowest quality of a screened hash that may belong to a reference hash which is good enough."""
        return max(0, self.quality - self.screen.quality_margin)

    def radius(self, slack: int) -> int:
        """How far an entry may be from a hash that is within `slack` of the reference."""
        return reach(self._listed.metric, self._listed.threshold, slack)

    def screened(self, reduced: Reduced) -> Turned | None:
        """The hashes of a reduced picture; None where they say too little or the hasher fails: the whole may do."""
        if self.screener is None:
            return None
        try:
            turned = self.screener.screened(reduced)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a plug-in's hasher may raise anything
            return None
        return turned if turned is not None and is_sound(turned, self.screener) else None

    def turned(self, picture: Picture) -> Turned:
        """The eight hashes of a whole picture, which is the reference as it stands. DecodeError where that fails."""
        if self._exact:
            hashes = _ask(lambda: tuple(self.hasher.confirm(picture, transform) for transform in TRANSFORMS))
        else:
            hashes = _ask(lambda: self.hasher.turned(picture))
        width = self.hasher.algorithm.width
        if len(hashes) != len(TRANSFORMS) or not all(_is_sound(value, width) for value in hashes):
            raise DecodeError(Reason.HASHER_FAILED)
        return Turned.of(picture.rendering, hashes, (0, *[self.margin] * (len(TRANSFORMS) - 1)))

    def confirm(self, picture: Picture, transform: str) -> Hash:
        """The reference hash of the picture turned. DecodeError where the hasher fails."""
        return _ask(lambda: self.hasher.confirm(picture, transform))

    def near(
        self,
        codes: npt.NDArray[np.uint8],
        slack: Sequence[int] | npt.NDArray[np.int64],
        doubtful: npt.NDArray[np.uint8] | None = None,
    ) -> Nearby:
        """What may be within the threshold of the reference hashes that are within `slack`, (q,), of these codes.

        `codes` are (q, width) uint8, and so is `doubtful`: the bits that may differ, where that is known.
        """
        near = self._listed.near(codes, self.radius(int(max(slack))))
        if len(near):  # near enough to each hash for its own slack, not for the largest
            radii = np.array([self.radius(int(each)) for each in slack])
            near = near.where(near.distances <= radii[near.queries])
        if doubtful is None or not len(near):
            return near
        differing = codes[near.queries] ^ self.lists.codes(self.algorithm, near)
        in_doubt = np.bitwise_count(differing & doubtful[near.queries]).sum(axis=1)
        return near.where(near.distances - in_doubt <= self._listed.threshold)

    def may_match(self, turned: Turned) -> bool:
        """Whether the whole picture may match anything, so that it must be looked at."""
        return self._is_listed and self._may_be_good(turned) and len(self._near(turned)) > 0

    def _near(self, turned: Turned) -> Nearby:
        return self.near(_rows(turned.codes), turned.slack, _rows(turned.doubtful) if turned.doubtful else None)

    def matches(self, turned: Turned, confirm: Callable[[str], Hash | None]) -> list[Matched]:
        """The nearest match of the eight hashes with each listed entry.

        `confirm` gives the reference hash for a transform; it is asked only where there is slack. Where it has none,
        nothing matches by that transform. What the lists and `confirm` raise is theirs.
        """
        if not self._is_listed or not self._may_be_good(turned):
            return []
        near = self._near(turned)
        if not len(near):
            return []
        confirmed = dict(enumerate(turned.hashes))
        if turned.slack[0]:
            upright = confirm(TRANSFORMS[0])
            if upright is None or not self._listed.asks(upright):
                return []
            confirmed[0] = upright
        for query in np.unique(near.queries).tolist():
            if query and turned.slack[query]:
                value = confirm(TRANSFORMS[query])
                if value is None:
                    near = near.where(near.queries != query)
                else:
                    confirmed[query] = value
        if any(turned.slack) and len(near):
            asked = codes_of([confirmed[query] for query in range(len(TRANSFORMS))])[near.queries]
            listed = self.lists.codes(self.algorithm, near)
            near = replace(near, distances=exact_distances(self._listed.metric, asked, listed))
        found = []
        groups = np.zeros_like(near.queries)
        for place in _nearest(self.lists, self.algorithm, near, self._listed.threshold, groups=groups):
            query = int(near.queries[place])
            transform = f"{turned.rendering} {TRANSFORMS[query]}" if turned.rendering else TRANSFORMS[query]
            matched = self._listed.matched(near, place, confirmed[query])
            found.append(replace(matched, match=replace(matched.match, transform=transform)))
        return found

    def _may_be_good(self, turned: Turned) -> bool:
        """Whether the quality of the reference hash may be one that is looked up."""
        quality = turned.qualities[0]
        return quality == NO_QUALITY or quality >= (self.asked_quality if turned.slack[0] else self.quality)


def _nearest(
    lists: OpenLists, algorithm: str, near: Nearby, threshold: int, *, groups: npt.NDArray[np.int64]
) -> list[int]:
    """The places of each group's nearest row of each entry, within the threshold; of equals the least hash's.

    One lookup may find a row by several queries of one group: eight, for the orientations of a picture.
    """
    within = np.flatnonzero(near.distances <= threshold)
    keys = (near.queries, near.distances, near.entries, near.lists, groups)
    order = within[np.lexsort([key[within] for key in (near.rows, *keys)])]
    tied = _repeats(keys, order)
    if tied.any():  # rows are numbered otherwise where the same list is cut into other records or parts
        some = np.zeros(len(near), bool)
        some[order[1:][tied]] = some[order[:-1][tied]] = True
        ranks = np.zeros(len(near), np.int64)
        ranks[some] = np.unique(lists.codes(algorithm, near.where(some)), axis=0, return_inverse=True)[1].reshape(-1)
        order = within[np.lexsort([key[within] for key in (near.rows, ranks, *keys)])]
    first = np.ones(len(order), bool)
    first[1:] = ~_repeats((near.entries, near.lists, groups), order)
    places: list[int] = order[first].tolist()
    return places


def _repeats(keys: Sequence[npt.NDArray[Any]], order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which places of `order` but the first have the same keys as the one before."""
    same = [key[order][1:] == key[order][:-1] for key in keys]
    return np.asarray(np.logical_and.reduce(same))


def _is_sound(value: Hash, width: int) -> bool:
    return len(value.value) == width and (value.quality is None or 0 <= value.quality <= 100)


def _ask(hash_it: Callable[[], Answer]) -> Answer:
    try:
        return hash_it()
    except MemoryError as error:
        raise DecodeError(Reason.OUT_OF_MEMORY) from error
    except Exception as error:  # a plug-in's hasher may raise anything: it costs one item
        raise DecodeError(Reason.HASHER_FAILED) from error


def _rows(eight: bytes) -> npt.NDArray[np.uint8]:
    """(8, width) uint8."""
    return np.frombuffer(eight, np.uint8).reshape(len(TRANSFORMS), -1)


def codes_of(hashes: Sequence[Hash]) -> npt.NDArray[np.uint8]:
    """The values of hashes of one algorithm, (n, width) uint8."""
    return np.frombuffer(b"".join(value.value for value in hashes), np.uint8).reshape(len(hashes), -1)


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
    return tuple(dict.fromkeys(Hash(match.algorithm, match.value, match.quality) for match in matches))


def _preference(candidate: Matched) -> tuple[int, int, int, int, bytes]:
    """Nearest first; of equals the earlier frame, the picture as it stands, the earlier orientation."""
    match = candidate.match
    frame, kind, orientation = parse_transform(match.transform)
    return match.distance, frame, kind, TRANSFORMS.index(orientation), match.entry_value
