"""Pictures of low quality in a corpus, and their hashes: whole files, and cuttings of photographs (sky, night, walls).

The corpus is divided in two halves by the SHA-256 of a file, or of the family of files of one original: a calibration
may use one half, and what is then asked the other.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.shared.corpus_pictures import manifest
from matcher.algorithms import ALGORITHMS, Metric
from matcher.errors import DecodeError
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.limits import Limits
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Hash

FULL_QUALITY = ALGORITHMS["pdq"].minimum_quality
HAMMING = tuple(name for name, facts in ALGORITHMS.items() if facts.metric is Metric.HAMMING)
FOLDERS = ("photos", "screenshots", "templates", "formats")
MOST_PIXELS = 16_000_000
GRIDS = (2, 3, 4)
"""Cuttings are the fields of these grids, of as many rows as columns."""
FINER_GRIDS = (5, 6, 7)
"""The grids of more cuttings, without the whole picture."""
MOST_CUTTINGS = 6
"""The most cuttings of one picture, and in each of the finer grids: those of its largest fields come first."""
SMALLEST_SIDE = 160
FINER_SIDE = 100
"""The shortest side of a cutting in pixels, and of one of the finer grids."""


@dataclass(frozen=True, slots=True)
class LowQuality:
    """A picture of low quality: `file` in the corpus, `box` the cutting or None, `group` its original's name.

    `hashes`: by algorithm, of all eight orientations.
    """

    file: str
    box: tuple[int, int, int, int] | None
    group: str
    hashes: dict[str, tuple[Hash, ...]]

    @property
    def quality(self) -> int:
        """The PDQ quality."""
        return self.hashes["pdq"][0].quality or 0


def half_of(group: str) -> int:
    """0 or 1: the half of the corpus to which a family of files belongs."""
    return hashlib.sha256(group.encode()).digest()[0] & 1


def groups(corpus: Path) -> dict[str, str]:
    """The group of each file of FOLDERS: the family of versions of one original, or the file's digest."""
    rows = [row for row in manifest(corpus) if row["file"].partition("/")[0] in FOLDERS and row["width"]]
    small = [row for row in rows if int(row["width"]) * int(row["height"]) <= MOST_PIXELS]
    return {row["file"]: row["family"] or row["dup_group"] or row["sha256"] for row in small}


def opened(corpus: Path, file: str) -> Image.Image | None:
    """The first frame of a file as RGB; None where it is no picture, or cannot be decoded."""
    data = (corpus / file).read_bytes()
    kind = sniff(data[:HEAD])
    if kind is None:
        return None
    try:
        return next(decode(data, kind, Limits(max_pixels=MOST_PIXELS, max_frames=1)).renderings()).image
    except (DecodeError, StopIteration):
        return None


def _found(corpus: Path, finer: bool, task: tuple[str, str]) -> list[LowQuality]:
    warnings.simplefilter("ignore")
    file, group = task
    image = opened(corpus, file)
    if image is None:
        return []
    boxes: list[tuple[int, int, int, int] | None] = [None, *_fields(image.size, GRIDS, SMALLEST_SIDE)]
    if finer:
        boxes = [*_fields(image.size, FINER_GRIDS, FINER_SIDE)]
    most = MOST_CUTTINGS * (len(FINER_GRIDS) if finer else 1)
    found: list[LowQuality] = []
    pdq = picture_hashers(("pdq",))[0]
    for box in boxes:
        picture = Picture(image if box is None else image.crop(box))
        if (pdq.hash(picture).quality or 0) >= FULL_QUALITY or len(found) > most:
            continue
        found.append(
            LowQuality(
                file,
                box,
                group,
                {each.algorithm.name: each.turned(picture) for each in picture_hashers(("pdq",) if finer else HAMMING)},
            )
        )
    return found


def _fields(size: tuple[int, int], grids: Sequence[int], smallest: int) -> Iterator[tuple[int, int, int, int]]:
    width, height = size
    for grid in grids:
        across, down = width // grid, height // grid
        if min(across, down) >= smallest:
            for place in range(grid * grid):
                x, y = place % grid * across, place // grid * down
                yield x, y, x + across, y + down


def low_quality_pictures(corpus: Path, work: Path, *, finer: bool = False) -> list[LowQuality]:
    """Every picture of low quality, in the order of the manifest; stored in `work` and read from there later.

    With `finer` cuttings of the finer grids only, with their PDQ hash alone.
    """
    stored = work / ("low-quality-finer.pickle" if finer else "low-quality.pickle")
    if stored.exists():
        with stored.open("rb") as stream:
            pictures: list[LowQuality] = pickle.load(stream)
        return pictures
    work.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        every = pool.map(partial(_found, corpus, finer), groups(corpus).items(), chunksize=4)
        pictures = [picture for found in every for picture in found]
    with stored.open("wb") as stream:
        pickle.dump(pictures, stream)
    return pictures
