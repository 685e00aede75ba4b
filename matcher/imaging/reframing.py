"""Reframed pictures: a picture turned by a few degrees, or widened, to look like the one that it was made from.

Of a listed picture only the hash is known. A copy that was turned by three degrees, or that lost a few per cent at each
side, is matched by undoing that on the copy. Missing corners and edges are filled with the nearest pixel. Every
reframing keeps the size and moves the pixels by a linear map about the centre: on a reduced picture for the screen, on
the full one for the hash that decides. The latter is computed in whole numbers, so every machine gives the same result.

A reframing undoes one kind of turn. A picture that kept its size is turned in its frame; of one that was put into a
larger frame only the inner part is shown (`inside`); of one that was cropped to the largest upright part also its
surroundings are shown (`around`). benchmarks/detection/reframings.py measures which of them pay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from matcher.imaging.picture import BAND, Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.renderings import REFRAMINGS as NAMES
from matcher.imaging.renderings import with_reframing
from matcher.system.compiled import compiled, compiled_inner

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]

SIDE = 192
"""The fewest pixels of the shorter side that a reduced picture keeps when it is reframed, if it has as many."""

_COSINE, _SINE = 0.9986295347545738, 0.052335956242943835
"""The cosine and sine of three degrees, written out: the last bit of a library's result depends on the machine."""


@dataclass(frozen=True, slots=True)
class Map:
    """A linear map: the output pixel at (x, y) shows the pixel at (xx·x + xy·y, yx·x + yy·y).

    Both places are relative to the centre, x to the right and y down.
    """

    xx: float
    xy: float
    yx: float
    yy: float


@dataclass(frozen=True, slots=True)
class Reframing:
    """One reframing. `tilt+3` turns by 3° counter-clockwise, `widen4` adds back the 4 % cut off at each side."""

    name: str
    """One of renderings.REFRAMINGS."""
    turn: int = 0
    """1: three degrees counter-clockwise, as in Pillow; -1: clockwise."""
    frame: str = ""
    """The part of a turned picture that is shown: "" for its own frame, or `inside` or `around` (see above)."""
    widened: int = 0
    """The per cent of the original that are added at each side."""

    def map(self, width: int, height: int) -> Map:
        """The linear map for a picture of this size. It is computed by + - × ÷ only, so every machine gets the same."""
        cosine, sine = (_COSINE, self.turn * _SINE) if self.turn else (1.0, 0.0)
        across = down = 100 / (100 - 2 * self.widened)
        if self.frame == "around":
            across, down = cosine + abs(sine) * height / width, cosine + abs(sine) * width / height
        elif self.frame == "inside":
            squeezed = cosine * cosine - sine * sine
            across = max(_NARROWEST, (cosine - abs(sine) * height / width) / squeezed)
            down = max(_NARROWEST, (cosine - abs(sine) * width / height) / squeezed)
        return Map(cosine * across, -sine * down, sine * across, cosine * down)


_NARROWEST = 0.5
"""The smallest share of a turned picture's side that is shown: a long strip was turned by less than three degrees."""

REFRAMINGS = (
    Reframing("tilt+3-inside", turn=1, frame="inside"),
    Reframing("tilt-3-inside", turn=-1, frame="inside"),
    Reframing("tilt+3", turn=1),
    Reframing("tilt-3", turn=-1),
    Reframing("tilt+3-around", turn=1, frame="around"),
    Reframing("tilt-3-around", turn=-1, frame="around"),
    Reframing("widen4", widened=4),
)
"""In the order of renderings.REFRAMINGS. Three degrees serve for two to four: at any threshold that matches the one,
the others match too."""

_BY_NAME = {reframing.name: reframing for reframing in REFRAMINGS}
assert tuple(_BY_NAME) == NAMES, "every reframing has its name"


def named(name: str) -> Reframing:
    """The reframing with this name. ValueError where there is none."""
    if name not in _BY_NAME:
        raise ValueError(f"no reframing: {name!r}")
    return _BY_NAME[name]


def reframed(reduced: Reduced, reframing: Reframing) -> Reduced:
    """A reduced picture reframed for the screen, and reduced further where its shorter side has twice SIDE pixels.

    It is near the means of the grey of `reframed_picture` but not equal to them, even at scale 1: its hash may be off
    by its screen's margin, whichever bits the hasher marks as doubtful (in 1 of 500 hashes, of star fields and fine
    patterns, by more). Its `finer` returns None. ValueError where the picture is already reframed.
    """
    fewer = max(1, min(reduced.grey.shape) // SIDE)
    scale = reduced.scale * fewer
    shape = -(-reduced.height // scale), -(-reduced.width // scale)
    along = reframing.map(reduced.width, reduced.height)
    middle = reduced.width / reduced.scale / 2, reduced.height / reduced.scale / 2
    places = np.array([along.xx, along.xy, along.yx, along.yy, *middle], np.float64)
    grey = _sampled(reduced.grey, places, fewer, *shape)
    name = with_reframing(reduced.rendering, reframing.name)
    return Reduced(grey, reduced.width, reduced.height, scale, name)


def reframed_picture(picture: Picture, reframing: Reframing) -> Picture:
    """A full picture reframed, in the same size, for the hash that decides.

    Each pixel is the mean of four, with weights in steps of 1/256, rounded half up. ValueError where the picture is
    already reframed.
    """
    name = with_reframing(picture.rendering, reframing.name)
    width, height = picture.image.size
    along = reframing.map(width, height)
    half = 1 << (_POINT - 1)  # of a pixel: places are counted from the centre in halves
    steps = np.array([round(step * half) for step in (along.xx, along.xy, along.yx, along.yy)], np.int64)
    rows = max(1, BAND // (3 * width), round(abs(along.yx) * width))  # fewer would need many times as many source rows
    shown = Image.new("RGB", (width, height))
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        first, last = _rows_of(steps, width, height, top, bottom)
        source = np.asarray(picture.image.crop((0, first, width, last + 1)))
        shown.paste(Image.fromarray(_placed(source, steps, (height, first, top, bottom))), (0, top))
    return Picture(shown, rendering=name)


_POINT = 32
"""The fractional bits of a place in the full picture."""


def _rows_of(steps: Int64, width: int, height: int, top: int, bottom: int) -> tuple[int, int]:
    """The first and the last row from which the output rows `top` to `bottom`, half-open, are made."""
    corners = [
        int(steps[2]) * (2 * x + 1 - width) + int(steps[3]) * (2 * y + 1 - height) + ((height - 1) << (_POINT - 1))
        for x in (0, width - 1)
        for y in (top, bottom - 1)
    ]
    first, last = min(corners) >> _POINT, (max(corners) >> _POINT) + 1
    return min(max(first, 0), height - 1), min(max(last, 0), height - 1)


@compiled
def _placed(source: UInt8, steps: Int64, rows: tuple[int, int, int, int]) -> UInt8:
    """Output rows of a reframed picture from `source`, rows of the picture, (h, width, 3).

    `rows`: the picture's height, the first row of `source` in it, and the output rows `top` to `bottom`, half-open.
    """
    height, first, top, bottom = rows
    width = source.shape[1]
    out = np.empty((bottom - top, width, 3), np.uint8)
    right, lowest = (width - 1) << _POINT, (height - 1) << _POINT
    for y in range(top, bottom):
        down = 2 * y + 1 - height
        for x in range(width):
            across = 2 * x + 1 - width
            u = min(max(steps[0] * across + steps[1] * down + (right >> 1), 0), right)
            v = min(max(steps[2] * across + steps[3] * down + (lowest >> 1), 0), lowest)
            column, row = u >> _POINT, (v >> _POINT) - first
            next_column, next_row = min(column + 1, width - 1), min(row + 1, source.shape[0] - 1)
            p, q = (v >> (_POINT - 8)) & 255, (u >> (_POINT - 8)) & 255
            for band in range(3):
                above = source[row, column, band] * (256 - q) + source[row, next_column, band] * q
                below = source[next_row, column, band] * (256 - q) + source[next_row, next_column, band] * q
                out[y - top, x, band] = (above * (256 - p) + below * p + (1 << 15)) >> 16
    return out


@compiled_inner
def _inner(begin: float, step: float, last: int, count: int) -> tuple[int, int]:
    """The half-open range of the outputs j, of `count`, for which begin + step · j is surely from 0 to below `last`."""
    if step == 0.0:
        return (0, count) if 0.0 <= begin < last else (0, 0)
    one, other = -begin / step, (last - begin) / step
    low, high = min(max(min(one, other) + 1.0, 0.0), float(count)), min(max(max(one, other) - 1.0, 0.0), float(count))
    return int(np.ceil(low)), max(int(np.ceil(low)), int(np.floor(high)))


@compiled_inner
def _between(grey: Float32, flat: Float32, u: float, v: float) -> np.float32:
    """The value at column u and row v, both from 0 to below the last; `flat` are the pixels of `grey` in a row."""
    column, row = int(u), int(v)
    p, q = np.float32(v - row), np.float32(u - column)
    at = np.uint64(row * grey.shape[1] + column)  # unsigned: a signed index is tested for being negative at each access
    below = np.uint64((row + 1) * grey.shape[1] + column)
    upper = flat[at] + (flat[at + np.uint64(1)] - flat[at]) * q
    lower = flat[below] + (flat[below + np.uint64(1)] - flat[below]) * q
    value: np.float32 = upper + (lower - upper) * p
    return value


@compiled_inner
def _at_edge(grey: Float32, u: float, v: float) -> np.float32:
    """The value at column u and row v; outside the picture that of the nearest place inside."""
    right, lowest = grey.shape[1] - 1, grey.shape[0] - 1
    u, v = min(max(u, 0.0), float(right)), min(max(v, 0.0), float(lowest))
    column, row = int(u), int(v)
    next_column, next_row = min(column + 1, right), min(row + 1, lowest)
    p, q = np.float32(v - row), np.float32(u - column)
    upper = grey[row, column] + (grey[row, next_column] - grey[row, column]) * q
    lower = grey[next_row, column] + (grey[next_row, next_column] - grey[next_row, column]) * q
    value: np.float32 = upper + (lower - upper) * p
    return value


@compiled
def _sampled(grey: Float32, places: npt.NDArray[np.float64], fewer: int, height: int, width: int) -> Float32:
    """The reframed picture at every `fewer`-th pixel along both axes, (height, width) float32.

    `places` are the four factors of a Map, and the centre of the picture in pixels of `grey`, along x and y.
    """
    xx, xy, yx, yy, middle, centre = places
    right, lowest = grey.shape[1] - 1, grey.shape[0] - 1
    flat = grey.ravel()
    out = np.empty((height, width), np.float32)
    for i in range(height):
        y = (i + 0.5) * fewer - centre
        x = 0.5 * fewer - middle
        u, v = xx * x + xy * y + middle - 0.5, yx * x + yy * y + centre - 0.5
        across, down = xx * fewer, yx * fewer
        begin, end = _inner(u, across, right, width)
        other_begin, other_end = _inner(v, down, lowest, width)
        begin, end = max(begin, other_begin), max(begin, other_begin, min(end, other_end))
        line = out[i]
        for j in range(begin):
            line[j] = _at_edge(grey, u + across * j, v + down * j)
        for j in range(begin, end):
            line[j] = _between(grey, flat, u + across * j, v + down * j)
        for j in range(end, width):
            line[j] = _at_edge(grey, u + across * j, v + down * j)
    return out
