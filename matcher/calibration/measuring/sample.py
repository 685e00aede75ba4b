"""Measured pictures → the tables of a calibration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.calibration.measuring.counting import Coded, Counts, distance_counts, joint_counts, near_pairs
from matcher.calibration.measuring.pictures import Measured
from matcher.calibration.measuring.tails import tail, together
from matcher.calibration.tables import KINDS, SCHEMA, Calibration
from matcher.hashers.regularity import GATE

JOINT = ("pdq", "phash")
"""The algorithms whose joint distribution is measured too."""

SAME = {"pdq": 64, "phash": 12}
"""Two pictures within both distances, in any orientation, count as the same."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Pictures, the group of each (those of one group may show the same), and whether each is listed too."""

    pictures: Sequence[Measured]
    groups: Sequence[int]
    listed: Sequence[bool]

    def part(self, selected: Sequence[bool]) -> Sample:
        """The sample of the selected pictures."""
        places = [place for place, is_selected in enumerate(selected) if is_selected]
        return Sample(
            [self.pictures[place] for place in places],
            [self.groups[place] for place in places],
            [self.listed[place] for place in places],
        )

    def algorithms(self, kind: str) -> list[str]:
        """The algorithms by which any picture has hashes, sorted."""
        return sorted({name for picture in self.pictures for name in _of(picture, kind)})

    def counts(self, algorithm: str, kind: str) -> Counts:
        """The number of pairs of a query and a listed hash by distance, (bits + 1,) int64."""
        queries, listed = self._queries((algorithm,), kind), self._listed((algorithm,))
        return distance_counts(queries[0], listed[0])

    def joint(self, kind: str) -> Counts:
        """The number of pairs by the distances of both of JOINT, (bits + 1, bits + 1) int64."""
        first, second = self._queries(JOINT, kind)
        listed_first, listed_second = self._listed(JOINT)
        return joint_counts((first, second), (listed_first, listed_second))

    def nearest(self, algorithm: str, kind: str, *, within: int) -> npt.NDArray[np.int64]:
        """Pairs of different groups within a distance, inclusive: (pairs, 4) int64.

        Each has the place of the query's picture, the place of the listed one, the number of the query among its
        picture's hashes, and the distance.
        """
        queries, listed = self._queries((algorithm,), kind)[0], self._listed((algorithm,))[0]
        near = near_pairs(queries, listed, within=within)
        first = np.searchsorted(queries.pictures, queries.pictures[near[:, 0]])
        pictures = queries.pictures[near[:, 0]], listed.pictures[near[:, 1]]
        return np.stack([*pictures, near[:, 0] - first, near[:, 2]], axis=1)

    def _queries(self, algorithms: Sequence[str], kind: str) -> list[Coded]:
        return self._coded(algorithms, [_of(picture, kind) for picture in self.pictures])

    def _listed(self, algorithms: Sequence[str]) -> list[Coded]:
        return self._coded(
            algorithms,
            [
                {name: codes[:1] for name, codes in _of(picture, "whole").items()} if listed else {}
                for picture, listed in zip(self.pictures, self.listed, strict=True)
            ],
        )

    def _coded(self, algorithms: Sequence[str], every: Sequence[dict[str, npt.NDArray[np.uint8]]]) -> list[Coded]:
        """The hashes of pictures that have equally many by each algorithm, so that equal rows are of the same box."""
        places = [
            place
            for place, codes in enumerate(every)
            if all(name in codes for name in algorithms) and len({codes[name].shape[:-1] for name in algorithms}) == 1
        ]
        if not places:
            raise ValueError(f"no picture has hashes of {' and '.join(algorithms)} that are informative")
        result = []
        for name in algorithms:
            rows = [every[place][name].reshape(-1, every[place][name].shape[-1]) for place in places]
            lengths = [len(codes) for codes in rows]
            pictures = np.repeat(np.array(places, np.int64), lengths)
            result.append(Coded(np.concatenate(rows), pictures, np.array(self.groups, np.int64)[pictures]))
        return result


def _of(picture: Measured, kind: str) -> dict[str, npt.NDArray[np.uint8]]:
    if kind != "whole":
        return picture.regions
    return picture.whole if GATE in picture.whole else {}


def tables(sample: Sample, *, shape: Calibration | None) -> dict[str, dict[str, Any]]:
    """The tables of a sample, by kind, then by algorithm. No tail is steeper than in `shape`, where that has it.

    ValueError where there are too few pairs to measure a tail.
    """
    result: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        tails = {
            name: tail(sample.counts(name, kind), flattest=_slope(shape, name, kind))
            for name in sample.algorithms(kind)
        }
        result[kind] = {name: one.as_json() for name, one in tails.items()}
        if all(name in tails for name in JOINT):
            counts = sample.joint(kind)
            key = "+".join(JOINT)
            both = together(counts, *(tails[name].chance for name in JOINT), flattest=_slope(shape, key, kind))
            result[kind][key] = both.as_json(falling=True)
    return result


def _slope(shape: Calibration | None, key: str, kind: str) -> float | None:
    return None if shape is None or not shape.measures(key, kind) else shape.slope(key, kind)


def as_file(name: str, tables: dict[str, dict[str, Any]], *, schema: str = SCHEMA) -> bytes:
    """The bytes of the file of a calibration."""
    lines = [
        f"  {json.dumps(kind)}: {{\n"
        + ",\n".join(f"   {json.dumps(key)}: {json.dumps(table)}" for key, table in sorted(of_kind.items()))
        + "\n  }"
        for kind, of_kind in tables.items()
    ]
    head = f'{{\n "schema": {json.dumps(schema)},\n "name": {json.dumps(name, ensure_ascii=False)},\n "tables": {{\n'
    return (head + ",\n".join(lines) + "\n }\n}\n").encode()
