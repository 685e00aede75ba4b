"""The findings of all scans as JSON lines, exactly as `matcher findings` prints them, in the order of the ledger."""

from __future__ import annotations

from typing import BinaryIO

from matcher.record.case import CaseReader
from matcher.record.finding_json import in_order
from matcher.reports import ReportOptions
from matcher.reports.classify import MALFORMED, malformed
from matcher.reports.masking import shown_path
from matcher.system.text import json_line


class JsonlReport:
    """One JSON line for each finding."""

    name = "jsonl"

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        for index, entry in case.entries():
            try:
                if entry["type"] != "item":
                    continue
                finding = in_order(entry["finding"])
                scan, seq, path = entry["scan"], entry["seq"], finding["path"]
                finding["path"] = shown_path(path, scan=scan, seq=seq, options=options)
            except MALFORMED as error:
                raise malformed(index, entry) from error
            stream.write(json_line(finding).encode() + b"\n")


JSONL = JsonlReport()
