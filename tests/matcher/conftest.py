"""The case that the report tests read, and the evidence that the scan tests scan."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.imaging.drawing import landscape
from matcher.imaging.picture import turn
from matcher.record.case import CaseReader
from tests.shared.report_cases import reported_case_in


@pytest.fixture(scope="session")
def reported_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reported_case_in(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def case(reported_case: Path) -> Iterator[CaseReader]:
    with CaseReader(reported_case) as reader:
        yield reader


@pytest.fixture(scope="session")
def drawn_evidence(tmp_path_factory: pytest.TempPathFactory, known_folder: Path) -> Path:
    """What `evidence` is a copy of."""
    folder = tmp_path_factory.mktemp("evidence") / "exhibit"
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


@pytest.fixture
def evidence(tmp_path: Path, drawn_evidence: Path) -> Path:
    """An exhibit with an identical file, altered copies, a duplicate, strangers, and what cannot be read."""
    return shutil.copytree(drawn_evidence, tmp_path / "exhibit", symlinks=True)
