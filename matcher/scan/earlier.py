"""The scans that a case's ledger already has, and the choice of the one that is resumed.

A source is named by its `kind` and `path`, and for a list of files by the digest of their `names`. A scan that was
resumed at another path has that source too: the `anomaly` that says so names it.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import Ledger, is_item, is_item_of, parse
from matcher.errors import CaseError

_OPEN = b'"type":"scan.open"'
_CLOSE = b'"type":"scan.close"'
_ABANDON = b'"type":"scan.abandon"'
_RESUMED = b'"what":"resumed"'

_NAMED = 3
"""The most open scans that a refusal names."""

SourceName = tuple[str, ...]
"""What identifies a source: see `source_name`."""


def source_name(source: Mapping[str, Any]) -> SourceName:
    """The parts of a source's description by which it is the same source: its kind, its path, and names of files."""
    return tuple(str(source.get(key, "")) for key in ("kind", "path", "names"))


@dataclass(slots=True)
class EarlierScan:
    """A scan in the ledger. `at`: the leaf index of its opening.

    `closed` and `abandoned` are the entries that end it; both are None while it is open. `sources` are the names under
    which its source was scanned, the newest last.
    """

    scan: int
    at: int
    opened: dict[str, Any]
    closed: dict[str, Any] | None = None
    abandoned: dict[str, Any] | None = None
    sources: list[SourceName] = field(default_factory=list)

    @property
    def sealed(self) -> bool:
        """Whether paths are commitments."""
        return bool(self.opened.get("sealed"))

    @property
    def is_open(self) -> bool:
        """Whether it was neither closed nor abandoned."""
        return self.closed is None and self.abandoned is None


def read_earlier(log: Ledger) -> dict[int, EarlierScan]:
    """Every scan of a ledger by its number. LedgerError or CaseError where an entry of one is malformed."""
    scans: dict[int, EarlierScan] = {}
    for index, body in log.entries():
        if is_item(body):
            continue
        try:
            if _OPEN in body:
                opened = log.disclosed(index, body)
                number = int(opened["scan"])
                scans[number] = EarlierScan(number, index, opened, sources=[source_name(opened["source"])])
            elif _CLOSE in body:
                entry = parse(body)
                scans[entry["scan"]].closed = entry
            elif _ABANDON in body:
                entry = parse(body)
                scans[entry["scan"]].abandoned = entry
            elif _RESUMED in body:
                entry = log.disclosed(index, body)
                if entry.get("source"):
                    scans[entry["scan"]].sources.append(source_name(entry["source"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CaseError(f"entry {index} of the ledger is not one of this tool") from error
    return scans


def count_items(log: Ledger, earlier: EarlierScan) -> int:
    """The number of items of a scan in the ledger."""
    return sum(is_item_of(body, earlier.scan) for _index, body in log.entries(earlier.at))


def find_earlier(
    log: Ledger, source: Mapping[str, Any], *, case: Path, scan: int | None, beside: Collection[SourceName] = ()
) -> EarlierScan | None:
    """The scan to resume, or the one that is complete already; None where the source has to be scanned anew.

    With `scan` that scan, whatever its path was. Otherwise the newest one of this source that was not abandoned.
    CaseError where there is none, and a scan of another source is open: it may be the same evidence at another path.
    `beside` are the sources that are scanned together with this one, whose open scans are resumed in their turn.
    """
    scans = read_earlier(log)
    name = source_name(source)
    if scan is not None:
        return _numbered(scans, scan, name, case)
    same = [earlier for earlier in scans.values() if name in earlier.sources and earlier.abandoned is None]
    if same:
        return max(same, key=lambda earlier: earlier.scan)
    others = [
        earlier for earlier in scans.values() if earlier.is_open and not any(own in beside for own in earlier.sources)
    ]
    if others:
        raise CaseError(_refusal(log, others, source, case))
    return None


def _numbered(scans: Mapping[int, EarlierScan], number: int, name: SourceName, case: Path) -> EarlierScan:
    earlier = scans.get(number)
    if earlier is None:
        have = ", ".join(map(str, sorted(scans))) or "none"
        raise CaseError(f"{case}: has no scan {number} (its scans: {have})")
    if earlier.abandoned is not None:
        raise CaseError(
            f"{case}: scan {number} was abandoned ({earlier.abandoned.get('reason')}), so it cannot go on: leave "
            "--resume and --scan out to scan anew"
        )
    kind = earlier.sources[-1][0]
    if kind != name[0]:
        raise CaseError(f"{case}: scan {number} is one of a {kind}, and this source is a {name[0]}")
    return earlier


def _described(source: SourceName) -> str:
    kind, path, _names = source
    return f"a list of files from {path}" if kind == "files" else path


def _refusal(log: Ledger, others: Collection[EarlierScan], source: Mapping[str, Any], case: Path) -> str:
    named = [
        f"scan {other.scan}, of {_described(other.sources[-1])}, is open, with {count_items(log, other):,} items"
        for other in list(others)[:_NAMED]
    ]
    more = f"; {len(others) - _NAMED} more are open" if len(others) > _NAMED else ""
    first = next(iter(others)).scan
    return (
        f"{case}: no scan of {_described(source_name(source))} can be resumed, and nothing was scanned. "
        f"{'; '.join(named)}{more}. "
        f"If this is the same evidence at another path, go on with it: add --scan {first} to this command. "
        "If it is other evidence, scan it anew: leave --resume out; what will never go on is ended by: "
        f"matcher scan --abandon {first} --reason TEXT --case {shlex.quote(str(case))}"
    )
