"""A picture's bytes → its hashes and matches: screened on a reduced picture, confirmed on the whole one.

The screen decides one thing only: whether a rendering of the picture, or a part of it, may match an entry. What may
not keeps its screened hashes; what may, or a picture of which the reduced one says too little, is hashed from all of
its pixels, as if there were no screen. So what is found, and what a finding says, is the same with it and without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from matcher.errors import DecodeError
from matcher.examine.parts import Part, PartFinder
from matcher.imaging.decode import Decoded, decode, decode_reduced
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.sniff import Kind
from matcher.lookup.all_algorithms import CombinedLookup
from matcher.lookup.outcome import Matched
from matcher.model import OrientationHashes, Reason
from matcher.settings import Settings


@dataclass(slots=True)
class PictureResult:
    """What was seen of a picture, by the time that it ended or failed."""

    width: int | None = None
    height: int | None = None
    reason: Reason | None = None
    """Why the file could not be read whole; None where it was."""
    pictures: list[OrientationHashes] = field(default_factory=list)
    matched: list[Matched] = field(default_factory=list)


@dataclass(slots=True)
class _Look:
    """What a reduced picture says of one rendering.

    `screened` are its hashes; None where the whole picture must be hashed. `parts` whose place is in `near` are near
    something, and had from the whole picture.
    """

    size: tuple[int, int]
    screened: list[OrientationHashes] | None
    parts: Sequence[Part] = ()
    near: frozenset[int] = frozenset()

    @property
    def is_enough(self) -> bool:
        """Whether the whole picture need not be decoded."""
        return self.screened is not None and not self.near


class PictureExaminer:
    """Decodes, hashes and looks up pictures, by the lookups of each algorithm. Immutable."""

    def __init__(self, lookups: CombinedLookup, settings: Settings) -> None:
        self._lookups = lookups
        self._screens = bool(lookups.each) and all(lookup.screener is not None for lookup in lookups.each)
        """Whether reduced pictures are looked up: by all algorithms, or by none."""
        self._finder = _finder(lookups, settings)
        self._limits = settings.limits

    def examine(self, data: bytes, kind: Kind, seen: PictureResult, beat: Callable[[], None]) -> None:
        """Fill `seen`. DecodeError where nothing can be shown; what was found by then stands."""
        looks = self._looks(data, kind, beat)
        if looks and all(look.is_enough for look in looks.values()):
            for look in looks.values():
                if seen.width is None:
                    seen.width, seen.height = look.size
                self._keep(look, seen)
            return
        decoded = decode(data, kind, self._limits)
        seen.width, seen.height = decoded.width, decoded.height
        self._examine_renderings(decoded, looks, seen, beat)
        seen.reason = decoded.reason

    def _looks(self, data: bytes, kind: Kind, beat: Callable[[], None]) -> dict[str, _Look]:
        """By rendering, what a file's reduced pictures say; nothing where there are none to be had."""
        if not self._screens and self._finder is None:
            return {}
        reduced = decode_reduced(data, kind, self._limits) or ()
        return {each.rendering: self._look(each, beat) for each in reduced}

    def _examine_renderings(
        self, decoded: Decoded, looks: dict[str, _Look], seen: PictureResult, beat: Callable[[], None]
    ) -> None:
        for picture in decoded.renderings():
            look = looks.pop(picture.rendering, None)
            if look is None:
                reduces = picture.is_reducible and (self._screens or self._finder is not None)
                look = self._look(picture.reduced(), beat) if reduces else _Look(picture.image.size, None)
            if look.screened is None:
                self._confirm(picture, None, seen, beat)
            else:
                seen.pictures.extend(look.screened)
            for place, part in enumerate(look.parts):
                if self._screens and place not in look.near:
                    seen.pictures.extend(part.screened.values())
                else:
                    self._confirm(part.of(picture), part, seen, beat)
            beat()
            del picture  # or it would be held while the next rendering is made

    def _confirm(self, picture: Picture, part: Part | None, seen: PictureResult, beat: Callable[[], None]) -> None:
        """Hash a whole picture, or a part that was had from one, by the reference, and look that up."""
        found: dict[str, OrientationHashes] = {}
        try:
            for lookup in self._lookups.each:
                try:
                    found[lookup.algorithm] = lookup.turned(picture, None if part is None else part.region)
                except DecodeError as error:
                    if part is None or error.reason is not Reason.HASHER_FAILED:
                        raise
                    continue  # a plug-in that fails at a part: most are never hashed by the reference at all
                seen.pictures.append(found[lookup.algorithm])
                beat()
        finally:  # what was hashed before a failure is looked up all the same
            told = self._lookups.matches(found, lambda lookup, transform: lookup.confirm(picture, transform))
            seen.matched.extend(told)
        beat()

    @staticmethod
    def _keep(look: _Look, seen: PictureResult) -> None:
        seen.pictures.extend(look.screened or ())
        for part in look.parts:
            seen.pictures.extend(part.screened.values())

    def _look(self, reduced: Reduced, beat: Callable[[], None]) -> _Look:
        """What one rendering's reduced picture says."""
        size = reduced.width, reduced.height
        screened = self._screened(reduced, cache(reduced.finer)) if self._screens else None
        beat()
        if self._finder is None:
            return _Look(size, screened)
        parts = self._finder.parts_of(reduced, beat)
        near = [self._screens and self._lookups.may_match(part.screened) for part in parts]
        beat()
        return _Look(size, screened, parts, frozenset(place for place, is_near in enumerate(near) if is_near))

    def _screened(self, reduced: Reduced, finer: Callable[[], Reduced | None]) -> list[OrientationHashes] | None:
        """The hashes of one rendering; None where the whole picture must be looked at."""
        found: dict[str, OrientationHashes] = {}
        for lookup in self._lookups.each:
            turned = lookup.screened(reduced)
            if lookup.screen.marks_doubtful and (turned is None or lookup.may_match(turned)):
                view = finer()  # doubts vanish where nothing is reduced
                turned = None if view is None else lookup.screened(view)
            if turned is None or (self._lookups.decides_alone(lookup) and lookup.may_match(turned)):
                return None
            found[lookup.algorithm] = turned
        return None if self._lookups.may_match(found) else list(found.values())


def _finder(lookups: CombinedLookup, settings: Settings) -> PartFinder | None:
    """What finds the parts that are asked about; None where nobody asks: without a list, or by the settings."""
    reframings = settings.max_false_matches is not None
    if not (settings.regions or reframings) or not any(lookup.lists.opened for lookup in lookups.each):
        return None
    hashers = [lookup.hasher for lookup in lookups.each]
    return PartFinder(hashers, regions=settings.regions, reframings=reframings)
