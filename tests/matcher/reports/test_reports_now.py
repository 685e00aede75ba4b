"""Reports after relookups and decisions, and as scanned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.record.case import CaseReader
from matcher.reports import ReportOptions
from matcher.reports.classify import classified
from matcher.reports.summarizing import summarize
from matcher.reports.wording import statement
from tests.shared.later_cases import FINDINGS, NOTABLE_NOW, later_case_in
from tests.shared.report_cases import MASKED, Page, rows, without_strength, written

NOTABLE_THEN = ["gone.jpg", "known.jpg", "kept.jpg"]
SCANNED = ReportOptions(as_scanned=True)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return later_case_in(tmp_path_factory.mktemp("now"))


@pytest.fixture
def reader(later: Path) -> Iterator[CaseReader]:
    with CaseReader(later) as opened:
        yield opened


class TestSummary:
    def test_the_notable_items_are_those_of_now(self, reader: CaseReader) -> None:
        assert [item.finding.path for item in classified(reader) if item.notable] == NOTABLE_NOW
        (scan,) = summarize(reader).scans
        assert (scan.notable, scan.notable_identical, scan.notable_duplicates) == (5, 1, 1)
        assert (scan.gained, scan.lost, scan.unconfirmed) == (4, 2, 1)
        assert (scan.undecided, scan.outdated, scan.decisions) == (4, 1, {"refuted": 1})
        assert scan.counts["known"] == 1
        assert scan.complete  # what relookups changed is no contradiction of the close

    def test_as_scanned(self, reader: CaseReader) -> None:
        assert [item.finding.path for item in classified(reader, as_scanned=True) if item.notable] == NOTABLE_THEN
        (scan,) = summarize(reader, as_scanned=True).scans
        assert (scan.notable, scan.gained, scan.lost, scan.decisions) == (3, 0, 0, {})
        assert scan.complete

    def test_the_statement_names_its_lists(self, reader: CaseReader) -> None:
        said = statement(summarize(reader))
        assert said.headline == "1 strong, 4 to be looked at, 0 weak: 5 of 9 items match notable entries."
        assert said.basis == "By national version 2, system version 1, after 1 relookup and 3 decisions."
        text = " ".join(said.sentences)
        assert "4 items are notable now and were not; 2 items were notable and are not any more." in text
        assert "1 item may match the newer lists and could not be confirmed" in text
        assert "Examiners decided on 1 item: 1 refuted." in text
        assert "Decided before the lists changed, look again: 1 item, not counted as decided." in text
        assert "4 items are notable and have no decision yet." in text

    def test_as_scanned_says_what_is_left_out(self, reader: CaseReader) -> None:
        said = statement(summarize(reader, as_scanned=True))
        assert said.headline == "1 strong, 2 to be looked at, 0 weak: 3 of 9 items match notable entries."
        assert said.basis == (
            "As scanned, by national version 1, system version 1; "
            "1 relookup and 3 decisions in the ledger are left out."
        )


class TestFormats:
    def test_csv(self, reader: CaseReader) -> None:
        found = {row["path"]: row for row in rows(written(reader, "csv"))}
        assert [path for path, row in found.items() if row["disposition"] == "notable"] == NOTABLE_NOW
        assert found["new.jpg"]["relookup"] == "new=1 withdrawn=0 changed=0 unconfirmed=0"
        assert found["unsure.jpg"]["relookup"] == "new=0 withdrawn=0 changed=0 unconfirmed=1"
        assert (found["kept.jpg"]["decision"], found["kept.jpg"]["decided_by"]) == ("refuted", "A. Keller")
        assert (found["kept.jpg"]["before_relookup"], found["gone.jpg"]["before_relookup"]) == ("false", "true")
        assert found["plain.jpg"]["before_relookup"] == ""
        assert found["plain.jpg"]["relookup"] == found["plain.jpg"]["decision"] == ""

    def test_csv_as_scanned(self, reader: CaseReader) -> None:
        found = rows(written(reader, "csv", SCANNED))
        assert [row["path"] for row in found if row["disposition"] == "notable"] == NOTABLE_THEN
        assert not any(row["relookup"] or row["decision"] for row in found)

    def test_jsonl_is_what_findings_prints(self, reader: CaseReader) -> None:
        lines = [json.loads(line) for line in written(reader, "jsonl").splitlines()]
        assert [line["path"] for line in lines] == [item.path for item in FINDINGS]
        assert next(line["path"] for line in lines if "relookup" in line) == "gone.jpg"
        scanned = [without_strength(json.loads(line)) for line in written(reader, "jsonl", SCANNED).splitlines()]
        assert scanned == [form for _scan, form in reader.findings()]

    def test_masked_leaves_out_what_may_name_a_file(self, reader: CaseReader) -> None:
        for name in ("csv", "html", "jsonl"):
            text = written(reader, name, MASKED).decode()
            assert "kept.jpg" not in text
            assert "seen" not in text
            assert "refuted" in text

    def test_html(self, reader: CaseReader) -> None:
        text = Page(written(reader, "html").decode()).texts["body"][0]
        assert "1 strong, 4 to be looked at, 0 weak: 5 of 9 items match notable entries." in text
        assert "By national version 2, system version 1" in text
        scanned = Page(written(reader, "html", SCANNED).decode()).texts["body"][0]
        assert "1 strong, 2 to be looked at, 0 weak: 3 of 9 items match notable entries." in scanned
        assert "As scanned" in scanned

    def test_the_same_ledger_gives_the_same_bytes(self, later: Path) -> None:
        made = []
        for _time in range(2):
            with CaseReader(later) as reader:
                made.append([written(reader, name) for name in ("csv", "html", "jsonl")])
        assert made[0] == made[1]
