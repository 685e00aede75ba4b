"""The case that the report tests read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from report_cases import FINDINGS, scan

from matcher.case import CaseFacts, CaseReader, open_case
from matcher.record import entry


@pytest.fixture(scope="session")
def reported_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("reports")
    facts = CaseFacts(exhibit="E1 <b>", examiner='M. "Q" Doe', role="examiner & analyst", authority="Court of X")
    with open_case(base / "case-17", facts, key=base / "examiner.key") as log:
        scan(log, FINDINGS)
        scan(log, FINDINGS[3:5], close=False)
        log.append([entry("anomaly", scan=2, what="stopped by <OSError>", items=2)])
    return base / "case-17"


@pytest.fixture
def case(reported_case: Path) -> Iterator[CaseReader]:
    with CaseReader(reported_case) as reader:
        yield reader
