"""A picture's bytes → its hashes and matches: screened on a reduced picture, confirmed on the whole one.

The screen decides one thing only: whether a rendering of the picture, or a part of it, may match an entry. A rendering
or part that may not match keeps its screened hashes. One that may match, or whose reduced picture is not informative,
is hashed from all of its pixels, as if there were no screen. So matches and findings are the same with the screen and
without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from matcher.errors import DecodeError
from matcher.examine.grounds import Grounds
from matcher.examine.parts import Part, PartFinder
from matcher.imaging.decode import Decoded, DecodedReduced, decode, decode_reduced
from matcher.imaging.embedded import find
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.sniff import Kind
from matcher.lookup.all_algorithms import CombinedLookup
from matcher.lookup.outcome import Matched
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import OrientationHashes, Reason
from matcher.settings import Settings


@dataclass(slots=True)
class PictureResult:
    """The hashes and matches of a picture, up to its end or up to the failure that ended its examination."""

    width: int | None = None
    height: int | None = None
    reason: Reason | None = None
    """Why the file could not be read whole; None where it was."""
    skipped_parts: tuple[str, ...] = ()
    """The kinds of parts of the file that were not looked at."""
    pictures: list[OrientationHashes] = field(default_factory=list)
    matched: list[Matched] = field(default_factory=list)


@dataclass(slots=True)
class _ScreenedRendering:
    """What the reduced picture of one rendering shows.

    `size` is the width and height of the whole picture. `screened` are the hashes of the reduced one; None where the
    whole picture must be hashed. `near_parts` are the places in `parts` of those that may match an entry: these are
    hashed from the whole picture.
    """

    size: tuple[int, int]
    screened: list[OrientationHashes] | None
    parts: Sequence[Part] = ()
    near_parts: frozenset[int] = frozenset()

    @property
    def is_conclusive(self) -> bool:
        """Whether the whole picture need not be decoded."""
        return self.screened is not None and not self.near_parts


class PictureExaminer:
    """Decodes, hashes and looks up pictures, by the lookups of each algorithm. Immutable."""

    def __init__(self, lookups: CombinedLookup, settings: Settings) -> None:
        self._lookups = lookups
        self._screens = bool(lookups.each) and all(lookup.screener is not None for lookup in lookups.each)
        """Whether reduced pictures are looked up: by all algorithms, or by none."""
        self._finder = _finder(lookups, settings)
        self._limits = settings.limits

    def examine(self, data: bytes, kind: Kind, result: PictureResult, beat: Callable[[], None]) -> None:
        """Fill `result`. DecodeError where nothing can be decoded; hashes and matches collected before it remain."""
        found = find(data, kind, self._limits)
        beat()
        uses_reduced = self._screens or self._finder is not None
        reduced = decode_reduced(data, kind, self._limits, found) if uses_reduced else None
        screened_renderings = self._screened_renderings(reduced, beat)
        if reduced is not None and all(rendering.is_conclusive for rendering in screened_renderings.values()):
            for rendering in screened_renderings.values():
                if result.width is None:
                    result.width, result.height = rendering.size
                self._add_screened(rendering, result)
            result.reason, result.skipped_parts = reduced.reason, reduced.skipped_parts
            return
        decoded = decode(data, kind, self._limits, found)
        result.width, result.height = decoded.width, decoded.height
        self._examine_renderings(decoded, screened_renderings, result, beat)
        result.reason, result.skipped_parts = decoded.reason, decoded.skipped_parts

    def _screened_renderings(
        self, reduced: DecodedReduced | None, beat: Callable[[], None]
    ) -> dict[str, _ScreenedRendering]:
        """The screened renderings of a file, by name; empty where no reduced picture is available or used."""
        renderings = () if reduced is None else reduced.renderings
        grounds = Grounds()
        return {each.rendering: self._screen(each, grounds, beat) for each in renderings}

    def _examine_renderings(
        self,
        decoded: Decoded,
        screened_renderings: dict[str, _ScreenedRendering],
        result: PictureResult,
        beat: Callable[[], None],
    ) -> None:
        grounds = Grounds()
        for picture in decoded.renderings(beat):
            rendering = screened_renderings.pop(picture.rendering, None)
            if rendering is None:
                reduces = picture.is_reducible and (self._screens or self._finder is not None)
                if reduces:
                    rendering = self._screen(picture.reduced(), grounds, beat)
                else:
                    rendering = _ScreenedRendering(picture.image.size, None)
            if rendering.screened is None:
                self._confirm(picture, None, result, beat)
            else:
                result.pictures.extend(rendering.screened)
            for place, part in enumerate(rendering.parts):
                if self._screens and place not in rendering.near_parts:
                    result.pictures.extend(part.screened.values())
                else:
                    self._confirm(part.cut_from(picture), part, result, beat)
            beat()
            del picture  # or it would be held while the next rendering is made

    def _confirm(self, picture: Picture, part: Part | None, result: PictureResult, beat: Callable[[], None]) -> None:
        """Hash a whole picture, or a part that was cut from one, by the reference, and look the hashes up."""
        hashes: dict[str, OrientationHashes] = {}
        try:
            for lookup in self._lookups.each:
                try:
                    hashes[lookup.algorithm] = lookup.turned(picture, None if part is None else part.region)
                except DecodeError as error:
                    if part is None or error.reason is not Reason.HASHER_FAILED:
                        raise
                    continue  # a plug-in that fails at a part: most are never hashed by the reference at all
                result.pictures.append(hashes[lookup.algorithm])
                beat()
        finally:  # hashes computed before a failure are looked up all the same
            matches = self._lookups.matches(hashes, lambda lookup, transform: lookup.confirm(picture, transform))
            result.matched.extend(matches)
        beat()

    @staticmethod
    def _add_screened(rendering: _ScreenedRendering, result: PictureResult) -> None:
        result.pictures.extend(rendering.screened or ())
        for part in rendering.parts:
            result.pictures.extend(part.screened.values())

    def _screen(self, reduced: Reduced, grounds: Grounds, beat: Callable[[], None]) -> _ScreenedRendering:
        """Hash and look up the reduced picture of one rendering, and its parts. `grounds` are those of the file."""
        size = reduced.width, reduced.height
        screened = self._screened(reduced, cache(reduced.finer)) if self._screens else None
        beat()
        if self._finder is None or not grounds.may_add_parts(reduced):
            return _ScreenedRendering(size, screened)
        parts = self._finder.parts_of(reduced, beat)
        near = [self._screens and self._lookups.may_match(part.screened) for part in parts]
        beat()
        near_parts = frozenset(place for place, is_near in enumerate(near) if is_near)
        return _ScreenedRendering(size, screened, parts, near_parts)

    def _screened(self, reduced: Reduced, finer: Callable[[], Reduced | None]) -> list[OrientationHashes] | None:
        """The hashes of a reduced picture; None where the whole picture must be hashed.

        It must where it may match, and where only its quality tells whether it was compared.
        """
        hashes: dict[str, OrientationHashes] = {}
        for lookup in self._lookups.each:
            turned = lookup.screened(reduced)
            if lookup.screen.marks_doubtful and (turned is None or self._may_match(lookup, turned, hashes)):
                view = finer()  # no bit is in doubt where nothing is reduced
                turned = None if view is None else lookup.screened(view)
            if turned is None or (self._lookups.decides_alone(lookup) and self._may_match(lookup, turned, hashes)):
                return None
            hashes[lookup.algorithm] = turned
        if self._lookups.may_match(hashes) or self._lookups.compared(hashes) is None:
            return None
        return list(hashes.values())

    def _may_match(
        self, lookup: PictureLookup, turned: OrientationHashes, earlier: Mapping[str, OrientationHashes]
    ) -> bool:
        """Whether the hashes may match by one algorithm alone; those of `earlier` algorithms tell their kind."""
        return self._lookups.may_match_alone(lookup, {**earlier, turned.algorithm: turned})


def _finder(lookups: CombinedLookup, settings: Settings) -> PartFinder | None:
    """The finder of the parts that are looked up; None where none are: without a list, or by the settings."""
    reframings = settings.reframings
    if not (settings.regions or reframings) or not any(lookup.lists.opened for lookup in lookups.each):
        return None
    hashers = [lookup.hasher for lookup in lookups.each]
    return PartFinder(hashers, regions=settings.regions, reframings=reframings)
