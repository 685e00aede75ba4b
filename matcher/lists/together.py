"""Several lists, asked together: one question, one answer, whatever number of lists and parts there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.lists.opened import Candidates, OpenList, joined


@dataclass(frozen=True, slots=True)
class Listed:
    """Entries that have one of the digests that were asked, one an element of three (n,) arrays.

    `queries`: the row of the digest. `lists`: the place of the list. `entries`: the number of the entry there.
    """

    queries: npt.NDArray[np.int64]
    lists: npt.NDArray[np.int64]
    entries: npt.NDArray[np.uint32]


class OpenLists:
    """The lists that a scan selects. `opened[place]` is the list of which an answer speaks."""

    def __init__(self, lists: Sequence[OpenList]) -> None:
        self.opened = tuple(lists)

    def find_digests(self, algorithm: str, digests: npt.NDArray[np.uint8]) -> Listed:
        """Every entry of every list that has one of `digests`, (q, width) uint8."""
        queries, lists, entries = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
        for place, opened in enumerate(self.opened):
            if algorithm in opened.algorithms:
                asked, found = opened.find_digests(algorithm, digests)
                queries.append(asked)
                lists.append(np.full(len(found), place))
                entries.append(found)
        return Listed(np.concatenate(queries), np.concatenate(lists), np.concatenate(entries))

    def has_digests(self, algorithm: str, digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which of many digests, (q, width) uint8, an entry of some list has, (q,) bool."""
        listed = np.zeros(len(digests), np.bool_)
        for opened in self.opened:
            if algorithm in opened.algorithms:
                listed |= opened.has_digests(algorithm, digests)
        return listed

    def find_near(
        self, algorithm: str, queries: npt.NDArray[np.uint8], *, radius: int, minimum_quality: int
    ) -> Candidates:
        """All hashes of all lists within `radius` bits, inclusive, of each row of `queries`, (q, width) uint8."""
        found = []
        for place, opened in enumerate(self.opened):
            near = opened.find_near(algorithm, queries, radius=radius, minimum_quality=minimum_quality)
            if len(near):
                found.append(replace(near, lists=np.full(len(near), place)))
        return joined(found)

    def codes(self, algorithm: str, near: Candidates) -> npt.NDArray[np.uint8]:
        """The listed hashes that were found, (n, width) uint8. `near` is not empty."""
        codes: npt.NDArray[np.uint8] | None = None
        for place in np.unique(near.lists).tolist():
            mine = near.lists == place
            some = self.opened[place].codes(algorithm, near.rows[mine])
            if codes is None:
                codes = np.empty((len(near), some.shape[1]), np.uint8)
            codes[mine] = some
        assert codes is not None, "nothing was found"
        return codes
