"""Ending an open scan that will never go on: the signed entry `scan.abandon`, with what was recorded by then.

The entry is of a type of its own, so that no software, of whatever version, takes an abandoned scan for a complete one.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger import Ledger, SizeChangedError, TreeHasher, canonical, decode_item, is_item_of, leaf_hash
from matcher.errors import CaseError
from matcher.model import Status
from matcher.record.case import CaseFacts
from matcher.record.entries import entry
from matcher.record.hashes_file import CaseHashes, path_of
from matcher.record.hashes_writer import HashesWriter
from matcher.record.recorder import MAX_INTEGER
from matcher.scan.earlier import EarlierScan, read_earlier

MOST_CHARACTERS = 1000
"""The largest length of a reason."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The fields of a `scan.abandon`; `lost` is why the scan's file of hashes is not named there, if it is not."""

    facts: dict[str, Any]
    lost: str | None


def abandon_scan(log: Ledger, case: Path, number: int, *, reason: str, facts: CaseFacts) -> Abandoned:
    """End scan `number`, which is open, as abandoned, with a signed checkpoint.

    CaseError where there is no such scan, where it has ended, where another process is writing it, or for a reason
    that an entry cannot contain.
    """
    check_reason(reason)
    _open_scan(log, case, number)
    hashes, lost = _held(case, number)
    try:
        while True:
            size = log.size
            earlier = _open_scan(log, case, number)
            counted = _counted(log, earlier, size)
            stored = None
            if hashes is not None:
                try:
                    hashes.cut(counted["items"])
                    stored = hashes.facts()
                except CaseError as error:
                    lost = str(error)
            fields = {
                "scan": number,
                "reason": reason,
                "examiner": facts.examiner,
                "role": facts.role,
                "authority": facts.authority,
                **counted,
                "hashes": stored,
            }
            with suppress(SizeChangedError):
                log.append(
                    [entry("scan.abandon", **fields, after_checkpoint=log.latest_size())],
                    checkpoint=True,
                    expected_size=size,
                )
                return Abandoned(fields, lost)
    finally:
        if hashes is not None:
            hashes.close()


def check_reason(reason: str) -> None:
    """CaseError for a reason that is empty, too long, or no valid text."""
    if not reason.strip():
        raise CaseError("--reason: say why the scan is abandoned")
    if len(reason) > MOST_CHARACTERS or reason != reason.encode("utf-8", "replace").decode():
        raise CaseError(f"--reason: must be valid text of at most {MOST_CHARACTERS} characters")


def _open_scan(log: Ledger, case: Path, number: int) -> EarlierScan:
    scans = read_earlier(log)
    earlier = scans.get(number)
    if earlier is None:
        have = ", ".join(map(str, sorted(scans))) or "none"
        raise CaseError(f"{case}: has no scan {number} (its scans: {have})")
    if earlier.closed is not None:
        raise CaseError(f"{case}: scan {number} is complete: there is nothing to abandon")
    if earlier.abandoned is not None:
        raise CaseError(f"{case}: scan {number} was abandoned before ({earlier.abandoned.get('reason')})")
    return earlier


def _held(case: Path, number: int) -> tuple[HashesWriter | None, str | None]:
    """The scan's file of hashes, locked; or None, and why there is none to lock. CaseError if it is in use."""
    path = path_of(case, number)
    try:
        header = CaseHashes(path).header
    except CaseError as error:
        return None, str(error)
    return HashesWriter(path, header), None


def _counted(log: Ledger, earlier: EarlierScan, size: int) -> dict[str, Any]:
    """Number, bytes, counts, matches and findings root of the items so far, computed from their entries."""
    tree = TreeHasher()
    counts: Counter[str] = Counter({status.value: 0 for status in Status})
    items = total = matches = 0
    for index, body in log.entries(earlier.at, size):
        if not is_item_of(body, earlier.scan):
            continue
        try:
            _scan, _seq, finding = decode_item(body)
            tree.append(leaf_hash(canonical(finding)))
            counts[finding["status"]] += 1
            total = min(total + (finding["size"] or 0), MAX_INTEGER)
            matches += finding["matches_total"]
        except (KeyError, TypeError, ValueError) as error:
            raise CaseError(f"entry {index} of the ledger is not an item of this tool") from error
        items += 1
    return {
        "items": items,
        "bytes": total,
        "counts": dict(counts),
        "matches": matches,
        "findings_root": tree.root().hex(),
    }
