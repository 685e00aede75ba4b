"""Selection for compiled code: the value that sorting would put at a place, without sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.system.compiled import compiled

Values = npt.NDArray[np.floating[Any]]


@compiled
def select(values: Values, place: int) -> None:
    """Reorder `values` so that `values[place]` is the one that sorting would put there, with none greater before it.

    The method is Hoare's quickselect. No value may be NaN.
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
