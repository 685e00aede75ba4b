"""How regular a PDQ code is: of plain, striped, lettered or smooth pictures its bits repeat from place to place.

A regular code says little: the bits follow from each other, so that far fewer than 256 of them are free, and codes of
pictures that have nothing to do with each other come near. Of photographs the median is 24 and one in sixty has more
than MOST_REGULARITY; docs/calibration.md says what that limit costs and gains.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.model import OrientationHashes
from matcher.system.compiled import compiled

SIDE = 16
"""The bits of a code are a square, row by row, the highest bit of a byte first."""
SHIFTS = ((0, 1), (1, 0), (0, 2), (2, 0), (1, 1), (1, -1))
"""By how many rows and columns the square is laid over itself."""
MOST_REGULARITY = 60
"""Of a region that is asked about."""
REGION_QUALITY = 50
"""The lowest PDQ quality of a region that is asked about."""
GATE = "pdq"
"""The algorithm whose hash decides whether a region is asked about at all."""

_SHIFTS = np.array(SHIFTS, np.int64)


def regularity(code: bytes) -> int:
    """How far the bits of a code of 32 bytes agree, or disagree, with those beside them: 0 to 100.

    For the shift for which that is the most: hundredths, rounded down, by which bits that are equal outnumber those
    that are not, or the other way round.
    """
    return int(_regularity(np.frombuffer(code, np.uint8), _SHIFTS))


def is_informative(turned: OrientationHashes) -> bool:
    """Whether the screened hashes of a region say enough of it: those of GATE decide, any other's do."""
    if turned.algorithm != GATE:
        return True
    width = len(turned.codes) // len(turned.qualities)
    return turned.qualities[0] >= REGION_QUALITY and regularity(turned.codes[:width]) <= MOST_REGULARITY


@compiled
def _regularity(code: npt.NDArray[np.uint8], shifts: npt.NDArray[np.int64]) -> int:
    most = 0
    for number in range(shifts.shape[0]):
        down, across = shifts[number]
        balance, places = 0, 0
        for row in range(SIDE - down):
            for column in range(max(0, -across), SIDE - max(0, across)):
                first, second = row * SIDE + column, (row + down) * SIDE + column + across
                one, other = code[first >> 3] >> (7 - (first & 7)), code[second >> 3] >> (7 - (second & 7))
                balance += 1 - 2 * ((one ^ other) & 1)
                places += 1
        most = max(most, 100 * abs(balance) // places)
    return most
