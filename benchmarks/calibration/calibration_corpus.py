"""The corpus's pictures as a sample for calibration: the queries, the listed pictures, and the pairs that are related.

Photographs (of the kinds LISTED) are listed. The queries are pictures of every kind, the regions detected in them and
in screenshots that are composed of them, and boxes drawn in photographs. Pictures of one package, one family, one
near-duplicate group or one pair of NEAR_DUPLICATES.csv are not compared, nor those of the pairs in
calibration_pairs.csv, each of which was inspected and shows the same picture, or a part of it.
"""

from __future__ import annotations

import csv
import multiprocessing
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.calibration.calibration_composed import composed
from benchmarks.shared.corpus_pictures import PHOTOGRAPHS, manifest
from matcher.algorithms import ALGORITHMS, Metric
from matcher.calibration.measuring.making import joined
from matcher.calibration.measuring.pictures import Measured, measure
from matcher.calibration.measuring.sample import JOINT, Sample
from matcher.errors import DecodeError
from matcher.hashers import picture_hashers

LISTED = {"photo", "wallpaper"}
APART = {"astro-photo"}
"""Kinds that are not queried with the others: the corpus has a share of star fields that no disk has, each a bright
spot in the dark."""
FEWEST_PIXELS, MOST_PIXELS = 10_000, 40_000_000
BOXES = {"photos": 250, "screenshots": 0}
"""The number of boxes drawn at random in each picture, in addition to the detected regions."""
EVERY = 4
"""The boxes of every fourth picture are hashed by every algorithm, those of the others by the two of JOINT."""
PAIRS = Path(__file__).with_name("calibration_pairs.csv")
SHORTEST, MOST_ASPECT = 200, 3
"""The limits of a photograph that is shown in a composed screenshot."""
Stored = TypeVar("Stored")
HAMMING = [name for name, facts in ALGORITHMS.items() if facts.metric is Metric.HAMMING]


def _rows(corpus: Path) -> list[dict[str, str]]:
    return [
        row
        for row in manifest(corpus)
        if row["width"]
        and FEWEST_PIXELS < int(row["width"]) * int(row["height"]) < MOST_PIXELS
        and (
            row["file"].startswith("screenshots/") or (row["file"].startswith("photos/") and row["kind"] in PHOTOGRAPHS)
        )
    ]


def _measured(corpus: Path, task: tuple[str, bool]) -> Measured | None:
    warnings.simplefilter("ignore")
    file, every = task
    folder = file.partition("/")[0]
    names = [name for name in HAMMING if folder == "photos" or not name.startswith("whash")]  # slow, and never of boxes
    boxed = [name for name in names if every or name in JOINT]
    try:
        return measure(
            (corpus / file).read_bytes(), picture_hashers(names), boxes=BOXES[folder], boxed=picture_hashers(boxed)
        )
    except DecodeError:
        return None


def measured(corpus: Path, work: Path) -> dict[str, Measured]:
    """Every picture's measurements by its file's name in the manifest; stored in `work` and read from there later."""
    tasks = [(row["file"], number % EVERY == 0) for number, row in enumerate(_rows(corpus))]

    def make() -> dict[str, Measured]:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            results = pool.map(partial(_measured, corpus), tasks, chunksize=8)
            return {file: one for (file, _), one in zip(tasks, results, strict=True) if one is not None}

    return _stored(work / "measured.pickle", make)


def _composed(corpus: Path, work: Path) -> list[tuple[str, Measured]]:
    """Screenshots composed of the photographs of one package each, with their measurements; stored in `work` too."""
    packages: dict[str, list[Path]] = {}
    for row in _rows(corpus):
        sides = int(row["width"]), int(row["height"])
        if row["kind"] in PHOTOGRAPHS - APART and min(sides) >= SHORTEST and max(sides) <= MOST_ASPECT * min(sides):
            packages.setdefault(row["package"], []).append(corpus / row["file"])
    names = [name for name in HAMMING if not name.startswith("whash")]
    return _stored(work / "composed.pickle", lambda: list(composed(packages, picture_hashers(names))))


def _stored(path: Path, make: Callable[[], Stored]) -> Stored:
    if path.exists():
        with path.open("rb") as stream:
            stored: Stored = pickle.load(stream)
        return stored
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        pickle.dump(made, stream)
    return made


def upright_only(one: Measured) -> Measured:
    """The measurements of a picture without its boxes, and only in its upright orientation."""
    return Measured(one.key, {name: codes[:1] for name, codes in one.whole.items()})


def sample(corpus: Path, work: Path, *, apart: bool = False) -> tuple[Sample, list[str]]:
    """The whole sample, and the files' names. The kinds of APART are queries only with `apart`, and then no others."""
    by_file = measured(corpus, work)
    wanted = LISTED | APART if apart else {*PHOTOGRAPHS, "screenshot"} - APART
    rows = [row for row in _rows(corpus) if row["file"] in by_file and row["kind"] in wanted]
    if apart:
        by_file = {
            row["file"]: upright_only(by_file[row["file"]]) if row["kind"] in LISTED else by_file[row["file"]]
            for row in rows
        }
    shown = [] if apart else _composed(corpus, work)
    files = [row["file"] for row in rows]
    places = {file: place for place, file in enumerate(files)}
    digests = {row["sha256"]: place for place, row in enumerate(rows)}
    pairs: list[tuple[int, int]] = []
    for key in ("package", "family", "dup_group"):
        first: dict[str, int] = {}
        pairs.extend((first.setdefault(row[key], place), place) for place, row in enumerate(rows) if row[key])
    of_package = {row["package"]: place for place, row in enumerate(rows)}
    pairs.extend((of_package[package], len(files) + number) for number, (package, _) in enumerate(shown))
    with (corpus / "NEAR_DUPLICATES.csv").open(encoding="utf-8", newline="") as stream:
        near = [(row["file_a"], row["file_b"]) for row in csv.DictReader(stream)]
    pairs.extend((places[a], places[b]) for a, b in near if a in places and b in places)
    with PAIRS.open(encoding="utf-8", newline="") as stream:
        inspected = [(row["sha256_a"], row["sha256_b"]) for row in csv.DictReader(stream)]
    pairs.extend((digests[a], digests[b]) for a, b in inspected if a in digests and b in digests)
    files += [f"composed of {package}, {one.key[:5].hex()}" for package, one in shown]
    pictures = [*(by_file[row["file"]] for row in rows), *(one for _, one in shown)]
    listed = [row["kind"] in LISTED for row in rows] + [False] * len(shown)
    return Sample(pictures, joined(len(files), pairs), listed), files
