"""The probability of each distance between unrelated pictures, and so the number of matches expected by chance.

A calibration is a file of whole numbers: for each algorithm and distance, hundredths of log10 of the probability that
one query hash and one listed hash, of unrelated pictures, are within that distance. matcher/calibration/measuring makes
such files; docs/calibration.md describes the pictures on which the one in this package was measured, how far the
measurement reaches, and the extrapolation beyond.

A hash that many pictures of the negative bank are near to (bank.py) has more chance matches. So an algorithm may have
several tables, one for each commonness: of pairs whose less common hash has that commonness. A combined table is chosen
by the larger of both algorithms' commonness (JOINT_FROM).

All results are computed from those whole numbers by exact arithmetic, so that they are equal on every machine.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from matcher.algorithms import ALGORITHMS, Metric
from matcher.calibration.bank import MOST
from matcher.errors import CalibrationError

KINDS = ("whole", "region")
"""The kinds of a query: a whole picture, and a region of a picture."""

LOW_QUALITY = "low-quality"
REGULAR = "low-quality-regular"
PLAIN = "low-quality-plain"
LOW_QUALITIES = (LOW_QUALITY, REGULAR, PLAIN)
"""The kinds of a whole picture of low quality, by the regularity of its PDQ hash. Their tables are of pairs with listed
pictures of low quality. Those of REGULAR and PLAIN are of pairs whose pHash is near too: neither hash decides alone."""
MOST_REGULARITY = {LOW_QUALITY: 50, REGULAR: 80, PLAIN: 100}
"""The highest regularity (hashers/regularity.py) of each kind. Hashes of unrelated pictures are equal ever more often
where their bits follow from each other, as in a picture that is half black and half white (docs/calibration.md)."""

SCHEMA = "matcher-calibration-1"
"""The `schema` in a file with one table for each algorithm."""
SCHEMA_COMMON = "matcher-calibration-2"
"""The `schema` in a file with a list of tables for each algorithm, one for each commonness."""

JOINT_FROM = (0, 2, 4)
"""The least commonness of each combined table."""

LEAST = -2000
"""The least chance, in hundredths of log10: no probability below 10^-20 is stated.

That two pictures are related in an unknown way is more probable than that."""

STEP = 10
"""The step between two places of a combined table, in hundredths of log10."""

_TABLES = (*KINDS, *LOW_QUALITIES)
_MOST_BYTES = 1 << 22
_SLOPE_PLACES = 8
_DIGITS = 12
_MANTISSAS = tuple(
    int((Context(prec=40).power(10, Decimal(part).scaleb(-2)) * 10**_DIGITS).to_integral_value()) for part in range(100)
)
"""10^(part/100) times 10^_DIGITS, rounded, for part 0 to 99."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The chances of one algorithm, `chance[distance]`, rising; or of several, `chance[-sum // STEP]`, falling.

    `sum` is that of the chances of the single algorithms. `pairs` of hashes were compared; `measured_from` is the place
    of the least chance that was measured, and not extrapolated: `seen` in the file.
    """

    chance: tuple[int, ...]
    pairs: int
    measured_from: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The tables of one file. `digest` is its SHA-256 in hex, `pairs` the number of hash pairs it was measured on."""

    name: str
    digest: str
    pairs: int
    _tables: Mapping[tuple[str, str], tuple[_Table, ...]]
    by_commonness: bool = False
    """Whether it was measured by commonness. Then a joint table alone tells how probable two distances are."""

    @classmethod
    def default(cls) -> Calibration:
        """The calibration in this package; its file is read once."""
        return _packaged("calibration.json")

    @classmethod
    def without_commonness(cls) -> Calibration:
        """The calibration of scans that were made before the negative bank; its file is read once."""
        return _packaged("without_commonness.json")

    @classmethod
    def of_low_quality(cls) -> Calibration:
        """The tables of LOW_QUALITY in this package; their file is read once."""
        return _packaged("low_quality.json")

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read a file. CalibrationError where it cannot be read, is damaged, or is something else."""
        try:
            with path.open("rb") as stream:
                data = stream.read(_MOST_BYTES + 1)
        except OSError as error:
            raise CalibrationError(f"{path}: {error.strerror or error}") from error
        try:
            schema, name, tables = _parsed(data)
        except ValueError as error:
            raise CalibrationError(f"{path}: {error}") from error
        pairs = sum(
            max((sum(each.pairs for each in some) for (of, _), some in tables.items() if of == kind), default=0)
            for kind in _TABLES
        )
        return cls(name, hashlib.sha256(data).hexdigest(), pairs, tables, schema == SCHEMA_COMMON)

    def measures(self, algorithm: str, kind: str) -> bool:
        """Whether there is a table for an algorithm's hashes of that kind."""
        return (kind, algorithm) in self._tables

    def share(self, algorithm: str, kind: str, level: int) -> Fraction:
        """The share of the measured queries that had this commonness or more; of a joint table, the place of it."""
        tables = self._of(algorithm, kind)
        return Fraction(tables[min(level, len(tables) - 1)].pairs, tables[0].pairs)

    def levels(self, algorithm: str, kind: str) -> int:
        """The number of tables of an algorithm: 1 where its commonness does not matter."""
        return len(self._of(algorithm, kind))

    def measured_from(self, algorithm: str, kind: str, common: int = 0) -> int:
        """The least distance whose probability was measured; that of lower ones is extrapolated."""
        return self._table(algorithm, kind, common).measured_from

    def slope(self, algorithm: str, kind: str, common: int = 0) -> float:
        """The slope of the chance just beyond the measured places, in hundredths of log10 a place."""
        table = self._table(algorithm, kind, common)
        last = len(table.chance) - 1
        if "+" in algorithm:
            chance, measured_from = table.chance[::-1], last - table.measured_from
        else:
            chance, measured_from = table.chance, table.measured_from
        start = max(measured_from - _SLOPE_PLACES, 0)
        end = min(start + _SLOPE_PLACES, last)
        return (chance[end] - chance[start]) / max(end - start, 1)

    def chance(self, algorithm: str, kind: str, distance: int, common: int = 0) -> int:
        """Hundredths of log10 of the probability that a listed hash of an unrelated picture is within `distance`.

        `common` is the lesser commonness of both hashes. At least LEAST. CalibrationError for an algorithm or a kind
        that was not measured.
        """
        table = self._table(algorithm, kind, common).chance
        return LEAST if distance < 0 else table[min(distance, len(table) - 1)]

    def expected(
        self, algorithm: str, kind: str, *, distance: int, listed: int, queries: int, common: int = 0
    ) -> float:
        """The number of matches expected by chance within `distance`, for `queries` queries of `listed` hashes."""
        return float(_expected(self.chance(algorithm, kind, distance, common), listed * queries))

    def threshold(self, algorithm: str, kind: str, *, listed: int, queries: int, most: float, common: int = 0) -> int:
        """The largest distance within which at most `most` matches are expected by chance; -1 where there is none."""
        table = self._table(algorithm, kind, common).chance
        return bisect_right(table, Fraction(most), key=lambda chance: _expected(chance, listed * queries)) - 1

    def combined(self, kind: str, distances: Mapping[str, int], common: Mapping[str, int] | None = None) -> int:
        """The `chance` of the distances by several algorithms between the same two pictures, combined.

        `common`: by algorithm, the lesser commonness of both pictures' hashes; 0 where it is not named. The least of
        the single chances and of the joint ones that were measured (the probability that the product of
        the single chances is as small as here), multiplied by the number of chances compared: it is never too small.
        """
        names = tuple(sorted(distances))
        if not names:
            raise CalibrationError("no distances to combine")
        levels = common or {}
        single = {name: self.chance(name, kind, distances[name], levels.get(name, 0)) for name in names}
        if len(names) == 1:
            return single[names[0]]
        joint = [key for of, key in self._tables if of == kind and "+" in key and set(key.split("+")) <= set(names)]
        most_common = max(levels.values(), default=0)
        if self.by_commonness and joint == ["+".join(names)]:
            return self._joint(joint[0], kind, sum(single.values()), most_common)
        chances = [
            *single.values(),
            *(self._joint(key, kind, sum(single[part] for part in key.split("+")), most_common) for key in joint),
        ]
        return max(LEAST, min(0, min(chances) + _hundredths(len(chances))))

    def _joint(self, key: str, kind: str, total: int, common: int) -> int:
        tables = self._of(key, kind)
        table = tables[min(bisect_right(JOINT_FROM, common), len(tables)) - 1].chance
        return table[min(-total // STEP, len(table) - 1)]

    def _table(self, algorithm: str, kind: str, common: int) -> _Table:
        tables = self._of(algorithm, kind)
        return tables[min(common, len(tables) - 1)]

    def _of(self, algorithm: str, kind: str) -> tuple[_Table, ...]:
        tables = self._tables.get((kind, algorithm))
        if tables is None:
            raise CalibrationError(f"the calibration {self.name!r} has nothing on {algorithm} hashes of kind {kind!r}")
        return tables


@cache
def _packaged(name: str) -> Calibration:
    return Calibration.load(Path(__file__).with_name(name))


def probability(chance: int) -> Fraction:
    """10^(chance/100), rounded to twelve digits, equal on every machine."""
    whole, part = divmod(chance, 100)
    return Fraction(_MANTISSAS[part], 10**_DIGITS) * Fraction(10) ** whole


def _expected(chance: int, pairs: int) -> Fraction:
    return probability(chance) * pairs


@cache
def _hundredths(count: int) -> int:
    """The least whole number of hundredths of log10 that is not below that of `count`."""
    return next(part for part in range(100 * len(str(count)) + 1) if probability(part) >= count)


def _parsed(data: bytes) -> tuple[str, str, dict[tuple[str, str], tuple[_Table, ...]]]:
    """The schema, the name and the tables in a file's bytes. ValueError with the reason where they are damaged."""
    if len(data) > _MOST_BYTES:
        raise ValueError("too large for a calibration")
    try:
        read = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("damaged, or no calibration: not JSON") from error
    if not isinstance(read, dict) or read.get("schema") not in (SCHEMA, SCHEMA_COMMON):
        raise ValueError(f"no calibration of this form ({SCHEMA})")
    name, tables = read.get("name"), read.get("tables")
    if not isinstance(name, str) or not isinstance(tables, dict) or not set(tables) <= set(_TABLES):
        raise ValueError("damaged: name and tables are expected")
    checked = {}
    for kind, of_kind in tables.items():
        if not isinstance(of_kind, dict):
            raise ValueError(f"damaged: the tables of {kind}")
        for key, of_key in of_kind.items():
            some = of_key if read["schema"] == SCHEMA_COMMON else [of_key]
            if not isinstance(some, list) or not 1 <= len(some) <= _most_tables(key):
                raise ValueError(f"damaged: the tables of {kind}, {key}")
            checked[kind, key] = tuple(_checked(key, table, where=f"{kind}, {key}") for table in some)
    for kind, key in checked:
        if any((kind, part) not in checked for part in key.split("+")):
            raise ValueError(f"damaged: {kind}, {key}: not all of them have a table")
    return read["schema"], name, checked


def _most_tables(key: str) -> int:
    """The largest number of tables: one for each commonness, or of a combined table for each of JOINT_FROM."""
    return len(JOINT_FROM) if "+" in key else MOST.get(key, 0) + 1


def _checked(key: str, table: Any, *, where: str) -> _Table:
    """The table of a file's `key`. ValueError with the reason where it is invalid."""
    if not isinstance(table, dict) or set(table) != {"chance", "pairs", "seen"}:
        raise ValueError(f"damaged: {where}: chance, pairs and seen are expected")
    chance, pairs, seen = table["chance"], table["pairs"], table["seen"]
    if not isinstance(chance, list) or not all(type(value) is int and LEAST <= value <= 0 for value in [*chance, 0]):
        raise ValueError(f"damaged: {where}: chances of {LEAST} to 0 are expected")
    is_joint = "+" in key
    rising = chance[::-1] if is_joint else chance
    if not rising or rising[-1] != 0 or any(one > other for one, other in pairwise(rising)):
        raise ValueError(f"damaged: {where}: chances that rise to 0 are expected")
    if type(pairs) is not int or pairs < 1 or type(seen) is not int or not 0 <= seen < len(chance):
        raise ValueError(f"damaged: {where}: numbers of pairs and of what was seen are expected")
    facts = ALGORITHMS.get(key)
    if facts is not None and (facts.metric is not Metric.HAMMING or len(chance) != facts.bits + 1):
        raise ValueError(f"damaged: {where}: {facts.furthest + 1} distances are expected")
    if is_joint and key != "+".join(sorted(set(key.split("+")))):
        raise ValueError(f"damaged: {where}: no names in order")
    return _Table(tuple(chance), pairs, seen)
