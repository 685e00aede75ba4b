"""What a ledger says of scans that may be looked up again: how each was made, and what relookups made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ledger import Ledger, canonical, decode_item, is_item, is_item_of
from ledger import parse as parsed
from matcher.errors import CaseError
from matcher.examine.engine import Matcher
from matcher.model import CategoryProfile, Status

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UsedList:
    """A version of a list that a scan, or its last relookup, was made with."""

    version: int
    digest: str
    profile: CategoryProfile


@dataclass(slots=True)
class ScanState:
    """One scan. `later`: by seq, then by the match's identity, the match; or None where it was withdrawn."""

    number: int
    opened: Json
    lists: dict[str, UsedList]
    closed: Json | None = None
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
        found = log.disclosed(index, body)
        if found["type"] == "list.load":
            profiles[_key(found)] = CategoryProfile.from_json(found["profile"])
        elif found["type"] == "scan.open":
            scans[found["scan"]] = ScanState(found["scan"], found, _used(found["lists"], profiles))
        elif found["type"] == "scan.close" and found["scan"] in scans:
            scans[found["scan"]].closed = found
        elif found["type"] == "relookup" and found["scan"] in scans:
            scan = scans[found["scan"]]
            scan.lists = _used(found["lists"], profiles)
            for kind, keep in (("withdrawn", False), ("new", True)):
                for change in found[kind]:
                    match = change["match"]
                    scan.later.setdefault(change["seq"], {})[identity(match)] = match if keep else None
    return State(size, scans)


def was_looked_up_since(log: Ledger, size: int, scan: int) -> bool:
    """Whether another process has looked the same scan up in entries from `size` on."""
    return any(
        b'"type":"relookup"' in body and parsed(body)["scan"] == scan
        for _index, body in log.entries(size)
        if not is_item(body)
    )


def identity(match: Json) -> bytes:
    """What makes a match the same one: all but what follows from how much is listed, and is asked."""
    return canonical({key: value for key, value in match.items() if key not in ("threshold", "chance")})


def thresholds_of(matcher: Matcher) -> Json:
    """By kind and by algorithm, the largest distances that are matches; -1: nothing is."""
    return {
        kind: {lookup.algorithm: lookup.threshold(kind) for lookup in matcher.lookups} for kind in matcher.chances.kinds
    }


def check_calibration(opened: Json, matcher: Matcher) -> None:
    """CaseError where what was measured of unrelated pictures is not what the scan was made with."""
    before = opened.get("chances", {}).get("calibration")
    now = matcher.chances.calibration
    if before is not None and before["digest"] != now.digest:
        raise CaseError(
            f"scan {opened['scan']} was made with the calibration {before['name']!r} ({before['digest'][:16]}…), not "
            f"with {now.name!r} ({now.digest[:16]}…): name its file with --calibration"
        )


def findings_of(log: Ledger, scan: int, wanted: set[int]) -> tuple[dict[int, Json], int]:
    """The findings of the items wanted and of all that have a match, by seq; and how many items were excluded."""
    found: dict[int, Json] = {}
    excluded = 0
    for index, body in log.entries():
        if is_item_of(body, scan):
            _scan, seq, finding = decode_item(body)
            excluded += finding["status"] == Status.EXCLUDED
            if finding["matches"] or seq in wanted:
                found[seq] = log.disclosed(index, body)["finding"]
    return found, excluded


def _key(named: Json) -> bytes:
    return canonical([named["name"], named["version"], named["digest"]])


def _used(named: Iterable[Json], profiles: dict[bytes, CategoryProfile]) -> dict[str, UsedList]:
    return {
        one["name"]: UsedList(one["version"], one["digest"], profiles.get(_key(one), CategoryProfile()))
        for one in named
    }
