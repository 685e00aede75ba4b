"""Several lists queried together: one query returns the matches of all lists and of all their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.lists.opened import Candidates, OpenList, joined
from matcher.lists.version import NO_QUALITY


@dataclass(frozen=True, slots=True)
class Listed:
    """Entries that have one of the queried digests, one at each place of three (n,) arrays.

    `queries`: the row of the digest. `lists`: the place of the list. `entries`: the number of the entry there.
    """

    queries: npt.NDArray[np.int64]
    lists: npt.NDArray[np.int64]
    entries: npt.NDArray[np.uint32]


class OpenLists:
    """The lists that a scan selects. `Listed.lists` and `Candidates.lists` have places in `opened`."""

    def __init__(self, lists: Sequence[OpenList]) -> None:
        self.opened = tuple(lists)

    def find_digests(self, algorithm: str, digests: npt.NDArray[np.uint8]) -> Listed:
        """Every entry of every list that has one of `digests`, (q, width) uint8."""
        queries, lists, entries = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
        for place, opened in enumerate(self.opened):
            if algorithm in opened.algorithms:
                matched, numbers = opened.find_digests(algorithm, digests)
                queries.append(matched)
                lists.append(np.full(len(numbers), place))
                entries.append(numbers)
        return Listed(np.concatenate(queries), np.concatenate(lists), np.concatenate(entries))

    def has_digests(self, algorithm: str, digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which of many digests, (q, width) uint8, are listed in any list, (q,) bool."""
        listed = np.zeros(len(digests), np.bool_)
        for opened in self.opened:
            if algorithm in opened.algorithms:
                listed |= opened.has_digests(algorithm, digests)
        return listed

    def find_near(
        self, algorithm: str, queries: npt.NDArray[np.uint8], *, radius: int, minimum_quality: int
    ) -> Candidates:
        """All hashes of all lists within `radius`, inclusive, of each row of `queries`, (q, width) uint8."""
        candidates = []
        for place, opened in enumerate(self.opened):
            near = opened.find_near(algorithm, queries, radius=radius, minimum_quality=minimum_quality)
            if len(near):
                candidates.append(replace(near, lists=np.full(len(near), place)))
        return joined(candidates)

    def qualities(self, algorithm: str, near: Candidates) -> npt.NDArray[np.uint8]:
        """(n,) uint8: the stated qualities of the candidates' hashes; 255 where the list states none."""
        stated = np.empty(len(near), np.uint8)
        for place in np.unique(near.lists).tolist():
            mine = near.lists == place
            stated[mine] = self.opened[place].qualities(algorithm, near.rows[mine])
        return stated

    def count_qualities(self, algorithm: str, *, below: int) -> tuple[int, int]:
        """The number of hashes with a stated quality below a value, and of those without a stated quality.

        Hashes of removed entries count too.
        """
        low, unstated = 0, 0
        for opened in self.opened:
            for part in opened.parts:
                if algorithm in part.indexes:
                    quality = part.attributes[algorithm].quality
                    low += int(np.count_nonzero(quality < below))
                    unstated += int(np.count_nonzero(quality == NO_QUALITY))
        return low, unstated

    def codes(self, algorithm: str, near: Candidates) -> npt.NDArray[np.uint8]:
        """The listed hashes of the candidates `near`, (n, width) uint8. `near` is not empty."""
        codes: npt.NDArray[np.uint8] | None = None
        for place in np.unique(near.lists).tolist():
            mine = near.lists == place
            some = self.opened[place].codes(algorithm, near.rows[mine])
            if codes is None:
                codes = np.empty((len(near), some.shape[1]), np.uint8)
            codes[mine] = some
        assert codes is not None, "near is empty"
        return codes
