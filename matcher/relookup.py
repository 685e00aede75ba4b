"""The hashes that a scan stored, looked up in the lists as they are now.

1. The scan is closed, and its case.hashes is the file that was recorded then.
2. Every stored hash is looked up, with the scan's thresholds, qualities and margins.
3. What was looked up with a margin is confirmed by the reference hash: by the one that the record has already, or by
   opening the item, whose bytes must be those that were examined. Nothing else of the evidence is read.
4. The matches are compared with the scan's, as earlier relookups left them. What is new and what is withdrawn become
   `relookup` entries, several where one cannot hold all.

What comes out for an item is what a new scan with these lists would find, as far as hashes were stored.

An entry: `scan`, `part` of `parts`, `lists`, `tool`, `libraries`, `items`, `counts` (new, withdrawn, unconfirmed),
`opened` (items of the evidence), `not_looked_up` (hashes of the lists by algorithm that the scan did not compute), and
`new`, `withdrawn` (each: seq, path, match) and `unconfirmed` (seq, path, reason).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import Ledger, canonical
from ledger import parse as parsed
from matcher.builds import library_builds, tool_version
from matcher.case_hashes import CaseHashes, path_of
from matcher.engine import Matcher
from matcher.errors import CaseError
from matcher.evidence import Evidence
from matcher.files import sha256_of
from matcher.lookup import PictureLookup, fitted, outcome
from matcher.model import Disposition, Finding, Hash, Match, Status
from matcher.record import entry
from matcher.settings import Settings
from matcher.stored import StoredHashes

MOST_BYTES = 50_000
"""Of the changes in one entry, which holds 65,535."""
_ITEM = b',"type":"item","v":1}'


@dataclass(frozen=True, slots=True)
class Change:
    """A match that is `new` or `withdrawn`, as JSON; or an item that is `unconfirmed`, with the reason."""

    kind: str
    seq: int
    path: str
    match: dict[str, Any] | None = None
    reason: str | None = None
    notable: bool = False

    def as_json(self) -> dict[str, Any]:
        what = {"match": self.match} if self.reason is None else {"reason": self.reason}
        return {"seq": self.seq, "path": self.path, **what}


@dataclass(slots=True)
class Relookup:
    """What came of one scan. `not_looked_up`: hashes in the lists, by algorithm, that the scan did not compute."""

    scan: int
    items: int
    lists: list[dict[str, Any]]
    not_looked_up: dict[str, int]
    excluded: int
    opened: int = 0
    changes: list[Change] = field(default_factory=list)

    def of(self, kind: str) -> list[Change]:
        return [change for change in self.changes if change.kind == kind]


@dataclass(slots=True)
class _Scan:
    """What the ledger says of a scan: its opening, its close, and the matches that relookups made and unmade."""

    opened: dict[str, Any]
    closed: dict[str, Any] | None = None
    later: dict[int, dict[bytes, dict[str, Any] | None]] = field(default_factory=dict)
    """By seq, then by the match's canonical bytes: the match, or None where it was withdrawn."""


@dataclass(frozen=True, slots=True)
class RelookupRequest:
    """A case against the current lists of a store: all its closed scans, or one.

    `location` is where the evidence lies now, if it is not where it was scanned.
    """

    case: Path
    store: Path
    scan: int | None = None
    location: Path | None = None


def relookup(log: Ledger, request: RelookupRequest) -> list[Relookup]:
    """Look up and record what changed. CaseError, StoreError or LedgerError where that cannot be."""
    scans = _scans(log)
    if request.scan is not None:
        if request.scan not in scans:
            raise CaseError(f"{request.case}: has no scan {request.scan}")
        if scans[request.scan].closed is None:
            raise CaseError(f"{request.case}: scan {request.scan} was never closed; resume it first")
        scans = {request.scan: scans[request.scan]}
    closed = {number: scan for number, scan in sorted(scans.items()) if scan.closed is not None}
    if not closed:
        raise CaseError(f"{request.case}: has no scan that was closed")
    return [_relookup_scan(log, request, number, scan) for number, scan in closed.items()]


def _scans(log: Ledger) -> dict[int, _Scan]:
    scans: dict[int, _Scan] = {}
    for _index, body in log.entries():
        if body.endswith(_ITEM):
            continue
        found = parsed(body)
        if found["type"] == "scan.open":
            scans[found["scan"]] = _Scan(found)
        elif found["type"] == "scan.close" and found["scan"] in scans:
            scans[found["scan"]].closed = found
        elif found["type"] == "relookup" and found["scan"] in scans:
            later = scans[found["scan"]].later
            for kind, keep in (("withdrawn", False), ("new", True)):
                for change in found[kind]:
                    match = change["match"]
                    later.setdefault(change["seq"], {})[canonical(match)] = match if keep else None
    return scans


def _relookup_scan(log: Ledger, request: RelookupRequest, number: int, scan: _Scan) -> Relookup:
    path = path_of(request.case, number)
    assert scan.closed is not None
    if "hashes" not in scan.closed:
        raise CaseError(f"{request.case}: scan {number} was made by a version that stored no hashes; scan anew")
    hashes = CaseHashes(path)
    if sha256_of(path) != scan.closed["hashes"]["sha256"]:
        raise CaseError(f"{path}: is not the file that was recorded when the scan was closed")
    settings = settings_of(scan.opened)
    matcher = Matcher.open(request.store, settings=settings, check=True)
    stored = StoredHashes(hashes, matcher)
    findings, excluded = _findings(log, number, stored.candidates() | scan.later.keys())
    where = Path(scan.opened["source"]["path"]) if request.location is None else request.location
    evidence = Evidence(where, settings, {finding["path"] for finding in findings.values()})
    result = Relookup(
        number,
        len(stored),
        [{"name": found.name, "version": found.version, "digest": found.facts.digest} for found in matcher.lists],
        stored.not_looked_up(),
        excluded,
    )
    for seq, finding in sorted(findings.items()):
        result.changes.extend(_changes(stored, evidence, seq, finding, scan.later.get(seq, {})))
    result.opened = len(evidence.opened)
    loads = [entry("list.load", **found.load_record()) for found in matcher.lists]
    log.append([*loads, *_entries(result)], checkpoint=True)
    return result


def settings_of(opened: dict[str, Any]) -> Settings:
    """The settings that a `scan.open` entry tells of."""
    told = opened["settings"]
    perceptual = [algorithm for algorithm in opened["algorithms"] if "threshold" in algorithm]
    return Settings(
        algorithms=tuple(algorithm["name"] for algorithm in opened["algorithms"]),
        thresholds={algorithm["name"]: algorithm["threshold"] for algorithm in perceptual},
        minimum_quality={algorithm["name"]: algorithm["minimum_quality"] for algorithm in perceptual},
        exact=told["exact"],
        exclude_known_good=told["exclude_known_good"],
        max_pixels=told["max_pixels"],
        max_bytes=told["max_bytes"],
        max_frames=told["max_frames"],
        max_total_pixels=told["max_total_pixels"],
    )


def _findings(log: Ledger, number: int, wanted: set[int]) -> tuple[dict[int, dict[str, Any]], int]:
    """The findings of the items wanted and of all that have a match, by seq; and how many were excluded."""
    found: dict[int, dict[str, Any]] = {}
    excluded = 0
    for _index, body in log.entries():
        if not body.endswith(_ITEM):
            continue
        item = parsed(body)
        if item["scan"] == number:
            finding = item["finding"]
            excluded += finding["status"] == Status.EXCLUDED
            if finding["matches"] or item["seq"] in wanted:
                found[item["seq"]] = finding
    return found, excluded


def _changes(
    stored: StoredHashes,
    evidence: Evidence,
    seq: int,
    finding: dict[str, Any],
    later: dict[bytes, dict[str, Any] | None],
) -> Iterator[Change]:
    """A generator of what is new and what is withdrawn of one item."""
    before = {canonical(match): match for match in finding["matches"]}
    for form, match in later.items():
        if match is None:
            before.pop(form, None)
        else:
            before[form] = match
    known = {
        (match["algorithm"], match["transform"]): Hash(
            match["algorithm"], bytes.fromhex(match["value"]), match["quality"]
        )
        for match in (*finding["matches"], *(match for match in later.values() if match))
    }

    def confirm(lookup: PictureLookup, rendering: str, transform: str) -> Hash:
        name = f"{rendering} {transform}" if rendering else transform
        recorded = known.get((lookup.algorithm, name))
        if recorded is None:
            recorded = lookup.confirm(evidence.picture(finding["path"], finding["sha256"], rendering), transform)
            known[lookup.algorithm, name] = recorded
        return recorded

    matched, failed = stored.found(seq, confirm)
    for reason in dict.fromkeys(failed.values()):
        yield Change("unconfirmed", seq, finding["path"], reason=reason)
    whole = outcome(matched)
    listed = fitted(_as_found(finding, whole.listed, whole.hashes)).matches
    dispositions = {(found.match.list, found.match.entry, found.match.category): found.disposition for found in matched}
    now = {canonical(match.as_json()): match for match in listed}
    for form, match in before.items():
        if form not in now and match["algorithm"] not in failed:
            yield Change("withdrawn", seq, finding["path"], match)
    for form, added in now.items():
        if form not in before:
            notable = dispositions[added.list, added.entry, added.category] is Disposition.NOTABLE
            yield Change("new", seq, finding["path"], added.as_json(), notable=notable)


def _as_found(finding: dict[str, Any], matches: tuple[Match, ...], hashes: tuple[Hash, ...]) -> Finding:
    """A finding of the same size as the recorded one, for telling how many matches an entry holds."""
    return Finding(
        path=finding["path"],
        size=finding["size"],
        sha256=None if finding["sha256"] is None else bytes.fromhex(finding["sha256"]),
        status=Status(finding["status"]),
        exhibit=finding["exhibit"],
        media_type=finding["media_type"],
        width=finding["width"],
        height=finding["height"],
        hashes=hashes,
        matches=matches,
        matches_total=len(matches),
    )


def _entries(result: Relookup) -> list[bytes]:
    """The entries that hold a relookup's changes, in order."""
    parts: list[dict[str, list[Any]]] = [{"new": [], "withdrawn": [], "unconfirmed": []}]
    size = 0
    for change in result.changes:
        form = change.as_json()
        more = len(canonical(form))
        if size and size + more > MOST_BYTES:
            parts.append({"new": [], "withdrawn": [], "unconfirmed": []})
            size = 0
        parts[-1][change.kind].append(form)
        size += more
    facts = {
        "scan": result.scan,
        "lists": result.lists,
        "tool": tool_version(),
        "libraries": library_builds(),
        "items": result.items,
        "counts": {kind: len(result.of(kind)) for kind in parts[0]},
        "opened": result.opened,
        "excluded": result.excluded,
        "not_looked_up": result.not_looked_up,
        "parts": len(parts),
    }
    return [entry("relookup", **facts, part=number, **part) for number, part in enumerate(parts, 1)]
