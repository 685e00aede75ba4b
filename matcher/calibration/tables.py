"""How near unrelated pictures come, and so how many matches are expected by chance.

A calibration is a file of whole numbers: for each algorithm and distance, hundredths of log10 of the probability that
one hash that is asked and one that is listed, of pictures that have nothing to do with each other, are so near. What
makes such files is matcher/calibration/measuring; docs/calibration.md says on what pictures the one that comes along
was measured, how far it was seen, and how it goes on beyond.

All results come from those whole numbers by exact arithmetic, so that every machine says the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from matcher.algorithms import ALGORITHMS, Metric
from matcher.errors import CalibrationError

KINDS = ("whole", "region")
"""A whole picture that is asked, and a box in a picture."""

SCHEMA = "matcher-calibration-1"
"""What a file of this form says of itself."""

LEAST = -2000
"""Hundredths: no probability below 10^-20 is stated. What is nearer than that is near for a reason, and the commonest
reason, that two pictures have to do with each other in a way that nobody knew of, is more likely than that."""

STEP = 10
"""Hundredths between two places of a combined table."""

_MOST_BYTES = 1 << 22
_SLOPE_PLACES = 8
_DIGITS = 12
_MANTISSAS = tuple(
    int((Context(prec=40).power(10, Decimal(part).scaleb(-2)) * 10**_DIGITS).to_integral_value()) for part in range(100)
)
"""10^(part/100), times 10^_DIGITS, rounded."""


@dataclass(frozen=True, slots=True)
class _Table:
    """`chance[distance]`, or of several algorithms `chance[-sum of theirs // STEP]`: rising there, falling here.

    `pairs` of hashes were compared; `seen` is the nearest place that was measured, and not extrapolated.
    """

    chance: tuple[int, ...]
    pairs: int
    seen: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The tables of one file. `digest` is its SHA-256 in hex, `pairs` how many pairs of hashes it was measured on."""

    name: str
    digest: str
    pairs: int
    _tables: Mapping[tuple[str, str], _Table]

    @classmethod
    def default(cls) -> Calibration:
        """The one that comes with the package, read once."""
        return _default()

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read a file. CalibrationError where it cannot be read, is damaged, or is something else."""
        try:
            with path.open("rb") as stream:
                data = stream.read(_MOST_BYTES + 1)
        except OSError as error:
            raise CalibrationError(f"{path}: {error.strerror or error}") from error
        try:
            name, tables = _parsed(data)
        except ValueError as error:
            raise CalibrationError(f"{path}: {error}") from error
        pairs = sum(max((t.pairs for (of, _), t in tables.items() if of == kind), default=0) for kind in KINDS)
        return cls(name, hashlib.sha256(data).hexdigest(), pairs, tables)

    def measures(self, algorithm: str, kind: str) -> bool:
        """Whether there is a table of an algorithm's hashes of that kind."""
        return (kind, algorithm) in self._tables

    def seen(self, algorithm: str, kind: str) -> int:
        """The least distance whose probability was measured; that of lower ones is extrapolated."""
        return self._table(algorithm, kind).seen

    def slope(self, algorithm: str, kind: str) -> float:
        """By how many hundredths a place the chance falls just beyond what was seen."""
        table = self._table(algorithm, kind)
        last = len(table.chance) - 1
        chance, seen = (table.chance[::-1], last - table.seen) if "+" in algorithm else (table.chance, table.seen)
        start = max(seen - _SLOPE_PLACES, 0)
        end = min(start + _SLOPE_PLACES, last)
        return (chance[end] - chance[start]) / max(end - start, 1)

    def chance(self, algorithm: str, kind: str, distance: int) -> int:
        """Hundredths of log10 of the probability that a listed hash of an unrelated picture is within `distance`.

        At least LEAST. CalibrationError for an algorithm or a kind that was not measured.
        """
        table = self._table(algorithm, kind).chance
        return LEAST if distance < 0 else table[min(distance, len(table) - 1)]

    def expected(self, algorithm: str, kind: str, *, distance: int, listed: int, queries: int) -> float:
        """How many matches are expected by chance within `distance`, where `queries` hashes are asked of `listed`."""
        return float(_expected(self.chance(algorithm, kind, distance), listed * queries))

    def threshold(self, algorithm: str, kind: str, *, listed: int, queries: int, most: float) -> int:
        """The largest distance within which at most `most` matches are expected by chance; -1 where there is none."""
        table = self._table(algorithm, kind).chance
        return sum(_expected(chance, listed * queries) <= Fraction(most) for chance in table) - 1

    def combined(self, kind: str, distances: Mapping[str, int]) -> int:
        """The same as `chance` of several algorithms' distances between the same two pictures, taken together.

        The least that one of them says, or those whose joint distribution was measured (how probable it is that their
        chances, multiplied, come out as small as here), times how many such were asked: which is never too little.
        """
        names = tuple(sorted(distances))
        if not names:
            raise CalibrationError("no distances to combine")
        single = {name: self.chance(name, kind, distances[name]) for name in names}
        if len(names) == 1:
            return single[names[0]]
        joint = [key for of, key in self._tables if of == kind and "+" in key and set(key.split("+")) <= set(names)]
        asked = [
            *single.values(),
            *(self._joint(key, kind, sum(single[part] for part in key.split("+"))) for key in joint),
        ]
        return max(LEAST, min(0, min(asked) + _hundredths(len(asked))))

    def _joint(self, key: str, kind: str, total: int) -> int:
        table = self._table(key, kind).chance
        return table[min(-total // STEP, len(table) - 1)]

    def _table(self, algorithm: str, kind: str) -> _Table:
        found = self._tables.get((kind, algorithm))
        if found is None:
            raise CalibrationError(f"the calibration {self.name!r} has nothing on {algorithm} hashes of kind {kind!r}")
        return found


@cache
def _default() -> Calibration:
    return Calibration.load(Path(__file__).with_name("calibration.json"))


def probability(chance: int) -> Fraction:
    """10^(chance/100), to twelve digits and the same on every machine."""
    whole, part = divmod(chance, 100)
    return Fraction(_MANTISSAS[part], 10**_DIGITS) * Fraction(10) ** whole


def _expected(chance: int, pairs: int) -> Fraction:
    return probability(chance) * pairs


def _hundredths(count: int) -> int:
    """The least whole number of hundredths of log10 that is not below that of `count`."""
    return next(part for part in range(100 * len(str(count)) + 1) if probability(part) >= count)


def _parsed(data: bytes) -> tuple[str, dict[tuple[str, str], _Table]]:
    """Name and tables of a file's bytes. ValueError that says what is wrong."""
    if len(data) > _MOST_BYTES:
        raise ValueError("too large for a calibration")
    try:
        read = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("damaged, or no calibration: not JSON") from error
    if not isinstance(read, dict) or read.get("schema") != SCHEMA:
        raise ValueError(f"no calibration of this form ({SCHEMA})")
    name, tables = read.get("name"), read.get("tables")
    if not isinstance(name, str) or not isinstance(tables, dict) or not set(tables) <= set(KINDS):
        raise ValueError("damaged: name and tables are expected")
    found = {}
    for kind, of_kind in tables.items():
        if not isinstance(of_kind, dict):
            raise ValueError(f"damaged: the tables of {kind}")
        for key, table in of_kind.items():
            found[kind, key] = _checked(key, table, where=f"{kind}, {key}")
    for kind, key in found:
        if any((kind, part) not in found for part in key.split("+")):
            raise ValueError(f"damaged: {kind}, {key}: not all of them have a table")
    return name, found


def _checked(key: str, table: Any, *, where: str) -> _Table:
    """A table that makes sense. ValueError otherwise."""
    if not isinstance(table, dict) or set(table) != {"chance", "pairs", "seen"}:
        raise ValueError(f"damaged: {where}: chance, pairs and seen are expected")
    chance, pairs, seen = table["chance"], table["pairs"], table["seen"]
    if not isinstance(chance, list) or not all(type(value) is int and LEAST <= value <= 0 for value in [*chance, 0]):
        raise ValueError(f"damaged: {where}: chances of {LEAST} to 0 are expected")
    together = "+" in key
    rising = chance[::-1] if together else chance
    if not rising or rising[-1] != 0 or any(one > other for one, other in pairwise(rising)):
        raise ValueError(f"damaged: {where}: chances that rise to 0 are expected")
    if type(pairs) is not int or pairs < 1 or type(seen) is not int or not 0 <= seen < len(chance):
        raise ValueError(f"damaged: {where}: numbers of pairs and of what was seen are expected")
    facts = ALGORITHMS.get(key)
    if facts is not None and (facts.metric is not Metric.HAMMING or len(chance) != facts.bits + 1):
        raise ValueError(f"damaged: {where}: {facts.furthest + 1} distances are expected")
    if together and key != "+".join(sorted(set(key.split("+")))):
        raise ValueError(f"damaged: {where}: no names in order")
    return _Table(tuple(chance), pairs, seen)
