"""The strength of the findings of a case, by the number of pictures of each scan and the profiles of its lists.

A scan that was closed states its pictures; those of one that is open, was abandoned, or was closed by an earlier
version are counted from its findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from ledger import EntryError, LaterEntries, Ledger, is_item, parse, place_of
from matcher.model import CategoryProfile, Disposition, Finding
from matcher.record.case import CaseReader
from matcher.record.current import MALFORMED, CurrentState, Placed, malformed, profile_of
from matcher.record.strength import Nearest, RecordedMatch, expected, is_compared_json

Json = Mapping[str, Any]
Profiles = Mapping[str, CategoryProfile]

_OF_LISTS = (b'"type":"list.load"', b'"type":"scan.open"')
_ALL_NOTABLE = CategoryProfile()
"""Of a list that the ledger does not describe: it is not known to be harmless."""


def profiles_of_scan(log: Ledger, scan: int) -> Profiles:
    """The profiles of the lists that a scan opened with, by name. It reads the entries before the scan's items.

    Malformed entries are passed over: they are not of a scan that this program has opened.
    """
    later = LaterEntries()
    for index, body in log.entries():
        if is_item(body) or not any(kind in body for kind in _OF_LISTS):
            continue
        with suppress(*MALFORMED, EntryError):
            form = parse(body)
            later.add(index, form)
            if form["type"] == "scan.open" and form["scan"] == scan:
                break
    return {name: profile_of(used) for name, used in later.lists(scan).items()}


def nearest_of_finding(finding: Finding, profiles: Profiles) -> Nearest | None:
    """What the strength of a finding follows from; None where none of its listed matches is notable."""
    return Nearest.of(
        match
        for match in finding.matches
        if match.negative_by is None and _is_notable(profiles, match.list, match.category, trivial=match.trivial)
    )


def nearest_of_json(finding: Json, profiles: Profiles) -> Nearest | None:
    """The same of a finding in its JSON form. An exception of MALFORMED where that is malformed."""
    return Nearest.of(
        RecordedMatch.from_json(form)
        for form in finding["matches"]
        if not form.get("negative", False)
        and _is_notable(profiles, form["list"], form["category"], trivial=form.get("trivial", False))
    )


def _is_notable(profiles: Profiles, name: str, category: str | None, *, trivial: bool) -> bool:
    return profiles.get(name, _ALL_NOTABLE).meaning(category, trivial=trivial) is Disposition.NOTABLE


def pictures_of(case: CaseReader, number: int | None = None) -> dict[int, int]:
    """The number of pictures that each scan of a case compared, each content once; `number`: of this scan only.

    CaseError where an entry is malformed.
    """
    stated: dict[int, int] = {}
    begun: set[int] = set()
    for index, entry in case.entries(items=lambda _index, _body: False):
        try:
            if entry["type"] == "scan.open":
                begun.add(entry["scan"])
            elif entry["type"] == "scan.close" and "pictures" in entry:
                stated.setdefault(entry["scan"], int(entry["pictures"]))
        except MALFORMED as error:
            raise malformed(index, entry) from error
    missing = {scan for scan in begun - stated.keys() if number in (None, scan)}
    return stated | (_counted(case, missing) if missing else {})


def _counted(case: CaseReader, scans: Iterable[int]) -> dict[int, int]:
    wanted = frozenset(scans)
    counted: Counter[int] = Counter(dict.fromkeys(wanted, 0))
    for index, entry in case.entries(items=lambda _index, body: place_of(body)[0] in wanted):
        try:
            if entry["type"] == "item":
                counted[entry["scan"]] += is_compared_json(entry["finding"])
        except MALFORMED as error:
            raise malformed(index, entry) from error
    return dict(counted)


class Strengths:
    """The strength of each finding of a case: current by `state`, or as scanned without it.

    `scan`: only of this scan.
    """

    def __init__(self, case: CaseReader, state: CurrentState | None, *, scan: int | None = None) -> None:
        self._pictures = pictures_of(case, scan)
        self._lists = state or CurrentState.read(case, as_scanned=True)

    def add_to(self, placed: Placed) -> None:
        """Add `strength` to a finding that is notable, and `expected` to each of its matches.

        CaseError where the finding is malformed.
        """
        finding, pictures = placed.finding, self._pictures.get(placed.scan, 0)
        if not finding["matches"]:
            return
        try:
            nearest = nearest_of_json(finding, self._lists.profiles(placed.scan))
            for match in finding["matches"]:
                match["expected"] = expected(match.get("chance"), pictures)
            if nearest is not None:
                finding["strength"] = nearest.strength(pictures).value
        except MALFORMED as error:
            raise malformed(placed.index, {"type": "item"}) from error

    def is_within(self, placed: Placed, most: Decimal) -> bool | None:
        """Whether at most `most` false matches as near as one of its notable matches are expected.

        A match by a digest always is. None where that is not known: a notable match has no such number, or the finding
        has more matches than are listed and none of those is notable. False without a notable match. CaseError where
        the finding is malformed.
        """
        finding, pictures = placed.finding, self._pictures.get(placed.scan, 0)
        try:
            nearest = nearest_of_json(finding, self._lists.profiles(placed.scan))
            is_cut = nearest is None and finding["matches_total"] > len(finding["matches"])
            if nearest is not None and nearest.expected(pictures) <= most:
                return True
        except MALFORMED as error:
            raise malformed(placed.index, {"type": "item"}) from error
        return None if is_cut or (nearest is not None and nearest.unmeasured) else False
