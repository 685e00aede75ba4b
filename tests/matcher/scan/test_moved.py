"""Resuming where the evidence lies at another path now: refused, unless the scan is named and the evidence fits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import CaseError
from matcher.executors.serial import SerialExecutor
from matcher.record.case import CaseFacts, open_case
from matcher.record.sealing import Sealing
from matcher.revisit.closed_scans import read_scans
from matcher.revisit.verify import verify_case
from matcher.scan.opening import ScanRequest, prepare_scan
from matcher.scan.run import check_resumable, run_scan
from matcher.settings import Settings
from tests.shared.scan_cases import Failing, Quiet, entries, fail, scan

FACTS = CaseFacts(exhibit="E1", examiner="tester")


@pytest.fixture
def moved(tmp_path: Path, evidence: Path, known_store: Path) -> Path:
    """The evidence at another path, after a scan of it stopped behind six items."""
    fail(tmp_path / "case", evidence, known_store, 6)
    evidence.rename(tmp_path / "moved")
    return tmp_path / "moved"


def resume(
    folder: Path, location: Path, store: Path, number: int | None, **fields: Any
) -> tuple[dict[str, Any], Quiet]:
    listener = Quiet()
    request = ScanRequest(location, store, folder / "case", Settings(), FACTS, resume=True, scan=number, **fields)
    with open_case(folder / "case", FACTS, key=folder / "key") as log:
        (prepared,) = check_resumable(log, [prepare_scan(request)])
        return run_scan(log, prepared, executor=SerialExecutor(), listener=listener), listener


def refused(folder: Path, location: Path, store: Path, number: int | None, match: str) -> None:
    before = (folder / "case/case.ledger").read_bytes()
    with pytest.raises(CaseError, match=match):
        resume(folder, location, store, number)
    assert (folder / "case/case.ledger").read_bytes() == before


def test_the_open_scan_is_named_and_nothing_begins(tmp_path: Path, moved: Path, known_store: Path) -> None:
    refused(
        tmp_path,
        moved,
        known_store,
        None,
        r"scan 1, of .*exhibit, is open, with 6 items.*--scan 1 .*leave --resume out",
    )


def test_the_named_scan_goes_on(tmp_path: Path, moved: Path, known_store: Path) -> None:
    whole, _listener = scan(tmp_path / "whole", moved, known_store)
    facts, listener = resume(tmp_path, moved, known_store, 1)
    assert (facts["scan"], listener.done) == (1, 6)
    assert len(listener.recorded_findings) == facts["items"] - 6, "what has a finding is not examined again"
    assert facts["findings_root"] == whole["findings_root"]
    assert entries(tmp_path / "case", "anomaly")[-1]["source"]["path"].endswith("/moved")
    assert verify_case(tmp_path / "case").problems == ()


def test_from_then_on_its_new_path_is_known(tmp_path: Path, moved: Path, known_store: Path) -> None:
    listener = Quiet()
    request = ScanRequest(moved, known_store, tmp_path / "case", Settings(), FACTS, resume=True, scan=1)
    with open_case(tmp_path / "case", FACTS, key=tmp_path / "key") as log, pytest.raises(KeyboardInterrupt):
        run_scan(log, prepare_scan(request), executor=Failing(KeyboardInterrupt(), after=2), listener=listener)
    facts, listener = resume(tmp_path, moved, known_store, None)
    assert (facts["scan"], listener.done) == (1, 8)
    with open_case(tmp_path / "case", FACTS, key=tmp_path / "key") as log:
        source = read_scans(log).scans[1].opened["source"]
    assert source["path"] == str(moved), "where a relookup opens it"


def test_paths_are_sealed_there_too(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    sealing = Sealing(bytes(32))
    request = ScanRequest(evidence, known_store, tmp_path / "case", Settings(), FACTS, sealing=sealing)
    with open_case(tmp_path / "case", FACTS, key=tmp_path / "key") as log, pytest.raises(KeyboardInterrupt):
        run_scan(log, prepare_scan(request), executor=Failing(KeyboardInterrupt(), after=3), listener=Quiet())
    evidence.rename(tmp_path / "moved")
    facts, listener = resume(tmp_path, tmp_path / "moved", known_store, 1, sealing=sealing)
    assert (facts["scan"], listener.done) == (1, 3)
    assert b"/moved" not in b"".join(_bodies(tmp_path / "case"))
    assert verify_case(tmp_path / "case").problems == ()


def _bodies(case: Path) -> list[bytes]:
    with open_case(case, FACTS, key=case.parent / "key") as log:
        return [body for _index, body in log.entries()]


@pytest.mark.parametrize("what", ["renamed", "added", "changed"])
def test_other_evidence_is_refused(tmp_path: Path, moved: Path, known_store: Path, what: str) -> None:
    first = min((path for path in moved.iterdir() if path.is_file()), key=os.fsencode)
    if what == "renamed":
        first.rename(first.with_name(f"{first.name}~"))
        said = "1 recorded items are not there, such as "
    elif what == "added":
        (moved / "! new").write_text("text")
        said = "1 items are there that were not recorded, such as ! new"
    else:
        first.write_bytes(first.read_bytes() + b"more")
        said = "1 items have other content, such as "
    refused(tmp_path, moved, known_store, 1, said)


def test_a_copy_with_other_times_fits(tmp_path: Path, moved: Path, known_store: Path) -> None:
    for path in moved.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (1, 1))
    assert resume(tmp_path, moved, known_store, 1)[1].done == 6


def test_what_cannot_be_named(tmp_path: Path, moved: Path, known_store: Path) -> None:
    refused(tmp_path, moved, known_store, 2, r"has no scan 2 \(its scans: 1\)")
    (file,) = (path for path in moved.iterdir() if path.name == min(p.name for p in moved.iterdir() if p.is_file()))
    refused(tmp_path, file, known_store, 1, "scan 1 is one of a folder, and this source is a file")


def test_several_sources_are_judged_before_any_begins(
    tmp_path: Path, evidence: Path, known_store: Path, known_folder: Path
) -> None:
    """The open scan of one of them is no reason to refuse another; one of a source that is not named is."""
    fail(tmp_path / "case", evidence, known_store, 2)
    requests = [
        ScanRequest(location, known_store, tmp_path / "case", Settings(), FACTS, resume=True)
        for location in (known_folder, evidence)
    ]
    with open_case(tmp_path / "case", FACTS, key=tmp_path / "key") as log:
        check_resumable(log, [prepare_scan(request) for request in requests])
        other = shutil.copytree(known_folder, tmp_path / "other")
        requests[1] = ScanRequest(other, known_store, tmp_path / "case", Settings(), FACTS, resume=True)
        with pytest.raises(CaseError, match="scan 1, of .*, is open, with 2 items"):
            check_resumable(log, [prepare_scan(request) for request in requests])
