"""The case that the report tests read, and the evidence that the scan tests scan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.imaging.drawing import landscape
from matcher.imaging.picture import turn
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import entry
from tests.shared.report_cases import FINDINGS, scan


@pytest.fixture(scope="session")
def reported_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("reports")
    facts = CaseFacts(exhibit="E1 <b>", examiner='M. "Q" Doe', role="examiner & analyst", authority="Court of X")
    with open_case(base / "case-17", facts, key=base / "examiner.key") as log:
        scan(base / "case-17", log, FINDINGS)
        scan(base / "case-17", log, FINDINGS[3:5], close=False)
        log.append([entry("anomaly", scan=2, what="stopped by <OSError>", items=2)])
    return base / "case-17"


@pytest.fixture
def case(reported_case: Path) -> Iterator[CaseReader]:
    with CaseReader(reported_case) as reader:
        yield reader


@pytest.fixture
def evidence(tmp_path: Path, known_folder: Path) -> Path:
    """An exhibit with an identical file, altered copies, a duplicate, strangers, and what cannot be read."""
    folder = tmp_path / "exhibit"
    (folder / "sub ü/deep").mkdir(parents=True)
    (folder / "identical.png").write_bytes((known_folder / "1.png").read_bytes())
    (folder / "sub ü/identical again.png").write_bytes((known_folder / "1.png").read_bytes())
    turn(landscape(2, width=320, height=240), "rotate90").save(folder / "sub ü/turned.jpg", quality=70)
    for seed in range(50, 58):
        landscape(seed, width=120, height=90).save(folder / f"sub ü/deep/{seed}.jpg")
    (folder / "sub ü/deep/50 copy.jpg").write_bytes((folder / "sub ü/deep/50.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes((folder / "sub ü/turned.jpg").read_bytes()[:900])
    (folder / "notes.txt").write_text("text")
    (folder / "empty").write_bytes(b"")
    if os.name == "posix":
        (folder / "link").symlink_to("notes.txt")
    return folder
