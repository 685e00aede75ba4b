"""The time that a scan still takes, estimated from its progress so far. Pure: the caller has the clock."""

from __future__ import annotations

SETTLED = 3.0
"""Seconds after which a rate is worth an estimate."""
EACH = 1 << 18
"""The fixed cost of an item (opening it, starting a decoder, looking it up), in bytes of pictures that take as long.

Without it a folder of icons would predict days for the photographs after it, and the photographs minutes for icons.
"""


def time_left(seconds: float, *, items: int, size: int, items_left: int, size_left: int) -> float | None:
    """Estimated seconds for the rest, after `items` of `size` bytes took `seconds`; None while it is too early."""
    done = size + EACH * items
    if seconds < SETTLED or not done:
        return None
    return max(0, size_left + EACH * items_left) * seconds / done
