"""The findings of all scans as JSON lines, exactly as `matcher findings` prints them, in the order of the ledger."""

from __future__ import annotations

from typing import BinaryIO

from matcher.record.case import CaseReader
from matcher.record.current import findings_of, state_of
from matcher.reports import ReportOptions
from matcher.reports.masking import shown_path
from matcher.system.text import json_line


class JsonlReport:
    """One JSON line for each finding."""

    name = "jsonl"

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        for placed in findings_of(case, state_of(case, as_scanned=options.as_scanned), matched=options.matched):
            finding = placed.finding
            finding["path"] = shown_path(finding["path"], scan=placed.scan, seq=placed.seq, options=options)
            if options.mask_paths and "decision" in finding:
                finding["decision"]["note"] = None  # free text, which may name the file
            stream.write(json_line(finding).encode() + b"\n")


JSONL = JsonlReport()
