"""The names of a picture's renderings, which stand before the transform of a match.

""                      the first frame as it stands, an alpha channel composited on white
alpha-dropped           the same without its alpha channel
frame-N                 another frame or page, counted from 1
frame-N alpha-dropped   without its alpha channel
"""

from __future__ import annotations

import re

ALPHA_DROPPED = "alpha-dropped"

_NAME = re.compile(r"(?:frame-([1-9][0-9]{0,8}))?( ?)(alpha-dropped)?")


def rendering_name(frame: int, *, dropped: bool) -> str:
    """The name of a rendering; `frame` counts from 1."""
    parts = [] if frame == 1 else [f"frame-{frame}"]
    return " ".join([*parts, ALPHA_DROPPED] if dropped else parts)


def parse_rendering(name: str) -> tuple[int, bool]:
    """Frame, from 1, and whether the alpha channel was dropped. ValueError for what is no such name."""
    found = _NAME.fullmatch(name)
    frame = int(found[1] or 1) if found else 1
    dropped = bool(found and found[3])
    if rendering_name(frame, dropped=dropped) != name:
        raise ValueError(f"no name of a rendering: {name!r}")
    return frame, dropped
