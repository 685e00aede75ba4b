"""Hashes of one item by one algorithm → matches: each listed entry within the threshold, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matcher.distances import distances as exact_distances
from matcher.distances import reach
from matcher.errors import DecodeError
from matcher.hashers import PictureHasher, Screen, ScreeningHasher, is_sound
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.lists.opened import NOTHING, Candidates
from matcher.lists.together import OpenLists
from matcher.lookup.chances import Chances
from matcher.lookup.hash_lookup import HashLookup, codes_of, nearest_rows
from matcher.lookup.outcome import Matched
from matcher.model import NO_QUALITY, TRANSFORMS, Hash, OrientationHashes, Reason, Region
from matcher.settings import Settings

Hashes = TypeVar("Hashes")


class PictureLookup:
    """Looks up all orientations of a rendering, or of a region of it, by one algorithm: screened, then confirmed."""

    def __init__(self, lists: OpenLists, settings: Settings, hasher: PictureHasher, chances: Chances) -> None:
        self.hasher = hasher
        self.hash_lookup = HashLookup(lists, settings, hasher.algorithm, chances)
        self.algorithm = self.hash_lookup.algorithm
        self.lists = lists
        self.margin = 0 if settings.exact else hasher.margin
        screens = isinstance(hasher, ScreeningHasher) and lists.opened and not settings.exact
        self.screener = hasher if isinstance(hasher, ScreeningHasher) and screens else None
        """Hashes reduced pictures; None where none may be screened. Without a list only reference hashes are wanted."""
        self.is_listed = any(self.algorithm in opened.algorithms for opened in lists.opened)
        self._exact = settings.exact and hasher.margin > 0  # without a margin all orientations are reference hashes

    @property
    def screen(self) -> Screen:
        """The margins and the profile of hashes of reduced pictures; zero and empty where none are screened."""
        return Screen(0, 0, "") if self.screener is None else self.screener.screen

    def screening_quality(self, kind: str) -> int:
        """The lowest quality of a screened hash whose reference hash may be good enough to be looked up."""
        return max(0, self.hash_lookup.least_quality(kind) - self.screen.quality_margin)

    def threshold(self, kind: str) -> int:
        """The largest distance that is a match; -1 where no hash of that kind is looked up."""
        return self.hash_lookup.thresholds[kind]

    def screened(self, reduced: Reduced) -> OrientationHashes | None:
        """The hashes of a reduced picture; None where they are not informative, or the hasher fails."""
        return None if self.screener is None else screened_by(self.screener, reduced)

    def turned(self, picture: Picture, region: Region | None = None) -> OrientationHashes:
        """The eight hashes of a whole picture, or of a region that was cut out; the first is the reference hash.

        DecodeError where the hasher fails.
        """
        if self._exact:
            hashes = _call_hasher(lambda: tuple(self.hasher.confirm(picture, transform) for transform in TRANSFORMS))
        else:
            hashes = _call_hasher(lambda: self.hasher.turned(picture))
        width = self.hasher.algorithm.width
        if len(hashes) != len(TRANSFORMS) or not all(_is_sound(value, width) for value in hashes):
            raise DecodeError(Reason.HASHER_FAILED)
        return OrientationHashes.of(
            picture.rendering, hashes, (0, *[self.margin] * (len(TRANSFORMS) - 1)), region=region
        )

    def confirm(self, picture: Picture, transform: str) -> Hash:
        """The reference hash of the picture in one orientation. DecodeError where the hasher fails."""
        return _call_hasher(lambda: self.hasher.confirm(picture, transform))

    def near(
        self,
        codes: npt.NDArray[np.uint8],
        slack: Sequence[int] | npt.NDArray[np.int64],
        doubtful: npt.NDArray[np.uint8] | None = None,
        *,
        threshold: int,
        kind: str,
    ) -> Candidates:
        """Candidates within `threshold`, inclusive, of any reference hashes within `slack`, (q,), of these codes.

        `codes` are (q, width) uint8, and so are `doubtful`, the bits that may differ, where these are known. There are
        no candidates within a negative threshold.
        """
        if threshold < 0 or not self.is_listed:
            return NOTHING
        near = self.hash_lookup.near(codes, reach(self.hash_lookup.metric, threshold, int(max(slack))), kind)
        if len(near):  # within the radius of each query's own slack, not of the largest
            radii = np.array([reach(self.hash_lookup.metric, threshold, int(each)) for each in slack])
            near = near.where(near.distances <= radii[near.queries])
        if doubtful is None or not len(near):
            return near
        differing = codes[near.queries] ^ self.lists.codes(self.algorithm, near)
        in_doubt = np.bitwise_count(differing & doubtful[near.queries]).sum(axis=1)
        return near.where(near.distances - in_doubt <= threshold)

    def may_match(self, turned: OrientationHashes, kind: str) -> bool:
        """Whether screened hashes of `kind` may match an entry, so that the whole picture must be hashed."""
        return len(self.candidates_for(turned, self.threshold(kind), kind)) > 0

    def candidates_for(self, turned: OrientationHashes, threshold: int, kind: str) -> Candidates:
        """Candidates within `threshold` of any possible reference hashes; `queries` are places in TRANSFORMS."""
        if not self._may_be_good(turned, kind):
            return NOTHING
        doubtful = rows_of(turned.doubtful) if turned.doubtful else None
        return self.near(rows_of(turned.codes), turned.slack, doubtful, threshold=threshold, kind=kind)

    def matches(
        self, turned: OrientationHashes, confirm: Callable[[str], Hash | None], kind: str, low_kind: str
    ) -> list[Matched]:
        """The nearest match of the eight hashes with each listed entry: of `kind`, or of `low_kind` if they were low.

        `confirm` returns the reference hash for a transform; it is called only where there is slack. Where it returns
        None, nothing matches by that transform. Errors of the lists and of `confirm` are passed on.
        """
        near, confirmed = self.confirmed(turned, confirm, threshold=self.threshold(kind), kind=kind)
        return self.nearest(near, turned, confirmed, kind, low_kind)

    def nearest(
        self, near: Candidates, turned: OrientationHashes, confirmed: Mapping[int, Hash], kind: str, low_kind: str
    ) -> list[Matched]:
        """The match of the nearest candidate of each entry; `near` and `confirmed` are the results of `confirmed`."""
        if not len(near):
            return []
        common = np.full(len(near), self.commonness(confirmed[0]), np.int64)
        limits, groups = self.hash_lookup.limits(near, kind, low_kind, common), np.zeros_like(near.queries)
        places = nearest_rows(self.lists, self.algorithm, near, limits, groups=groups)
        chosen = [near.where(np.arange(len(near)) == place) for place in places]
        return [
            self.matched(
                one, 0, turned, confirmed, kind=kind, common=int(self.hash_lookup.common_of(one, common[:1])[0])
            )
            for one in chosen
        ]

    def commonness(self, upright: Hash) -> int:
        """The commonness of a picture, by its hash in the stored orientation."""
        return int(self.hash_lookup.commonness(codes_of([upright]))[0])

    def confirmed(
        self, turned: OrientationHashes, confirm: Callable[[str], Hash | None], *, threshold: int, kind: str
    ) -> tuple[Candidates, dict[int, Hash]]:
        """Candidates with the distances of the reference hashes, and these hashes by their places in TRANSFORMS.

        Candidates that cannot be within `threshold` are left out; others may be further away than it.
        """
        near = self.candidates_for(turned, threshold, kind)
        confirmed = dict(enumerate(turned.hashes))
        if not len(near):
            return near, confirmed
        if turned.slack[0]:
            upright = confirm(TRANSFORMS[0])
            if upright is None or not self.hash_lookup.is_good_enough(upright, kind):
                return NOTHING, confirmed
            confirmed[0] = upright
        for query in np.unique(near.queries).tolist():
            if query and turned.slack[query]:
                value = confirm(TRANSFORMS[query])
                if value is None:
                    near = near.where(near.queries != query)
                else:
                    confirmed[query] = value
        if any(turned.slack) and len(near):
            queries = codes_of([confirmed[query] for query in range(len(TRANSFORMS))])[near.queries]
            listed = self.lists.codes(self.algorithm, near)
            near = replace(near, distances=exact_distances(self.hash_lookup.metric, queries, listed))
        return near, confirmed

    def matched(
        self,
        near: Candidates,
        place: int,
        turned: OrientationHashes,
        confirmed: Mapping[int, Hash],
        *,
        kind: str,
        common: int,
    ) -> Matched:
        """The match with the candidate at `place`; `near` and `confirmed` are the results of `confirmed`.

        `common` is the lesser commonness of both hashes.
        """
        query = int(near.queries[place])
        transform = f"{turned.rendering} {TRANSFORMS[query]}" if turned.rendering else TRANSFORMS[query]
        matched = self.hash_lookup.matched(near, place, replace(confirmed[query], region=turned.region), kind, common)
        return replace(matched, match=replace(matched.match, transform=transform))

    def _may_be_good(self, turned: OrientationHashes, kind: str) -> bool:
        """Whether the reference hash may be good enough to be looked up."""
        quality = turned.qualities[0]
        least = self.screening_quality(kind) if turned.slack[0] else self.hash_lookup.least_quality(kind)
        return quality == NO_QUALITY or quality >= least


def screened_by(screener: ScreeningHasher, reduced: Reduced) -> OrientationHashes | None:
    """The hashes of a reduced picture; None where they are not informative, or the hasher fails."""
    try:
        turned = screener.screened(reduced)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a plug-in's hasher may raise anything
        return None
    return turned if turned is not None and is_sound(turned, screener) else None


def _is_sound(value: Hash, width: int) -> bool:
    return len(value.value) == width and (value.quality is None or 0 <= value.quality <= 100)


def _call_hasher(call: Callable[[], Hashes]) -> Hashes:
    """The result of a call of a hasher. Any error becomes a DecodeError."""
    try:
        return call()
    except MemoryError as error:
        raise DecodeError(Reason.OUT_OF_MEMORY) from error
    except Exception as error:  # a plug-in's hasher may raise anything: it costs one item
        raise DecodeError(Reason.HASHER_FAILED) from error


def rows_of(eight: bytes) -> npt.NDArray[np.uint8]:
    """The rows of eight hashes that are laid out one after the other, (8, width) uint8."""
    return np.frombuffer(eight, np.uint8).reshape(len(TRANSFORMS), -1)
