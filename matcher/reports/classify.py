"""Item entries → findings with the disposition of each match: notable, known-good or information.

The `list.load` entry of the version that the scan used states the disposition of each category. A list that a scan
names and that no `list.load` describes counts as notable, since it is not known to be harmless. A trivial match, by the
digest of an empty file for example, is never notable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from matcher.algorithms import ALGORITHMS, Metric
from matcher.errors import CaseError
from matcher.model import LOW_QUALITY, CategoryProfile, Disposition, Finding, Match, Reason, Region, Status
from matcher.record.case import CaseReader

MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
"""The exceptions that reading a malformed entry raises."""


class Kind(StrEnum):
    """How an item and a list entry agree: in all their bytes (a digest), or by a perceptual hash."""

    IDENTICAL = "identical"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class ClassifiedMatch:
    """A match with its disposition and its kind."""

    match: Match
    disposition: Disposition
    kind: Kind


@dataclass(frozen=True, slots=True)
class ClassifiedFinding:
    """A finding and where it stands. `index` is its leaf index in the ledger; `seq` counts a scan's items from 0.

    `finding` holds no hashes. `notable` and `conflict` are computed from the listed matches only.
    """

    index: int
    scan: int
    seq: int
    finding: Finding
    matches: tuple[ClassifiedMatch, ...]

    @property
    def notable(self) -> bool:
        return any(match.disposition is Disposition.NOTABLE for match in self.matches)

    @property
    def doubtful(self) -> bool:
        """Whether it is notable by doubtful matches only."""
        notable = [match for match in self.matches if match.disposition is Disposition.NOTABLE]
        return bool(notable) and all(match.match.doubtful for match in notable)

    @property
    def conflict(self) -> bool:
        return self.notable and any(match.disposition is Disposition.KNOWN_GOOD for match in self.matches)


@dataclass(frozen=True, slots=True)
class LoadedList:
    """A list that a scan used. `facts` is its `list.load` entry; None where the ledger has none."""

    name: str
    version: int
    digest: str
    facts: Mapping[str, Any] | None
    profile: CategoryProfile


class Lists:
    """The lists that each scan used, collected from the entries in the order of the ledger."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, int, str], LoadedList] = {}
        self._of_scan: dict[int, dict[str, LoadedList]] = {}

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take the next entry. Only `list.load` and `scan.open` have an effect."""
        if entry["type"] == "list.load":
            key = _key(entry)
            self._loaded[key] = LoadedList(*key, entry, CategoryProfile.from_json(entry["profile"]))
        elif entry["type"] == "scan.open":
            used = [
                self._loaded.get(key, LoadedList(*key, None, CategoryProfile())) for key in map(_key, entry["lists"])
            ]
            self._of_scan.setdefault(whole(entry["scan"]), {loaded.name: loaded for loaded in used})

    def of_scan(self, scan: int) -> tuple[LoadedList, ...]:
        return tuple(self._of_scan.get(scan, {}).values())

    def classify(self, index: int, entry: Mapping[str, Any]) -> ClassifiedFinding:
        """The finding of an `item` entry, with its matches classified."""
        scan = whole(entry["scan"])
        finding = _finding(entry["finding"])
        lists = self._of_scan.get(scan, {}) if finding.matches else {}
        matches = []
        for match in finding.matches:
            used = lists.get(match.list)
            profile = CategoryProfile() if used is None else used.profile
            disposition = profile.meaning(match.category, trivial=match.trivial)
            matches.append(ClassifiedMatch(match, disposition, kind_of(match)))
        return ClassifiedFinding(index, scan, whole(entry["seq"]), finding, tuple(matches))


def classified(case: CaseReader) -> Iterator[ClassifiedFinding]:
    """A generator of every finding of every scan, in the order of the ledger. CaseError where an entry is malformed."""
    lists = Lists()
    for index, entry in case.entries():
        try:
            lists.add(entry)
            classified_finding = lists.classify(index, entry) if entry["type"] == "item" else None
        except MALFORMED as error:
            raise malformed(index, entry) from error
        if classified_finding is not None:
            yield classified_finding


def malformed(index: int, entry: Mapping[str, Any]) -> CaseError:
    """The error that names a malformed entry."""
    return CaseError(f"entry {index} of the ledger ({entry.get('type')!s:.40}) is not as matcher writes it")


def kind_of(match: Match) -> Kind:
    algorithm = ALGORITHMS.get(match.algorithm)
    exact = algorithm is not None and algorithm.metric is Metric.EXACT
    return Kind.IDENTICAL if exact and match.distance == 0 else Kind.SIMILAR


def _key(entry: Mapping[str, Any]) -> tuple[str, int, str]:
    return _text(entry["name"]), whole(entry["version"]), _text(entry["digest"])


def _finding(form: Mapping[str, Any]) -> Finding:
    """A finding from its JSON form, without its hashes. An exception of MALFORMED where a field is missing or wrong."""
    return Finding(
        path=_text(form["path"]),
        size=_maybe_whole(form["size"]),
        sha256=None if form["sha256"] is None else bytes.fromhex(form["sha256"]),
        status=Status(form["status"]),
        reason=None if form["reason"] is None else Reason(form["reason"]),
        exhibit=_maybe_text(form["exhibit"]),
        media_type=_maybe_text(form["media_type"]),
        width=_maybe_whole(form["width"]),
        height=_maybe_whole(form["height"]),
        matches=tuple(map(_match, form["matches"])),
        matches_total=whole(form["matches_total"]),
        not_compared={_text(name): _text(why) for name, why in form.get("not_compared", {}).items()},
        skipped_parts=tuple(map(_text, form.get("skipped_parts", ()))),
    )


def _match(form: Mapping[str, Any]) -> Match:
    quality = _maybe_whole(form["quality"])
    doubtful = form.get("doubtful", quality is not None and quality < LOW_QUALITY)
    trivial = form.get("trivial", False)
    if not isinstance(doubtful, bool) or not isinstance(trivial, bool):
        raise TypeError("not true or false")
    return Match(
        list=_text(form["list"]),
        entry=_text(form["entry"]),
        category=_maybe_text(form["category"]),
        algorithm=_text(form["algorithm"]),
        value=bytes.fromhex(form["value"]),
        entry_value=bytes.fromhex(form["entry_value"]),
        distance=whole(form["distance"]),
        threshold=whole(form["threshold"]),
        quality=quality,
        region=_region(form["region"]),
        transform=_text(form["transform"]),
        chance=_maybe_text(form.get("chance")),
        doubtful=doubtful,
        trivial=trivial,
    )


def _region(form: Any) -> Region | None:
    if form is None:
        return None
    x, y, width, height = map(whole, form)
    return x, y, width, height


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def whole(value: Any) -> int:
    """The value, which must be an integer and not a bool. TypeError otherwise."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not an integer")
    return value


def _maybe_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _maybe_whole(value: Any) -> int | None:
    return None if value is None else whole(value)
