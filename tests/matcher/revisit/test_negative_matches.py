"""What matched wrongly: recorded, counted apart, verified, reported, and looked up again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher import Matcher
from matcher.calibration.bank import Bank
from matcher.commands import run
from matcher.lists.store import Store
from matcher.lookup.negative import BANK
from matcher.model import CategoryProfile, Disposition, Finding, Match
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.reports.summarizing import summarize
from matcher.revisit.verify import verify_case
from tests.shared.relookup_cases import current, lines_of, run_relookup
from tests.shared.report_cases import add, finding, load, loads, match, opening, recorder_for, rows, written
from tests.shared.scan_cases import entries, fail, scan

MakeStore = Callable[..., Path]
NEGATIVE = CategoryProfile(other=Disposition.NEGATIVE)


def perceptual(known_list: Path, seeds: list[int], flipped: int = 0) -> list[dict[str, object]]:
    """The lines of the PDQ and pHash of drawn pictures, with a few bits of each flipped."""
    lines = [line for line in lines_of(known_list, seeds) if line["algorithm"] in ("pdq", "phash")]
    for line in lines:
        text = str(line["value"])
        value = int(text, 16) ^ sum(1 << 3 + 5 * place for place in range(flipped))
        line["value"] = f"{value:0{len(text)}x}"
    return lines


@pytest.fixture
def files(tmp_path: Path, known_folder: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for seed in (1, 2, 3):
        shutil.copy(known_folder / f"{seed}.png", folder / f"{seed}.png")
    return folder


@pytest.fixture
def store(known_list: Path, make_store: MakeStore) -> Path:
    """Known entries near pictures 1, 2 and 3; a negative list has the hashes of picture 1, and the digest of 3."""
    make_store(perceptual(known_list, [1, 2, 3], flipped=3))
    digests = [line for line in lines_of(known_list, [3]) if line["algorithm"] == "sha256"]
    return make_store([*perceptual(known_list, [1]), *digests], name="wrong", profile=NEGATIVE)


def marks(made: Finding) -> set[tuple[str, str, str | None]]:
    return {(one.list, one.algorithm, one.negative_by) for one in made.matches}


def test_the_finding(store: Path, files: Path) -> None:
    matcher = Matcher.open(store)
    one, two, three = (matcher.examine((files / f"{seed}.png").read_bytes()) for seed in (1, 2, 3))
    assert (one.notable, one.negative, two.notable, two.negative) == (False, True, True, False)
    assert marks(one) == {(name, kind, "wrong" if name == "made" else None)
                          for name in ("made", "wrong") for kind in ("pdq", "phash")}  # fmt: skip
    assert (three.notable, three.negative) == (False, True)
    assert marks(three) == {("made", "pdq", "wrong"), ("made", "phash", "wrong"), ("wrong", "sha256", None)}
    assert Finding.from_json(one.as_json()).matches == one.matches
    meant = {matcher.disposition(one_match) for one_match in one.matches}
    assert meant == {Disposition.INFORMATION, Disposition.NEGATIVE}
    assert "negative" not in two.as_json()["matches"][0]  # absent where it is false
    looked_up = matcher.lookup(next(value for value in one.hashes if value.algorithm == "pdq"))
    assert {(each.list, each.negative_by) for each in looked_up} == {("made", "wrong"), ("wrong", None)}


def test_a_picture_of_the_packaged_bank(store: Path, files: Path) -> None:
    sha256 = Bank.packaged().sha256[0].tobytes()
    two = Matcher.open(store).examine((files / "2.png").read_bytes(), digests={"sha256": sha256})
    assert (two.notable, two.negative) == (False, True)
    assert marks(two) == {("made", "pdq", BANK), ("made", "phash", BANK)}
    form = two.as_json()["matches"][0]
    assert (form["negative"], form["negative_by"]) == (True, BANK)


def test_a_scan_counts_them_apart(tmp_path: Path, files: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "2.png").unlink()
    case = ["--case", str(tmp_path / "case"), "--key", str(tmp_path / "key"), "--store", str(store)]
    assert run(["scan", str(files), *case, "--workers", "0"]) == 0
    captured = capsys.readouterr()
    assert "0 items notable" in captured.out
    assert "2 items have matches that a negative list, or the packaged bank, makes not notable" in captured.out
    assert "negative match (provisional): 1.png" in captured.err
    (closed,) = entries(tmp_path / "case", "scan.close")
    assert (closed["notable"], closed["negative"]) == (0, 2)
    assert verify_case(tmp_path / "case").problems == ()
    assert run(["match", "--store", str(store), str(files / "1.png")]) == 0


def test_the_reports_and_a_resumed_scan(tmp_path: Path, files: Path, store: Path) -> None:
    case = tmp_path / "case"
    fail(case, files, store, 2)
    scan(case, files, store, resume=True)
    assert entries(case, "scan.close")[0]["negative"] == 2
    assert verify_case(case).problems == ()
    with CaseReader(case) as reader:
        (of_scan,) = summarize(reader).scans
        table, html = rows(written(reader, "csv")), written(reader, "html").decode()
    assert (of_scan.notable, of_scan.negative, of_scan.problems) == (1, 2, ())
    assert {(row["path"], row["list"], row["disposition"], row["negative_by"]) for row in table} == {
        ("1.png", "made", "information", "wrong"),
        ("1.png", "wrong", "negative", ""),
        ("2.png", "made", "notable", ""),
        ("3.png", "made", "information", "wrong"),
        ("3.png", "wrong", "negative", ""),
    }
    assert "2 items have matches that a negative list, or the packaged bank, makes not notable" in html
    assert html.count("negative: nearer to what matched wrongly before") >= 2


def test_a_negative_list_that_comes_later_and_goes_again(
    tmp_path: Path, files: Path, known_list: Path, make_store: MakeStore
) -> None:
    case = tmp_path / "case"
    store = make_store(perceptual(known_list, [1, 2], flipped=3))
    scan(case, files, store)
    make_store(perceptual(known_list, [1]), name="wrong", profile=NEGATIVE)
    (result,) = run_relookup(case, store)
    changed = result.changes_of("changed")
    assert {(one.path, one.was, one.notable) for one in changed} == {("1.png", "notable", False)}
    assert all(one.match and one.match["negative_by"] == "wrong" for one in changed)
    assert {(one.path, one.notable) for one in result.changes_of("new")} == {("1.png", False)}
    with CaseReader(case) as reader:
        assert summarize(reader).scans[0].notable == 1
        assert summarize(reader, as_scanned=True).scans[0].notable == 2
    scan(tmp_path / "anew", files, store)
    assert current(case) == current(tmp_path / "anew")
    assert run_relookup(case, store)[0].changes == []
    with Store(store).writing() as writer:
        writer.retire("wrong")
    (result,) = run_relookup(case, store)
    assert {(one.path, one.notable) for one in result.changes_of("changed")} == {("1.png", True)}
    assert not any("negative" in (one.match or {}) for one in result.changes_of("changed"))
    with CaseReader(case) as reader:
        assert summarize(reader).scans[0].notable == 2
    assert verify_case(case).problems == ()


def problems(case: Path, *matches: Match, lie: int = 0, **fields: Any) -> tuple[str, ...]:
    """The problems of a case with one finding of these matches, whose close states `lie` more negative items."""
    with open_case(case, CaseFacts(), key=case.parent / "key") as log:
        before = [*loads(), load("wrong", {}, "negative")]
        named = [*opening()["lists"], {"name": "wrong", "version": 1, "digest": "ab" * 32}]
        recorder = recorder_for(case, log, before, lists=named)
        add(recorder, finding("a", *matches, **fields))
        recorder.negative += lie
        recorder.close()
    return tuple(problem for problem in verify_case(case).problems if "negative" in problem)


NEAR = replace(match(1, "pdq"), distance=0, negative_by="wrong")
WRONG = replace(match(1, "pdq"), distance=0, list="wrong")


@pytest.mark.parametrize(
    ("matches", "fields", "problem"),
    [
        ((NEAR, WRONG), {}, None),
        ((NEAR,), {"matches_total": 101}, None),
        ((NEAR,), {}, "the item has no match as near with the list wrong"),
        ((NEAR, replace(WRONG, algorithm="phash")), {}, "no match as near"),
        ((replace(NEAR, negative_by="national"),), {}, "by the list national, which is no negative list"),
        ((replace(NEAR, negative_by=BANK),), {}, "the packaged bank, which does not have the file's digest"),
        ((replace(NEAR, negative_by=BANK),), {"sha256": Bank.packaged().sha256[3].tobytes()}, None),
        ((replace(match(1), negative_by="wrong"), WRONG), {}, "is by a digest"),
    ],
)
def test_a_wrong_mark_is_found_out(
    tmp_path: Path, matches: tuple[Match, ...], fields: dict[str, Any], problem: str | None
) -> None:
    found = problems(tmp_path / "case", *matches, **fields)
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]


def test_a_close_with_another_count_is_found_out(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "case", NEAR, WRONG, lie=1)
    assert "its count of negative items is not that of the items of its scan" in problem


def test_an_exhibit_of_what_is_notable_leaves_them_out(tmp_path: Path, files: Path, store: Path) -> None:
    scan(tmp_path / "case", files, store)
    out = tmp_path / "exhibit"
    assert run(["export", "--case", str(tmp_path / "case"), "--notable", "-o", str(out)]) == 0
    shown = "".join(path.read_text(errors="replace") for path in out.rglob("*") if path.is_file())
    assert "2.png" in shown
    assert json.dumps("1.png") not in shown
