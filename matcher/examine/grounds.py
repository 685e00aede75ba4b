"""Which renderings of a transparent picture may show regions that an earlier rendering did not.

Most programs write black where a picture is transparent. Without its alpha channel such a picture looks as it does on
black, but for the rims of shapes, and the same regions would be searched twice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.renderings import ALPHA_DROPPED, ON_BLACK, RenderingName, parse_rendering

SIDE = 4
"""The side of an area in which all pixels differ, in pixels of the reduced picture. Rims of shapes are thinner."""
LEAST_DIFFERENCE = 8
"""The least difference of two greys, of 255, that counts."""


class Grounds:
    """Compares the renderings of one file, which come in their order. Not for several threads."""

    def __init__(self) -> None:
        self._dropped: tuple[RenderingName, Reduced] | None = None

    def may_add_parts(self, reduced: Reduced) -> bool:
        """Whether the parts of a rendering must be searched: on black only where it differs from that without alpha."""
        if not reduced.rendering.endswith((ALPHA_DROPPED, ON_BLACK)):
            return True
        name = parse_rendering(reduced.rendering)
        if name.kind == ALPHA_DROPPED:
            self._dropped = name, reduced
            return True
        if self._dropped is None or replace(name, kind=ALPHA_DROPPED) != self._dropped[0]:
            return True
        return differ_in_area(reduced, self._dropped[1])


def differ_in_area(one: Reduced, other: Reduced) -> bool:
    """Whether two pictures of one size differ in each pixel of a square of SIDE pixels, at a multiple of SIDE."""
    rows, columns = (length // SIDE * SIDE for length in one.grey.shape)
    differing = np.abs(one.grey[:rows, :columns] - other.grey[:rows, :columns]) >= LEAST_DIFFERENCE
    in_rows = np.ascontiguousarray(differing).view(np.uint32) == 0x01010101
    return bool(in_rows.reshape(rows // SIDE, SIDE, -1).all(1).any()) if rows and columns else False
