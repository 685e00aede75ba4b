"""Which list entries, and which algorithms, match an implausible share of the pictures of a scan.

An entry floods once it has matched FEWEST_PICTURES different pictures, and more than one in ENTRY_SHARE of those
compared so far. An algorithm floods once it alone, without another algorithm, has made more than one in
ALGORITHM_SHARE of at least FEWEST_COMPARED pictures notable. Only notable matches by perceptual hashes count. A picture
counts once, however many regions or frames match; copies of a content count once. What floods once does so to the end
of the scan, and goes on being counted. Pure: the result depends on the findings and their order alone.

Memory is bounded: the counts of at most MOST_ENTRIES entries are held, as by Misra and Gries (*Finding repeated
elements*, 1982). While no more entries than that match, every count is exact. Beyond that, a count may be too small by
`undercount`, which is at most the number of counted matches divided by MOST_ENTRIES + 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from matcher.algorithms import ALGORITHMS, Metric
from matcher.model import CategoryProfile, Disposition, Match

FEWEST_PICTURES, ENTRY_SHARE = 20, 200
FEWEST_COMPARED, ALGORITHM_SHARE = 500, 50
MOST_ENTRIES = 4096
MOST_FLOODING = 1000
"""The largest number of entries that are held as flooding."""
MOST_TOLD = 32
"""The largest number of floods in a `scan.close`, those with most pictures; all are counted."""
MOST_CHARACTERS = 1000
"""The largest length of a text in a flood of a `scan.close`."""


@dataclass(frozen=True, slots=True)
class Flood:
    """An entry (`list`, `entry`, `category`), or else an `algorithm`, with the number of pictures that it matches.

    `items` are different pictures, of the `compared`; there may be `undercount` more.
    """

    list: str | None
    entry: str | None
    category: str | None
    algorithm: str | None
    items: int
    compared: int
    undercount: int = 0

    def as_json(self) -> dict[str, Any]:
        """The element of the `floods` of a `scan.close`. `undercount` is there only where it is not 0."""
        names = ("list", "entry", "category", "algorithm")
        texts = {name: None if (text := getattr(self, name)) is None else text[:MOST_CHARACTERS] for name in names}
        more = {"undercount": self.undercount} if self.undercount else {}
        return {**texts, "items": self.items, "compared": self.compared, **more}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Flood:
        """The inverse of `as_json`. KeyError or TypeError for any other form."""
        flood = cls(**{name: form[name] for name in cls.__slots__ if name != "undercount" or name in form})
        texts = (flood.list, flood.entry, flood.category, flood.algorithm)
        numbers = (flood.items, flood.compared, flood.undercount)
        if any(type(number) is not int for number in numbers) or any(
            type(each) not in (str, type(None)) for each in texts
        ):
            raise TypeError("a flood has texts and whole numbers")
        if (flood.list is None) != (flood.entry is None) or (flood.entry is None) == (flood.algorithm is None):
            raise TypeError("a flood is of an entry of a list, or of an algorithm")
        return flood


@dataclass(frozen=True, slots=True)
class Floods:
    """The floods of a closed scan, those with most pictures first; `total` of them, of which some may not be told."""

    told: tuple[Flood, ...] = ()
    total: int = 0

    @classmethod
    def of_facts(cls, closed: Mapping[str, Any]) -> Floods:
        """The floods of a `scan.close`; none for one of an earlier version, which does not have the field.

        KeyError or TypeError where a field is malformed.
        """
        told = tuple(map(Flood.from_json, closed.get("floods", ())))
        total = closed.get("floods_total", len(told))
        if type(total) is not int or total < len(told):
            raise TypeError("fewer floods than are told")
        return cls(told, total)


_NOTABLE = Disposition.NOTABLE
_Entry = tuple[str, str]
"""The name of a list, and the id of an entry in it."""


class FloodTally:
    """Counts the pictures of one scan by entry and by algorithm. `profiles`: the lists' profiles, by name.

    All entries of a list that has no profile here are notable.
    """

    def __init__(self, profiles: Mapping[str, CategoryProfile] | None = None, *, compared: int = 0) -> None:
        self.compared = compared
        """The number of different pictures that were looked up by a perceptual hash."""
        self.undercount = 0
        """How much too small the count of an entry may be."""
        self._profiles = profiles or {}
        self._counts: dict[_Entry, int] = {}
        self._flooding: dict[_Entry, tuple[int, int]] = {}
        """Entries that flood: their number of pictures, and by how much it may be too small."""
        self._alone: Counter[str] = Counter()
        self._flooding_alone: set[str] = set()
        self._categories: dict[_Entry, str | None] = {}
        """The category of each entry that floods."""
        self._untold: list[_Entry | str] = []

    def add(self, matches: Iterable[Match], *, is_compared: bool) -> None:
        """Count one picture by the matches of its finding. Not to be called for a copy of a counted content."""
        self.compared += is_compared
        perceptual: dict[_Entry, str | None] = {}
        algorithms = set()
        for match in matches:
            profile = self._profiles.get(match.list)
            negative = match.negative_by is not None
            if profile and profile.meaning(match.category, trivial=match.trivial, negative=negative) is not _NOTABLE:
                continue
            algorithms.add(match.algorithm)
            if not _is_digest(match.algorithm):
                perceptual.setdefault((match.list, match.entry), match.category)
        for entry, category in perceptual.items():
            self._count(entry, category)
        if perceptual and len(algorithms) == 1:
            self._count_alone(algorithms.pop())

    def add_json(self, matches: Iterable[Mapping[str, Any]], *, is_compared: bool) -> None:
        """Count one picture by the JSON forms of its matches."""
        self.add(map(Match.from_json, matches), is_compared=is_compared)

    def untold(self) -> list[Flood]:
        """The floods that began since the last call, in the order in which they began."""
        began, self._untold = self._untold, []
        return [self._flood(each) for each in began]

    def floods(self) -> list[Flood]:
        """All floods with their present counts, those with most pictures first."""
        for algorithm in sorted(self._alone):
            self._check_alone(algorithm)
        every: list[_Entry | str] = [*self._flooding, *self._flooding_alone]
        found = [self._flood(each) for each in every]
        return sorted(
            found, key=lambda flood: (-flood.items, flood.list or "", flood.entry or "", flood.algorithm or "")
        )

    def facts(self) -> dict[str, Any]:
        """The fields of `scan.close`: the MOST_TOLD largest floods, and the number of all."""
        floods = self.floods()
        return {"floods": [flood.as_json() for flood in floods[:MOST_TOLD]], "floods_total": len(floods)}

    def _count(self, entry: _Entry, category: str | None) -> None:
        if entry in self._flooding:
            items, undercount = self._flooding[entry]
            self._flooding[entry] = items + 1, undercount
            return
        if entry not in self._counts and len(self._counts) >= MOST_ENTRIES:
            self.undercount += 1
            self._counts = {each: count - 1 for each, count in self._counts.items() if count > 1}
            return
        count = self._counts[entry] = self._counts.get(entry, 0) + 1
        is_many = count >= FEWEST_PICTURES and count * ENTRY_SHARE > self.compared
        if is_many and len(self._flooding) < MOST_FLOODING:
            self._flooding[entry] = self._counts.pop(entry), self.undercount
            self._categories[entry] = category
            self._untold.append(entry)

    def _count_alone(self, algorithm: str) -> None:
        self._alone[algorithm] += 1
        self._check_alone(algorithm)

    def _check_alone(self, algorithm: str) -> None:
        is_many = self.compared >= FEWEST_COMPARED and self._alone[algorithm] * ALGORITHM_SHARE > self.compared
        if is_many and algorithm not in self._flooding_alone:
            self._flooding_alone.add(algorithm)
            self._untold.append(algorithm)

    def _flood(self, of: _Entry | str) -> Flood:
        if isinstance(of, str):
            return Flood(None, None, None, of, self._alone[of], self.compared)
        items, undercount = self._flooding[of]
        return replace(Flood(*of, self._categories[of], None, items, self.compared), undercount=undercount)


def _is_digest(algorithm: str) -> bool:
    known = ALGORITHMS.get(algorithm)
    return known is not None and known.metric is Metric.EXACT
