"""Items that were not opened, looked at or compared are counted, recorded, restored and recounted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import decode_item, is_item
from matcher.model import Finding, Reason, Status
from matcher.reasons import SKIPPED_PARTS
from matcher.record.case import CaseFacts, open_case
from matcher.record.hashes_file import CaseHashes, Header, path_of
from matcher.record.hashes_writer import HashesWriter
from matcher.record.reading_back import decode_finding
from matcher.record.recorder import Recorder
from matcher.record.shortfall import Shortfall, is_told
from matcher.revisit.verify import verify_case
from tests.shared.report_cases import add, finding, loads, recorder_for
from tests.shared.scan_cases import entries

NONE: dict[str, Any] = {"container-not-opened": 0, "video-not-read": 0, "disk-image-not-read": 0, "encrypted": 0}

ITEMS = (
    finding("a.zip", status=Status.SKIPPED, reason=Reason.CONTAINER_NOT_OPENED),
    finding("b.zip", status=Status.SKIPPED, reason=Reason.CONTAINER_NOT_OPENED, content="a.zip"),
    finding("c.mp4", status=Status.KNOWN, reason=Reason.VIDEO_NOT_READ),
    finding("d.txt", status=Status.SKIPPED, reason=Reason.NOT_A_PICTURE),
    finding("e.jpg", reason=Reason.SKIPPED_PARTS, skipped_parts=("video",)),
    finding("f.jpg", not_compared={"pdq": "quality"}),
    finding("g.jpg", not_compared={"pdq": "quality", "phash": "quality"}, is_compared=False),
    finding("h.jpg", not_compared={"pdq": "quality", "phash": "quality"}, is_compared=False, content="g.jpg"),
    finding("i.jpg"),
)
FACTS = {
    "not_opened": NONE | {"container-not-opened": 2, "video-not-read": 1},
    "skipped_parts": dict.fromkeys(SKIPPED_PARTS, 0) | {"video": 1},
    "not_compared": 2,
    "not_compared_by": {"pdq": 3, "phash": 2},
}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        recorder = recorder_for(tmp_path / "case", log, loads())
        for item in ITEMS:
            add(recorder, item)
        recorder.close()
    return tmp_path / "case"


def close_of(case: Path) -> dict[str, Any]:
    (closed,) = entries(case, "scan.close")
    return closed


def test_the_close_states_the_counts(recorded: Path) -> None:
    closed = close_of(recorded)
    assert {name: closed[name] for name in FACTS} == FACTS
    assert closed["counts"]["duplicate"] == 1, "containers are skipped, however often they occur"
    assert Shortfall.of_facts(closed).facts() == FACTS
    assert verify_case(recorded).problems == ()


def test_all_reasons_and_kinds_of_parts_are_stated_where_nothing_fell_short(tmp_path: Path) -> None:
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        recorder = recorder_for(tmp_path / "case", log, loads())
        add(recorder, ITEMS[-1])
        recorder.close()
    closed = close_of(tmp_path / "case")
    assert closed["not_opened"] == NONE
    assert closed["skipped_parts"] == dict.fromkeys(SKIPPED_PARTS, 0)
    assert (closed["not_compared"], closed["not_compared_by"]) == (0, {})
    assert not Shortfall.of_facts(closed)


@pytest.mark.parametrize("item", [ITEMS[place] for place in (0, 2, 4, 6)], ids=lambda item: item.path)
def test_each_kind_is_a_shortfall(item: Finding) -> None:
    shortfall = Shortfall()
    shortfall.add_finding(ITEMS[3])
    shortfall.add_finding(ITEMS[5])
    assert not shortfall, "another algorithm compared it"
    shortfall.add_finding(item)
    assert shortfall


def test_a_recorder_that_goes_on_counts_what_was_recorded(recorded: Path, tmp_path: Path) -> None:
    flags = [int(flag) for _end, group in CaseHashes(path_of(recorded, 1)).groups() for flag in group["flags"]]
    with open_case(recorded, CaseFacts(), key=tmp_path / "key") as log:
        bodies = [(index, body) for index, body in log.entries() if is_item(body)]
        recorder = Recorder(log, 2, HashesWriter.create(path_of(recorded, 2), Header(2, (), ())))
        for (index, body), flag in zip(bodies, flags, strict=True):
            recorder.restore(decode_item(body)[2], flag, {}, index=index)
        assert recorder.shortfall.facts() == FACTS
        recorder.abandon("the test is over")


def test_a_finding_that_is_read_back_knows_whether_it_was_compared(recorded: Path, tmp_path: Path) -> None:
    from matcher.record.hashes_file import ItemHashes

    (_end, group) = next(CaseHashes(path_of(recorded, 1)).groups())
    with open_case(recorded, CaseFacts(), key=tmp_path / "key") as log:
        bodies = [body for _index, body in log.entries() if is_item(body)]
    for place, body in enumerate(bodies):
        stored = ItemHashes(0, int(group["flags"][place]), {}, {})
        assert decode_finding(body, stored, path="x").is_compared == ITEMS[place].is_compared


class Lying(Shortfall):
    """Counts that state something else than was counted."""

    lie: tuple[str, Any] = ("", None)

    def facts(self) -> dict[str, Any]:
        name, value = self.lie
        facts = super().facts()
        return {} if not name else facts | {name: value}


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Lying]]:
    monkeypatch.setattr("matcher.record.recorder.Shortfall", Lying)
    yield Lying
    Lying.lie = ("", None)


@pytest.mark.parametrize(
    "lie",
    [
        ("not_opened", NONE),
        ("not_opened", NONE | {"container-not-opened": 2, "video-not-read": 2}),
        ("skipped_parts", {"video": 0, "layers": 0}),
        ("not_compared", 1),
        ("not_compared_by", {"pdq": 3}),
        ("not_opened", [1]),
        ("not_compared", None),
    ],
)
def test_a_close_with_other_counts_is_found_out(lying: type[Lying], tmp_path: Path, lie: tuple[str, Any]) -> None:
    lying.lie = lie
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        recorder = recorder_for(tmp_path / "case", log, loads())
        for item in ITEMS:
            add(recorder, item)
        recorder.close()
    (problem,) = verify_case(tmp_path / "case").problems
    assert "counts of what was not examined" in problem


def test_a_close_of_an_earlier_version_has_no_counts_and_is_intact(lying: type[Lying], tmp_path: Path) -> None:
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        recorder = recorder_for(tmp_path / "case", log, loads())
        for item in ITEMS:
            add(recorder, replace(item, reason=None if item.status is Status.EXAMINED else Reason.NOT_A_PICTURE))
        recorder.close()
    closed = close_of(tmp_path / "case")
    assert not is_told(closed)
    assert not Shortfall.of_facts(closed)
    assert verify_case(tmp_path / "case").problems == ()
