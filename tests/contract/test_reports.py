"""What every report must do. A new one passes by subclassing ReportContract with its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.errors import CaseError
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import entry
from matcher.reports import Report, ReportOptions, report
from tests.shared.report_cases import FINDINGS, FORMATS, MASKED, PLAIN, SECRETS, reported_case_in, written


class ReportContract:
    """A subclass has a fixture `name`: that of the entry point.

    The case has hostile names, and a scan that broke off. What a report writes is UTF-8.
    """

    @pytest.fixture
    def name(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return reported_case_in(tmp_path)

    @pytest.fixture
    def reader(self, folder: Path) -> Iterator[CaseReader]:
        with CaseReader(folder) as reader:
            yield reader

    def test_it_is_a_report_of_that_name(self, name: str) -> None:
        found = report(name)
        assert isinstance(found, Report)
        assert found.name == name

    @pytest.mark.parametrize("options", [PLAIN, MASKED])
    def test_the_same_ledger_gives_the_same_bytes(self, folder: Path, name: str, options: ReportOptions) -> None:
        with CaseReader(folder) as first, CaseReader(folder) as second:
            assert written(first, name, options) == written(second, name, options)

    def test_masked_holds_no_part_of_a_path(self, reader: CaseReader, name: str) -> None:
        plain, masked = (written(reader, name, options).decode() for options in (PLAIN, MASKED))
        parts = {part for found in FINDINGS for part in re.split(r"[/\s]", found.path) if len(part) > 4}
        assert "Familie" in plain
        masked = re.sub(r"^— .*$", "", masked, flags=re.MULTILINE)  # a signature's base64 may spell anything
        for part in (*parts, *SECRETS):
            assert part not in masked
            assert json.dumps(part)[1:-1] not in masked
        assert "item-1-1.jpg" in masked

    @pytest.mark.parametrize(
        "body",
        [
            entry("item", scan=1, seq=0, finding={"path": "a"}),
            entry("item", scan=1, seq=0, finding="a"),
            entry("item"),
        ],
        ids=["path only", "no object", "no finding"],  # an entry holds the time
    )
    def test_an_entry_of_another_shape_is_named(self, tmp_path: Path, name: str, body: bytes) -> None:
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            index = log.append([body])
        with CaseReader(tmp_path / "case") as reader, pytest.raises(CaseError, match=f"^entry {index} of the ledger"):
            written(reader, name)


class TestBuiltIn(ReportContract):
    @pytest.fixture(params=FORMATS)
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)
