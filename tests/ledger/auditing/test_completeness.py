"""Completeness of scans: what makes a scan complete, and everything that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from ledger import ScanCheck, ScanChecker, canonical, leaf_hash, root
from ledger.auditing.completeness import MAX_PROBLEMS

Entry = dict[str, Any]
LOAD, OPEN, ITEM, CLOSE = 0, 1, 2, 5


@pytest.fixture
def scan(scan_entries: Callable[..., list[Entry]]) -> list[Entry]:
    """list.load, scan.open, three items, scan.close."""
    return scan_entries(1, ["examined", "known", "examined"])


def check(entries: Iterable[Entry]) -> tuple[ScanCheck, ...]:
    checker = ScanChecker()
    for index, entry in enumerate(entries):
        checker.add(index, entry)
    return checker.finish()


def problems(entries: Iterable[Entry]) -> list[str]:
    return [problem for result in check(entries) for problem in result.problems]


def changed(scan: list[Entry], place: int, **fields: Any) -> list[Entry]:
    return [*scan[:place], {**scan[place], **fields}, *scan[place + 1 :]]


def test_a_complete_scan(scan: list[Entry]) -> None:
    (result,) = check(scan)
    assert (result.complete, result.problems) == (True, ())
    assert (result.scan, result.items, result.counts) == (1, 3, {"examined": 2, "known": 1})
    findings = [entry["finding"] for entry in scan if entry["type"] == "item"]
    assert result.findings_root == root(leaf_hash(canonical(finding)) for finding in findings)


def test_an_empty_scan(scan_entries: Callable[..., list[Entry]]) -> None:
    assert problems(scan_entries(1, [])) == []
    assert check([]) == ()


def test_scans_interleave(scan_entries: Callable[..., list[Entry]]) -> None:
    one, two = scan_entries(1, ["examined"] * 5), scan_entries(2, ["known"] * 5)
    mixed = [entry for pair in zip(one, two, strict=True) for entry in pair]
    assert [(result.scan, result.complete) for result in check(mixed)] == [(1, True), (2, True)]
    other = {"v": 1, "type": "decision", "scan": 1, "seq": 77}
    assert problems([other, *mixed, other]) == []


def test_counts_of_zero_may_be_told(scan: list[Entry]) -> None:
    counts = {"examined": 2, "known": 1, "skipped": 0}
    assert problems(changed(scan, CLOSE, counts=counts)) == []


def test_an_unclosed_scan(scan: list[Entry]) -> None:
    assert problems(scan[:-1]) == ["scan 1 was never closed: incomplete"]
    assert check(scan[:-1])[0].complete is False


def test_a_gap(scan: list[Entry]) -> None:
    entries = scan[:ITEM] + scan[ITEM + 1 :]
    assert problems(entries)[0] == "scan 1: item 0 is missing before entry 2"
    assert problems([*scan[:3], scan[CLOSE - 1], scan[CLOSE]])[0] == "scan 1: item 1 is missing before entry 3"
    assert problems(changed(scan, ITEM + 2, seq=9)) == ["scan 1: items 2 to 8 are missing before entry 4"]


def test_the_last_item_missing(scan: list[Entry]) -> None:
    assert problems(scan[: CLOSE - 1] + scan[CLOSE:]) == [
        "scan 1: closed with 3 items, but there are 2",
        "scan 1: the counts by status of its close are not those of its items",
        "scan 1: the findings root of its close is not that of its items",
    ]


def test_a_repeat(scan: list[Entry]) -> None:
    assert problems([*scan[:4], scan[3], *scan[4:]])[0] == "scan 1: entry 4 repeats item 1"


def test_swapped_items(scan: list[Entry]) -> None:
    entries = [*scan[:3], scan[4], scan[3], scan[5]]
    assert problems(entries)[:2] == ["scan 1: item 1 is missing before entry 3", "scan 1: entry 4 repeats item 1"]


def test_an_item_after_the_close(scan: list[Entry]) -> None:
    assert problems([*scan, {**scan[ITEM], "seq": 3}]) == ["scan 1: entry 6 is an item after its close"]


def test_a_second_close_or_open(scan: list[Entry]) -> None:
    assert problems([*scan, scan[CLOSE]]) == ["scan 1: entry 6 closes it again"]
    assert problems([*scan, scan[OPEN]]) == ["scan 1: entry 6 opens it again"]


def test_without_an_open(scan: list[Entry]) -> None:
    assert problems([scan[ITEM]]) == [
        "scan 1: entry 0: item of a scan that was not opened",
        "scan 1 was never closed: incomplete",
    ]
    assert problems([scan[CLOSE]])[0] == "scan 1: entry 0: close of a scan that was not opened"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"items": 4}, "closed with 4 items, but there are 3"),
        ({"items": None}, "closed with None items, but there are 3"),
        ({"items": True}, "closed with True items, but there are 3"),
        ({"counts": {"examined": 3}}, "the counts by status of its close are not those of its items"),
        ({"counts": {"examined": 2, "known": True}}, "the counts by status of its close are not those of its items"),
        (
            {"counts": {"examined": 2, "known": 1, "x": 1}},
            "the counts by status of its close are not those of its items",
        ),
        ({"counts": None}, "the counts by status of its close are not those of its items"),
        ({"findings_root": "00" * 32}, "the findings root of its close is not that of its items"),
        ({"findings_root": None}, "the findings root of its close is not that of its items"),
    ],
)
def test_a_close_that_does_not_add_up(scan: list[Entry], fields: Entry, problem: str) -> None:
    assert problems(changed(scan, CLOSE, **fields)) == [f"scan 1: {problem}"]


def test_a_changed_finding(scan: list[Entry]) -> None:
    entries = changed(scan, ITEM, finding={"path": "0.png", "status": "examined"})
    assert problems(entries) == ["scan 1: the findings root of its close is not that of its items"]


@pytest.mark.parametrize("field", ["name", "version", "digest"])
def test_a_list_that_was_not_loaded(scan: list[Entry], field: str) -> None:
    (problem,) = problems(changed(scan, LOAD, **{field: "another"}))
    assert problem == "scan 1: list national 2026-10 was not loaded before it"
    loaded_later = [*scan[1:], scan[LOAD]]
    assert problems(loaded_later) == [problem]


@pytest.mark.parametrize("lists", [None, "national", {}, ["national"]])
def test_an_open_that_does_not_say_its_lists(scan: list[Entry], lists: object) -> None:
    assert problems(changed(scan, OPEN, lists=lists)) == ["scan 1: entry 1 does not say its lists"]


@pytest.mark.parametrize(
    "fields",
    [{"seq": None}, {"seq": "0"}, {"seq": True}, {"finding": None}, {"finding": {}}, {"finding": {"status": 1}}],
)
def test_a_malformed_item(scan: list[Entry], fields: Entry) -> None:
    assert problems(changed(scan, ITEM, **fields))[0] == "scan 1: entry 2 is not an item with a seq and a finding"


def test_a_negative_seq(scan: list[Entry]) -> None:
    assert problems(changed(scan, ITEM, seq=-1))[0] == "scan 1: entry 2 repeats item -1"


@pytest.mark.parametrize("number", [None, "1", True, -7])
def test_a_scan_without_a_number(scan: list[Entry], number: object) -> None:
    found = problems({**entry, "scan": number} if "scan" in entry else entry for entry in scan)
    assert found == ["scan -1: entries name a scan without a number"]


def test_problems_are_bounded(scan: list[Entry]) -> None:
    (result,) = check([*scan[:2], *[scan[ITEM]] * 100])
    assert len(result.problems) == MAX_PROBLEMS + 1
    assert result.problems[-2:] == ("scan 1 was never closed: incomplete", "scan 1: 80 more problems")
