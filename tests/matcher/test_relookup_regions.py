"""Known pictures inside of pictures, on a list that came after the scan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from composed import exhibit
from relookup_cases import after, asked, lines_of, recorded
from scan_cases import entries, scan

from matcher.verifying import verify_case

MakeStore = Callable[..., Path]

OTHER: dict[str, object] = {"id": "other", "algorithm": "md5", "value": "00" * 16}


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exhibit(tmp_path_factory.mktemp("composed") / "exhibit")


@pytest.mark.parametrize("exact", [False, True])
def test_a_later_list_finds_what_lies_in_an_old_screenshot(
    tmp_path: Path, composed: Path, make_store: MakeStore, known_list: Path, exact: bool
) -> None:
    store = make_store([OTHER])
    scan(tmp_path / "case", composed, store, exact=exact)
    make_store([*lines_of(known_list, [1, 2, 3, 4, 5, 6]), OTHER])
    scan(tmp_path / "fresh", composed, store, exact=exact)
    (result,) = asked(tmp_path / "case", store)
    assert after(recorded(tmp_path / "case"), result) == recorded(tmp_path / "fresh")
    assert result.of("unconfirmed") == []
    found = {(change.path, tuple(change.match["region"])) for change in result.of("new") if change.match["region"]}
    assert ("two.png", (60, 70, 320, 240)) in found
    assert ("pages.tiff", (160, 170, 400, 300)) in found
    assert len({path for path, _region in found}) == 7
    assert all(change.match["chance"] for change in result.of("new") if change.match["region"])
    assert bool(result.opened) != exact
    for case in ("case", "fresh"):
        assert verify_case(tmp_path / case).problems == ()
    assert asked(tmp_path / "case", store)[0].changes == []
    make_store([OTHER])
    (back,) = asked(tmp_path / "case", store)
    assert len(back.of("withdrawn")) == len(result.of("new"))


def test_a_longer_list_withdraws_and_renews_nothing(
    tmp_path: Path, composed: Path, make_store: MakeStore, known_list: Path
) -> None:
    """Only the chances are other ones: that is no change of a match."""
    store = make_store(lines_of(known_list, [1, 2]))
    scan(tmp_path / "case", composed, store)
    more: list[dict[str, object]] = [
        {"id": f"far{number}", "algorithm": "pdq", "value": f"{number:04x}" * 16} for number in range(3)
    ]
    make_store([*lines_of(known_list, [1, 2]), *more])
    (result,) = asked(tmp_path / "case", store)
    assert result.changes == []


def test_without_the_evidence_regions_are_not_confirmed(
    tmp_path: Path, composed: Path, make_store: MakeStore, known_list: Path
) -> None:
    evidence = shutil.copytree(composed, tmp_path / "exhibit")
    store = make_store([OTHER])
    scan(tmp_path / "case", evidence, store)
    make_store(lines_of(known_list, [1]))
    evidence.rename(tmp_path / "moved")
    (result,) = asked(tmp_path / "case", store)
    assert {change.path for change in result.of("unconfirmed")} == {"two.png", "pages.tiff"}
    assert result.of("new") == []


def test_a_scan_says_what_it_asked_with(tmp_path: Path, composed: Path, known_store: Path) -> None:
    scan(tmp_path / "case", composed, known_store)
    (opened,) = entries(tmp_path / "case", "scan.open")
    by_name = {algorithm["name"]: algorithm for algorithm in opened["algorithms"]}
    assert by_name["pdq"]["threshold"] == 31
    assert -1 <= by_name["pdq"]["region_threshold"] <= 31
    assert "region_threshold" not in by_name["md5"]
    assert (opened["settings"]["regions"], opened["settings"]["max_false_matches"]) == (True, None)
    chances = opened["chances"]
    assert set(chances["calibration"]) == {"name", "digest", "pairs"}
    assert chances["questions"] == {"whole": 8, "region": 320}
    assert all(float(chances["expected"][kind]) > 0 for kind in ("whole", "region"))
    assert chances["listed"]["pdq"] == 6
    (closed,) = entries(tmp_path / "case", "scan.close")
    assert closed["questions"]["whole"] == 8 * 12
    assert closed["questions"]["region"] >= 8 * 10
