"""aHash, pHash, dHash and wHash at 8 × 8 and 16 × 16, each computed by `imagehash` itself.

The hash of the picture as it stands is `imagehash`'s on the whole picture. The seven turned hashes are screened by
`imagehash` on two small grey pictures, one resampled from the picture and one from its transpose, which are then
mirrored and flipped. Mirroring before resampling or after it gives the same pixels, except for ties that the last bit
of a resampling weight may decide (docs/matching.md has the measurements). So a candidate within `threshold + margin`
is confirmed by turning the full picture.

These algorithms have no published quality. Ours is the balance of the bits: 100 where half of them are set, 0 where all
are equal. A pHash is cut at the median of its coefficients, so a balance other than 100 means that coefficients are
tied: the picture is flat, and its hash is near that of every other flat picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.algorithms import ALGORITHMS
from matcher.hashers import Screen
from matcher.hashers.grey_screen import bits_by_difference, bits_by_mean
from matcher.hashers.phash_screen import bits_by_dct
from matcher.imaging.picture import Picture, turn
from matcher.imaging.reduced.picture import Reduced
from matcher.model import TRANSFORMS, Hash, OrientationHashes

_FILTER = Image.Resampling.LANCZOS

_SMALL_TURNS = {
    "none": ("upright", "none"),
    "rotate90": ("transposed", "flip"),
    "rotate180": ("upright", "rotate180"),
    "rotate270": ("transposed", "mirror"),
    "mirror": ("upright", "mirror"),
    "flip": ("upright", "flip"),
    "transpose": ("transposed", "none"),
    "transverse": ("transposed", "rotate180"),
}
"""For each transform: which small picture it starts from, and how that is turned."""


class ImageHasher:
    """One function of `imagehash` at one hash size.

    `shape(picture)` is the (width, height) to which that function resizes; `margin` is the largest distance in bits
    between a screened and a reference hash that the screen allows for (docs/matching.md has the distribution).
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        side: int,
        shape: Callable[[Image.Image, int], tuple[int, int]],
        *,
        margin: int,
    ) -> None:
        self.algorithm = ALGORITHMS[name]
        self.profile = f"{name}: imagehash on 8-bit grey of RGB, no EXIF rotation"
        self.margin = margin
        self._function = function
        self._side = side
        self._shape = shape

    def _hash(self, image: Image.Image) -> Hash:
        bits = self._function(image, hash_size=self._side).hash.ravel()
        ones = int(np.count_nonzero(bits))
        balance = 200 * min(ones, bits.size - ones) // bits.size
        return Hash(self.algorithm.name, np.packbits(bits).tobytes(), balance)

    def hash(self, picture: Picture) -> Hash:
        return self._hash(picture.grey)

    def turned(self, picture: Picture) -> tuple[Hash, ...]:
        shape = self._shape(picture.grey, self._side)
        small = {
            "upright": picture.grey.resize(shape, _FILTER),
            "transposed": picture.transposed_grey.resize(shape, _FILTER),
        }
        return tuple(
            self._hash(turn(small[which], then)) for which, then in (_SMALL_TURNS[name] for name in TRANSFORMS)
        )

    def confirm(self, picture: Picture, transform: str) -> Hash:
        return self._hash(turn(picture.grey, transform))


class ScreenedImageHasher(ImageHasher):
    """An ImageHasher that can be screened on a reduced picture.

    `bits(reduced, side)` returns the hashes and the masks of their doubtful bits, (8, width) uint8 each. Where more
    than `most` bits of one hash are in doubt, `screened` returns None and the full picture is hashed.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        side: int,
        shape: Callable[[Image.Image, int], tuple[int, int]],
        *,
        margin: int,
        bits: Callable[[Reduced, int], tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]],
        screen_margin: int,
        most: int,
    ) -> None:
        super().__init__(name, function, side, shape, margin=margin)
        self.screen = Screen(screen_margin, _BALANCE_MARGIN, f"{name} on the means of blocks of grey", True)
        self._screen_bits = bits
        self._most = most

    def screened(self, reduced: Reduced) -> OrientationHashes | None:
        if min(reduced.grey.shape) < _SMALLEST_SCREENED:
            return None
        codes, doubtful = self._screen_bits(reduced, self._side)
        counts = _ones(doubtful)
        if max(counts) > self._most:
            return None
        bits = self.algorithm.bits
        balance = bytes(200 * min(ones, bits - ones) // bits for ones in _ones(codes))
        slack = tuple(min(max(count, 1), self.screen.margin) for count in counts)  # never 0: these are no reference
        return OrientationHashes(
            reduced.rendering, self.algorithm.name, codes.tobytes(), balance, slack, doubtful.tobytes()
        )


def _ones(codes: npt.NDArray[np.uint8]) -> list[int]:
    """The number of set bits in each row of (n, multiple of 8) uint8."""
    counts: list[int] = np.bitwise_count(codes.view(np.uint64)).sum(axis=1, dtype=np.int64).tolist()
    return counts


_SMALLEST_SCREENED = 64
"""The shortest side in pixels that is screened: below it the reference itself is as quick."""
_BALANCE_MARGIN = 20
"""The quality margin: two or three changed bits of 64 move the balance by no more."""


def _square(_image: Image.Image, side: int) -> tuple[int, int]:
    return side, side


def _four_times(_image: Image.Image, side: int) -> tuple[int, int]:
    return 4 * side, 4 * side


def _one_wider(_image: Image.Image, side: int) -> tuple[int, int]:
    return side + 1, side


def _power_of_two(image: Image.Image, side: int) -> tuple[int, int]:
    scale = max(1 << (min(image.size).bit_length() - 1), side)
    return scale, scale


AHASH = ScreenedImageHasher(
    "ahash", imagehash.average_hash, 8, _square, margin=2, bits=bits_by_mean, screen_margin=6, most=12
)
AHASH16 = ScreenedImageHasher(
    "ahash16", imagehash.average_hash, 16, _square, margin=2, bits=bits_by_mean, screen_margin=16, most=32
)
PHASH = ScreenedImageHasher(
    "phash", imagehash.phash, 8, _four_times, margin=2, bits=bits_by_dct, screen_margin=6, most=24
)
PHASH16 = ScreenedImageHasher(
    "phash16", imagehash.phash, 16, _four_times, margin=2, bits=bits_by_dct, screen_margin=16, most=64
)
DHASH = ScreenedImageHasher(
    "dhash", imagehash.dhash, 8, _one_wider, margin=2, bits=bits_by_difference, screen_margin=6, most=12
)
DHASH16 = ScreenedImageHasher(
    "dhash16", imagehash.dhash, 16, _one_wider, margin=2, bits=bits_by_difference, screen_margin=16, most=32
)
WHASH = ImageHasher("whash", imagehash.whash, 8, _power_of_two, margin=2)
WHASH16 = ImageHasher("whash16", imagehash.whash, 16, _power_of_two, margin=2)
"""wHash is never screened on a reduced picture: there it drifts too far from the reference."""
