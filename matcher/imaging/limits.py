"""The limits of decoding one file. They count pixels and frames: the same bytes are unreadable on every machine."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PIXELS = 2**28
"""The most pixels of one frame, 268 million: above every camera. Hashing one with alpha takes at most about 4 GB."""

MAX_FRAMES = 1000
"""The most pages of one file, or frames of an animation, that are hashed."""

MAX_TOTAL_PIXELS = 2**32
"""The most pixels of one file that are decoded, all frames together: 490 pages of A4 at 300 dpi."""

FRAMES_PASSED = 100
"""An animation may have this many times `max_frames` frames: those that hardly differ are decoded and passed over."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most pixels of a frame, frames of a file and pixels of a file."""

    max_pixels: int = MAX_PIXELS
    max_frames: int = MAX_FRAMES
    max_total_pixels: int = MAX_TOTAL_PIXELS


DEFAULT_LIMITS = Limits()
