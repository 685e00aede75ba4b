"""Stored hashes against other lists: what comes out is what a new scan finds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.commands import run
from matcher.errors import CaseError, MatcherError
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import turn
from matcher.record.case import CaseReader
from matcher.record.hashes_file import path_of
from matcher.revisit.verify import verify_case
from tests.shared.relookup_cases import after, current, lines_of, recorded, run_relookup
from tests.shared.report_cases import MASKED, PLAIN, written
from tests.shared.scan_cases import Failing, entries, scan

MakeStore = Callable[..., Path]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def evidence(tmp_path: Path, known_folder: Path) -> Path:
    """Six originals as they are, turned, with an alpha channel, twice, and strangers."""
    folder = tmp_path / "exhibit"
    (folder / "sub ü").mkdir(parents=True)
    for seed in range(1, 7):
        shutil.copy(known_folder / f"{seed}.png", folder / f"{seed}.png")
        for how in ("rotate90", "mirror"):
            turn(landscape(seed, width=400, height=300), how).save(folder / f"sub ü/{seed} {how}.jpg", quality=85)
    shutil.copy(known_folder / "1.png", folder / "sub ü/again.png")
    picture = landscape(2, width=320, height=240).convert("RGBA")
    picture.putalpha(90)
    picture.save(folder / "sub ü/faint.png")
    for seed in range(20, 26):
        landscape(seed, width=160, height=120).save(folder / f"{seed}.jpg")
    (folder / "notes.txt").write_text("text")
    return folder


@pytest.fixture
def lists(known_list: Path, known_folder: Path) -> Callable[[list[int]], list[dict[str, object]]]:
    return lambda seeds: lines_of(known_list, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("before", "now"), [([1, 2, 3], [2, 3, 4, 5]), ([], [1, 6]), ([1, 2], []), ([4], [4])])
def test_it_gives_what_a_new_scan_gives(
    tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any, before: list[int], now: list[int], exact: bool
) -> None:
    other: list[dict[str, object]] = [{"id": "other", "algorithm": "md5", "value": "00" * 16}]
    store = make_store([*lists(before), *other])
    scan(tmp_path / "case", evidence, store, exact=exact)
    make_store([*lists(now), *other])
    scan(tmp_path / "fresh", evidence, store, exact=exact)
    first = recorded(tmp_path / "case")
    (result,) = run_relookup(tmp_path / "case", store)
    assert after(first, result) == recorded(tmp_path / "fresh")
    assert current(tmp_path / "case") == current(tmp_path / "fresh")
    assert bool(result.changes) == (before != now)
    assert result.changes_of("unconfirmed") == []
    assert all(change.notable for change in result.changes_of("new"))
    assert verify_case(tmp_path / "case").problems == ()
    (again,) = run_relookup(tmp_path / "case", store)
    assert again.changes == []
    make_store([*lists(before), *other])
    (back,) = run_relookup(tmp_path / "case", store)
    assert after(after(first, result), back) == first


@pytest.mark.slow
def test_the_evidence_is_opened_only_to_confirm(
    tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any
) -> None:
    store = make_store(lists([1]))
    scan(tmp_path / "case", evidence, store)
    make_store(lists([1, 2]))
    (result,) = run_relookup(tmp_path / "case", store)
    opened = {change.path for change in result.changes_of("new")}
    assert {"2.png", "sub ü/2 rotate90.jpg", "sub ü/2 mirror.jpg", "sub ü/faint.png"} <= opened
    assert result.opened == len(opened)  # each had been screened only


@pytest.mark.slow
def test_without_the_evidence_the_rest_is_found(
    tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any
) -> None:
    store = make_store(lists([1]))
    scan(tmp_path / "case", evidence, store)
    make_store(lists([2]))
    moved = evidence.rename(tmp_path / "moved")
    (result,) = run_relookup(tmp_path / "case", store)
    unconfirmed = {change.path: change.reason for change in result.changes_of("unconfirmed")}
    screened = ("2.png", "sub ü/2 mirror.jpg", "sub ü/2 rotate90.jpg", "sub ü/faint.png")
    assert unconfirmed == dict.fromkeys(screened, "the evidence is not there")
    assert {change.match["algorithm"] for change in result.changes_of("new") if change.match} <= {"md5", "sha256"}
    assert {change.path for change in result.changes_of("withdrawn")} >= {
        "1.png",
        "sub ü/1 mirror.jpg",
        "sub ü/again.png",
    }
    (result,) = run_relookup(tmp_path / "case", store, scan=1, location=moved)
    new = {(change.path, change.match["algorithm"]) for change in result.changes_of("new") if change.match}
    assert new == {(path, algorithm) for path in screened for algorithm in ("pdq", "phash")}


@pytest.mark.slow
def test_changed_evidence_confirms_nothing(tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any) -> None:
    store = make_store(lists([1]))
    scan(tmp_path / "case", evidence, store)
    make_store(lists([1, 2]))
    path = evidence / "sub ü/2 mirror.jpg"
    path.write_bytes(path.read_bytes() + b"x")
    (evidence / "sub ü/2 rotate90.jpg").unlink()
    (result,) = run_relookup(tmp_path / "case", store)
    assert {change.path: change.reason for change in result.changes_of("unconfirmed")} == {
        "sub ü/2 mirror.jpg": "changed since it was examined",
        "sub ü/2 rotate90.jpg": "not in the evidence any more",
    }


@pytest.mark.slow
def test_what_the_scan_did_not_compute_is_told(
    tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any
) -> None:
    store = make_store(lists([1]))
    scan(tmp_path / "case", evidence, store)
    make_store([*lists([1]), {"id": "s", "algorithm": "sha1", "value": "11" * 20}])
    (result,) = run_relookup(tmp_path / "case", store)
    assert result.not_looked_up == {"sha1": 1}


@pytest.mark.slow
def test_many_changes_take_several_entries(tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any) -> None:
    line: dict[str, object] = {"id": "other", "algorithm": "md5", "value": "00" * 16}
    store = make_store([line])
    scan(tmp_path / "case", evidence, store)
    make_store([line, *({**one, "id": f"{number}" * 40} for one in lists([1, 2, 3]) for number in range(40))])
    (result,) = run_relookup(tmp_path / "case", store)
    parts = entries(tmp_path / "case", "relookup")
    assert len(parts) > 1
    assert [(part["part"], part["parts"]) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert sum(len(part["new"]) for part in parts) == len(result.changes_of("new")) == parts[0]["counts"]["new"]
    assert verify_case(tmp_path / "case").problems == ()


class TestRefusals:
    @pytest.mark.slow
    def test_a_scan_that_is_not_closed(self, tmp_path: Path, evidence: Path, known_store: Path) -> None:
        with pytest.raises(MatcherError, match="gone"):
            scan(tmp_path / "case", evidence, known_store, executor=Failing(MatcherError("gone")))
        with pytest.raises(CaseError, match="has no scan that was closed"):
            run_relookup(tmp_path / "case", known_store)
        with pytest.raises(CaseError, match="scan 1 was never closed; resume it first"):
            run_relookup(tmp_path / "case", known_store, scan=1)
        with pytest.raises(CaseError, match="has no scan 2"):
            run_relookup(tmp_path / "case", known_store, scan=2)

    @pytest.mark.slow
    def test_a_changed_file_of_hashes(self, tmp_path: Path, evidence: Path, known_store: Path) -> None:
        scan(tmp_path / "case", evidence, known_store)
        path = path_of(tmp_path / "case", 1)
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(CaseError, match="not the file that was recorded"):
            run_relookup(tmp_path / "case", known_store)

    @pytest.mark.slow
    @pytest.mark.parametrize("data", [b"", b"something else", b"MHASHES\1\xff\xff\xff\xff", b"MHASHES\1\2\0\0\0{}"])
    def test_what_is_no_file_of_hashes(self, tmp_path: Path, evidence: Path, known_store: Path, data: bytes) -> None:
        scan(tmp_path / "case", evidence, known_store)
        path_of(tmp_path / "case", 1).write_bytes(data)
        with pytest.raises(CaseError, match=r"1\.hashes: "):
            run_relookup(tmp_path / "case", known_store)

    @pytest.mark.slow
    def test_hashes_of_another_profile(
        self, tmp_path: Path, evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from matcher.hashers.pdq import PDQHasher

        scan(tmp_path / "case", evidence, known_store)
        monkeypatch.setattr(PDQHasher, "profile", "pdq: otherwise")
        with pytest.raises(CaseError, match="its pdq hashes are of another profile"):
            run_relookup(tmp_path / "case", known_store)

    def test_no_case(self, tmp_path: Path, known_store: Path, capsys: Capture) -> None:
        assert run(["relookup", "--case", str(tmp_path / "none"), "--store", str(known_store)]) == 2
        assert "not a case" in capsys.readouterr().err
        assert not (tmp_path / "none").exists()


@pytest.mark.slow
@pytest.mark.parametrize("masked", [False, True])
def test_the_report_tells_of_it(
    tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any, masked: bool
) -> None:
    store = make_store(lists([1]))
    scan(tmp_path / "case", evidence, store)
    make_store(lists([2]))
    (result,) = run_relookup(tmp_path / "case", store)
    with CaseReader(tmp_path / "case") as reader:
        page = written(reader, "html", MASKED if masked else PLAIN).decode()
    assert "made version 2" in page
    assert page.count("match withdrawn") == len(result.changes_of("withdrawn"))
    assert page.count("new match, notable") == len(result.changes_of("new"))
    assert ("rotate90.jpg" in page) != masked


@pytest.mark.slow
def test_the_command_prints_a_line_a_change(
    tmp_path: Path, evidence: Path, make_store: MakeStore, lists: Any, capsys: Capture
) -> None:
    store = make_store(lists([1]))
    scan(tmp_path / "case", evidence, store)
    make_store(lists([2]))
    arguments = ["relookup", "--case", str(tmp_path / "case"), "--store", str(store), "--key", str(tmp_path / "key")]
    assert run(arguments) == 0
    printed = capsys.readouterr()
    changes = [json.loads(line) for line in printed.out.splitlines()]
    assert {change["change"] for change in changes} == {"new", "withdrawn"}
    assert {change["path"] for change in changes if change["change"] == "withdrawn"} >= {"1.png"}
    assert "against made version 2" in printed.err
