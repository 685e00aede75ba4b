"""The parts of a picture that are looked up beside the whole: its regions, and the picture reframed.

The parts depend only on the reduced picture and its view, which are the same with the screen and without it, so a
default examination and an exact one look up the same parts. A part is skipped where one of the hashes that can be
screened is not informative, or where its PDQ hash is regular (hashers/regularity.py): text, flat surfaces and regular
patterns are near to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from matcher.executors import no_op
from matcher.hashers import PictureHasher, ScreeningHasher
from matcher.hashers.regularity import is_informative
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.reframing import REFRAMINGS, Reframing, reframed, reframed_picture
from matcher.imaging.regions import cropped, find_regions, may_hold_regions
from matcher.lookup.picture_lookup import screened_by
from matcher.model import OrientationHashes, Region


@dataclass(frozen=True, slots=True)
class Part:
    """A region that is looked up, or else the whole picture reframed, with its screened hashes by algorithm."""

    region: Region | None
    reframing: Reframing | None
    screened: Mapping[str, OrientationHashes]

    def cut_from(self, picture: Picture) -> Picture:
        """This part of the whole picture, as a picture of its own, for the reference hash."""
        if self.reframing is not None:
            return reframed_picture(picture, self.reframing)
        return picture if self.region is None else cut_out(picture, self.region)


class PartFinder:
    """Finds the parts of pictures that are informative by all screening `hashers`. Immutable."""

    def __init__(self, hashers: Iterable[PictureHasher], *, regions: bool, reframings: bool) -> None:
        self._screeners = [hasher for hasher in hashers if isinstance(hasher, ScreeningHasher)]
        self._regions = regions
        self._reframings = REFRAMINGS if reframings else ()

    def parts_of(self, reduced: Reduced, beat: Callable[[], None] = no_op) -> tuple[Part, ...]:
        """The parts of one rendering: regions, the best first, then the picture reframed.

        There are no regions where no view of the reduced picture is available.
        """
        return (*self._region_parts(reduced, beat), *self._reframed_parts(reduced, beat))

    def _region_parts(self, reduced: Reduced, beat: Callable[[], None]) -> Iterator[Part]:
        view = reduced.view() if self._regions and may_hold_regions(reduced) else None
        if view is None:
            return
        regions = find_regions(view)
        beat()
        for region in regions:
            screened = self._screened(cropped(view, region), region)
            if screened is not None:
                yield Part(region, None, screened)
        beat()

    def _reframed_parts(self, reduced: Reduced, beat: Callable[[], None]) -> Iterator[Part]:
        for reframing in self._reframings:
            screened = self._screened(reframed(reduced, reframing), None)
            if screened is not None:
                yield Part(None, reframing, {name: self._with_full_margin(turned) for name, turned in screened.items()})
            beat()

    def _with_full_margin(self, turned: OrientationHashes) -> OrientationHashes:
        """The hashes with the full margin as slack: reframing at a reduced scale differs from reframing at full."""
        margin = next(hasher.screen.margin for hasher in self._screeners if hasher.algorithm.name == turned.algorithm)
        return replace(turned, slack=(margin,) * len(turned.slack), doubtful=bytes([255]) * len(turned.doubtful))

    def _screened(self, part: Reduced, region: Region | None) -> dict[str, OrientationHashes] | None:
        hashes: dict[str, OrientationHashes] = {}
        for screener in self._screeners:
            turned = screened_by(screener, part)
            if turned is None or not is_informative(turned):
                return None
            hashes[turned.algorithm] = replace(turned, region=region)
        return hashes


def cut_out(picture: Picture, region: Region) -> Picture:
    """A region of a whole picture, as a picture of its own, for the reference hash."""
    x, y, width, height = region
    return Picture(picture.image.crop((x, y, x + width, y + height)), rendering=picture.rendering)
