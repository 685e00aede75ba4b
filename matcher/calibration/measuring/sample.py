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
"""Whose joint distribution is measured too."""

SAME = {"pdq": 64, "phash": 12}
"""Two pictures that are within both distances, in any orientation, are taken for the same."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Pictures, the group of each (those of one group may show the same), and whether it stands for a listed one."""

    pictures: Sequence[Measured]
    groups: Sequence[int]
    listed: Sequence[bool]

    def part(self, kept: Sequence[bool]) -> Sample:
        """Some of the pictures."""
        places = [place for place, keep in enumerate(kept) if keep]
        return Sample(
            [self.pictures[place] for place in places],
            [self.groups[place] for place in places],
            [self.listed[place] for place in places],
        )

    def algorithms(self, kind: str) -> list[str]:
        """Those that any picture has hashes of, in order."""
        return sorted({name for picture in self.pictures for name in _of(picture, kind)})

    def counts(self, algorithm: str, kind: str) -> Counts:
        """How many pairs of an asked and a listed hash have each distance."""
        asked, listed = self._asked((algorithm,), kind), self._listed((algorithm,))
        return distance_counts(asked[0], listed[0])

    def joint(self, kind: str) -> Counts:
        """The same of both of JOINT, (distances, distances)."""
        first, second = self._asked(JOINT, kind)
        listed_first, listed_second = self._listed(JOINT)
        return joint_counts((first, second), (listed_first, listed_second))

    def nearest(self, algorithm: str, kind: str, *, within: int) -> npt.NDArray[np.int64]:
        """Pairs of different groups that are so near: (pairs, 4) int64.

        Place of the asked picture, place of the listed one, which of the asked one's hashes, and the distance.
        """
        asked, listed = self._asked((algorithm,), kind)[0], self._listed((algorithm,))[0]
        found = near_pairs(asked, listed, within=within)
        first = np.searchsorted(asked.pictures, asked.pictures[found[:, 0]])
        pictures = asked.pictures[found[:, 0]], listed.pictures[found[:, 1]]
        return np.stack([*pictures, found[:, 0] - first, found[:, 2]], axis=1)

    def _asked(self, algorithms: Sequence[str], kind: str) -> list[Coded]:
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
        """The hashes of pictures that have as many of each algorithm: so that the rows of all are of the same boxes."""
        places = [
            place
            for place, codes in enumerate(every)
            if all(name in codes for name in algorithms) and len({codes[name].shape[:-1] for name in algorithms}) == 1
        ]
        if not places:
            raise ValueError(f"no picture has hashes of {' and '.join(algorithms)} that say enough")
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
    """The tables of a sample; of what `shape` has measured too, no tail is steeper than there.

    ValueError where there are too few pairs to see any tail.
    """
    found: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        tails = {
            name: tail(sample.counts(name, kind), flattest=_slope(shape, name, kind))
            for name in sample.algorithms(kind)
        }
        found[kind] = {name: one.as_json() for name, one in tails.items()}
        if all(name in tails for name in JOINT):
            counts = sample.joint(kind)
            key = "+".join(JOINT)
            both = together(counts, *(tails[name].chance for name in JOINT), flattest=_slope(shape, key, kind))
            found[kind][key] = both.as_json(falling=True)
    return found


def _slope(shape: Calibration | None, key: str, kind: str) -> float | None:
    return None if shape is None or not shape.measures(key, kind) else shape.slope(key, kind)


def as_file(name: str, found: dict[str, dict[str, Any]]) -> bytes:
    """The bytes of a calibration's file."""
    lines = [
        f"  {json.dumps(kind)}: {{\n"
        + ",\n".join(f"   {json.dumps(key)}: {json.dumps(table)}" for key, table in sorted(of_kind.items()))
        + "\n  }"
        for kind, of_kind in found.items()
    ]
    head = f'{{\n "schema": {json.dumps(SCHEMA)},\n "name": {json.dumps(name, ensure_ascii=False)},\n "tables": {{\n'
    return (head + ",\n".join(lines) + "\n }\n}\n").encode()
