"""Findings as a table: RFC 4180, UTF-8 with a byte order mark (Excel needs it), a header row.

There is one row for each match, and one row with empty match columns for each item without a match. `region` is
`x y width height`; `kind` is `identical` (a digest) or `similar` (a perceptual hash). `not_compared` is the algorithms
that the picture was not looked up by, each with the reason: `pdq=quality phash=quality`; `skipped_parts` is the kinds
of parts that were not looked at, with spaces between them.

Names in evidence are chosen by others, and a spreadsheet runs a cell that looks like a formula. So a text cell gets a
leading apostrophe if it begins with `=`, `+`, `-`, `@` (or their full-width forms), a tab, a carriage return or a line
feed. A cell that begins with an apostrophe gets one too, so that removing one apostrophe always restores the original.

A spreadsheet may also turn digits into a number and drop zeros: import the columns as text, or use the JSON lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from typing import BinaryIO

from matcher.record.case import CaseReader
from matcher.reports import ReportOptions
from matcher.reports.classify import ClassifiedFinding, ClassifiedMatch, classified
from matcher.reports.masking import shown_path

COLUMNS = (
    *("scan", "path", "exhibit", "size", "sha256", "status", "reason", "media_type", "width", "height"),
    *("list", "entry", "category", "disposition", "kind", "algorithm", "value", "entry_value"),
    *("distance", "threshold", "quality", "region", "transform", "matches_total"),
    *("not_compared", "skipped_parts", "doubtful", "trivial"),
)
_MATCH_COLUMNS = COLUMNS.index("matches_total") - COLUMNS.index("list")
_RISKY = tuple("=+-@\t\r\n＝＋－＠'")

Cell = str | int | None


class CsvReport:
    """A table with one row for each match and one for each item without a match."""

    name = "csv"

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            writer = csv.writer(text)
            writer.writerow(COLUMNS)
            for classified_finding in classified(case):
                writer.writerows(_rows(classified_finding, options))
        finally:
            text.detach()


def guarded(cell: Cell) -> Cell:
    """The cell, with a leading apostrophe if its text begins with a character of `_RISKY`."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell


def _rows(classified_finding: ClassifiedFinding, options: ReportOptions) -> Iterator[list[Cell]]:
    finding = classified_finding.finding
    item: list[Cell] = [
        classified_finding.scan,
        shown_path(finding.path, scan=classified_finding.scan, seq=classified_finding.seq, options=options),
        finding.exhibit,
        finding.size,
        None if finding.sha256 is None else finding.sha256.hex(),
        finding.status.value,
        None if finding.reason is None else finding.reason.value,
        finding.media_type,
        finding.width,
        finding.height,
    ]
    last: list[Cell] = [
        finding.matches_total,
        " ".join(f"{name}={why}" for name, why in sorted(finding.not_compared.items())) or None,
        " ".join(finding.skipped_parts) or None,
    ]
    for match in classified_finding.matches or (None,):
        cells = [None] * _MATCH_COLUMNS if match is None else _cells(match)
        marks = (None, None) if match is None else (match.match.doubtful, match.match.trivial)
        flags = [None if mark is None else str(mark).lower() for mark in marks]
        yield [guarded(cell) for cell in (*item, *cells, *last, *flags)]


def _cells(classified_match: ClassifiedMatch) -> list[Cell]:
    match = classified_match.match
    return [
        match.list,
        match.entry,
        match.category,
        classified_match.disposition.value,
        classified_match.kind.value,
        match.algorithm,
        match.value.hex(),
        match.entry_value.hex(),
        match.distance,
        match.threshold,
        match.quality,
        None if match.region is None else " ".join(map(str, match.region)),
        match.transform,
    ]


CSV = CsvReport()
