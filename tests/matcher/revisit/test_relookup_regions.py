"""Known pictures inside of pictures, on a list that came after the scan."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher import Matcher
from matcher.calibration import tables as calibrate
from matcher.commands import run
from matcher.errors import CaseError
from matcher.revisit.closed_scans import check_calibration
from matcher.revisit.verify import verify_case
from matcher.settings import Settings
from tests.shared.composed import exhibit
from tests.shared.relookup_cases import after, lines_of, recorded, run_relookup
from tests.shared.scan_cases import entries, scan

pytestmark = pytest.mark.slow

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
    (result,) = run_relookup(tmp_path / "case", store)
    assert after(recorded(tmp_path / "case"), result) == recorded(tmp_path / "fresh")
    assert result.changes_of("unconfirmed") == []
    regions = [
        (change.path, change.match) for change in result.changes_of("new") if change.match and change.match["region"]
    ]
    found = {(path, tuple(match["region"])) for path, match in regions}
    assert ("two.png", (60, 70, 320, 240)) in found
    assert ("pages.tiff", (160, 170, 400, 300)) in found
    assert len({path for path, _region in found}) == 7
    assert all(match["chance"] for _path, match in regions)
    assert bool(result.opened) != exact
    for case in ("case", "fresh"):
        assert verify_case(tmp_path / case).problems == ()
    assert run_relookup(tmp_path / "case", store)[0].changes == []
    make_store([OTHER])
    (back,) = run_relookup(tmp_path / "case", store)
    assert len(back.changes_of("withdrawn")) == len(result.changes_of("new"))


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
    (result,) = run_relookup(tmp_path / "case", store)
    assert result.changes == []


def test_without_the_evidence_regions_are_not_confirmed(
    tmp_path: Path, composed: Path, make_store: MakeStore, known_list: Path
) -> None:
    evidence = shutil.copytree(composed, tmp_path / "exhibit")
    store = make_store([OTHER])
    scan(tmp_path / "case", evidence, store)
    make_store(lines_of(known_list, [1]))
    evidence.rename(tmp_path / "moved")
    (result,) = run_relookup(tmp_path / "case", store)
    assert {change.path for change in result.changes_of("unconfirmed")} == {"two.png", "pages.tiff"}
    assert result.changes_of("new") == []


def test_a_scan_says_what_it_asked_with(tmp_path: Path, composed: Path, known_store: Path) -> None:
    scan(tmp_path / "case", composed, known_store)
    (opened,) = entries(tmp_path / "case", "scan.open")
    by_name = {algorithm["name"]: algorithm for algorithm in opened["algorithms"]}
    assert by_name["pdq"]["threshold"] == 31
    assert -1 <= by_name["pdq"]["region_threshold"] <= 31
    assert "region_threshold" not in by_name["md5"]
    assert (opened["settings"]["regions"], opened["settings"]["max_false_matches"]) == (True, "1.0")
    chances = opened["chances"]
    assert set(chances["calibration"]) == {"name", "digest", "pairs"}
    assert chances["questions"] == {"whole": 8, "region": 80}
    assert all(float(chances["expected"][kind]) > 0 for kind in ("whole", "region"))
    assert chances["listed"]["pdq"] == 6
    (closed,) = entries(tmp_path / "case", "scan.close")
    assert closed["questions"]["whole"] == 8 * 13
    assert closed["questions"]["region"] >= 8 * 10


def test_a_scan_of_before_there_were_regions_asks_for_none(tmp_path: Path, composed: Path, known_store: Path) -> None:
    scan(tmp_path / "case", composed, known_store)
    (opened,) = entries(tmp_path / "case", "scan.open")
    assert Settings.from_json(opened["settings"], opened["algorithms"]).regions
    del opened["chances"], opened["settings"]["regions"], opened["settings"]["max_false_matches"]
    settings = Settings.from_json(opened["settings"], opened["algorithms"])
    assert (settings.regions, settings.max_false_matches) == (False, None)
    check_calibration(opened, Matcher())


@pytest.fixture
def own_calibration(tmp_path: Path) -> Path:
    """What the package comes with, by another name."""
    shipped = json.loads(Path(calibrate.__file__).with_name("calibration.json").read_bytes())
    path = tmp_path / "own.json"
    path.write_text(json.dumps({**shipped, "name": "our own"}))
    return path


@pytest.mark.parametrize("exact", [False, True])
def test_a_limit_of_false_matches_holds_for_the_lists_as_they_are_now(
    tmp_path: Path, composed: Path, make_store: MakeStore, known_list: Path, own_calibration: Path, exact: bool
) -> None:
    """With what was measured of one's own pictures, which a relookup must be given too."""
    settings: dict[str, Any] = {"max_false_matches": 1.0, "calibration": own_calibration, "exact": exact}
    store = make_store([OTHER])
    scan(tmp_path / "case", composed, store, **settings)
    (opened,) = entries(tmp_path / "case", "scan.open")
    assert opened["chances"]["calibration"]["name"] == "our own"
    assert opened["chances"]["combined"] == ["pdq", "phash"]
    assert opened["settings"]["max_false_matches"] == "1.0"
    make_store(lines_of(known_list, [1, 2, 3, 4, 5, 6]))
    scan(tmp_path / "fresh", composed, store, **settings)
    with pytest.raises(CaseError, match="was made with the calibration 'our own'"):
        run_relookup(tmp_path / "case", store)
    (result,) = run_relookup(tmp_path / "case", store, calibration=own_calibration)
    assert after(recorded(tmp_path / "case"), result) == recorded(tmp_path / "fresh")
    assert len(result.changes_of("new")) >= 14
    for case in ("case", "fresh"):
        assert verify_case(tmp_path / case).problems == ()


def test_the_options(
    tmp_path: Path, composed: Path, known_store: Path, own_calibration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked_with = ["match", str(composed / "two.png"), "--store", str(known_store)]
    assert run(asked_with) == 1
    (finding,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert finding["matches"][0]["region"] == [60, 70, 320, 240]
    assert list(finding["matches"][0])[-3:] == ["chance", "doubtful", "trivial"]
    assert run([*asked_with, "--no-regions"]) == 0
    assert run([*asked_with, "--max-false-matches", "0.5", "--calibration", str(own_calibration)]) == 1
    capsys.readouterr()
    assert run([*asked_with, "--max-false-matches", "0.5", "--threshold", "pdq=31"]) == 2
    assert "not both" in capsys.readouterr().err
    assert run([*asked_with, "--calibration", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
