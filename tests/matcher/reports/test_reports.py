"""Reports as data: the formats, masking, CSV, JSON lines and the summary behind all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from matcher.commands import run
from matcher.errors import CaseError
from matcher.model import Disposition, Reason, Status
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import append_scan_open
from matcher.reports import Report, ReportOptions, report, report_names
from matcher.reports import csv as csv_report
from matcher.reports.classify import Kind, classified
from matcher.reports.csv import COLUMNS, guarded, shortened
from matcher.reports.masking import shown_path, shown_source
from matcher.reports.summarizing import summarize
from matcher.reports.wording import REASONS, STATUSES, incomplete
from matcher.system.text import json_line
from tests.shared.report_cases import (
    FINDINGS,
    FORMATS,
    MASKED,
    PLAIN,
    add,
    finding,
    loads,
    opening,
    page_of,
    recorder_for,
    rows,
    without_strength,
    written,
)


class TestRegistry:
    def test_built_in_formats(self) -> None:
        assert report_names() == FORMATS
        for name in FORMATS:
            found = report(name)
            assert isinstance(found, Report)
            assert found.name == name

    def test_an_unknown_format_names_the_known(self) -> None:
        with pytest.raises(CaseError, match="'pdf'; known formats: csv, html, jsonl"):
            report("pdf")


class TestHtml:
    @pytest.mark.parametrize("fields", [{"source": None}, {"algorithms": 3}, {"settings": []}])
    def test_a_scan_opened_in_another_shape_is_an_error(self, tmp_path: Path, fields: dict[str, Any]) -> None:
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            append_scan_open(log, loads(), opening() | fields)
        with CaseReader(tmp_path / "case") as reader, pytest.raises(CaseError):
            written(reader, "html")


class TestMasking:
    @pytest.mark.parametrize(
        ("path", "token"),
        [
            ("a/b.JPG", "item-3-7.JPG"),
            ("a/no suffix", "item-3-7"),
            ("a/.hidden", "item-3-7"),
            ("a.dir/b", "item-3-7"),
            ("Dr. Jane Doe", "item-3-7"),
            ("a.<b>", "item-3-7"),
            ("a.longsuffix", "item-3-7"),
            ("folder.old/", "item-3-7"),
        ],
    )
    def test_only_a_plain_suffix_is_kept(self, path: str, token: str) -> None:
        assert shown_path(path, scan=3, seq=7, options=MASKED) == token
        assert shown_path(path, scan=3, seq=7, options=PLAIN) == path

    def test_of_a_source_only_what_names_nothing_is_kept(self) -> None:
        source = {"kind": "ewf", "path": "/a", "parts": ["/a.E01"], "bytes": 5, "sha256": "ab" * 32, "label": "Doe"}
        masked = shown_source(source, scan=2, options=MASKED)
        assert masked == source | {"path": "source-2", "parts": "source-2", "label": "source-2"}
        assert shown_source(source, scan=2, options=PLAIN) == source


class TestJsonl:
    def test_equals_the_findings_of_the_case(self, case: CaseReader) -> None:
        lines = [json_line(without_strength(json.loads(line))) for line in written(case, "jsonl").splitlines()]
        assert lines == [json_line(found) for _scan, found in case.findings()]

    def test_has_the_strength(self, case: CaseReader) -> None:
        lines = [json.loads(line) for line in written(case, "jsonl").splitlines()]
        assert [line.get("strength") for line in lines[:6]] == [None, "strong", "strong", "look", "strong", None]
        assert {match["expected"] for line in lines for match in line["matches"]} == {None}

    def test_masked_differs_in_the_path_alone(self, case: CaseReader) -> None:
        plain, masked = (
            [json.loads(line) for line in written(case, "jsonl", options).splitlines()] for options in (PLAIN, MASKED)
        )
        assert [found | {"path": None} for found in plain] == [found | {"path": None} for found in masked]
        assert len({found["path"] for found in masked}) == len(plain)


class TestCsv:
    def test_one_row_a_match_or_an_item_without(self, case: CaseReader) -> None:
        found = [row for row in rows(written(case, "csv")) if row["scan"] == "1"]
        assert tuple(found[0]) == COLUMNS
        assert len(found) == sum(len(item.matches) or 1 for item in FINDINGS)
        assert b"\r\n" in written(case, "csv")

    def test_paths_come_back(self, case: CaseReader) -> None:
        paths = dict.fromkeys(row["path"] for row in rows(written(case, "csv")))
        assert {path[1:] if path.startswith("'") else path for path in paths} == {item.path for item in FINDINGS}

    def test_a_row_says_everything_of_its_match(self, case: CaseReader) -> None:
        (row,) = (row for row in rows(written(case, "csv")) if row["region"] and row["scan"] == "1")
        expected = FINDINGS[3].matches[0]
        assert row["path"] == FINDINGS[3].path
        assert (row["list"], row["entry"], row["category"]) == ("national", "entry-2", "1")
        assert (row["disposition"], row["kind"], row["algorithm"]) == ("notable", "similar", "pdq")
        assert (row["value"], row["entry_value"]) == (expected.value.hex(), expected.entry_value.hex())
        assert (row["distance"], row["threshold"], row["quality"]) == ("7", "31", "100")
        assert (row["region"], row["transform"], row["matches_total"]) == ("412 96 1320 742", "rotate90", "1")
        assert (row["size"], row["width"], row["height"]) == ("1925121", "4000", "3000")

    def test_match_columns_of_an_item_without_one_are_empty(self, case: CaseReader) -> None:
        (row,) = (row for row in rows(written(case, "csv")) if row["path"] == "Familie/")
        assert {row[name] for name in COLUMNS[COLUMNS.index("list") : COLUMNS.index("matches_total")]} == {""}
        assert (row["status"], row["reason"], row["size"], row["sha256"]) == ("unreadable", "folder-unreadable", "", "")

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "'"])
    def test_a_formula_is_defused_and_can_be_had_back(self, start: str) -> None:
        assert guarded(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"

    def test_nothing_else_is_touched(self) -> None:
        assert [guarded(cell) for cell in ("a=b", "", 5, -5, None, "a'b")] == ["a=b", "", 5, -5, None, "a'b"]

    def test_no_cell_of_a_case_begins_like_a_formula(self, case: CaseReader) -> None:
        cells = [cell for row in rows(written(case, "csv")) for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r"))]


class TestSpreadsheets:
    def test_notable_items_first_then_other_matches_then_the_rest(self, case: CaseReader) -> None:
        ranks = [
            0 if row["disposition"] == "notable" else 1 if row["list"] else 2 for row in rows(written(case, "csv"))
        ]
        by_item = [rank for rank in ranks if rank != 1]
        assert by_item == sorted(by_item)
        assert 2 in ranks
        assert ranks.index(2) > max(at for at, rank in enumerate(ranks) if rank != 2)

    def test_only_matches(self, case: CaseReader) -> None:
        found = rows(written(case, "csv", ReportOptions(matched=True)))
        assert found == [row for row in rows(written(case, "csv")) if row["list"]]
        printed = [json.loads(line) for line in written(case, "jsonl", ReportOptions(matched=True)).splitlines()]
        lines = [without_strength(line) for line in printed]
        assert lines == [form for _scan, form in case.findings() if form["matches"]]

    def test_a_byte_order_mark_on_request(self, case: CaseReader) -> None:
        plain, marked = written(case, "csv"), written(case, "csv", ReportOptions(byte_order_mark=True))
        assert marked == b"\xef\xbb\xbf" + plain

    def test_what_a_spreadsheet_leaves_out_is_told(self, case: CaseReader, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []
        total = len(rows(written(case, "csv", ReportOptions(warn=told.append))))
        assert told == []
        monkeypatch.setattr(csv_report, "MOST_ROWS", total)  # the header is the one row too many
        written(case, "csv", ReportOptions(warn=told.append))
        assert "leaves out the last 1 without a word, none of them a match" in told[0]
        monkeypatch.setattr(csv_report, "MOST_ROWS", 3)
        written(case, "csv", ReportOptions(warn=told.append))
        matches = sum(bool(row["list"]) for row in rows(written(case, "csv")))
        assert f"the last {total - 2} without a word, {matches - 2} of them MATCHES" in told[1]

    @pytest.mark.parametrize("text", ["x" * 32_768, "=" + "x" * 32_766, "\U0001f600" * 16_384, "ü" * 100_000])
    def test_a_cell_that_is_too_long_is_cut_with_a_mark(self, text: str) -> None:
        cut = shortened(guarded(text))
        assert isinstance(cut, str)
        assert len(cut.encode("utf-16-le")) // 2 <= 32_767
        assert re.search(r" \[CUT: [0-9,]+ characters\]\Z", cut)
        assert cut.split(" [CUT")[0] in f"'{text}"

    @pytest.mark.parametrize("cell", ["x" * 32_767, "\U0001f600" * 16_383, "", None, 5])
    def test_any_other_is_whole(self, cell: Any) -> None:
        assert shortened(cell) == cell

    def test_cut_cells_are_counted(self, tmp_path: Path) -> None:
        told: list[str] = []
        page_of(tmp_path, finding("y" * 40_000 + ".jpg"), finding("short.jpg"))
        with CaseReader(tmp_path / "case") as reader:
            written(reader, "csv", ReportOptions(warn=told.append))
        assert [text.split(" had")[0] for text in told] == ["warning: 1 cell"]

    def test_the_command_says_it(self, reported_case: Path, capfd: pytest.CaptureFixture[str]) -> None:
        case = ["--case", str(reported_case), "-o", "-"]
        assert run(["report", *case, "--format", "csv", "--matched", "--bom"]) == 0
        assert len(rows(capfd.readouterr().out.encode().removeprefix(b"\xef\xbb\xbf"))) > 5
        assert run(["report", *case, "--format", "html", "--matched"]) == 2
        assert run(["report", *case, "--format", "jsonl", "--bom"]) == 2
        assert "--bom is for csv" in capfd.readouterr().err


class TestSummary:
    def test_counts(self, case: CaseReader) -> None:
        first, second = summarize(case).scans
        assert first.complete
        assert first.items == len(FINDINGS)
        assert first.bytes == 1_925_121 * (len(FINDINGS) - 1)
        assert first.counts == {
            "examined": 7, "known": 2, "excluded": 1, "duplicate": 1, "skipped": 1, "unreadable": 2
        }  # fmt: skip
        assert (first.notable, first.notable_identical, first.notable_duplicates) == (6, 3, 1)
        assert (first.conflicts, first.cut, first.matches) == (1, 1, sum(item.matches_total for item in FINDINGS))
        assert first.unreadable == {"folder-unreadable": 1, "truncated": 1}
        assert first.skipped == {"not-a-picture": 1}
        assert not second.complete
        assert [found["what"] for found in second.anomalies] == ["stopped by <OSError>"]
        assert second.closed is None

    def test_scans_know_their_lists_and_self_test(self, case: CaseReader) -> None:
        first = summarize(case).scans[0]
        assert [used.name for used in first.lists] == ["national", "system"]
        assert first.self_test is not None
        assert first.self_test["untested"] == ["photodna"]

    def test_matches_are_classified_by_profile_and_kind(self, case: CaseReader) -> None:
        found = {item.finding.path: item for item in classified(case) if item.scan == 1}
        assert [item.disposition for item in found[FINDINGS[0].path].matches] == [Disposition.INFORMATION]
        assert {item.kind for item in found[FINDINGS[1].path].matches} == {Kind.IDENTICAL, Kind.SIMILAR}
        conflicting = found[FINDINGS[4].path]
        assert conflicting.conflict
        assert not found[FINDINGS[5].path].notable

    def test_a_list_that_was_not_loaded_counts_as_notable(self, tmp_path: Path) -> None:
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            recorder = recorder_for(tmp_path / "case", log, [])
            add(recorder, FINDINGS[5])
            recorder.close()
        with CaseReader(tmp_path / "case") as reader:
            (found,) = summarize(reader).scans
        assert found.notable == 1
        assert not found.complete

    def test_what_contradicts_itself_is_not_complete(self, tmp_path: Path) -> None:
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            recorder = recorder_for(tmp_path / "case", log, loads())
            add(recorder, FINDINGS[9])
            recorder.flush()
            recorder.items = 5
            recorder.close()
        with CaseReader(tmp_path / "case") as reader:
            summary = summarize(reader)
        assert not summary.scans[0].complete
        assert list(incomplete(summary)) == [
            "Scan 1 contradicts itself: the counts of its close are not those of its items."
        ]

    def test_every_status_and_reason_has_its_words(self) -> None:
        assert set(STATUSES) == set(Status)
        assert set(REASONS) == set(Reason)
