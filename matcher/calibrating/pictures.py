"""One picture → the hashes that would be listed and asked of it: of the whole, and of boxes in it.

The boxes stand for those that are found in screenshots: half of them have any sides, half of them have sides at the
strongest lines of the picture, where windows, photographs and columns of text end. Boxes without texture are not
asked. The boxes are drawn by a generator that the picture's digest seeds, so that a picture always gives the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.hashers import PictureHasher, ScreeningHasher
from matcher.imaging.decode import decode
from matcher.imaging.limits import MAX_PIXELS
from matcher.imaging.picture import Picture
from matcher.imaging.reduced import Reduced, scale_for
from matcher.imaging.sniff import HEAD, sniff
from matcher.imaging.texture import LEAST_TEXTURE, small_steps
from matcher.model import LOW_QUALITY, TRANSFORMS, Region, Turned

Codes = npt.NDArray[np.uint8]

SMALLEST_SIDE = 72
"""Pixels of a box's shorter side, at least."""
LONGEST = 4.0
"""Of a box's sides, the longer to the shorter, at most."""
_LINES = 24
"""How many of the strongest lines, each way, a box may have its sides at."""
_TRIES = 4
"""For each box that is wanted."""
GATE = "pdq"
"""A picture or a box is taken, for every algorithm, where its hash by this one has quality enough."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One picture by algorithm: `whole` (8, width), `regions` (boxes, 8, width) uint8, in the order of TRANSFORMS.

    Hashes of a quality below LOW_QUALITY are left out: all of `whole`, or that box. `key` is the file's SHA-256.
    """

    key: bytes
    whole: dict[str, Codes] = field(default_factory=dict)
    regions: dict[str, Codes] = field(default_factory=dict)


def measure(
    data: bytes,
    hashers: Sequence[PictureHasher],
    *,
    boxes: int,
    boxed: Sequence[PictureHasher],
    max_pixels: int = MAX_PIXELS,
) -> Measured | None:
    """The hashes of a file's first frame by `hashers`, and by `boxed` of up to `boxes` boxes in it.

    None for what is no picture. DecodeError for a picture that cannot be decoded. Boxes are hashed by those that hash
    reduced pictures, among them GATE.
    """
    kind = sniff(data[:HEAD])
    if kind is None:
        return None
    picture = next(decode(data, kind, max_pixels=max_pixels, max_frames=1).renderings())
    reduced = picture.reduced()
    measured = Measured(hashlib.sha256(data).digest())
    for hasher in hashers:
        turned = _turned(hasher, picture, reduced)
        if _says_enough(turned):
            measured.whole[hasher.algorithm.name] = _codes(turned)
    view = reduced if reduced.scale == 1 else reduced.finer()
    if boxes and view is not None:
        measured.regions.update(_regions(view, boxed, measured.key, boxes))
    return measured


def _turned(hasher: PictureHasher, picture: Picture, reduced: Reduced) -> Turned:
    screened = hasher.screened(reduced) if isinstance(hasher, ScreeningHasher) else None
    return screened or Turned.of("", hasher.turned(picture), (0,) * len(TRANSFORMS))


def _says_enough(turned: Turned) -> bool:
    return all(quality >= LOW_QUALITY for quality in turned.qualities)  # NO_QUALITY is more than that


def _codes(turned: Turned) -> Codes:
    return np.frombuffer(turned.codes, np.uint8).reshape(len(TRANSFORMS), -1)


def _regions(view: Reduced, hashers: Sequence[PictureHasher], key: bytes, boxes: int) -> dict[str, Codes]:
    able = [hasher for hasher in hashers if isinstance(hasher, ScreeningHasher)]
    found: dict[str, list[Codes]] = {hasher.algorithm.name: [] for hasher in able}
    steps = small_steps(view.grey)
    count = 0
    for box in drawn_boxes(view, seed=int.from_bytes(key[:8]), tries=_TRIES * boxes):
        x, y, width, height = box
        if np.count_nonzero(steps[y : y + height, x : x + width - 1]) < LEAST_TEXTURE * height * (width - 1):
            continue
        part = cut_out(view, box)
        every = [turned for hasher in able if (turned := hasher.screened(part)) is not None]
        if not any(turned.algorithm == GATE and _says_enough(turned) for turned in every):
            continue
        for turned in filter(_says_enough, every):
            found[turned.algorithm].append(_codes(turned))
        count += 1
        if count == boxes:
            break
    return {name: np.stack(codes) for name, codes in found.items() if codes}


def cut_out(view: Reduced, box: Region) -> Reduced:
    """A box of a picture at scale 1 as a picture of its own, reduced if it is large."""
    x, y, width, height = box
    grey = view.grey[y : y + height, x : x + width]
    scale = scale_for(width, height)
    if scale > 1:
        grey = grey[: height - height % scale, : width - width % scale]
        height, width = grey.shape
        grey = grey.reshape(height // scale, scale, width // scale, scale).mean(axis=(1, 3), dtype=np.float32)
    return Reduced(np.ascontiguousarray(grey), width, height, scale)


def drawn_boxes(view: Reduced, *, seed: int, tries: int) -> Iterator[Region]:
    """A generator of at most `tries` boxes in a picture, alternately at any place and at its strongest lines."""
    height, width = view.grey.shape
    if min(height, width) < SMALLEST_SIDE:
        return
    random = np.random.default_rng(seed)
    columns, rows = _lines(view.grey.T), _lines(view.grey)
    for number in range(tries):
        if number % 2:
            x, right = sorted(random.choice(columns, 2, replace=False).tolist())
            y, bottom = sorted(random.choice(rows, 2, replace=False).tolist())
        else:
            x, right = _any_side(random, width)
            y, bottom = _any_side(random, height)
        across, down = right - x, bottom - y
        whole = across * down > 0.9 * width * height
        if min(across, down) >= SMALLEST_SIDE and max(across, down) <= LONGEST * min(across, down) and not whole:
            yield x, y, across, down


def _any_side(random: np.random.Generator, length: int) -> tuple[int, int]:
    """Where a side begins and ends: its length is even on a scale of octaves."""
    side = int(np.exp(random.uniform(np.log(SMALLEST_SIDE), np.log(length))))
    start = int(random.integers(0, length - side + 1))
    return start, start + side


def _lines(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Where rows differ most from the row above, both borders among them."""
    steps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    strongest = np.argsort(-steps, kind="stable")[:_LINES] + 1
    return np.concatenate([strongest, [0, len(grey)]])
