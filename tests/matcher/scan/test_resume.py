"""Scans that end early and go on: the same findings, root and hashes as if nothing had happened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Ledger, StoreError
from matcher.errors import CaseError, MatcherError
from matcher.model import Item
from matcher.record.builds import library_builds
from matcher.record.case import CaseFacts, open_case
from matcher.record.hashes_file import CaseHashes, path_of
from matcher.revisit.verify import verify_case
from matcher.scan.resuming import INFLATERS, RecordedItem, split_recorded
from tests.shared.scan_cases import Failing, Quiet, entries, fail, kept, scan


@pytest.mark.slow
@pytest.mark.parametrize("after", range(0, 16, 3))
def test_a_scan_goes_on_where_the_ledger_ends(tmp_path: Path, evidence: Path, known_store: Path, after: int) -> None:
    facts, _listener = scan(tmp_path / "whole", evidence, known_store)
    fail(tmp_path / "case", evidence, known_store, after)
    resumed, listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    assert listener.done == after
    assert len(listener.recorded_findings) == facts["items"] - after
    assert not listener.changes
    assert resumed == facts
    assert kept(tmp_path / "case") == kept(tmp_path / "whole")
    assert [item["finding"] for item in entries(tmp_path / "case", "item")] == [
        item["finding"] for item in entries(tmp_path / "whole", "item")
    ]
    assert [entry["what"] for entry in entries(tmp_path / "case", "anomaly")] == ["stopped by MatcherError", "resumed"]
    assert verify_case(tmp_path / "case").problems == ()


@pytest.mark.slow
def test_a_scan_goes_on_again_and_again(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    whole, _listener = scan(tmp_path / "whole", evidence, known_store)
    fail(tmp_path / "case", evidence, known_store, 2)
    for after in (0, 1, 5):
        with pytest.raises(MatcherError, match="gone"):
            scan(
                tmp_path / "case",
                evidence,
                known_store,
                executor=Failing(MatcherError("gone"), after=after),
                resume=True,
            )
    resumed, listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    assert listener.done == 8
    assert resumed["findings_root"] == whole["findings_root"]


def test_what_is_complete_is_left_as_it_is(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    facts, _listener = scan(tmp_path / "case", evidence, known_store)
    before = (tmp_path / "case/case.ledger").read_bytes()
    again, listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    assert listener.nothing_to_do
    assert again["findings_root"] == facts["findings_root"]
    assert (tmp_path / "case/case.ledger").read_bytes() == before


def test_where_nothing_was_begun_a_scan_begins(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    facts, listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    assert (facts["scan"], listener.done) == (1, 0)


@pytest.mark.slow
def test_another_source_is_another_scan(tmp_path: Path, evidence: Path, known_store: Path) -> None:
    fail(tmp_path / "case", evidence, known_store, 3)
    facts, _listener = scan(tmp_path / "case", evidence / "sub ü", known_store)
    assert facts["scan"] == 2
    facts, listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    assert (facts["scan"], listener.done) == (1, 3)
    assert verify_case(tmp_path / "case").problems == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"exact": True}, "settings exact: was False, is True"),
        ({"algorithms": ("md5", "sha256", "pdq", "phash", "dhash")}, "algorithms dhash: it was not computed"),
        ({"thresholds": {"pdq": 30}}, "algorithms pdq threshold: was 31, is 30"),
        (
            {"minimum_quality": {"pdq": 60}},
            "algorithms pdq least_quality: was 1, is not there.*`matcher verify` prints",
        ),
    ],
)
def test_other_settings_are_refused(
    tmp_path: Path, evidence: Path, known_store: Path, settings: dict[str, Any], said: str
) -> None:
    fail(tmp_path / "case", evidence, known_store, 3)
    before = (tmp_path / "case/case.ledger").read_bytes()
    with pytest.raises(CaseError, match=said):
        scan(tmp_path / "case", evidence, known_store, resume=True, **settings)
    assert (tmp_path / "case/case.ledger").read_bytes() == before


@pytest.mark.slow
def test_another_version_of_a_list_is_refused(tmp_path: Path, evidence: Path, make_store: Any) -> None:
    line = {"id": "a", "algorithm": "md5", "value": "00" * 16}
    store = make_store([line])
    fail(tmp_path / "case", evidence, store, 3)
    make_store([line, {**line, "id": "b"}])
    with pytest.raises(CaseError, match="lists made version: was 1, is 2"):
        scan(tmp_path / "case", evidence, store, resume=True)


def test_other_builds_are_refused(
    tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(tmp_path / "case", evidence, known_store, 3)
    monkeypatch.setattr("matcher.scan.opening.library_builds", lambda: {"Pillow": "0.1"})
    with pytest.raises(CaseError, match=r"libraries Pillow: was .*, is 0\.1; "):
        scan(tmp_path / "case", evidence, known_store, resume=True)


def test_an_inflater_that_an_earlier_version_recorded_is_no_difference(
    tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = library_builds()
    earlier = {name: build for name, build in now.items() if name not in INFLATERS}
    with monkeypatch.context() as changed:
        changed.setattr("matcher.scan.opening.library_builds", lambda: {**earlier, "deflate": "0.9.0"})
        fail(tmp_path / "case", evidence, known_store, 3)
    with monkeypatch.context() as changed:
        changed.setattr("matcher.scan.opening.library_builds", lambda: {**earlier, "deflate": "0.8.0"})
        with pytest.raises(CaseError, match=r"libraries deflate: was 0\.9\.0, is 0\.8\.0"):
            scan(tmp_path / "case", evidence, known_store, resume=True)
    with monkeypatch.context() as changed:
        changed.setattr("matcher.scan.opening.library_builds", lambda: {**now, "other": "1"})
        with pytest.raises(CaseError, match="libraries other: was not there, is 1 "):
            scan(tmp_path / "case", evidence, known_store, resume=True)
    facts, _listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    whole, _listener = scan(tmp_path / "whole", evidence, known_store)
    assert facts["findings_root"] == whole["findings_root"]


class TestChangedSources:
    @pytest.fixture
    def begun(self, tmp_path: Path, evidence: Path, known_store: Path) -> Path:
        """A case whose scan ended behind its eighth item, somewhere in `sub ü/deep`."""
        fail(tmp_path / "case", evidence, known_store, 8)
        return tmp_path / "case"

    def anomaly(self, case: Path) -> dict[str, Any]:
        (found,) = [entry for entry in entries(case, "anomaly") if entry["what"] == "the source changed"]
        return found

    @pytest.mark.slow
    def test_changed_vanished_and_added_items_are_named(self, begun: Path, evidence: Path, known_store: Path) -> None:
        (evidence / "broken.jpg").write_bytes(b"something else")
        (evidence / "notes.txt").unlink()
        (evidence / "added.txt").write_text("was not there")
        facts, listener = scan(begun, evidence, known_store, resume=True)
        assert listener.changes.changed == ["broken.jpg"]
        assert listener.changes.vanished == ["notes.txt"]
        assert listener.changes.added == ["added.txt"]
        found = self.anomaly(begun)
        assert (found["changed_paths"], found["vanished_paths"], found["added_paths"]) == (
            ["broken.jpg"],
            ["notes.txt"],
            ["added.txt"],
        )
        paths = [item["finding"]["path"] for item in entries(begun, "item")]
        assert paths.count("added.txt") == 1
        assert len(set(paths)) == len(paths) == facts["items"]
        assert verify_case(begun).problems == ()

    @pytest.mark.slow
    def test_the_same_size_and_another_content_is_seen_by_the_time(
        self, begun: Path, evidence: Path, known_store: Path
    ) -> None:
        (evidence / "broken.jpg").write_bytes((evidence / "broken.jpg").read_bytes()[::-1])
        _facts, listener = scan(begun, evidence, known_store, resume=True)
        assert listener.changes.changed == ["broken.jpg"]

    @pytest.mark.slow
    def test_another_time_and_the_same_content_is_no_change(
        self, begun: Path, evidence: Path, known_store: Path
    ) -> None:
        os.utime(evidence / "broken.jpg", (1, 1))
        _facts, listener = scan(begun, evidence, known_store, resume=True)
        assert not listener.changes
        assert [entry["what"] for entry in entries(begun, "anomaly")][1:] == ["resumed"]

    @pytest.mark.slow
    def test_all_that_was_recorded_is_gone(self, begun: Path, evidence: Path, known_store: Path) -> None:
        kept = shutil.copytree(evidence, evidence.with_name("kept"), symlinks=True)
        shutil.rmtree(evidence)
        evidence.mkdir()
        before = (begun / "case.ledger").read_bytes()
        with pytest.raises(CaseError, match=r"is the evidence mounted\?.*--resume --scan 1.*--abandon 1"):
            scan(begun, evidence, known_store, resume=True)
        assert (begun / "case.ledger").read_bytes() == before
        evidence.rmdir()
        kept.rename(evidence)
        facts, listener = scan(begun, evidence, known_store, resume=True)
        assert facts["items"] > 8
        assert not listener.changes

    def test_another_disk_is_mounted_there(self, begun: Path, evidence: Path, known_store: Path) -> None:
        shutil.rmtree(evidence)
        evidence.mkdir()
        for number in range(20):
            (evidence / f"{number}.txt").write_text("other")
        before = (begun / "case.ledger").read_bytes()
        with pytest.raises(CaseError, match="0 are there as they were recorded"):
            scan(begun, evidence, known_store, resume=True)
        assert (begun / "case.ledger").read_bytes() == before

    @pytest.mark.slow
    def test_many_changes_fit_an_entry(self, tmp_path: Path, known_store: Path) -> None:
        evidence = tmp_path / "many"
        evidence.mkdir()
        for number in range(700):
            (evidence / f"{number:04d}{'ü' * 100}").write_text("")
        fail(tmp_path / "case", evidence, known_store, 690)
        for path in sorted(evidence.iterdir())[:340]:
            path.unlink()
        for number in range(340):
            (evidence / f"{number:04d}{'x' * 200}").write_text("")
        scan(tmp_path / "case", evidence, known_store, resume=True)
        found = self.anomaly(tmp_path / "case")
        assert (found["vanished"], found["added"]) == (340, 340)
        assert 100 < len(found["added_paths"]) < 340


class TestTheTail:
    """What a crash leaves in case.hashes behind what the ledger speaks of."""

    @pytest.fixture
    def begun(self, tmp_path: Path, evidence: Path, known_store: Path) -> Path:
        fail(tmp_path / "case", evidence, known_store, 6)
        return tmp_path / "case"

    @pytest.mark.slow
    @pytest.mark.parametrize("tail", [b"G", b"GRUP\1\0\0\0", b"\0" * 5000])
    def test_it_is_cut(self, begun: Path, tmp_path: Path, evidence: Path, known_store: Path, tail: bytes) -> None:
        scan(tmp_path / "whole", evidence, known_store)
        with path_of(begun, 1).open("ab") as stream:
            stream.write(tail)
        scan(begun, evidence, known_store, resume=True)
        assert kept(begun) == kept(tmp_path / "whole")
        assert verify_case(begun).problems == ()

    def test_one_that_lacks_what_the_ledger_has_is_refused(
        self, begun: Path, evidence: Path, known_store: Path
    ) -> None:
        path = path_of(begun, 1)
        path.write_bytes(path.read_bytes()[:-10])
        with pytest.raises(CaseError, match=r"1\.hashes: is cut or damaged"):
            scan(begun, evidence, known_store, resume=True)
        path.unlink()
        with pytest.raises(CaseError, match=r"1\.hashes: empty"):
            scan(begun, evidence, known_store, resume=True)

    @pytest.mark.slow
    @pytest.mark.parametrize("left", [None, b"", b"MHAS"])
    def test_one_that_was_not_begun_is_made(
        self, tmp_path: Path, evidence: Path, known_store: Path, left: bytes | None
    ) -> None:
        fail(tmp_path / "case", evidence, known_store, 0)
        path = path_of(tmp_path / "case", 1)
        path.unlink()
        if left is not None:
            path.write_bytes(left)
        scan(tmp_path / "case", evidence, known_store, resume=True)
        assert verify_case(tmp_path / "case").problems == ()

    @pytest.mark.slow
    def test_two_cannot_write_one_scan(self, begun: Path, evidence: Path, known_store: Path) -> None:
        from matcher.record.hashes_writer import HashesWriter

        header = CaseHashes(path_of(begun, 1)).header
        writer = HashesWriter(path_of(begun, 1), header)
        with pytest.raises(CaseError, match="another process is writing this scan"):
            scan(begun, evidence, known_store, resume=True)
        writer.close()
        scan(begun, evidence, known_store, resume=True)


def test_a_changed_file_of_hashes_is_no_longer_the_recorded_one(
    tmp_path: Path, evidence: Path, known_store: Path
) -> None:
    scan(tmp_path / "case", evidence, known_store)
    path = path_of(tmp_path / "case", 1)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    assert verify_case(tmp_path / "case").problems == (
        "scan 1: case.hashes/1.hashes is not the file that was recorded when the scan was closed",
    )
    path.unlink()
    assert verify_case(tmp_path / "case").problems == ("scan 1: case.hashes/1.hashes: No such file or directory",)


class TestInterruptedAppends:
    """Ctrl-C in the middle of an append: whatever was written, nothing is written twice."""

    @pytest.mark.slow
    @pytest.mark.parametrize("committed", [False, True])
    def test_nothing_is_recorded_twice(
        self, tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
    ) -> None:
        whole, _listener = scan(tmp_path / "whole", evidence, known_store)
        ordinary = Ledger.append
        interrupted: list[int] = []

        def append(log: Ledger, bodies: Sequence[bytes], **more: Any) -> int:
            if interrupted or not bodies[0].endswith(b',"type":"item","v":1}'):
                return ordinary(log, bodies, **more)
            interrupted.append(1)
            if committed:
                ordinary(log, bodies, **more)
            raise KeyboardInterrupt

        monkeypatch.setattr(Ledger, "append", append)
        monkeypatch.setattr("matcher.record.recorder.GROUP_ITEMS", 4)
        with pytest.raises(KeyboardInterrupt):
            scan(tmp_path / "case", evidence, known_store)
        (anomaly,) = entries(tmp_path / "case", "anomaly")
        assert anomaly["items"] == len(entries(tmp_path / "case", "item")) == (4 if committed else 0)
        resumed, _listener = scan(tmp_path / "case", evidence, known_store, resume=True)
        assert resumed["findings_root"] == whole["findings_root"]
        assert kept(tmp_path / "case") == kept(tmp_path / "whole")
        assert verify_case(tmp_path / "case").problems == ()

    @pytest.mark.slow
    def test_a_group_that_does_not_fit_is_written_when_there_is_room(
        self, tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole, _listener = scan(tmp_path / "whole", evidence, known_store)
        full = [True]

        def append(log: Ledger, bodies: Sequence[bytes], **more: Any) -> int:
            if full and bodies[0].endswith(b',"type":"item","v":1}'):
                raise StoreError("database or disk is full")
            return ledger_append(log, bodies, **more)

        ledger_append = Ledger.append
        monkeypatch.setattr(Ledger, "append", append)
        monkeypatch.setattr("matcher.record.recorder.GROUP_ITEMS", 4)
        with pytest.raises(StoreError, match="disk is full"):
            scan(tmp_path / "case", evidence, known_store)
        (anomaly,) = entries(tmp_path / "case", "anomaly")
        assert (anomaly["what"], anomaly["items"]) == ("stopped by StoreError", 0)
        full.clear()
        resumed, _listener = scan(tmp_path / "case", evidence, known_store, resume=True)
        assert resumed["findings_root"] == whole["findings_root"]
        assert kept(tmp_path / "case") == kept(tmp_path / "whole")


paths = st.lists(st.integers(0, 30), unique=True).map(sorted)


@given(recorded=paths, listed=paths, grown=st.sets(st.integers(0, 30)))
def test_comparing_side_by_side_agrees_with_sets(recorded: list[int], listed: list[int], grown: set[int]) -> None:
    known = [RecordedItem(f"{number:02d}", 1, None, 5) for number in recorded]
    items = [Item(f"{number:02d}", b"", 2 if number in grown else 1, modified=5) for number in listed]
    changes, left = split_recorded(iter(items), iter(known), unchanged=lambda _item, _record: False)
    last = max((number for number in recorded if number in listed), default=-1)
    assert [int(item.path) for item in left] == [number for number in listed if number not in recorded]
    assert sorted(map(int, changes.vanished)) == sorted(set(recorded) - set(listed))
    assert list(map(int, changes.changed)) == [number for number in listed if number in recorded and number in grown]
    assert list(map(int, changes.added)) == [number for number in listed if number not in recorded and number < last]


def test_case_facts_of_the_resumed_scan_are_those_of_its_beginning(
    tmp_path: Path, evidence: Path, known_store: Path
) -> None:
    fail(tmp_path / "case", evidence, known_store, 3)
    from matcher.executors.serial import SerialExecutor
    from matcher.scan.opening import ScanRequest, prepare_scan
    from matcher.scan.run import run_scan
    from matcher.settings import Settings

    other = CaseFacts(exhibit="E2", examiner="somebody else")
    request = ScanRequest(evidence, known_store, tmp_path / "case", Settings(), other, resume=True)
    with (
        open_case(tmp_path / "case", other, key=tmp_path / "key") as log,
        pytest.raises(CaseError, match="exhibit: was E1, is E2"),
    ):
        run_scan(log, prepare_scan(request), executor=SerialExecutor(), listener=Quiet())
