"""A folder of the lab's own pictures → the file of a calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matcher.algorithms import ALGORITHMS, Metric
from matcher.calibration.measuring.pictures import Measured, measure
from matcher.calibration.measuring.sample import SAME, Sample, as_file, tables
from matcher.calibration.tables import Calibration
from matcher.errors import CalibrationError, DecodeError
from matcher.hashers import picture_hashers
from matcher.settings import MAX_BYTES
from matcher.sources.folder import FolderSource
from matcher.system.files import replacing

FEWEST = 200
"""The least number of pictures for a calibration."""
BOXES = 40
"""The number of boxes that are drawn in each picture, besides the detected ones."""


@dataclass(frozen=True, slots=True)
class MadeCalibration:
    """The calibration, and the numbers of its pictures, of pairs counted as the same picture, of unreadable files."""

    calibration: Calibration
    pictures: int
    same: int
    unreadable: int


def make_calibration(
    folder: Path,
    output: Path,
    *,
    name: str,
    algorithms: Sequence[str],
    on_picture: Callable[[int], None],
) -> MadeCalibration:
    """Measure every picture below `folder`, and write `output` whole or not at all.

    Content that occurs twice is one picture. `on_picture` is called with the number of pictures so far.
    CalibrationError with fewer than FEWEST, or where too few of them are informative.
    """
    for algorithm in algorithms:
        if algorithm not in ALGORITHMS or ALGORITHMS[algorithm].metric is not Metric.HAMMING:
            raise CalibrationError(f"{algorithm!r} is no algorithm whose distances are bits")
    if output.resolve().is_relative_to(folder.resolve()):
        raise CalibrationError(f"{output}: lies inside the pictures' folder, which is never written to")
    measured, unreadable = _measure_folder(folder, algorithms, on_picture)
    if len(measured) < FEWEST:
        raise CalibrationError(f"{folder}: {len(measured)} pictures, and at least {FEWEST} are needed")
    try:
        groups, same = grouped(measured)
        sample = Sample(measured, groups, [True] * len(measured))
        data = as_file(name, tables(sample, shape=Calibration.default()))
    except ValueError as error:
        raise CalibrationError(f"{folder}: {error}") from error
    with replacing(output) as stream:
        stream.write(data)
    return MadeCalibration(Calibration.load(output), len(measured), same, unreadable)


def grouped(measured: Sequence[Measured]) -> tuple[list[int], int]:
    """The group of each picture, and the number of pairs that count as the same by SAME: those are of one group."""
    alone = Sample(measured, range(len(measured)), [True] * len(measured))
    near = [{(int(a), int(b)) for a, b, *_ in alone.nearest(name, "whole", within=SAME[name])} for name in SAME]
    same = {pair for pair in set.intersection(*near) if pair[0] < pair[1]}
    return joined(len(measured), sorted(same)), len(same)


def joined(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The group of each of `count` elements: the connected components of `pairs`."""
    groups = np.arange(count)
    for first, second in pairs:
        groups[groups == groups[second]] = groups[first]
    return [int(group) for group in groups]


def _measure_folder(
    folder: Path, algorithms: Sequence[str], on_picture: Callable[[int], None]
) -> tuple[list[Measured], int]:
    """The measured pictures below a folder, each content once, and the number of unreadable files."""
    hashers = picture_hashers(dict.fromkeys([*SAME, *algorithms]))
    source = FolderSource(folder)
    by_key: dict[bytes, Measured] = {}
    unreadable = 0
    for item in source.items():
        if item.status is not None or item.size is None or item.size > MAX_BYTES:
            continue
        try:
            with source.open(item) as stream:
                data = stream.read()
            measured = measure(data, hashers, boxes=BOXES, boxed=hashers)
        except (OSError, DecodeError, MemoryError):
            unreadable += 1
            continue
        if measured is not None:
            by_key.setdefault(measured.key, measured)
            on_picture(len(by_key))
    return list(by_key.values()), unreadable
