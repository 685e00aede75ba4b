"""A picture's bytes → its hashes and matches: screened on a reduced picture, confirmed on the whole one.

The screen decides one thing only: whether the whole picture may match an entry. Where it may not, its hashes are kept
as they are; where it may, or the reduced picture says too little, everything is computed from the whole picture, as if
there were no screen. So what is found, and what a finding says, is the same with it and without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from matcher.imaging.decode import Decoded, decode, decode_reduced
from matcher.imaging.picture import Picture
from matcher.imaging.reduced import Reduced
from matcher.imaging.sniff import Kind
from matcher.lookup import Matched, PictureLookup
from matcher.model import Reason, Turned
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


class PictureExaminer:
    """Decodes, hashes and looks up pictures, by the lookups of each algorithm. Immutable."""

    def __init__(self, lookups: Sequence[PictureLookup], settings: Settings) -> None:
        self._lookups = tuple(lookups)
        self._screens = bool(self._lookups) and all(lookup.screener is not None for lookup in self._lookups)
        self._limits = {
            "max_pixels": settings.max_pixels,
            "max_frames": settings.max_frames,
            "max_total_pixels": settings.max_total_pixels,
        }

    def examine(self, data: bytes, kind: Kind, seen: Seen, beat: Callable[[], None]) -> None:
        """Fill `seen`. DecodeError where nothing can be shown; what was found by then stands."""
        whole = False
        if self._screens:
            reduced = decode_reduced(data, kind, **self._limits)
            if reduced is not None:
                screened = self._all_screened(reduced)
                beat()
                if screened is not None:
                    seen.width, seen.height = reduced[0].width, reduced[0].height
                    seen.pictures.extend(screened)
                    return
                whole = True
        decoded = decode(data, kind, **self._limits)
        seen.width, seen.height = decoded.width, decoded.height
        self._examine_renderings(decoded, seen, beat, whole=whole)
        seen.reason = decoded.reason

    def _examine_renderings(self, decoded: Decoded, seen: Seen, beat: Callable[[], None], *, whole: bool) -> None:
        for picture in decoded.renderings():
            screens = self._screens and not whole and picture.is_reducible
            screened = self._screened(picture.reduced()) if screens else None
            if screened is None:
                self._confirm(picture, seen, beat)
            else:
                seen.pictures.extend(screened)
            beat()
            del picture  # or it would be held while the next rendering is made

    def _confirm(self, picture: Picture, seen: Seen, beat: Callable[[], None]) -> None:
        """Hash a whole picture by the reference, and look that up."""
        for lookup in self._lookups:
            turned = lookup.turned(picture)
            seen.pictures.append(turned)
            seen.matched.extend(lookup.matches(turned, partial(lookup.confirm, picture)))
            beat()

    def _all_screened(self, reduced: Sequence[Reduced]) -> list[Turned] | None:
        """The hashes of every rendering; None where any may match."""
        found: list[Turned] = []
        for each in reduced:
            screened = self._screened(each)
            if screened is None:
                return None
            found.extend(screened)
        return found

    def _screened(self, reduced: Reduced) -> list[Turned] | None:
        """The hashes of one rendering; None where the whole picture must be looked at."""
        found: list[Turned] = []
        finer: Reduced | None = None
        for lookup in self._lookups:
            turned = _unless_near(lookup, reduced)
            if turned is None and lookup.screen.tells_doubts:  # they vanish where nothing is reduced
                finer = finer or reduced.finer()
                turned = None if finer is None else _unless_near(lookup, finer)
            if turned is None:
                return None
            found.append(turned)
        return found


def _unless_near(lookup: PictureLookup, reduced: Reduced) -> Turned | None:
    """The hashes of a reduced picture; None where it may match, or says too little."""
    turned = lookup.screened(reduced)
    return None if turned is None or lookup.may_match(turned) else turned
