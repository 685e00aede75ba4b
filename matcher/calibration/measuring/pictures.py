"""One picture → the hashes that would be listed and looked up: of the whole, and of boxes in it.

The boxes are those that are detected in it, as in an examination, and, for more pairs, some that are drawn at random:
their sides are at the strongest lines of the picture, where windows, photographs and columns of text end. Both pass the
same gates as in an examination (matcher/examine/parts.py): texture, and an informative PDQ hash. Boxes are drawn by a
generator that is seeded with the picture's digest, so a picture always has the same boxes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt

from matcher.calibration.measuring.region_texture import texture_shares
from matcher.hashers import PictureHasher, ScreeningHasher
from matcher.hashers.regularity import GATE, is_informative
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.limits import MAX_PIXELS, Limits
from matcher.imaging.picture import Picture
from matcher.imaging.quiet import quiet_decoders
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.regions import cropped, find_regions, may_hold_regions
from matcher.imaging.sniff import HEAD, sniff
from matcher.imaging.texture import LEAST_TEXTURE
from matcher.model import LOW_QUALITY, TRANSFORMS, OrientationHashes, Region

Codes = npt.NDArray[np.uint8]

SMALLEST_SIDE = 72
"""The least length of a box's shorter side, in pixels."""
LONGEST = 4.0
"""The largest ratio of a box's longer side to its shorter side."""
_LINES = 24
"""The number of strongest lines in each direction at which a drawn box may have its sides."""
_TRIES = 4
"""The number of draws for each requested box."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The hashes of one picture, by algorithm: `whole` (8, width), `regions` (boxes, 8, width) uint8.

    Orientations are in the order of TRANSFORMS. Hashes of a quality below LOW_QUALITY are left out: all of `whole`, or
    that box. `key` is the file's SHA-256; `detected` is the number of boxes that were detected and not drawn: those are
    the first of `regions`.
    """

    key: bytes
    whole: dict[str, Codes] = field(default_factory=dict)
    regions: dict[str, Codes] = field(default_factory=dict)
    detected: int = 0


def measure(
    data: bytes,
    hashers: Sequence[PictureHasher],
    *,
    boxes: int,
    boxed: Sequence[PictureHasher],
    max_pixels: int = MAX_PIXELS,
) -> Measured | None:
    """The hashes of a file's first frame by `hashers`, and of its detected boxes and `boxes` drawn ones by `boxed`.

    None unless the file is a picture. DecodeError for a picture that cannot be decoded. Boxes are hashed only by
    hashers that hash reduced pictures; GATE must be among those.
    """
    kind = sniff(data[:HEAD])
    if kind is None:
        return None
    with quiet_decoders():
        picture = next(decode(data, kind, Limits(max_pixels=max_pixels, max_frames=1), Found()).renderings())
    return measured_picture(picture, hashlib.sha256(data).digest(), hashers, boxes=boxes, boxed=boxed)


def measured_picture(
    picture: Picture, key: bytes, hashers: Sequence[PictureHasher], *, boxes: int, boxed: Sequence[PictureHasher]
) -> Measured:
    """The hashes of a decoded picture; arguments as those of `measure`."""
    reduced = picture.reduced()
    whole = {}
    for hasher in hashers:
        turned = _turned(hasher, picture, reduced)
        if _has_quality(turned):
            whole[hasher.algorithm.name] = _codes(turned)
    view = reduced.view()
    if view is None:
        return Measured(key, whole)
    able = [hasher for hasher in boxed if isinstance(hasher, ScreeningHasher)]
    detected = list(_hashed(view, find_regions(view) if may_hold_regions(reduced) else (), able))
    drawn = list(drawn_boxes(view, seed=int.from_bytes(key[:8]), tries=_TRIES * boxes))
    every = [*detected, *islice(_hashed(view, drawn, able), boxes)]
    names = {name for codes in every for name in codes}
    regions = {name: np.stack([codes[name] for codes in every if name in codes]) for name in sorted(names)}
    return Measured(key, whole, regions, len(detected))


def _turned(hasher: PictureHasher, picture: Picture, reduced: Reduced) -> OrientationHashes:
    screened = hasher.screened(reduced) if isinstance(hasher, ScreeningHasher) else None
    return screened or OrientationHashes.of("", hasher.turned(picture), (0,) * len(TRANSFORMS))


def _has_quality(turned: OrientationHashes) -> bool:
    return all(quality >= LOW_QUALITY for quality in turned.qualities)  # NO_QUALITY is more than that


def _codes(turned: OrientationHashes) -> Codes:
    return np.frombuffer(turned.codes, np.uint8).reshape(len(TRANSFORMS), -1)


def _hashed(view: Reduced, boxes: Sequence[Region], hashers: Sequence[ScreeningHasher]) -> Iterator[dict[str, Codes]]:
    """A generator of the hashes, by algorithm, of each box that an examination would look up."""
    for box, texture in zip(boxes, texture_shares(view, boxes), strict=True):
        if texture < LEAST_TEXTURE:
            continue
        part = cropped(view, box)
        screened = [hasher.screened(part) for hasher in hashers]
        every = [turned for turned in screened if turned is not None and is_informative(turned)]
        if any(turned.algorithm == GATE for turned in every):
            yield {turned.algorithm: _codes(turned) for turned in every if _has_quality(turned)}


def drawn_boxes(view: Reduced, *, seed: int, tries: int) -> Iterator[Region]:
    """A generator of at most `tries` boxes in a view, their sides at its strongest lines or its borders."""
    height, width = view.grey.shape
    if tries == 0 or min(height, width) < SMALLEST_SIDE:
        return
    random = np.random.default_rng(seed)
    columns, rows = _lines(view.grey.T), _lines(view.grey)
    for _ in range(tries):
        x, right = sorted(random.choice(columns, 2, replace=False).tolist())
        y, bottom = sorted(random.choice(rows, 2, replace=False).tolist())
        across, down = right - x, bottom - y
        whole = across * down > 0.9 * width * height
        if min(across, down) >= SMALLEST_SIDE and max(across, down) <= LONGEST * min(across, down) and not whole:
            yield x, y, across, down


def _lines(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The rows that differ most from the row above, and both borders."""
    steps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    strongest = np.argsort(-steps, kind="stable")[:_LINES] + 1
    return np.concatenate([strongest, [0, len(grey)]])
