"""The stored hashes of a scan, looked up in the current lists.

1. The scan is closed, and its case.hashes is the file that was recorded at closing.
2. Every stored hash is looked up, with the scan's thresholds, qualities and margins.
3. A candidate that was looked up with a margin is confirmed by the reference hash: by a recorded one, or by opening the
   item, whose bytes must be those that were examined. Nothing else of the evidence is read.
4. The matches are compared with those of the scan, as changed by earlier relookups. New matches, withdrawn matches, and
   matches that have another disposition now, by their category or since they are trivial, or are negative now or not
   any more, become `relookup` entries, several where one is too small.

The result for an item is that of a new scan with these lists, as far as hashes were stored. Thresholds that depend on
the length of the lists, as those of regions do, are those for the current lists; a match in which only the threshold
or the chance differs has not changed. A finding lists its nearest hundred matches: all current matches are considered
for new ones, and a match that only falls out of the hundred is not withdrawn.

An entry has `scan`, `part` of `parts`, `lists`, `thresholds` (by kind, then by algorithm), `tool`, `libraries`,
`items`, `counts` (of each kind of change), `opened` (items of the evidence), `excluded`, `not_looked_up` (hashes of the
lists, by algorithm, that the scan did not compute), `new` (seq, path, match, notable), `withdrawn` (seq, path, match),
`changed` (seq, path, match, was, notable) and `unconfirmed` (seq, path, reason).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import Ledger, SizeChangedError, canonical, match_identity
from matcher.errors import CaseError, DecodeError
from matcher.examine.engine import Matcher
from matcher.lookup.outcome import Matched, best_of
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import Disposition, Hash, OrientationHashes, Status
from matcher.record.builds import library_builds, tool_version
from matcher.record.entries import entry, form_of
from matcher.record.examiner_folder import sealing_secret_path
from matcher.record.floods import Flood, FloodTally
from matcher.record.hashes_file import CaseHashes, path_of
from matcher.record.sealing import Sealing, plain
from matcher.record.shortfall import Shortfall
from matcher.revisit.closed_scans import (
    Json,
    ScanState,
    check_calibration,
    findings_of,
    read_scans,
    thresholds_of,
    was_looked_up_since,
)
from matcher.revisit.reopened_source import CannotConfirmError, ReopenedSource
from matcher.revisit.stored_hashes import StoredHashes
from matcher.settings import Settings
from matcher.sources.folder import raw_path
from matcher.system.files import sha256_of

KINDS = ("new", "withdrawn", "changed", "unconfirmed")
MOST_ENTRY = 60_000
"""The largest size of one entry in bytes; a ledger permits 65,535."""
MOST_NEW = 1000
"""The largest number of new matches of one item that are recorded, notable ones first."""

_MARKS = ("trivial", "negative", "negative_by")

NOT_HASHED = "it was excluded and is not known good any more: its picture was not hashed; scan it anew"
"""Why an item that was excluded as known good cannot be confirmed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one of KINDS: a match, as JSON, with its disposition, or an `unconfirmed` item with the reason."""

    kind: str
    seq: int
    path: str
    match: Json | None = None
    reason: str | None = None
    was: str | None = None
    notable: bool = False

    def as_json(self) -> Json:
        """The form of the change in a `relookup` entry."""
        form: Json = {"seq": self.seq, "path": self.path}
        if self.reason is not None:
            return form | {"reason": self.reason}
        form["match"] = self.match
        if self.kind == "changed":
            form["was"] = self.was
        return form if self.kind == "withdrawn" else form | {"notable": self.notable}


@dataclass(slots=True)
class Relookup:
    """The result for one scan. `not_looked_up`: hashes in the lists, by algorithm, that the scan did not compute.

    `never_notable`: no entry of the lists is notable. `not_opened`: the scan's items, by reason, of which nothing was
    hashed but the bytes of the file. `floods`: the entries and algorithms whose new matches are an implausible share of
    the scan's different pictures; they are not part of the ledger's entry.
    """

    scan: int
    items: int
    lists: list[Json]
    thresholds: Json
    not_looked_up: dict[str, int]
    excluded: int
    not_opened: dict[str, int] = field(default_factory=dict)
    never_notable: bool = False
    floods: list[Flood] = field(default_factory=list)
    opened: int = 0
    changes: list[Change] = field(default_factory=list)

    def changes_of(self, kind: str) -> list[Change]:
        """The changes of one of KINDS, in order."""
        return [change for change in self.changes if change.kind == kind]


@dataclass(frozen=True, slots=True)
class RelookupRequest:
    """A case and the store whose current lists are used: for all closed scans, or for one.

    `location` is the current place of the evidence; None where it is still the scanned one. `secret` is the file of the
    secret that seals paths, where a scan's paths are sealed; `calibration` the calibration file that the scan was made
    with; None for the one in this package.
    """

    case: Path
    store: Path
    scan: int | None = None
    location: Path | None = None
    secret: Path = field(default_factory=sealing_secret_path)
    calibration: Path | None = None


def relookup(log: Ledger, request: RelookupRequest) -> Iterator[Relookup]:
    """A generator of the result for each scan, which is recorded before it is yielded.

    CaseError, StoreError or LedgerError where no scan can be looked up; at the end a CaseError that names the scans
    that could not be looked up, if there are any.
    """
    scans = read_scans(log).scans
    if request.scan is not None:
        if request.scan not in scans:
            raise CaseError(f"{request.case}: has no scan {request.scan}")
        if scans[request.scan].closed is None:
            raise CaseError(_unclosed(request.case, scans[request.scan]))
        scans = {request.scan: scans[request.scan]}
    if all(scan.closed is None for scan in scans.values()):
        raise CaseError(f"{request.case}: has no scan that was closed")
    failures = []
    for number, scan in sorted(scans.items()):
        try:
            if scan.abandoned:
                continue
            if scan.closed is None:
                raise CaseError(_unclosed(request.case, scan))
            yield _relookup_scan(log, request, number)
        except CaseError as error:
            failures.append(str(error))
    if failures:
        raise CaseError("; ".join(failures))


def _unclosed(case: Path, scan: ScanState) -> str:
    if scan.abandoned:
        return f"{case}: scan {scan.number} was abandoned, so it is not looked up again"
    return f"{case}: scan {scan.number} was never closed; resume it first"


def _relookup_scan(log: Ledger, request: RelookupRequest, number: int) -> Relookup:
    """Look up one scan and append the result; start over where another process looked the scan up in between."""
    while True:
        state = read_scans(log)
        result, loads = _looked_up(log, request, state.scans[number])
        make = Sealing.from_file(request.secret).seal if state.scans[number].opened.get("sealed") else plain
        size = state.size
        while True:
            try:
                sealed = [make({**form, "after_checkpoint": log.latest_size()}) for form in relookup_entries(result)]
                bodies = [*loads, *(body for body, _openings in sealed)]
                openings = [*([] for _load in loads), *(opened for _body, opened in sealed)]
                log.append(bodies, checkpoint=True, expected_size=size, openings=openings)
            except SizeChangedError:
                now = log.size
                if was_looked_up_since(log, size, number):
                    break
                size = now
            else:
                return result


def _looked_up(log: Ledger, request: RelookupRequest, scan: ScanState) -> tuple[Relookup, list[bytes]]:
    path = path_of(request.case, scan.number)
    assert scan.closed is not None
    if "hashes" not in scan.closed:
        raise CaseError(f"{request.case}: scan {scan.number} was made by a version that stored no hashes; scan anew")
    hashes = CaseHashes(path)
    if sha256_of(path) != scan.closed["hashes"]["sha256"]:
        raise CaseError(f"{path}: is not the file that was recorded when the scan was closed")
    settings = Settings.from_json(scan.opened["settings"], scan.opened["algorithms"], calibration=request.calibration)
    matcher = Matcher.open(request.store, settings=settings, check=True)
    check_calibration(scan.opened, matcher)
    stored = StoredHashes(hashes, matcher)
    findings, excluded = findings_of(log, scan.number, stored.candidates() | scan.later.keys())
    recorded = Path(os.fsdecode(raw_path(scan.opened["source"]["path"])))
    where = recorded if request.location is None else request.location
    paths = {finding["path"] for finding in findings.values()}
    evidence = ReopenedSource(where, settings, paths, kind=scan.opened["source"]["kind"])
    result = Relookup(
        scan.number,
        len(stored),
        [{"name": opened.name, "version": opened.version, "digest": opened.facts.digest} for opened in matcher.lists],
        thresholds_of(matcher),
        stored.not_looked_up(),
        excluded,
        dict(Shortfall.of_facts(scan.closed).not_opened),
        all(opened.is_never_notable for opened in matcher.lists),
    )
    counts = scan.closed["counts"]
    tally = FloodTally(compared=counts.get(Status.EXAMINED.value, 0) + counts.get(Status.KNOWN.value, 0))
    for seq, finding in sorted(findings.items()):
        changes = list(_Item(scan, matcher, seq, finding).changes(stored, evidence))
        result.changes.extend(changes)
        if finding["status"] != Status.DUPLICATE:
            new = (each.match for each in changes if each.kind == "new" and each.notable and each.match is not None)
            tally.add_json(new, is_compared=False)
    result.floods = tally.floods()
    result.opened = len(evidence.opened)
    return result, [entry("list.load", **opened.load_record()) for opened in matcher.lists]


class _Item:
    """One item of a scan: its earlier matches, and its reference hashes, recorded or computed again."""

    def __init__(self, scan: ScanState, matcher: Matcher, seq: int, finding: Json) -> None:
        self._scan = scan
        self._matcher = matcher
        self._seq = seq
        self._finding = finding
        self._before: dict[bytes, Json] = {match_identity(match): match for match in finding["matches"]}
        later = scan.later.get(seq, {})
        for form, match in later.items():
            if match is None:
                self._before.pop(form, None)
            else:
                self._before[form] = match
        self._known = {
            _place(match["algorithm"], match["transform"], match["region"]): Hash(
                match["algorithm"], bytes.fromhex(match["value"]), match["quality"]
            )
            for match in (*finding["matches"], *(match for match in later.values() if match))
        }

    def changes(self, stored: StoredHashes, evidence: ReopenedSource) -> Iterator[Change]:
        """A generator of the item's changes."""
        path = self._finding["path"]

        def confirm(lookup: PictureLookup, turned: OrientationHashes, transform: str) -> Hash:
            return self._confirmed(evidence, lookup, turned, transform)

        matched, failed = stored.matches(self._seq, confirm)
        for reason in dict.fromkeys(failed.values()):
            yield Change("unconfirmed", self._seq, path, reason=reason)
        now = {match_identity(each.match.as_json()): each for each in best_of(matched)}
        if self._finding["status"] == Status.EXCLUDED and not _is_known_good(now.values()):
            yield Change("unconfirmed", self._seq, path, reason=NOT_HASHED)
        for form, match in self._before.items():
            if form not in now and match["algorithm"] not in failed:
                yield Change("withdrawn", self._seq, path, match)
        for new in self._new(now):
            notable = new.disposition is Disposition.NOTABLE
            yield Change("new", self._seq, path, new.match.as_json(), notable=notable)
        for form, match in self._before.items():
            current = now.get(form)
            was = self._disposition(match)
            if current is None or was is None:
                continue
            is_negative = current.match.negative_by is not None
            if was is not current.disposition or is_negative is not (match.get("negative") is True):
                notable = current.disposition is Disposition.NOTABLE
                marked = _marked_as(match, current.match.as_json())
                yield Change("changed", self._seq, path, marked, was=was.value, notable=notable)

    def _new(self, now: dict[bytes, Matched]) -> Sequence[Matched]:
        """The matches that did not exist before, notable ones first, then the nearest; at most MOST_NEW.

        A finding whose matches were cut does not contain the others: of lists that have the same version now, or a
        merging of it, no match is new.
        """
        new = [matched for form, matched in now.items() if form not in self._before]
        if self._finding["matches_total"] > len(self._finding["matches"]):
            same = {
                opened.name
                for opened in self._matcher.lists
                if (used := self._scan.lists.get(opened.name)) is not None
                and used.version in {opened.version, *opened.facts.same_as}
                and used.digest == opened.facts.digest
            }
            new = [matched for matched in new if matched.match.list not in same]
        return sorted(new, key=lambda matched: matched.disposition is not Disposition.NOTABLE)[:MOST_NEW]

    def _disposition(self, match: Json) -> Disposition | None:
        """The disposition of a match when it was last looked up; None where its list was not used then."""
        used = self._scan.lists.get(match["list"])
        trivial, negative = match.get("trivial") is True, match.get("negative") is True
        return None if used is None else used.profile.meaning(match["category"], trivial=trivial, negative=negative)

    def _confirmed(
        self, evidence: ReopenedSource, lookup: PictureLookup, turned: OrientationHashes, transform: str
    ) -> Hash:
        """The reference hash, recorded or computed from the evidence. CannotConfirmError."""
        name = f"{turned.rendering} {transform}" if turned.rendering else transform
        place = _place(lookup.algorithm, name, turned.region)
        recorded = self._known.get(place)
        if recorded is None:
            picture = evidence.picture(self._finding, turned.rendering, turned.region)
            try:
                recorded = lookup.confirm(picture, transform)
            except (DecodeError, MemoryError) as error:
                raise CannotConfirmError("cannot be hashed here") from error
            self._known[place] = recorded
        return recorded


def _is_known_good(matches: Iterable[Matched]) -> bool:
    return any(each.disposition is Disposition.KNOWN_GOOD for each in matches)


def _marked_as(match: Json, current: Json) -> Json:
    """A recorded match with the marks of the current one, which make a match not notable."""
    kept = {key: value for key, value in match.items() if key not in _MARKS}
    return kept | {key: current[key] for key in _MARKS if key in current}


def _place(algorithm: str, transform: str, region: Sequence[int] | None) -> tuple[str, str, tuple[int, ...] | None]:
    """A key for the part of a picture, and its orientation, whose hash is meant."""
    return algorithm, transform, None if region is None else tuple(region)


def relookup_entries(result: Relookup) -> list[Json]:
    """The entries that hold a relookup's changes, in order."""
    facts = {
        "scan": result.scan,
        "lists": result.lists,
        "thresholds": result.thresholds,
        "tool": tool_version(),
        "libraries": library_builds(),
        "items": result.items,
        "counts": {kind: len(result.changes_of(kind)) for kind in KINDS},
        "opened": result.opened,
        "excluded": result.excluded,
        "not_looked_up": result.not_looked_up,
    }
    room = MOST_ENTRY - len(canonical(facts))
    parts: list[dict[str, list[Any]]] = [{kind: [] for kind in KINDS}]
    size = 0
    for change in result.changes:
        form = change.as_json()
        more = len(canonical(form)) + 1
        if size and size + more > room:
            parts.append({kind: [] for kind in KINDS})
            size = 0
        parts[-1][change.kind].append(form)
        size += more
    return [form_of("relookup", **facts, parts=len(parts), part=number, **part) for number, part in enumerate(parts, 1)]
