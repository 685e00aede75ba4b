"""Pixels or bytes → Hash. One file an algorithm family; each algorithm is an entry point in `matcher.hashers`.

A plug-in (a lab's licensed library, say) is an object that satisfies one of the protocols below, under its
algorithm's name. If that name is in ALGORITHMS (PhotoDNA), its `algorithm` must be the entry in ALGORITHMS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

from matcher.algorithms import ALGORITHMS, Algorithm
from matcher.errors import SettingsError
from matcher.hashers.digests import RunningDigest
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.model import NO_QUALITY, TRANSFORMS, Hash, OrientationHashes

DEFAULT_ALGORITHMS = ("md5", "sha256", "pdq", "phash")
"""The algorithms that every scan computes, whatever lists are loaded."""

GROUP = "matcher.hashers"


@runtime_checkable
class PictureHasher(Protocol):
    """A perceptual hash.

    `margin` is a distance of the algorithm: 0 where all eight hashes of `turned` are reference hashes.
    """

    algorithm: Algorithm
    profile: str
    margin: int

    def hash(self, picture: Picture) -> Hash:
        """The reference hash of the picture as it stands."""

    def turned(self, picture: Picture) -> tuple[Hash, ...]:
        """Eight hashes in the order of TRANSFORMS: the first is the reference, the others within `margin` of it."""

    def confirm(self, picture: Picture, transform: str) -> Hash:
        """The reference hash of the picture turned by `transform`."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The properties of an algorithm's hashes of a reduced picture.

    `margin` is their largest distance from the reference hash, `quality_margin` the largest difference between their
    quality and its quality (docs/performance.md has the distributions). `profile` describes how they are computed.
    `marks_doubtful`: whether the hasher returns which of their bits are in doubt.
    """

    margin: int
    quality_margin: int
    profile: str
    marks_doubtful: bool = False


@runtime_checkable
class ScreeningHasher(PictureHasher, Protocol):
    """A perceptual hash that can be screened on a reduced picture."""

    screen: Screen

    def screened(self, reduced: Reduced) -> OrientationHashes | None:
        """The hashes of a reduced picture. None where they are too uncertain: then the full picture is hashed."""


def is_sound(turned: OrientationHashes, hasher: ScreeningHasher) -> bool:
    """Whether screened hashes have the lengths and the margin that their hasher declares."""
    screen, length = hasher.screen, len(TRANSFORMS) * hasher.algorithm.width
    return (
        len(turned.codes) == length
        and len(turned.doubtful) == (length if screen.marks_doubtful else 0)
        and len(turned.qualities) == len(turned.slack) == len(TRANSFORMS)
        and all(quality <= 100 or quality == NO_QUALITY for quality in turned.qualities)
        and all(0 <= slack <= screen.margin for slack in turned.slack)
    )


@runtime_checkable
class FileHasher(Protocol):
    """A digest of a file's bytes."""

    algorithm: Algorithm
    profile: str

    def start(self) -> RunningDigest:
        """A new running digest."""


@cache
def _registered() -> dict[str, EntryPoint]:
    """The entry point of each installed hasher, by name. A hasher is imported when it is first requested."""
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def hasher(name: str) -> PictureHasher | FileHasher:
    """The hasher of one algorithm. SettingsError where none is installed, or where it does not fit its algorithm."""
    point = _registered().get(name)
    if point is None:
        known = ", ".join(sorted(_registered()))
        raise SettingsError(f"unknown algorithm {name!r}: installed are {known}")
    loaded = point.load()
    if not isinstance(loaded, PictureHasher | FileHasher):
        raise SettingsError(f"the hasher {name!r} is neither a PictureHasher nor a FileHasher")
    if name in ALGORITHMS and loaded.algorithm != ALGORITHMS[name]:  # lists are read and indexed by these facts
        raise SettingsError(f"the hasher {name!r} must have algorithm = ALGORITHMS[{name!r}]: {ALGORITHMS[name]}")
    return loaded


def known_algorithm(name: str) -> Algorithm | None:
    """The facts of a built-in or plug-in algorithm. None for any other name: its hashes cannot be looked up."""
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    return hasher(name).algorithm if name in _registered() else None


def has_hasher(name: str) -> bool:
    """Whether a hasher for the algorithm is installed. The hasher is not imported."""
    return name in _registered()


def picture_hashers(names: Iterable[str]) -> list[PictureHasher]:
    """The hashers among `names` that hash pictures, in the order of the names."""
    return [loaded for name in names if isinstance(loaded := hasher(name), PictureHasher)]


def file_hashers(names: Iterable[str]) -> list[FileHasher]:
    """The hashers among `names` that hash bytes, in the order of the names."""
    return [loaded for name in names if isinstance(loaded := hasher(name), FileHasher)]
