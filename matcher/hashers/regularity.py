"""The regularity of a PDQ code: in plain, striped, lettered or smooth pictures its bits repeat from place to place.

A regular code is not informative: its bits follow from each other, so that far fewer than 256 of them are free, and the
codes of unrelated pictures come near each other. For photographs the median is 24, and one in sixty has more than
MOST_REGULARITY. docs/calibration.md has the costs and the gains of that limit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.model import OrientationHashes
from matcher.system.compiled import compiled

SIDE = 16
"""The side of the square that the bits of a code form, row by row, the highest bit of a byte first."""
SHIFTS = ((0, 1), (1, 0), (0, 2), (2, 0), (1, 1), (1, -1))
"""The rows and columns by which the square is shifted against itself."""
MOST_REGULARITY = 60
"""The highest regularity of a region that is looked up."""
REGION_QUALITY = 50
"""The lowest PDQ quality of a region that is looked up."""
GATE = "pdq"
"""The algorithm whose hash decides whether a region is looked up at all."""

_SHIFTS = np.array(SHIFTS, np.int64)


def regularity(code: bytes) -> int:
    """The regularity of a code of 32 bytes, 0 to 100: how far its bits agree, or disagree, with those beside them.

    It is the largest over all shifts of the difference between the numbers of equal and of unequal bits, in hundredths
    of the bits compared, rounded down.
    """
    return int(_regularity(np.frombuffer(code, np.uint8), _SHIFTS))


def is_informative(turned: OrientationHashes) -> bool:
    """Whether the screened hashes of a region are informative. Those of other algorithms than GATE always are."""
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
