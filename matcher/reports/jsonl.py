"""The findings of all scans as JSON lines, exactly as `matcher findings` prints them, in the order of the ledger.

Notable ones have their `strength`, and each match its `expected` number (matcher/record/strength.py).
"""

from __future__ import annotations

from typing import BinaryIO

from matcher.record.case import CaseReader
from matcher.record.current import findings_of, state_of
from matcher.record.strength_now import Strengths
from matcher.reports import ReportOptions
from matcher.reports.masking import shown_path
from matcher.system.text import json_line


class JsonlReport:
    """One JSON line for each finding."""

    name = "jsonl"

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        state = state_of(case, as_scanned=options.as_scanned)
        strengths = Strengths(case, state)
        for placed in findings_of(case, state, matched=options.matched):
            finding = placed.finding
            strengths.add_to(placed)
            finding["path"] = shown_path(finding["path"], scan=placed.scan, seq=placed.seq, options=options)
            if options.mask_paths and "decision" in finding:
                finding["decision"]["note"] = None  # free text, which may name the file
            stream.write(json_line(finding).encode() + b"\n")


JSONL = JsonlReport()
