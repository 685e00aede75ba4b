"""The names of a picture's renderings. In a match's `transform` they come before the orientation.

""                      the first frame as stored, an alpha channel composited on white
alpha-dropped           the first frame without its alpha channel
on-black                the first frame, its alpha channel composited on black
inks-inverted           the first frame with its inks (CMYK) inverted
tilt+3                  the first frame reframed: turned by a small angle, or widened; one of REFRAMINGS
alpha-dropped tilt+3    and so on
frame-N                 another frame or page, counted from 1
frame-N alpha-dropped tilt+3
thumbnail               another picture embedded in the file: one of EMBEDDED, numbered from 1
preview-2 frame-N on-black tilt+3

The number of the first thumbnail is not written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from matcher.model import EMBEDDED as EMBEDDED  # noqa: PLC0414 - part of these names

ALPHA_DROPPED = "alpha-dropped"
INKS_INVERTED = "inks-inverted"
ON_BLACK = "on-black"

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

KINDS = (
    *_UNFRAMED,
    *(f"{kind} {reframing}".strip() for reframing in REFRAMINGS for kind in _UNFRAMED),
    *(f"{ON_BLACK} {reframing}".strip() for reframing in ("", *REFRAMINGS)),
)
"""The kinds of a frame's renderings, in the order that decides between equal distances. `case.hashes` stores places in
it: new kinds are appended."""

MOST_EMBEDDED = 9999
"""The largest number of an embedded picture of one kind."""

_FRAME = "frame-"
_THUMBNAIL = EMBEDDED[0]
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_PART = re.compile(rf"(?P<kind>{'|'.join(EMBEDDED)})(-(?P<number>[1-9][0-9]{{0,3}}))?(?= |$)")


@dataclass(frozen=True, slots=True, order=True)
class EmbeddedPart:
    """A picture embedded in a file: `kind` is a place in EMBEDDED, `number` counts from 1 to MOST_EMBEDDED."""

    kind: int
    number: int

    def __str__(self) -> str:
        name = EMBEDDED[self.kind]
        return name if name == _THUMBNAIL and self.number == 1 else f"{name}-{self.number}"


@dataclass(frozen=True, slots=True)
class RenderingName:
    """The parts of a rendering's name. `frame` counts from 1, `kind` is one of KINDS.

    `part` is the picture inside the file that is rendered; None for the file's own picture.
    """

    frame: int
    kind: str
    part: EmbeddedPart | None = None

    def __str__(self) -> str:
        frame = "" if self.frame == 1 else f"{_FRAME}{self.frame}"
        return " ".join(word for word in ("" if self.part is None else str(self.part), frame, self.kind) if word)


def rendering_name(frame: int, kind: str, part: EmbeddedPart | None = None) -> str:
    """The name of a rendering. `frame` counts from 1, `kind` is one of KINDS; `part` is None for the file's own."""
    return str(RenderingName(frame, kind, part))


def parse_rendering(name: str) -> RenderingName:
    """The inverse of `rendering_name`. ValueError where `name` is not a rendering's name."""
    embedded, rest = _PART.match(name), name
    part = None
    if embedded is not None:
        part = EmbeddedPart(EMBEDDED.index(embedded["kind"]), int(embedded["number"] or 1))
        rest = name[embedded.end() :].removeprefix(" ")
    first, _, kind = rest.partition(" ")
    frame, kind = (first.removeprefix(_FRAME), kind) if first.startswith(_FRAME) else ("1", rest)
    if not _NUMBER.fullmatch(frame) or kind not in KINDS or rendering_name(int(frame), kind, part) != name:
        raise ValueError(f"no name of a rendering: {name!r}")
    return RenderingName(int(frame), kind, part)


def is_own(rendering: str) -> bool:
    """Whether a rendering is of a frame of the file's own, as it stands: neither reframed nor of an embedded picture.

    ValueError for any other name.
    """
    name = parse_rendering(rendering)
    return name.part is None and not split_reframing(rendering)[1]


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


def parse_transform(transform: str) -> tuple[RenderingName, str]:
    """The rendering and the orientation of a match's `transform`. ValueError for any other text."""
    name, _, orientation = transform.rpartition(" ")
    return parse_rendering(name), orientation
