"""Does a finding itself show why matches of it are marked negative, and so not notable?

A mark names a negative list, with which the finding has a match by a digest, or one that is as near by the same
algorithm; or the packaged bank, which has the file's digest. Where a finding lists only its nearest matches, the one
with the negative list may be missing. Banks of other versions are not at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from matcher.algorithms import ALGORITHMS, Metric
from matcher.calibration.bank import Bank
from matcher.lookup.negative import BANK
from matcher.model import Disposition

Json = Mapping[str, Any]


class NegativeLists:
    """The negative lists that a ledger loads, by name."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, load: Json) -> None:
        """Take a `list.load` entry. KeyError, TypeError or AttributeError where it is malformed."""
        profile = load["profile"]
        if Disposition.NEGATIVE.value in (profile["other"], *profile["categories"].values()):
            self._names.add(load["name"])

    @property
    def names(self) -> Set[str]:
        return self._names


def mark_problems(finding: Json, negative: NegativeLists, *, bank: str | None) -> Iterator[tuple[Json, str]]:
    """A generator of each wrongly marked match of a finding, with what is wrong.

    `bank` is the digest of the bank that the scan used. KeyError, TypeError or ValueError where it is malformed.
    """
    matches: Sequence[Json] = finding["matches"]
    is_whole = finding["matches_total"] <= len(matches)
    for match in matches:
        if (why := name_problem(match, negative)) is not None:
            yield match, why
        elif match.get("negative") is not True:
            continue
        elif match["negative_by"] == BANK:
            packaged = Bank.packaged()
            sha256 = bytes.fromhex(finding["sha256"] or "")
            if bank in (None, packaged.digest) and not packaged.has(sha256):
                yield match, "it is marked negative by the packaged bank, which does not have the file's digest"
        elif is_whole and not any(_explains(other, match) for other in matches):
            named = match["negative_by"]
            yield match, f"it is marked negative, and the item has no match as near with the list {named}"


def name_problem(match: Json, negative: NegativeLists) -> str | None:
    """What is wrong with a match's mark as it stands; None where nothing is."""
    name = match.get("negative_by")
    if (match.get("negative") is True) is not isinstance(name, str) or match.get("negative") not in (None, True):
        return "its mark as negative does not name a list, or it names one without the mark"
    if name is None:
        return None
    if _is_exact(match):
        return "it is marked negative, and is by a digest"
    if name != BANK and name not in negative.names:
        return f"it is marked negative by the list {name}, which is no negative list"
    return None


def _explains(other: Json, match: Json) -> bool:
    if other["list"] != match["negative_by"]:
        return False
    is_as_near: bool = other["algorithm"] == match["algorithm"] and other["distance"] <= match["distance"]
    return _is_exact(other) or is_as_near


def _is_exact(match: Json) -> bool:
    algorithm = ALGORITHMS.get(match["algorithm"])
    return algorithm is not None and algorithm.metric is Metric.EXACT
