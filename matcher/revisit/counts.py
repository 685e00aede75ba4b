"""Are the counts of a scan's close, of what was not examined, trivial, negative, or how strong, those of its items?

They are counted anew from the findings in the ledger; whether a picture was compared stands in the flags of
`case.hashes`. The close of an earlier version has no such counts, or some of them, and the others are not checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ledger import LaterEntries
from matcher.errors import CaseError
from matcher.model import CategoryProfile
from matcher.record.current import profile_of
from matcher.record.finding_json import has_negative, has_trivial
from matcher.record.hashes_file import NOT_COMPARED, CaseHashes, path_of
from matcher.record.shortfall import Shortfall, is_told
from matcher.record.strength import Nearest, counts, is_compared_json
from matcher.record.strength_now import nearest_of_json


@dataclass(slots=True)
class ShortfallChecker:
    """Counts the items of each scan of a case, entry by entry, in the order of the ledger."""

    folder: Path
    _counted: dict[int, Shortfall] = field(default_factory=dict)
    _trivial: Counter[int] = field(default_factory=Counter)
    _negative: Counter[int] = field(default_factory=Counter)
    _pictures: Counter[int] = field(default_factory=Counter)
    _nearest: dict[int, Counter[Nearest]] = field(default_factory=dict)
    """By scan, its items with a listed notable match."""
    _lists: LaterEntries = field(default_factory=LaterEntries)
    _profiles: dict[int, dict[str, CategoryProfile]] = field(default_factory=dict)

    def problems(self, index: int, entry: Mapping[str, Any]) -> Iterator[str]:
        """A generator of the problems that the entry at leaf index `index` shows: none but for a `scan.close`.

        KeyError, TypeError, ValueError or AttributeError where the entry is not as matcher writes it.
        """
        if entry["type"] in ("list.load", "scan.open"):
            self._lists.add(index, entry)
        elif entry["type"] == "item":
            self._add_strength(entry["scan"], entry["finding"])
            counted = self._counted.setdefault(entry["scan"], Shortfall())
            counted.add_json(entry["finding"], is_compared=True)
            self._trivial[entry["scan"]] += has_trivial(entry["finding"])
            self._negative[entry["scan"]] += has_negative(entry["finding"])
        elif entry["type"] == "scan.close" and is_told(entry):
            counted = self._counted.pop(entry["scan"], Shortfall())
            counted.not_compared = self._not_compared(entry["scan"])
            if counted != Shortfall.of_facts(entry):
                yield f"entry {index}: its counts of what was not examined are not those of the items of its scan"
        for name, counted_as in (("trivial", self._trivial), ("negative", self._negative)):
            if entry["type"] == "scan.close" and name in entry and entry[name] != counted_as[entry["scan"]]:
                yield f"entry {index}: its count of {name} items is not that of the items of its scan"

        if entry["type"] == "scan.close" and "strength" in entry and not self._states_strength(entry):
            yield f"entry {index}: its counts of notable items by strength are not those of the items of its scan"

    def _add_strength(self, scan: int, finding: Mapping[str, Any]) -> None:
        self._pictures[scan] += is_compared_json(finding)
        if scan not in self._profiles:
            self._profiles[scan] = {name: profile_of(used) for name, used in self._lists.lists(scan).items()}
        if finding["matches"] and (nearest := nearest_of_json(finding, self._profiles[scan])) is not None:
            self._nearest.setdefault(scan, Counter())[nearest] += 1

    def _states_strength(self, closed: Mapping[str, Any]) -> bool:
        """Whether `pictures` and `strength` follow from the items, with those that are notable by an unlisted match."""
        nearest, pictures = self._nearest.get(closed["scan"], Counter()), self._pictures[closed["scan"]]
        unlisted = closed["notable"] - nearest.total()
        expected = counts(nearest, pictures, unlisted=unlisted)
        return unlisted >= 0 and closed["pictures"] == pictures and dict(closed["strength"]) == expected

    def _not_compared(self, scan: int) -> int:
        """The number of items whose flags say that no perceptual hash was looked up. ValueError for a damaged file."""
        try:
            flags = [group["flags"] for _end, group in CaseHashes(path_of(self.folder, scan)).groups()]
        except CaseError as error:
            raise ValueError(str(error)) from error
        return sum(int(np.count_nonzero(part & NOT_COMPARED)) for part in flags)
