"""A case → a document. One file a format; each an entry point in `matcher.reports`.

A report is made from the ledger alone and holds no clock of its own: the same ledger gives the same bytes. It shows
no picture, and it verifies nothing: that is what `matcher verify` is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import BinaryIO, Protocol, runtime_checkable

from matcher.errors import CaseError
from matcher.record.case import CaseReader

GROUP = "matcher.reports"


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a report may be told. `mask_paths` gives every item and source a token for its path (see masking.py)."""

    mask_paths: bool = False


@runtime_checkable
class Report(Protocol):
    """One format of report. `name` is its entry point, `suffix` how the name of its file ends, with the dot."""

    name: str

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        """Write the whole report, piece by piece. CaseError where the ledger's entries are not what matcher writes."""


@cache
def _registered() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def report_names() -> tuple[str, ...]:
    """The names of the installed formats, sorted. Nothing is imported for it."""
    return tuple(_registered())


@cache
def report(name: str) -> Report:
    """The report format of that name. CaseError where none is installed, or it cannot be loaded."""
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
