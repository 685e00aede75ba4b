"""The scans in a ledger that may be looked up again: their settings and lists, and the results of relookups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ledger import Ledger, canonical, decode_item, is_item, is_item_of, match_identity
from ledger import parse as parsed
from matcher.calibration.tables import LOW_QUALITIES
from matcher.errors import CaseError
from matcher.examine.engine import Matcher
from matcher.model import CategoryProfile, Status
from matcher.record.sealing import opened_entry

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UsedList:
    """The version of a list that a scan, or its last relookup, used."""

    version: int
    digest: str
    profile: CategoryProfile


@dataclass(slots=True)
class ScanState:
    """One scan. `later`: by seq, then by the match's identity, a match from a relookup, or None for a withdrawn one.

    A match that means something else now is in `later` too: an earlier version may not have marked it as trivial.
    """

    number: int
    opened: Json
    lists: dict[str, UsedList]
    closed: Json | None = None
    abandoned: bool = False
    later: dict[int, dict[bytes, Json | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """The scans of a ledger of `size` entries, by number."""

    size: int
    scans: dict[int, ScanState]


def read_scans(log: Ledger) -> State:
    """Every scan of a ledger, closed or not."""
    size = log.size
    scans: dict[int, ScanState] = {}
    profiles: dict[bytes, CategoryProfile] = {}
    for index, body in log.entries(0, size):
        if is_item(body):
            continue
        entry = opened_entry(log, index, body)
        if entry["type"] == "list.load":
            profiles[_key(entry)] = CategoryProfile.from_json(entry["profile"])
        elif entry["type"] == "scan.open":
            scans[entry["scan"]] = ScanState(entry["scan"], entry, _used(entry["lists"], profiles))
        elif entry["type"] == "scan.close" and entry["scan"] in scans:
            scans[entry["scan"]].closed = entry
        elif entry["type"] == "scan.abandon" and entry["scan"] in scans:
            scans[entry["scan"]].abandoned = True
        elif entry["type"] == "anomaly" and entry.get("source") and entry.get("scan") in scans:
            scan = scans[entry["scan"]]
            scan.opened = {**scan.opened, "source": entry["source"]}  # it was resumed at another path
        elif entry["type"] == "relookup" and entry["scan"] in scans:
            scan = scans[entry["scan"]]
            scan.lists = _used(entry["lists"], profiles)
            for kind, is_match in (("withdrawn", False), ("new", True), ("changed", True)):
                for change in entry[kind]:
                    match = change["match"]
                    scan.later.setdefault(change["seq"], {})[match_identity(match)] = match if is_match else None
    return State(size, scans)


def was_looked_up_since(log: Ledger, size: int, scan: int) -> bool:
    """Whether the entries from leaf index `size` on have a relookup of the scan, by another process."""
    return any(
        b'"type":"relookup"' in body and parsed(body)["scan"] == scan
        for _index, body in log.entries(size)
        if not is_item(body)
    )


def thresholds_of(matcher: Matcher) -> Json:
    """The largest distances that are matches, by kind, then by algorithm; -1 where nothing matches."""
    thresholds = {
        kind: {lookup.algorithm: lookup.threshold(kind) for lookup in matcher.lookups} for kind in matcher.chances.kinds
    }
    low = {lookup.algorithm: matcher.combined_lookup.low_quality_thresholds(lookup) for lookup in matcher.lookups}
    return thresholds | {kind: {name: of[kind] for name, of in low.items()} for kind in LOW_QUALITIES}


def check_calibration(opened: Json, matcher: Matcher) -> None:
    """CaseError unless the calibration is the one that the scan was made with."""
    before = opened.get("chances", {}).get("calibration")
    now = matcher.chances.calibration
    if before is not None and before["digest"] != now.digest:
        raise CaseError(
            f"scan {opened['scan']} was made with the calibration {before['name']!r} ({before['digest'][:16]}…), not "
            f"with {now.name!r} ({now.digest[:16]}…): name its file with --calibration"
        )


def findings_of(log: Ledger, scan: int, requested: set[int]) -> tuple[dict[int, Json], int]:
    """The findings of the requested items and of all items with a match, by seq; and the number of excluded items."""
    findings: dict[int, Json] = {}
    excluded = 0
    for index, body in log.entries():
        if is_item_of(body, scan):
            _scan, seq, finding = decode_item(body)
            excluded += finding["status"] == Status.EXCLUDED
            if finding["matches"] or seq in requested:
                findings[seq] = opened_entry(log, index, body)["finding"]
    return findings, excluded


def _key(named: Json) -> bytes:
    return canonical([named["name"], named["version"], named["digest"]])


def _used(named: Iterable[Json], profiles: dict[bytes, CategoryProfile]) -> dict[str, UsedList]:
    return {
        one["name"]: UsedList(one["version"], one["digest"], profiles.get(_key(one), CategoryProfile()))
        for one in named
    }
