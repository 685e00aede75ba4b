"""What may be decoded of one file. Every limit counts: the same bytes are unreadable on every machine."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PIXELS = 2**28
"""268 megapixels in one frame: above every camera, and at most about 4 GB while a picture with alpha is hashed."""

MAX_FRAMES = 1000
"""Pages of one file that are hashed."""

MAX_TOTAL_PIXELS = 2**32
"""Pixels of one file that are decoded, all frames together: 490 pages of A4 at 300 dpi."""

FRAMES_PASSED = 100
"""An animation may have this many times `max_frames`: of its frames three are hashed, the others only passed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Pixels of a frame, frames of a file, pixels of a file."""

    max_pixels: int = MAX_PIXELS
    max_frames: int = MAX_FRAMES
    max_total_pixels: int = MAX_TOTAL_PIXELS


DEFAULT_LIMITS = Limits()
