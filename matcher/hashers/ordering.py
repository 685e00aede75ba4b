"""The value that would stand at a place if values were sorted, without sorting them: for compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.system.compiled import compiled

Values = npt.NDArray[np.floating[Any]]


@compiled
def select(values: Values, place: int) -> None:
    """Reorder values so that at `place` stands what sorting would put there, with nothing greater in front of it.

    Hoare's quickselect. No value is NaN.
    """
    low, high = 0, values.size - 1
    while low < high:
        pivot = values[(low + high) >> 1]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if place <= right:
            high = right
        elif place >= left:
            low = left
        else:
            return
