"""One file's hashes from the reduced picture and by the reference, which fidelity.py compares.

This is the only module of the benchmarks that uses internals of screening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from matcher.distances import hamming
from matcher.hashers import PictureHasher, ScreeningHasher, picture_hashers
from matcher.imaging.decode import decode, decode_reduced
from matcher.imaging.embedded import Found
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import TRANSFORMS

ALGORITHMS = ("pdq", "phash", "dhash", "ahash", "phash16", "dhash16", "ahash16")
MOST_PIXELS = 40_000_000


@dataclass(frozen=True, slots=True)
class Screened:
    """One algorithm's eight hashes from the reduced picture and the eight by the reference, in the order of TRANSFORMS.

    `margin` is the algorithm's. `allowed` is the distance that each of the eight may have so that no match of the
    reference is missed: the margin or, where the screen states which bits are in doubt, the number of those that
    differ. `screen` is empty where the reduced picture is not informative and the picture is hashed at full size.
    """

    screen: Sequence[bytes]
    reference: Sequence[bytes]
    margin: int
    allowed: Sequence[int]

    def distances(self) -> list[int]:
        return [hamming(one, other) for one, other in zip(self.screen, self.reference, strict=False)]


@cache
def _hashers() -> list[PictureHasher]:
    return picture_hashers(ALGORITHMS)


def screened(data: bytes) -> dict[str, Screened]:
    """The hashes of a picture's first rendering by each of ALGORITHMS; empty where it is no picture. DecodeError."""
    kind = sniff(data[:HEAD])
    if kind is None:
        return {}
    picture = next(decode(data, kind, Limits(max_pixels=MOST_PIXELS), Found()).renderings())
    quick = decode_reduced(data, kind, Limits(max_pixels=MOST_PIXELS))
    reduced = picture.reduced() if quick is None else quick.renderings[0]
    results = {}
    for hasher in _hashers():
        assert isinstance(hasher, ScreeningHasher)
        margin = hasher.screen.margin
        reference = [value.value for value in hasher.turned(picture)]  # screen_margin.py: they are the reference's
        answer = hasher.screened(reduced)
        if answer is None:
            results[hasher.algorithm.name] = Screened([], reference, margin, [])
            continue
        codes = [value.value for value in answer.hashes]
        allowed = [margin] * len(TRANSFORMS)
        if answer.doubtful:
            width = len(answer.doubtful) // len(TRANSFORMS)
            doubts = [answer.doubtful[at : at + width] for at in range(0, len(answer.doubtful), width)]
            pairs = zip(codes, reference, doubts, strict=True)
            allowed = [min(margin, hamming_in(one, other, mask)) for one, other, mask in pairs]
        results[hasher.algorithm.name] = Screened(codes, reference, margin, allowed)
    return results


def hamming_in(one: bytes, other: bytes, mask: bytes) -> int:
    """The number of bits of a mask in which two hashes differ."""
    return ((int.from_bytes(one) ^ int.from_bytes(other)) & int.from_bytes(mask)).bit_count()
