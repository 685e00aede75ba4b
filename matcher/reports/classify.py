"""Item entries → findings with the disposition of each match: notable, known-good or information.

The `list.load` entry of the version of a list states the disposition of each category: as scanned of the version that
the scan used, else of the newest one that the scan or a relookup of it used. A list that a scan names and that no
`list.load` describes counts as notable, since it is not known to be harmless. A trivial match, by the digest of an
empty file for example, is never notable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from matcher.model import LOW_QUALITY, CategoryProfile, Disposition, Finding, Match, Reason, Region, Status
from matcher.record.case import CaseReader
from matcher.record.current import MALFORMED, ChosenItems, CurrentState, malformed, state_of
from matcher.record.strength import Nearest, is_identical


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

    `finding` holds no hashes. `notable` and `conflict` are computed from the listed matches only. Where later entries
    name the item: `relookup` and `decision` are these fields of the current finding, and `recorded` is the finding as
    scanned; None otherwise.
    """

    index: int
    scan: int
    seq: int
    finding: Finding
    matches: tuple[ClassifiedMatch, ...]
    relookup: Mapping[str, Any] | None = None
    decision: Mapping[str, Any] | None = None
    recorded: ClassifiedFinding | None = None

    @property
    def is_cut(self) -> bool:
        """Whether the item has more matches than are listed, none of the listed ones notable."""
        return not self.notable and self.finding.matches_total > len(self.finding.matches)

    @property
    def notable(self) -> bool:
        return any(match.disposition is Disposition.NOTABLE for match in self.matches)

    @property
    def nearest(self) -> Nearest | None:
        """What its strength follows from; None where it is not notable."""
        return Nearest.of(match.match for match in self.matches if match.disposition is Disposition.NOTABLE)

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

    def classified(self, index: int, entry: Mapping[str, Any], state: CurrentState | None) -> ClassifiedFinding:
        """The finding of an `item` entry: current by `state`, or as scanned without it."""
        return self.classify(index, entry) if state is None else self.classify_now(index, entry, state)

    def of_scan(self, scan: int) -> tuple[LoadedList, ...]:
        return tuple(self._of_scan.get(scan, {}).values())

    def classify_now(self, index: int, entry: Mapping[str, Any], state: CurrentState) -> ClassifiedFinding:
        """The current finding of an `item` entry, with its matches classified by the newest versions of their lists."""
        recorded = self.classify(index, entry)
        if not state.is_named(index, recorded.scan, recorded.seq):
            return recorded
        form = state.finding(index, entry)
        finding = _finding(form)
        return replace(
            recorded,
            finding=finding,
            matches=_classified(finding, lambda name: state.profile(recorded.scan, name)),
            relookup=form.get("relookup"),
            decision=form.get("decision"),
            recorded=recorded,
        )

    def classify(self, index: int, entry: Mapping[str, Any]) -> ClassifiedFinding:
        """The finding of an `item` entry as scanned, with its matches classified."""
        scan = whole(entry["scan"])
        finding = _finding(entry["finding"])
        lists = self._of_scan.get(scan, {}) if finding.matches else {}
        matches = _classified(finding, lambda name: lists[name].profile if name in lists else CategoryProfile())
        return ClassifiedFinding(index, scan, whole(entry["seq"]), finding, matches)


def _classified(finding: Finding, profile_of: Callable[[str], CategoryProfile]) -> tuple[ClassifiedMatch, ...]:
    """The matches of a finding; `profile_of` gives the profile of a list by its name."""
    return tuple(
        ClassifiedMatch(match, _meaning(match, profile_of(match.list)), kind_of(match)) for match in finding.matches
    )


def _meaning(match: Match, profile: CategoryProfile) -> Disposition:
    return profile.meaning(match.category, trivial=match.trivial, negative=match.negative_by is not None)


def classified(
    case: CaseReader, *, as_scanned: bool = False, state: CurrentState | None = None, items: ChosenItems | None = None
) -> Iterator[ClassifiedFinding]:
    """A generator of every finding of every scan, in the order of the ledger: as it is now, or as scanned.

    `state` is the current state of the case, where it was read already; as scanned it is not used.
    `items`: only those for whose leaf index and bytes it is true. CaseError where an entry is malformed.
    """
    lists, state = Lists(), state_of(case, as_scanned=as_scanned, state=state)
    for index, entry in case.entries(items=items):
        try:
            lists.add(entry)
            classified_finding = lists.classified(index, entry, state) if entry["type"] == "item" else None
        except MALFORMED as error:
            raise malformed(index, entry) from error
        if classified_finding is not None:
            yield classified_finding


def kind_of(match: Match) -> Kind:
    return Kind.IDENTICAL if is_identical(match) else Kind.SIMILAR


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
        negative_by=_maybe_text(form.get("negative_by")),
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
