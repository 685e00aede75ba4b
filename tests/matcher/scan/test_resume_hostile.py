"""Resuming beside another process, on damaged file systems, and after interrupts at the worst moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger
from matcher.errors import CaseError, MatcherError
from matcher.model import Item
from matcher.record.case import CaseFacts, open_case
from matcher.revisit.verify import verify_case
from tests.shared.scan_cases import Failing, entries, fail, kept, scan


class TestTheLock:
    @pytest.mark.slow
    def test_a_scan_that_another_process_ended_meanwhile_is_not_touched(
        self, tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from matcher.scan.opening import Opening

        fail(tmp_path / "case", evidence, known_store, 6)
        ordinary = Opening.resume

        def late(opening: Opening, earlier: Any) -> Any:
            monkeypatch.setattr(Opening, "resume", ordinary)
            scan(tmp_path / "case", evidence, known_store, resume=True)
            return ordinary(opening, earlier)

        monkeypatch.setattr(Opening, "resume", late)
        with pytest.raises(CaseError, match="was ended by another process"):
            scan(tmp_path / "case", evidence, known_store, resume=True)
        assert verify_case(tmp_path / "case").problems == ()

    @pytest.mark.slow
    def test_what_another_process_recorded_meanwhile_is_kept(
        self, tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from matcher.scan.opening import Opening

        whole, _listener = scan(tmp_path / "whole", evidence, known_store)
        fail(tmp_path / "case", evidence, known_store, 6)
        ordinary = Opening.resume

        def late(opening: Opening, earlier: Any) -> Any:
            monkeypatch.setattr(Opening, "resume", ordinary)
            again = Failing(MatcherError("gone"), after=3)
            with pytest.raises(MatcherError, match="gone"):
                scan(tmp_path / "case", evidence, known_store, executor=again, resume=True)
            return ordinary(opening, earlier)

        monkeypatch.setattr(Opening, "resume", late)
        facts, listener = scan(tmp_path / "case", evidence, known_store, resume=True)
        assert listener.done == 9
        assert facts["findings_root"] == whole["findings_root"]
        assert verify_case(tmp_path / "case").problems == ()


class TestWhatDamagedFileSystemsSay:
    @pytest.mark.parametrize("modified", [2**63, -(2**63), 2**80])
    def test_any_time_can_be_kept(self, modified: int) -> None:
        from matcher.model import Finding, Status
        from matcher.record.hashes_file import NO_TIME, Header, encode_group, hashes_of

        kept = hashes_of(Item("a", b"", 1, modified=modified), Finding("a", 1, None, Status.SKIPPED), retried=False)
        assert kept.modified == NO_TIME
        assert encode_group(Header(1, (), ()), 0, [kept])

    def test_any_size_can_be_recorded(self, tmp_path: Path) -> None:
        from tests.shared.report_cases import add, finding, recorder_for

        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            recorder = recorder_for(tmp_path / "case", log, [])
            for name in ("a", "b"):
                add(recorder, finding(name, size=2**60))
                add(recorder, finding(f"{name} large", size=2**53 - 1))
            facts = recorder.close()
        assert facts["bytes"] == 2**53 - 1
        assert entries(tmp_path / "case", "item")[0]["finding"]["size"] is None


@pytest.mark.slow
def test_an_interrupt_while_an_item_is_added_leaves_both_or_neither(
    tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matcher.record import recorder as record
    from matcher.record.finding_json import encode_finding

    whole, _listener = scan(tmp_path / "whole", evidence, known_store)
    calls: list[int] = []

    def canonical(value: Any) -> bytes:
        calls.append(1)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return encode_finding(value)

    monkeypatch.setattr(record, "encode_finding", canonical)
    with pytest.raises(KeyboardInterrupt):
        scan(tmp_path / "case", evidence, known_store)
    resumed, _listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    assert resumed["findings_root"] == whole["findings_root"]
    assert kept(tmp_path / "case") == kept(tmp_path / "whole")


@pytest.mark.slow
def test_the_anomaly_of_a_resumed_scan_counts_each_item_once(
    tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(tmp_path / "case", evidence, known_store, 6)
    ordinary = Ledger.append
    done: list[int] = []

    def append(log: Ledger, bodies: Sequence[bytes], **more: Any) -> int:
        if not done and bodies and bodies[0].endswith(b',"type":"item","v":1}'):
            done.append(1)
            raise KeyboardInterrupt
        return ordinary(log, bodies, **more)

    monkeypatch.setattr(Ledger, "append", append)
    with pytest.raises(KeyboardInterrupt):
        scan(tmp_path / "case", evidence, known_store, resume=True)
    assert entries(tmp_path / "case", "anomaly")[-1]["items"] == len(entries(tmp_path / "case", "item")) == 6


@pytest.mark.process
@pytest.mark.slow
def test_changed_content_is_no_all_clear(tmp_path: Path, make_store: Any) -> None:
    from matcher.commands import run

    evidence = tmp_path / "exhibit"
    evidence.mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (evidence / name).write_text("text")
    store = make_store([{"id": "a", "algorithm": "md5", "value": "00" * 16}])
    fail(tmp_path / "case", evidence, store, 2)
    (evidence / "a.txt").write_text("something else")
    arguments = ["scan", str(evidence), "--store", str(store), "--case", str(tmp_path / "case"), "--exhibit", "E1"]
    assert run([*arguments, "--resume", "--quiet", "--key", str(tmp_path / "key")]) == 3
