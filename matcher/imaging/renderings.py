"""The names of a picture's renderings. In a match's `transform` they come before the orientation.

""                      the first frame as stored, an alpha channel composited on white
alpha-dropped           the first frame without its alpha channel
inks-inverted           the first frame with its inks (CMYK) inverted
tilt+3                  the first frame reframed: turned by a small angle, or widened; one of REFRAMINGS
alpha-dropped tilt+3    and so on
frame-N                 another frame or page, counted from 1
frame-N alpha-dropped tilt+3
"""

from __future__ import annotations

import re

ALPHA_DROPPED = "alpha-dropped"
INKS_INVERTED = "inks-inverted"

REFRAMINGS = (
    "tilt+3-inside",
    "tilt-3-inside",
    "tilt+3",
    "tilt-3",
    "tilt+3-around",
    "tilt-3-around",
    "widen4",
)
"""The names of the reframings, which imaging/reframing.py defines."""

_UNFRAMED = ("", ALPHA_DROPPED, INKS_INVERTED)

KINDS = (*_UNFRAMED, *(f"{kind} {reframing}".strip() for reframing in REFRAMINGS for kind in _UNFRAMED))
"""The kinds of a frame's renderings, in the order that decides between equal distances."""

_FRAME = "frame-"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def rendering_name(frame: int, kind: str) -> str:
    """The name of a rendering. `frame` counts from 1, `kind` is one of KINDS."""
    return " ".join(part for part in ("" if frame == 1 else f"{_FRAME}{frame}", kind) if part)


def parse_rendering(name: str) -> tuple[int, str]:
    """The frame, from 1, and the kind of a rendering. ValueError where `name` is not a rendering's name."""
    first, _, rest = name.partition(" ")
    frame, kind = (first.removeprefix(_FRAME), rest) if first.startswith(_FRAME) else ("1", name)
    if not _NUMBER.fullmatch(frame) or kind not in KINDS or rendering_name(int(frame), kind) != name:
        raise ValueError(f"no name of a rendering: {name!r}")
    return int(frame), kind


def with_reframing(rendering: str, reframing: str) -> str:
    """The name of a reframed rendering. ValueError where it is already reframed, or there is no such reframing."""
    name = f"{rendering} {reframing}".strip()
    if reframing not in REFRAMINGS or split_reframing(name) != (rendering, reframing):
        raise ValueError(f"no reframing {reframing!r} of a rendering {rendering!r}")
    return name


def split_reframing(rendering: str) -> tuple[str, str]:
    """The names of the plain rendering and of its reframing, "" for none. ValueError for any other name."""
    parse_rendering(rendering)
    plain, _, last = rendering.rpartition(" ")
    return (plain, last) if last in REFRAMINGS else (rendering, "")


def parse_transform(transform: str) -> tuple[int, int, str]:
    """The frame, the place of the kind in KINDS, and the orientation of a match's `transform`. ValueError otherwise."""
    name, _, orientation = transform.rpartition(" ")
    frame, kind = parse_rendering(name)
    return frame, KINDS.index(kind), orientation
