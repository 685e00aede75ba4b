"""Which regions of a picture are asked about, and their screened hashes.

What is found here follows from the reduced picture and its view alone, which are the same with the screen and without:
so a default examination and an exact one ask about the same regions. A region is passed over where one of the hashes
that can be screened says too little of it, where its PDQ hash is regular (hashers/regularity.py), or where it has
little texture: text, flat surfaces and regular patterns are near to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from matcher.executors import nothing
from matcher.hashers import PictureHasher, ScreeningHasher
from matcher.hashers.regularity import says_enough
from matcher.imaging.picture import Picture
from matcher.imaging.reduced import Reduced
from matcher.imaging.region_texture import texture_shares
from matcher.imaging.regions import cropped, find_regions, may_hold_regions
from matcher.imaging.texture import LEAST_TEXTURE
from matcher.lookup import screened_by
from matcher.model import Region, Turned


@dataclass(frozen=True, slots=True)
class Embedded:
    """A region that is asked about, and what was screened of it by each algorithm that screens."""

    region: Region
    screened: Mapping[str, Turned]


class RegionFinder:
    """Finds the regions of pictures that say enough by all of `hashers` that screen. Immutable."""

    def __init__(self, hashers: Iterable[PictureHasher]) -> None:
        self._screeners = [hasher for hasher in hashers if isinstance(hasher, ScreeningHasher)]

    def regions_of(
        self, reduced: Reduced, finer: Callable[[], Reduced | None], beat: Callable[[], None] = nothing
    ) -> tuple[Embedded, ...]:
        """The regions of one rendering, best first; none where its view cannot be had, or takes too much memory.

        `finer` gives the view, as that of `reduced` does.
        """
        if not may_hold_regions(reduced):
            return ()
        view = reduced if reduced.scale == 1 else finer()
        if view is None:
            return ()
        return tuple(self._asked(view, beat))

    def _asked(self, view: Reduced, beat: Callable[[], None]) -> Iterator[Embedded]:
        found = find_regions(view)
        textures = texture_shares(view.grey, found)
        for region, texture in zip(found, textures, strict=True):
            screened = self._screened(cropped(view, region), region) if texture >= LEAST_TEXTURE else None
            if screened is not None:
                yield Embedded(region, screened)
            beat()

    def _screened(self, part: Reduced, region: Region) -> dict[str, Turned] | None:
        found: dict[str, Turned] = {}
        for screener in self._screeners:
            turned = screened_by(screener, part)
            if turned is None or not says_enough(turned):
                return None
            found[turned.algorithm] = replace(turned, region=region)
        return found


def cut_out(picture: Picture, region: Region) -> Picture:
    """A region of a whole picture, as a picture of its own, of which the reference hash is taken."""
    x, y, width, height = region
    return Picture(picture.image.crop((x, y, x + width, y + height)), rendering=picture.rendering)
