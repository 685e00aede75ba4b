"""A case → a document. Each format is one file and an entry point in `matcher.reports`.

A report says what holds now, after the relookups and decisions in the ledger, or on request what was scanned. It is
made from the ledger alone and states no time of its own: the same ledger gives the same bytes. It shows no picture and
verifies nothing; `matcher verify` does that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import BinaryIO, Protocol, runtime_checkable

from matcher.errors import CaseError
from matcher.record.case import CaseReader

GROUP = "matcher.reports"


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The options of a report.

    With `mask_paths` a token replaces the path of each item and source (see masking.py). `as_scanned` leaves relookups
    and decisions out. `matched` leaves out items without a match; `byte_order_mark` begins a text with one; HTML has no
    use for these two. `warn` is called with what the reader of the document must be told.
    """

    mask_paths: bool = False
    as_scanned: bool = False
    matched: bool = False
    byte_order_mark: bool = False
    warn: Callable[[str], None] = lambda _text: None


@runtime_checkable
class Report(Protocol):
    """One format of report. `name` is the name of its entry point."""

    name: str

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        """Write the whole report, piece by piece. CaseError where an entry of the ledger is malformed."""


@cache
def _registered() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def report_names() -> tuple[str, ...]:
    """The names of the installed formats, sorted. No format is imported."""
    return tuple(_registered())


@cache
def report(name: str) -> Report:
    """The report format of that name. CaseError where no such format is installed, or it cannot be loaded."""
    point = _registered().get(name)
    if point is None:
        raise CaseError(f"unknown report format {name!r}; known formats: {', '.join(report_names())}")
    try:
        loaded = point.load()
    except (ImportError, AttributeError) as error:
        raise CaseError(f"report format {name} cannot be loaded: {error}") from error
    if not isinstance(loaded, Report):
        raise CaseError(f"report format {name} is not a Report: {point.value}")
    return loaded
