"""What a search for embedded pictures has found, and how much work it may take.

Every search of one file shares one `Search`: it counts steps and pictures, so that structures that overlap or refer to
each other cost bounded work.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from matcher.imaging.formats import jpeg
from matcher.imaging.frame import Reader
from matcher.imaging.limits import Limits
from matcher.imaging.renderings import MOST_EMBEDDED, EmbeddedPart
from matcher.model import EMBEDDED

MOST_STEPS = 1 << 20
"""The most segments, chunks, boxes, entries and candidates of one file. Each takes about a microsecond."""

MOST_COPIED = 1 << 31
"""The most bytes of all copies of one file: some pictures are read from a copy in which the file's own is hidden."""

THUMBNAIL, PREVIEW, APPENDED, AUXILIARY = EMBEDDED


class SearchEndedError(Exception):
    """A limit was reached. Never leaves the search, whose result is then `is_cut`."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture inside a file: its name, its bytes, and how they are read. Nothing is copied or decoded before.

    `only_first`: later frames are no pictures of this part. `is_doubtful`: it need not be a picture of its own, so that
    nothing is said where it cannot be decoded.
    """

    part: EmbeddedPart
    load: Callable[[], bytes] = field(repr=False)
    read: Reader
    only_first: bool
    is_doubtful: bool = False

    @property
    def is_jpeg(self) -> bool:
        """Whether the bytes are those of one JPEG."""
        return self.read is jpeg.frames


@dataclass(frozen=True, slots=True)
class Found:
    """The embedded pictures of a file, in the order of their search.

    `skipped` are the kinds of parts that are not pictures of their own and are not looked at (reasons.SKIPPED_PARTS);
    `is_cut` says that a limit ended the search.
    """

    pictures: tuple[Embedded, ...] = ()
    skipped: tuple[str, ...] = ()
    is_cut: bool = False


class Search:
    """Collects the embedded pictures of one file."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.max_frames
        self._steps = MOST_STEPS
        self._copied = 0
        self._thumbnails: set[bytes] = set()
        self._pictures: list[Embedded] = []
        self._numbers: Counter[str] = Counter()
        self._skipped: dict[str, None] = {}
        self.is_cut = False

    def step(self, count: int = 1) -> None:
        """Count work. SearchEndedError where there was too much."""
        self._steps -= count
        if self._steps < 0:
            self.is_cut = True
            raise SearchEndedError

    def copy(self, size: int) -> None:
        """Count a copy of the file that a picture is read from, in bytes. SearchEndedError where there are too many."""
        self._copied += size
        if self._copied > MOST_COPIED:
            self.is_cut = True
            raise SearchEndedError

    def add(
        self, what: str, load: Callable[[], bytes], read: Reader, *, only_first: bool = True, is_doubtful: bool = False
    ) -> None:
        """Add a picture of the kind `what`, one of EMBEDDED. SearchEndedError where there are too many.

        A thumbnail whose bytes are those of an earlier one is left out: several kinds of metadata have the same.
        """
        if what == THUMBNAIL and read is jpeg.frames:
            digest = hashlib.sha256(load()).digest()
            if digest in self._thumbnails:
                return
            self._thumbnails.add(digest)
        if len(self._pictures) >= self._most or self._numbers[what] >= MOST_EMBEDDED:
            self.is_cut = True
            raise SearchEndedError
        self._numbers[what] += 1
        part = EmbeddedPart(EMBEDDED.index(what), self._numbers[what])
        self._pictures.append(Embedded(part, load, read, only_first, is_doubtful))

    def skip(self, part: str) -> None:
        """Note that the file has a part of this kind (reasons.SKIPPED_PARTS) that is not looked at."""
        self._skipped[part] = None

    def found(self) -> Found:
        """The result so far."""
        return Found(tuple(self._pictures), tuple(self._skipped), self.is_cut)
