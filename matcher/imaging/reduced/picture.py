"""A picture reduced for screening: the means of its grey values in square blocks.

A perceptual hash depends on some hundred pixels a side. They take much less time than all pixels of the picture: JPEG's
decoder computes the means of its blocks, other formats are averaged as they are decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SIDE = 256
"""The fewest pixels of a reduced picture's shorter side, if the full picture has as many."""
MOST = 1 << 22
"""The most pixels of a reduced picture. A long strip would have more, and hashing those would take more memory than
hashing the full picture."""


MOST_FINE = 1 << 24
"""The most pixels of a picture that is screened without reduction: each takes eight bytes."""


_MOST_REDUCED = 8
"""The largest factor by which JPEG's decoder reduces."""
MOST_VIEWED = 1 << 22
"""About the most pixels of a picture in which regions are searched. Screens have two million, which are all needed."""


Finer = Callable[[], "Reduced | None"]


def nothing_finer() -> None:
    """The `finer` and `larger` of a picture that is not available at another scale."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """The grey of a picture of `width` × `height` pixels, reduced by `scale`.

    `grey` is (⌈height/scale⌉, ⌈width/scale⌉) float32, C-contiguous, 0 to 255: each the mean of Pillow's grey (mode
    L) over its block of scale × scale pixels, fewer at the right and lower edge. At scale 1 it is that grey itself; at
    other scales the means may be rounded, or be those of a JPEG's luma.
    """

    grey: npt.NDArray[np.float32]
    width: int
    height: int
    scale: int
    rendering: str = ""
    """The name of the rendering, as in `Picture.rendering`."""
    finer: Finer = field(default=nothing_finer, compare=False, repr=False)
    """Returns the picture at scale 1; None where that is not available, or would take too much memory."""
    larger: Finer = field(default=nothing_finer, compare=False, repr=False)
    """Returns the picture at the scale of `view_scale`, with a grey as good as `grey`; None where not available."""

    def view(self) -> Reduced | None:
        """The picture at the scale at which regions are searched; None where that is not available."""
        return self if self.scale <= view_scale(self.width, self.height) else self.larger()


def scale_for(width: int, height: int) -> int:
    """The factor by which a picture may be reduced so that its shorter side keeps SIDE pixels; at least 1."""
    return max(1, min(width, height) // SIDE)


def view_scale(width: int, height: int) -> int:
    """The factor by which a picture is reduced for the search for regions: a power of two up to 8."""
    scale = 1
    while scale < _MOST_REDUCED and width * height > MOST_VIEWED * scale * scale:
        scale *= 2
    return scale


def is_small(width: int, height: int, scale: int) -> bool:
    """Whether a picture reduced by `scale` has few enough pixels to be screened."""
    return -(-width // scale) * -(-height // scale) <= MOST
