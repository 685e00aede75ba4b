"""One file's hashes both ways: from the reduced picture, and by the reference. What fidelity.py compares.

This is the one place where the benchmark meets the insides of screening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from matcher.distances import hamming
from matcher.hashers import PictureHasher, picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import TRANSFORMS

ALGORITHMS = ("pdq", "phash")
MOST_PIXELS = 40_000_000


@dataclass(frozen=True, slots=True)
class Screened:
    """By one algorithm: eight hashes from the reduced picture, and the eight of the reference, in TRANSFORMS' order.

    `margin` is the algorithm's, `allowed` how far each of the eight may be: the margin, and what this picture adds.
    """

    screen: Sequence[bytes]
    reference: Sequence[bytes]
    margin: int
    allowed: Sequence[int]

    def distances(self) -> list[int]:
        return [hamming(one, other) for one, other in zip(self.screen, self.reference, strict=True)]


@cache
def _hashers() -> list[PictureHasher]:
    return picture_hashers(ALGORITHMS)


def screened(data: bytes) -> dict[str, Screened]:
    """The first rendering of a picture by each of ALGORITHMS; nothing where it is no picture. DecodeError."""
    kind = sniff(data[:HEAD])
    if kind is None:
        return {}
    picture = next(decode(data, kind, max_pixels=MOST_PIXELS).renderings())
    return {
        hasher.algorithm.name: Screened(
            screen=[value.value for value in hasher.turned(picture)],
            reference=[hasher.confirm(picture, transform).value for transform in TRANSFORMS],
            margin=hasher.margin,
            allowed=[hasher.margin] * len(TRANSFORMS),
        )
        for hasher in _hashers()
    }
