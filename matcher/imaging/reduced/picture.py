"""A picture made small for screening: the means of its grey values in square blocks.

A perceptual hash looks at a picture through some hundred pixels a side. What a screen needs of it is had much sooner
than all of its pixels: JPEG's decoder gives the means of its blocks, other formats are averaged as they are decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SIDE = 256
"""Pixels of the shorter side that a reduced picture keeps at least, where the whole picture has so many."""
MOST = 1 << 22
"""Pixels of a reduced picture, at most: a long strip keeps more of them, and hashing those would take more memory than
hashing the whole picture does."""


MOST_FINE = 1 << 24
"""Pixels of a picture that is looked at without reduction, at most: each takes eight bytes."""


_MOST_REDUCED = 8
"""By which JPEG's decoder reduces, at most."""
MOST_VIEWED = 1 << 22
"""Pixels of a picture in which regions are looked for, about: screens have two million, and of those each counts."""


Finer = Callable[[], "Reduced | None"]


def nothing_finer() -> None:
    """For what cannot be had at scale 1."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """The grey of a picture of `width` × `height` pixels, reduced by `scale`.

    `grey` is (⌈height/scale⌉, ⌈width/scale⌉) float32, C-contiguous, 0 to 255: each the mean of Pillow's grey (mode
    L) over its block of scale × scale pixels, of which the right and lower edge may cut a part. At scale 1 it is that
    grey itself; at others the means may be rounded, or be those of a JPEG's luma.
    """

    grey: npt.NDArray[np.float32]
    width: int
    height: int
    scale: int
    rendering: str = ""
    """As `Picture.rendering`."""
    finer: Finer = field(default=nothing_finer, compare=False, repr=False)
    """Gives the same at scale 1; None where there is no such thing, or it would take too much memory."""
    larger: Finer = field(default=nothing_finer, compare=False, repr=False)
    """Gives the same at the scale of `view_scale`, its grey as good as `grey`; None where there is no such thing."""

    def view(self) -> Reduced | None:
        """The same as it is to be looked at for regions; None where it cannot be had so."""
        return self if self.scale <= view_scale(self.width, self.height) else self.larger()


def scale_for(width: int, height: int) -> int:
    """By how much a picture may be reduced: its shorter side keeps SIDE pixels; 1 where it has not twice as many."""
    return max(1, min(width, height) // SIDE)


def view_scale(width: int, height: int) -> int:
    """By how much a picture is reduced in which regions are looked for: a power of two up to 8."""
    scale = 1
    while scale < _MOST_REDUCED and width * height > MOST_VIEWED * scale * scale:
        scale *= 2
    return scale


def is_small(width: int, height: int, scale: int) -> bool:
    """Whether a picture that is reduced by `scale` has few enough pixels to be screened."""
    return -(-width // scale) * -(-height // scale) <= MOST
