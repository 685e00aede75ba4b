"""Ids that far too many hashes share, as after a spreadsheet has put one number in place of all of them.

Lines with the same id are one entry by design: the MD5, the SHA-1 and the PDQ of one file, or its eight orientations.
But one file has one MD5. An id is *shared* where it has

- more than MOST_DIGESTS different digests of one type; or
- more than half of the hashes of its part, and either more than FEW different digests of one type, or more than
  MOST_DIGESTS different perceptual hashes of one type (a video has so many frames, but is seldom half of a list).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric
from matcher.hashers import known_algorithm
from matcher.lists.part import Part
from matcher.lists.shrinking import keys_of

MOST_DIGESTS = 16
FEW = 3
MOST_NAMED = 5
"""The most shared ids that are named."""


@dataclass(frozen=True, slots=True)
class SharedIds:
    """How many ids are shared, and the first of them: the id, the number of different hashes, and their algorithm."""

    count: int
    named: tuple[tuple[str, int, str], ...]

    def sentence(self) -> str:
        some = ", ".join(f"{entry_id!r} ({number:,} different {name})" for entry_id, number, name in self.named)
        more = f" and {self.count - len(self.named):,} more" if self.count > len(self.named) else ""
        ids = "one id stands" if self.count == 1 else f"{self.count:,} ids stand"
        return (
            f"{ids} for far more hashes than one file has: {some}{more}. All hashes with an id are one entry, and its "
            "matches cannot be told apart. Has a spreadsheet changed the ids? Then fetch the file again; or, for CSV, "
            "name the right column with --column id=NAME"
        )


def shared_ids(part: Part) -> SharedIds | None:
    """The shared ids of a part, those with the most hashes first; None where there is none. Every hash is read."""
    groups, first_record = part.ids.groups()
    shares = np.zeros(len(first_record), np.int64)
    for name in part.attributes:
        shares += np.bincount(groups[part.attributes[name].entries], minlength=len(first_record))
    is_most = 2 * shares > shares.sum()
    found: dict[int, tuple[int, str]] = {}
    for name, attributes in part.attributes.items():
        known = known_algorithm(name)
        is_exact = known is not None and known.metric is Metric.EXACT
        least = np.full(len(first_record), MOST_DIGESTS if is_exact else np.iinfo(np.int64).max)
        least[is_most] = FEW if is_exact else MOST_DIGESTS
        owners = groups[attributes.entries]
        many = np.bincount(owners, minlength=len(first_record)) > least
        if not many.any():
            continue
        rows = np.flatnonzero(many[owners])
        codes = part.digests[name].digests if name in part.digests else part.indexes[name].codes
        different = _different(owners[rows], keys_of(codes[rows]), len(first_record))
        for group in np.flatnonzero(different > least).tolist():
            found[group] = max(found.get(group, (0, "")), (int(different[group]), name))
    if not found:
        return None
    ordered = sorted(found.items(), key=lambda pair: (-pair[1][0], pair[0]))[:MOST_NAMED]
    named = ((part.line(int(first_record[group]))[0].id, *what) for group, what in ordered)
    return SharedIds(len(found), tuple(named))


def _different(owners: npt.NDArray[np.int64], keys: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.int64]:
    """(count,): the number of different keys, (n,), of each owner, (n,)."""
    order = np.lexsort((keys, owners))
    owners, keys = owners[order], keys[order]
    first = np.ones(len(owners), bool)
    first[1:] = (owners[1:] != owners[:-1]) | (keys[1:] != keys[:-1])
    return np.bincount(owners[first], minlength=count)
