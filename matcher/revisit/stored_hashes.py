"""The stored hashes of a scan, looked up in lists: first screened all together, then item by item."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import CaseError
from matcher.examine.engine import Matcher
from matcher.lookup.all_algorithms import CombinedLookup
from matcher.lookup.chances import REGION, WHOLE, count_queries
from matcher.lookup.digests import match_digests
from matcher.lookup.outcome import Matched
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import Hash, OrientationHashes
from matcher.record.hashes_file import ABSENT, DIGESTED, NO_QUALITY, CaseHashes, Group, stored_algorithm
from matcher.revisit.reopened_source import CannotConfirmError

Confirm = Callable[[PictureLookup, OrientationHashes, str], Hash]
"""confirm(lookup, turned, transform): the reference hash of a picture or region, turned. CannotConfirmError."""


class StoredHashes:
    """A scan's file of hashes, and the lists to search. CaseError where the profile of a hash has changed since."""

    def __init__(self, hashes: CaseHashes, matcher: Matcher) -> None:
        self._matcher = matcher
        self._groups = [group for _end, group in hashes.groups()]
        self._firsts = [group.first for group in self._groups]
        self._digests = [algorithm.name for algorithm in hashes.header.digests]
        self._lookups = _lookups(hashes, matcher)

    def __len__(self) -> int:
        """The number of items."""
        return sum(map(len, self._groups))

    def not_looked_up(self) -> dict[str, int]:
        """The number of listed hashes, by algorithm, that no stored hash is compared with: the scan has none by it."""
        counts: dict[str, int] = {}
        for opened in self._matcher.lists:
            for name, count in opened.facts.counts["hashes"].items():
                if name not in self._digests and name not in self._lookups:
                    counts[name] = counts.get(name, 0) + count
        return counts

    def candidates(self) -> set[int]:
        """The seq of every item that may match, by screening."""
        candidates: set[int] = set()
        for group in self._groups:
            candidates.update((group.first + self._by_digest(group)).tolist())
            for lookup in self._lookups.values():
                rows = _near(group, lookup, self._matcher.combined_lookup)
                owners = np.searchsorted(group.starts, rows, side="right") - 1
                candidates.update((group.first + owners).tolist())
        return candidates

    def _by_digest(self, group: Group) -> npt.NDArray[np.int64]:
        """The places of the group's items with a listed digest, ascending."""
        digested = np.flatnonzero(group["flags"] & DIGESTED)
        listed = np.zeros(len(digested), np.bool_)
        for name in self._digests:
            listed |= self._matcher.open_lists.has_digests(name, np.ascontiguousarray(group[name][digested]))
        return digested[listed]

    def matches(self, seq: int, confirm: Confirm) -> tuple[list[Matched], dict[str, str]]:
        """Every match of one item; and the algorithms by which a candidate was not confirmed, with the reason."""
        group = self._groups[bisect_right(self._firsts, seq) - 1]
        place = seq - group.first
        matches: list[Matched] = []
        failed: dict[str, str] = {}
        sha256 = None
        if group["flags"][place] & DIGESTED:
            digests = [Hash(name, group[name][place].tobytes()) for name in self._digests]
            matches.extend(match_digests(self._matcher.open_lists, digests))
            sha256 = next((digest.value for digest in digests if digest.algorithm == "sha256"), None)
        pictures: list[OrientationHashes] = []
        matched: list[Matched] = []
        for row in range(int(group.starts[place]), int(group.starts[place + 1])):
            hashes = {name: turned for name in self._lookups if (turned := group.turned(row, name)) is not None}
            pictures.extend(hashes.values())
            matched.extend(self._matcher.combined_lookup.matches(hashes, partial(_confirmed, confirm, failed, hashes)))
        joint = self._matcher.combined_lookup.joint_algorithms
        if reasons := [failed[name] for name in joint if name in failed]:  # a match by one needs the hash by the other
            failed.update(dict.fromkeys(joint, reasons[0]))
        matches.extend(self._matcher.chances.with_chances(matched, count_queries(pictures)))
        return self._matcher.marked(matches, sha256=sha256), failed


def _confirmed(
    confirm: Confirm,
    failed: dict[str, str],
    hashes: Mapping[str, OrientationHashes],
    lookup: PictureLookup,
    transform: str,
) -> Hash | None:
    """The reference hash; None where it cannot be confirmed, with the reason in `failed`."""
    try:
        return confirm(lookup, hashes[lookup.algorithm], transform)
    except CannotConfirmError as error:
        failed[lookup.algorithm] = str(error)
        return None


def _lookups(hashes: CaseHashes, matcher: Matcher) -> dict[str, PictureLookup]:
    current = {algorithm.name: algorithm for algorithm in map(stored_algorithm, matcher.lookups)}
    lookups = {lookup.algorithm: lookup for lookup in matcher.lookups}
    usable = {}
    for stored in hashes.header.pictures:
        lookup = lookups.get(stored.name)
        if lookup is None or current[stored.name] != stored:
            raise CaseError(f"{hashes.path}: its {stored.name} hashes are of another profile: {stored.profile}")
        usable[stored.name] = lookup
    return usable


def _near(group: Group, lookup: PictureLookup, lookups: CombinedLookup) -> Any:
    """The rows of a group that may match by one algorithm, (k,) int64, ascending."""
    is_region = group.is_region()
    quality = group[f"{lookup.algorithm} quality"][:, 0].astype(np.int64)
    slack, doubtful = group.slack(lookup.algorithm), group.doubtful(lookup.algorithm)
    rows = [np.zeros(0, np.int64)]
    for kind, is_kind in ((WHOLE, ~is_region), (REGION, is_region)):
        least = np.where(slack[:, 0] > 0, lookup.screening_quality(kind), lookup.hash_lookup.least_quality(kind))
        good = (quality == NO_QUALITY) | ((quality != ABSENT) & (quality >= least))
        queried = np.flatnonzero(good & is_kind)
        for at in range(0, len(queried), _ROWS_A_SEARCH):
            some = queried[at : at + _ROWS_A_SEARCH]
            codes = group[f"{lookup.algorithm} codes"][some]
            queries = np.ascontiguousarray(codes.reshape(-1, codes.shape[2]))
            near = lookup.near(
                queries,
                slack[some].reshape(-1),
                None if doubtful is None else doubtful[some].reshape(queries.shape),
                threshold=lookups.radius(lookup, kind),
                kind=kind,
            )
            rows.append(np.unique(some[near.queries // codes.shape[1]]))
    return np.unique(np.concatenate(rows))


_ROWS_A_SEARCH = 64
"""The number of rows that are looked up at a time: one flat picture may be near to half of a list."""
