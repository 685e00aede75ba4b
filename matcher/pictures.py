"""A picture's bytes → its hashes and matches: screened on a reduced picture, confirmed on the whole one.

The screen decides one thing only: whether a rendering of the picture, or a region of it, may match an entry. What may
not keeps its screened hashes; what may, or a picture of which the reduced one says too little, is hashed from all of
its pixels, as if there were no screen. So what is found, and what a finding says, is the same with it and without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from matcher.embedded import Embedded, RegionFinder, cut_out
from matcher.errors import DecodeError
from matcher.imaging.decode import Decoded, decode, decode_reduced
from matcher.imaging.picture import Picture
from matcher.imaging.reduced import Reduced
from matcher.imaging.sniff import Kind
from matcher.lookups import Lookups
from matcher.model import Reason, Region, Turned
from matcher.outcome import Matched
from matcher.settings import Settings


@dataclass(slots=True)
class Seen:
    """What was seen of a picture, by the time that it ended or failed."""

    width: int | None = None
    height: int | None = None
    reason: Reason | None = None
    """Why the file could not be read whole; None where it was."""
    pictures: list[Turned] = field(default_factory=list)
    matched: list[Matched] = field(default_factory=list)


@dataclass(slots=True)
class _Look:
    """What a reduced picture says of one rendering.

    `screened` are its hashes; None where the whole picture must be hashed. `regions` that are `near` something are cut
    out of the whole picture.
    """

    size: tuple[int, int]
    screened: list[Turned] | None
    regions: Sequence[Embedded] = ()
    near: frozenset[Region] = frozenset()

    @property
    def is_enough(self) -> bool:
        """Whether the whole picture need not be decoded."""
        return self.screened is not None and not self.near


class PictureExaminer:
    """Decodes, hashes and looks up pictures, by the lookups of each algorithm. Immutable."""

    def __init__(self, lookups: Lookups, settings: Settings) -> None:
        self._lookups = lookups
        self._screens = bool(lookups.each) and all(lookup.screener is not None for lookup in lookups.each)
        """Whether reduced pictures are looked up: by all algorithms, or by none."""
        wanted = settings.regions and bool(lookups.each) and any(lookup.lists.opened for lookup in lookups.each)
        self._finder = RegionFinder(lookup.hasher for lookup in lookups.each) if wanted else None
        """Without a list nobody asks for regions."""
        self._limits = {
            "max_pixels": settings.max_pixels,
            "max_frames": settings.max_frames,
            "max_total_pixels": settings.max_total_pixels,
        }

    def examine(self, data: bytes, kind: Kind, seen: Seen, beat: Callable[[], None]) -> None:
        """Fill `seen`. DecodeError where nothing can be shown; what was found by then stands."""
        looks = self._looks(data, kind, beat)
        if looks and all(look.is_enough for look in looks.values()):
            for look in looks.values():
                if seen.width is None:
                    seen.width, seen.height = look.size
                self._keep(look, seen)
            return
        decoded = decode(data, kind, **self._limits)
        seen.width, seen.height = decoded.width, decoded.height
        self._examine_renderings(decoded, looks, seen, beat)
        seen.reason = decoded.reason

    def _looks(self, data: bytes, kind: Kind, beat: Callable[[], None]) -> dict[str, _Look]:
        """By rendering, what a file's reduced pictures say; nothing where there are none to be had."""
        if not self._screens and self._finder is None:
            return {}
        reduced = decode_reduced(data, kind, **self._limits) or ()
        return {each.rendering: self._look(each, beat) for each in reduced}

    def _examine_renderings(
        self, decoded: Decoded, looks: dict[str, _Look], seen: Seen, beat: Callable[[], None]
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
            for embedded in look.regions:
                if self._screens and embedded.region not in look.near:
                    seen.pictures.extend(embedded.screened.values())
                else:
                    self._confirm(cut_out(picture, embedded.region), embedded.region, seen, beat)
            beat()
            del picture  # or it would be held while the next rendering is made

    def _confirm(self, picture: Picture, region: Region | None, seen: Seen, beat: Callable[[], None]) -> None:
        """Hash a whole picture, or a region that is cut out, by the reference, and look that up."""
        found: dict[str, Turned] = {}
        try:
            for lookup in self._lookups.each:
                try:
                    found[lookup.algorithm] = lookup.turned(picture, region)
                except DecodeError as error:
                    if region is None or error.reason is not Reason.HASHER_FAILED:
                        raise
                    continue  # a plug-in that fails at a cutting: most are never hashed by the reference at all
                seen.pictures.append(found[lookup.algorithm])
                beat()
        finally:  # what was hashed before a failure is looked up all the same
            told = self._lookups.matches(found, lambda lookup, transform: lookup.confirm(picture, transform))
            seen.matched.extend(told)
        beat()

    @staticmethod
    def _keep(look: _Look, seen: Seen) -> None:
        seen.pictures.extend(look.screened or ())
        for embedded in look.regions:
            seen.pictures.extend(embedded.screened.values())

    def _look(self, reduced: Reduced, beat: Callable[[], None]) -> _Look:
        """What one rendering's reduced picture says."""
        size, finer = (reduced.width, reduced.height), cache(reduced.finer)
        screened = self._screened(reduced, finer) if self._screens else None
        beat()
        if self._finder is None:
            return _Look(size, screened)
        regions = self._finder.regions_of(reduced, finer, beat)
        near = frozenset(found.region for found in regions if self._screens and self._lookups.may_match(found.screened))
        beat()
        return _Look(size, screened, regions, near)

    def _screened(self, reduced: Reduced, finer: Callable[[], Reduced | None]) -> list[Turned] | None:
        """The hashes of one rendering; None where the whole picture must be looked at."""
        found: dict[str, Turned] = {}
        for lookup in self._lookups.each:
            turned = lookup.screened(reduced)
            if lookup.screen.tells_doubts and (turned is None or lookup.may_match(turned)):
                view = finer()  # doubts vanish where nothing is reduced
                turned = None if view is None else lookup.screened(view)
            if turned is None or (self._lookups.decides_alone(lookup) and lookup.may_match(turned)):
                return None
            found[lookup.algorithm] = turned
        return None if self._lookups.may_match(found) else list(found.values())
