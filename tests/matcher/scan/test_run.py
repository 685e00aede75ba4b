"""A scan from opening to closing: every item recorded, in order, the same by any executor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, LedgerError
from matcher.commands import run
from matcher.errors import CaseError, MatcherError, SelfTestError, SourceError, StoreError
from matcher.examine import selftest
from matcher.executors.pool import PoolExecutor
from matcher.executors.serial import SerialExecutor
from matcher.imaging.frame import Frame, Reader
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.picture import Reduced
from matcher.lists.store import Store
from matcher.model import OrientationHashes
from matcher.record.case import KEYS, LEDGER, CaseFacts, CaseReader, check_apart, open_case
from matcher.record.entries import append_scan_open
from matcher.record.recorder import Recorder
from matcher.revisit.verify import verify_case
from matcher.scan.opening import ScanRequest, prepare_scan
from matcher.scan.run import run_scan
from matcher.settings import Settings
from matcher.sources import Source, open_source
from tests.shared.scan_cases import Failing, Quiet, entries, scan


def test_every_item_has_exactly_one_finding(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    facts, listener = scan(tmp_path / "case", evidence, known_store)
    on_disk = sorted(
        (path.relative_to(evidence).as_posix() for path in evidence.rglob("*") if not path.is_dir()), key=os.fsencode
    )
    with CaseReader(tmp_path / "case") as reader:
        findings = [finding for _scan, finding in reader.findings()]
    assert [finding["path"] for finding in findings] == on_disk
    assert [finding.path for finding in listener.recorded_findings] == on_disk
    assert [finding.as_json() for finding in listener.recorded_findings] == findings
    assert facts["items"] == len(on_disk) == sum(facts["counts"].values())
    assert facts["counts"] == {
        "examined": 9,
        "known": 1,
        "excluded": 0,
        "duplicate": 2,
        "skipped": 3 if os.name == "posix" else 2,
        "unreadable": 1,
    }
    assert facts["notable"] == 3
    status = {finding["path"]: finding["status"] for finding in findings}
    assert status["identical.png"] == "known"
    assert status["sub ü/identical again.png"] == "duplicate"
    assert status["sub ü/deep/50 copy.jpg"] == "examined"  # it comes before "50.jpg" in the order of bytes
    assert status["sub ü/deep/50.jpg"] == "duplicate"
    again = next(finding for finding in findings if finding["path"] == "sub ü/identical again.png")
    assert again["matches_total"] == 4


def test_the_ledger_tells_the_whole_story_and_verifies(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    facts, _listener = scan(tmp_path / "case", evidence, known_store)
    with CaseReader(tmp_path / "case") as reader:
        kinds = [entry["type"] for _index, entry in reader.entries()]
    assert kinds == [
        "case.open",
        "key",
        "self.test",
        "list.load",
        "scan.open",
        *["item"] * facts["items"],
        "scan.close",
    ]
    (opened,) = entries(tmp_path / "case", "scan.open")
    assert {algorithm["name"]: algorithm.get("threshold") for algorithm in opened["algorithms"]} == {
        "md5": None,
        "sha256": None,
        "pdq": 31,
        "phash": 8,
    }
    assert opened["libraries"]["ImageHash"]
    (loaded,) = entries(tmp_path / "case", "list.load")
    assert (loaded["name"], loaded["version"], loaded["counts"]["entries"]) == ("known", 1, 6)
    verdict = verify_case(tmp_path / "case")
    assert verdict.problems == ()
    assert verdict.matches == facts["matches"]
    assert verdict.audit.scans[0].complete
    assert verdict.audit.signed_size == verdict.audit.size


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_the_pool_records_what_the_serial_executor_records(
    tmp_path: Path, evidence: Path, known_store: Path, workers: int
) -> None:
    serial, first = scan(tmp_path / "serial", evidence, known_store)
    pooled, second = scan(tmp_path / "pool", evidence, known_store, executor=PoolExecutor(workers))
    assert pooled["findings_root"] == serial["findings_root"]
    assert second.recorded_findings == first.recorded_findings
    assert sorted(second.examined_paths) == sorted(first.examined_paths)


@pytest.mark.slow
def test_the_root_does_not_depend_on_where_the_evidence_lies(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    here, _listener = scan(tmp_path / "one", evidence, known_store)
    evidence.rename(tmp_path / "moved")
    there, _listener = scan(tmp_path / "two", tmp_path / "moved", known_store)
    assert there["findings_root"] == here["findings_root"]


@pytest.mark.slow
def test_exact_and_screened_scans_have_one_root(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    screened, _listener = scan(tmp_path / "one", evidence, known_store)
    exact, _listener = scan(tmp_path / "two", evidence, known_store, exact=True)
    assert screened["findings_root"] == exact["findings_root"]


@pytest.mark.slow
def test_scans_of_one_case_are_numbered(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    for number in (1, 2, 3):
        facts, listener = scan(tmp_path / "case", evidence, known_store)
        assert facts["scan"] == number
        assert listener.scans == [number]
    verdict = verify_case(tmp_path / "case")
    assert verdict.problems == ()
    assert [check.scan for check in verdict.audit.scans] == [1, 2, 3]


def test_two_scans_that_begin_at_once_get_two_numbers(tmp_path: Path) -> None:
    """The second append insists on a size that the first one changed, and starts over."""
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:

        class Overtaken:
            """Passes everything on; before its first append another scan opens."""

            done = False

            def __getattr__(self, name: str) -> Any:
                return getattr(log, name)

            def append(self, entries: list[bytes], *, expected_size: int, openings: Any) -> int:
                if not self.done:
                    self.done = True
                    assert append_scan_open(log, [], {"lists": []}) == 1
                return log.append(entries, expected_size=expected_size, openings=openings)

        assert append_scan_open(Overtaken(), [], {"lists": []}) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MatcherError("gone")])
def test_an_early_end_is_recorded_and_not_complete(
    tmp_path: Path, evidence: Path, known_store: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        scan(tmp_path / "case", evidence, known_store, executor=Failing(error))
    assert len(entries(tmp_path / "case", "item")) == 4
    (anomaly,) = entries(tmp_path / "case", "anomaly")
    assert anomaly["what"] == ("interrupted" if isinstance(error, KeyboardInterrupt) else "stopped by MatcherError")
    verdict = verify_case(tmp_path / "case")
    assert verdict.audit.signed_size == verdict.audit.size
    assert any("never closed" in problem for problem in verdict.problems)


def test_a_key_that_cannot_be_made_is_told_and_leaves_no_case(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CaseError, match="none can be made there"):
        open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "file/key")
    assert not (tmp_path / "case").exists()


def test_a_missing_item_fails_the_scan(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    with pytest.raises(MatcherError, match="not complete: the source has 1[56] items and 4 were recorded"):
        scan(tmp_path / "case", evidence, known_store, executor=Failing(None))
    assert entries(tmp_path / "case", "scan.close") == []


def test_a_changed_match_is_found_by_arithmetic(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    """A ledger that was written wrongly, and signed: intact as a log, and still not true."""
    from matcher.record.entries import entry

    scan(tmp_path / "case", evidence, known_store)
    with CaseReader(tmp_path / "case") as reader:
        opened = next(entry for _index, entry in reader.entries() if entry["type"] == "scan.open")
        finding = next(finding for _scan, finding in reader.findings() if finding["matches"])
    finding["matches"][0]["distance"] = 3
    facts = {key: opened[key] for key in opened if key not in ("v", "type", "time", "monotonic_us", "scan")}
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        number = append_scan_open(log, [], facts)
        from ledger import TreeHasher, canonical, leaf_hash

        tree = TreeHasher()
        tree.append(leaf_hash(canonical(finding)))
        item = canonical({"v": 1, "type": "item", "scan": number, "seq": 0, "finding": finding})
        counts = {finding["status"]: 1}
        close = entry("scan.close", scan=number, items=1, counts=counts, findings_root=tree.root().hex())
        log.append([item, close], checkpoint=True)
    verdict = verify_case(tmp_path / "case")
    assert verdict.audit.intact
    assert [
        problem for problem in verdict.problems if "distance of its hashes is 0 (bits that differ), not 3" in problem
    ]


def test_evidence_is_never_written_to(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    for inside in (evidence, evidence / "case", evidence / "sub ü/../case"):
        with pytest.raises(CaseError, match="lies inside the evidence"):
            check_apart(evidence, inside)
        with pytest.raises(CaseError, match="lies inside the evidence"):
            prepare_scan(ScanRequest(evidence, known_store, inside, Settings()))
    check_apart(evidence, tmp_path / "case", tmp_path / "exhibit 2")


@pytest.mark.process
@pytest.mark.slow
def test_sources_are_opened_once_and_lists_once_for_all_of_them(
    tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def counted(location: Path) -> Source:
        opened.append(location)
        return open_source(location)

    monkeypatch.setattr("matcher.scan.opening.open_source", counted)
    ordinary = Store.open
    stores: list[Path] = []

    def counted_store(path: Path) -> Store:
        stores.append(path)
        return ordinary(path)

    monkeypatch.setattr(Store, "open", counted_store)
    (tmp_path / "other").mkdir()
    command = ["scan", str(evidence), str(tmp_path / "other"), "--store", str(known_store), "--workers", "1"]
    assert run([*command, "--case", str(tmp_path / "case"), "--quiet"]) == 1
    assert opened == [evidence, tmp_path / "other"]
    assert stores == [known_store]


def test_a_case_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("else")
    with pytest.raises(CaseError, match="holds other files"):
        open_case(tmp_path, CaseFacts(), key=tmp_path.parent / "key")


def test_what_cannot_begin_leaves_no_scan(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    with pytest.raises(SourceError):
        scan(tmp_path / "case", tmp_path / "absent", known_store)
    with pytest.raises(StoreError):
        scan(tmp_path / "case", evidence, tmp_path / "no store")
    assert entries(tmp_path / "case", "scan.open") == []


def test_a_second_examiners_key_is_recorded(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    scan(tmp_path / "case", evidence, known_store)
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "other key") as log:
        log.checkpoint()
    assert len(entries(tmp_path / "case", "key")) == 2
    assert len((tmp_path / "case" / KEYS).read_text().split()) == 4


def test_a_ledger_that_cannot_be_written_stops_the_scan(
    tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> int:
        raise LedgerError("disk full")

    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        monkeypatch.setattr(Recorder, "flush", full)
        monkeypatch.setattr("matcher.record.recorder.GROUP_ITEMS", 2)
        with pytest.raises(LedgerError, match="disk full"):
            run_scan(
                log,
                prepare_scan(ScanRequest(evidence, known_store, tmp_path / "case", Settings())),
                executor=SerialExecutor(),
                listener=Quiet(),
            )
    assert entries(tmp_path / "case", "scan.close") == []


class TestSelfTest:
    def test_it_passes_here(self) -> None:
        facts = selftest.run(("md5", "sha256", "pdq", "phash"))
        assert facts["tested"] == ["md5", "sha256", "pdq", "phash"]

    def test_a_wrong_hash_stops_everything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wrong = selftest.answers(("pdq",))
        wrong[0]["answers"]["pdq"][0] = "00" * 32
        monkeypatch.setattr(selftest, "answers", lambda *_arguments, **_options: wrong)
        with pytest.raises(SelfTestError, match="pdq of built-in picture 1"):
            selftest.run(("pdq",))

    def test_a_screen_that_is_off_stops_everything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from matcher.hashers.pdq import PDQHasher

        right = PDQHasher.screened

        def inverted(hasher: PDQHasher, reduced: Reduced) -> OrientationHashes | None:
            turned = right(hasher, reduced)
            return turned and replace(turned, codes=bytes(255 - byte for byte in turned.codes))

        monkeypatch.setattr(PDQHasher, "screened", inverted)
        with pytest.raises(SelfTestError, match="pdq of a reduced picture is 2.. bits off"):
            selftest.run(("pdq", "phash"))


def test_ledger_is_not_left_open(tmp_path: Path) -> None:
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        assert isinstance(log, Ledger)
    (tmp_path / "case" / LEDGER).rename(tmp_path / "case" / "renamed")


def test_an_installation_that_does_not_decode_scans_nothing(
    tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matcher.imaging import readers

    def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
        raise OSError("decoder jpeg not available")

    reader: Reader = frames
    monkeypatch.setitem(readers.READERS, "JPEG", reader)
    with pytest.raises(SelfTestError, match="self-test failed: JPEG is not decoded here"):
        scan(tmp_path / "case", evidence, known_store)
