"""One decoded picture, in the forms that hashers use, and its eight orientations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.imaging.reduced.picture import MOST_FINE, Finer, Reduced, is_small, nothing_finer, scale_for, view_scale

_METHODS = {
    "rotate90": Image.Transpose.ROTATE_90,
    "rotate180": Image.Transpose.ROTATE_180,
    "rotate270": Image.Transpose.ROTATE_270,
    "mirror": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip": Image.Transpose.FLIP_TOP_BOTTOM,
    "transpose": Image.Transpose.TRANSPOSE,
    "transverse": Image.Transpose.TRANSVERSE,
}


BAND = 1 << 24
"""The most bytes of pixels that are copied out of a picture at a time."""


def turn(image: Image.Image, transform: str) -> Image.Image:
    """The picture turned by `transform`. Rotations are counter-clockwise, as in Pillow and in PDQ's reference.

    `mirror` exchanges left and right, `flip` top and bottom; `transpose` mirrors at the diagonal from the top left,
    `transverse` at the other diagonal.
    """
    return image if transform == "none" else image.transpose(_METHODS[transform])


class Picture:
    """An RGB picture of 8 bits a channel, without alpha. Derived forms are computed once, at their first use."""

    def __init__(self, image: Image.Image, *, rendering: str = "") -> None:
        self.image = image
        self.rendering = rendering
        """The rendering's name (renderings.py): empty for the first frame, `frame-3` for the third; then, if so,
        `alpha-dropped` where the alpha channel was ignored instead of composited on white, `on-black` where it was
        composited on black, `inks-inverted` where CMYK was read with inverted inks.
        """

    def bands(self) -> Iterator[npt.NDArray[np.uint8]]:
        """A generator of the rows from the top, in (h, width, 3) uint8 arrays of a few megabytes, read-only.

        A copy of all pixels at once would double the memory of a large picture.
        """
        width, height = self.image.size
        rows = max(1, BAND // (3 * width))
        for top in range(0, height, rows):
            band = self.image if rows >= height else self.image.crop((0, top, width, min(height, top + rows)))
            array = np.asarray(band)
            array.flags.writeable = False
            yield array

    @cached_property
    def grey(self) -> Image.Image:
        """The grey picture, mode L: (19595 R + 38470 G + 7471 B + 32768) >> 16, as in Pillow and so in `imagehash`."""
        return self.image.convert("L")

    @property
    def is_reducible(self) -> bool:
        """Whether the result of `reduced` is small enough to be screened."""
        return is_small(*self.image.size, scale_for(*self.image.size))

    def reduced(self) -> Reduced:
        """The means of `grey` in blocks, rounded to whole numbers."""
        width, height = self.image.size
        scale = scale_for(width, height)
        if scale == 1:
            return self._unreduced()
        finer = self._unreduced if width * height <= MOST_FINE else nothing_finer
        return self._reduced_by(scale, finer, lambda: self._reduced_by(view_scale(width, height)))

    def _reduced_by(self, scale: int, finer: Finer = nothing_finer, larger: Finer = nothing_finer) -> Reduced:
        grey = np.asarray(self.grey.reduce(scale)).astype(np.float32)
        return Reduced(grey, *self.image.size, scale, self.rendering, finer, larger)

    def _unreduced(self) -> Reduced:
        width, height = self.image.size
        return Reduced(np.asarray(self.grey).astype(np.float32), width, height, 1, self.rendering)

    @cached_property
    def transposed_grey(self) -> Image.Image:
        """`grey`, mirrored at the diagonal from the top left."""
        return turn(self.grey, "transpose")
