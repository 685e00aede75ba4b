"""How long a scan still takes, from what it did so far. Pure: whoever asks has the clock."""

from __future__ import annotations

SETTLED = 3.0
"""Seconds before a rate is worth an estimate."""
EACH = 1 << 18
"""Bytes of pictures that take as long as an item does besides its bytes: opening it, starting a decoder, looking it up.

Without it a folder of icons would foretell days for the photographs behind it, and the photographs minutes for icons.
"""


def time_left(seconds: float, *, items: int, size: int, items_left: int, size_left: int) -> float | None:
    """Seconds, from how long `items` of `size` bytes took; None while that is not worth an estimate."""
    done = size + EACH * items
    if seconds < SETTLED or not done:
        return None
    return max(0, size_left + EACH * items_left) * seconds / done
