"""Many ranked rectangles → a few dozen regions, the best first, without near-duplicates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.system.compiled import compiled, compiled_inner

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_SAME = 0.015
"""The share of a side: rectangles whose sides are all nearer than this are one. A displacement of 2 % alters a hash."""
_ALIKE = 0.7
"""The share of the union: rectangles whose intersection is larger are alternatives to one another."""
_FIRST_ALTERNATIVES, _ALTERNATIVES = 2, 4
"""How many alternatives are taken in the first pass, and in the second, which fills the remaining room."""
_FIRST_SHARE = 0.7
"""The share of the room that the first pass may fill."""


@compiled_inner
def _displaced(first: Int32, second: Int32) -> float:
    """The largest displacement of a side, as a share of the shorter of the two in its direction."""
    across = max(abs(first[0] - second[0]), abs(first[0] + first[2] - second[0] - second[2]))
    down = max(abs(first[1] - second[1]), abs(first[1] + first[3] - second[1] - second[3]))
    return float(max(across / min(first[2], second[2]), down / min(first[3], second[3])))


@compiled_inner
def _shared(first: Int32, second: Int32) -> float:
    """The intersection of two rectangles as a share of their union."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = float(width) * height
    return float(common / (float(first[2]) * first[3] + float(second[2]) * second[3] - common))


@compiled
def chosen(boxes: Int32, order: Int64, most: int) -> Int64:
    """The places of at most `most` of the (n, 4) int32 `boxes`, which are considered in `order`."""
    kept = np.empty(most, np.int64)
    taken = np.zeros(order.shape[0], np.bool_)
    count = 0
    for step in range(2):
        alternatives = _FIRST_ALTERNATIVES if step == 0 else _ALTERNATIVES
        room = int(most * _FIRST_SHARE) if step == 0 else most
        for place in range(order.shape[0]):
            if count >= room:
                break
            if taken[place]:
                continue
            box = boxes[order[place]]
            alike, fresh = 0, True
            for k in range(count):
                other = boxes[kept[k]]
                if _displaced(box, other) < _SAME:
                    fresh = False
                    taken[place] = True
                    break
                alike += _shared(box, other) > _ALIKE
            if fresh and alike < alternatives:
                kept[count] = order[place]
                taken[place] = True
                count += 1
    return kept[:count]
