"""Are the counts of a scan's close, of what was not examined and of what is trivial, those of its items?

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

from matcher.errors import CaseError
from matcher.record.finding_json import has_trivial
from matcher.record.hashes_file import NOT_COMPARED, CaseHashes, path_of
from matcher.record.shortfall import Shortfall, is_told


@dataclass(slots=True)
class ShortfallChecker:
    """Counts the items of each scan of a case, entry by entry, in the order of the ledger."""

    folder: Path
    _counted: dict[int, Shortfall] = field(default_factory=dict)
    _trivial: Counter[int] = field(default_factory=Counter)

    def problems(self, index: int, entry: Mapping[str, Any]) -> Iterator[str]:
        """A generator of the problems that the entry at leaf index `index` shows: none but for a `scan.close`.

        KeyError, TypeError, ValueError or AttributeError where the entry is not as matcher writes it.
        """
        if entry["type"] == "item":
            counted = self._counted.setdefault(entry["scan"], Shortfall())
            counted.add_json(entry["finding"], is_compared=True)
            self._trivial[entry["scan"]] += has_trivial(entry["finding"])
        elif entry["type"] == "scan.close" and is_told(entry):
            counted = self._counted.pop(entry["scan"], Shortfall())
            counted.not_compared = self._not_compared(entry["scan"])
            if counted != Shortfall.of_facts(entry):
                yield f"entry {index}: its counts of what was not examined are not those of the items of its scan"
        if entry["type"] == "scan.close" and "trivial" in entry and entry["trivial"] != self._trivial[entry["scan"]]:
            yield f"entry {index}: its count of trivial items is not that of the items of its scan"

    def _not_compared(self, scan: int) -> int:
        """The number of items whose flags say that no perceptual hash was looked up. ValueError for a damaged file."""
        try:
            flags = [group["flags"] for _end, group in CaseHashes(path_of(self.folder, scan)).groups()]
        except CaseError as error:
            raise ValueError(str(error)) from error
        return sum(int(np.count_nonzero(part & NOT_COMPARED)) for part in flags)
