"""A match by the digest of an empty file is recorded, counted apart and verified, and is never notable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher import Matcher
from matcher.commands import run
from matcher.commands.match_line import match_line
from matcher.commands.scan_result import summary as scan_summary
from matcher.lookup import digests
from matcher.model import CategoryProfile, Disposition, Finding, Match, Status
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import entry
from matcher.record.recorder import Recorder
from matcher.reports.summarizing import summarize
from matcher.revisit.verify import verify_case
from matcher.settings import Settings
from tests.shared.relookup_cases import current, run_relookup
from tests.shared.report_cases import add, finding, loads, recorder_for, rows, written
from tests.shared.scan_cases import entries, scan

MakeStore = Callable[..., Path]

REAL = b"what only one file holds"


def listed(content: bytes, category: str | None = None) -> list[dict[str, object]]:
    return [
        {
            "id": f"{len(content)}",
            "algorithm": name,
            "value": hashlib.new(name, content).hexdigest(),
            "category": category,
        }
        for name in ("md5", "sha1", "sha256")
    ]


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name, content in {"a.txt": b"", "b.jpg": b"", "c.bin": bytes(512), "d.bin": REAL, "e.bin": b"other"}.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def store(make_store: MakeStore) -> Path:
    return make_store([*listed(b""), *listed(bytes(512)), *listed(REAL)])


def test_the_finding(store: Path) -> None:
    matcher = Matcher.open(store)
    empty, real = matcher.examine(b"", name="a.txt"), matcher.examine(REAL)
    assert (empty.notable, empty.trivial, empty.status, empty.matches_total) == (False, True, Status.SKIPPED, 3)
    assert (real.notable, real.trivial, real.status) == (True, False, Status.KNOWN)
    assert all(match.trivial and matcher.disposition(match) is Disposition.INFORMATION for match in empty.matches)
    assert not any(match.trivial for match in real.matches)
    assert Finding.from_json(empty.as_json()).matches == empty.matches


def test_known_good_stays_known_good(make_store: MakeStore) -> None:
    made = make_store(listed(b"", "good"), profile=CategoryProfile({"good": Disposition.KNOWN_GOOD}))
    empty = Matcher.open(made, settings=Settings(exclude_known_good=True)).examine(b"")
    assert (empty.trivial, empty.status) == (True, Status.EXCLUDED)


def test_a_scan_counts_them_apart_and_its_exit_code_is_not_1(
    tmp_path: Path, evidence: Path, make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store([*listed(b""), *listed(bytes(512))])
    (evidence / "b.jpg").unlink()  # named as a picture: unreadable, 3
    options = [
        "--store",
        str(store),
        "--case",
        str(tmp_path / "case"),
        "--key",
        str(tmp_path / "key"),
        "--workers",
        "0",
    ]
    assert run(["scan", str(evidence), *options]) == 0
    captured = capsys.readouterr()
    assert "0 items notable, 6 matches in all" in captured.out
    assert "2 items match by a digest of trivial content" in captured.out
    assert "trivial match (provisional): a.txt" in captured.err
    assert "list made version 1: 0 notable, 0 known-good, 2 information entries; all by digests of" in captured.err
    (closed,) = entries(tmp_path / "case", "scan.close")
    assert (closed["trivial"], closed["notable"]) == (2, 0)
    (loaded,) = entries(tmp_path / "case", "list.load")
    assert loaded["counts"]["meanings"] == {"notable": 0, "known-good": 0, "information": 2}
    assert run(["match", "--store", str(store), str(evidence / "a.txt")]) == 0
    assert json.loads(capsys.readouterr().out)["matches"][0]["trivial"] is True


def test_lists_without_a_notable_entry_are_told_at_both_ends_of_a_scan_and_after_a_relookup(
    tmp_path: Path, evidence: Path, make_store: MakeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store(listed(REAL), profile=CategoryProfile(other=Disposition.INFORMATION))
    (evidence / "b.jpg").unlink()
    case = ["--case", str(tmp_path / "case"), "--key", str(tmp_path / "key"), "--store", str(store)]
    assert run(["scan", str(evidence), *case, "--workers", "0"]) == 0
    assert capsys.readouterr().err.count("no entry of the lists is notable") == 2
    assert run(["relookup", *case]) == 0
    assert capsys.readouterr().err.count("no entry of the lists is notable") == 1


def test_the_reports(tmp_path: Path, evidence: Path, store: Path) -> None:
    scan(tmp_path / "case", evidence, store)
    with CaseReader(tmp_path / "case") as case:
        table, html = written(case, "csv"), written(case, "html").decode()
    seen = {(row["path"], row["disposition"], row["trivial"]) for row in rows(table)}
    assert seen == {
        *((name, "information", "true") for name in ("a.txt", "b.jpg", "c.bin")),
        ("d.bin", "notable", "false"),
        ("e.bin", "", ""),
    }
    assert "1 of 5 items matches notable entries." in html
    assert "3 items match a list by the digest of trivial content" in html
    assert html.count("trivial: its content is one that many unrelated files have") == 3


def test_the_count_is_verified_and_restored(tmp_path: Path, evidence: Path, store: Path) -> None:
    from tests.shared.scan_cases import fail

    fail(tmp_path / "case", evidence, store, 2)
    scan(tmp_path / "case", evidence, store, resume=True)
    (closed,) = entries(tmp_path / "case", "scan.close")
    assert closed["trivial"] == 3
    assert verify_case(tmp_path / "case").problems == ()


EMPTY = Match(
    *("made", "e", None, "md5", hashlib.md5(b"").digest(), hashlib.md5(b"").digest()),
    *(0, 0, None, None, "none"),
    trivial=True,
)  # fmt: skip


def recorded(case: Path, *items: Finding, lie: int = 0) -> tuple[str, ...]:
    """The problems of a case with these findings, whose close states `lie` more trivial items."""
    with open_case(case, CaseFacts(), key=case.parent / "key") as log:
        recorder: Recorder = recorder_for(case, log, loads())
        for item in items:
            add(recorder, item)
        recorder.trivial += lie
        recorder.close()
    return tuple(problem for problem in verify_case(case).problems if "trivial" in problem)


@pytest.fixture
def both(make_store: MakeStore) -> tuple[Path, Finding]:
    """A store, and a finding that matches a trivial digest, a known-good entry and a notable one, in this order."""
    md5, sha1, sha256 = (hashlib.new(name, content).digest() for name, content in
                         (("md5", b""), ("sha1", b"good"), ("sha256", REAL)))  # fmt: skip
    rows = [("a", "md5", md5, "bad"), ("b", "sha1", sha1, "good"), ("c", "sha256", sha256, "bad")]
    lines = [{"id": name, "algorithm": kind, "value": value.hex(), "category": category}
             for name, kind, value, category in rows]  # fmt: skip
    store = make_store(lines, profile=CategoryProfile({"good": Disposition.KNOWN_GOOD}))
    digests_given = {"md5": md5, "sha1": sha1, "sha256": sha256}
    return store, Matcher.open(store).examine(b"text", name="both.txt", digests=digests_given)


def test_trivial_and_notable_at_once_is_notable(both: tuple[Path, Finding], tmp_path: Path) -> None:
    store, made = both
    assert [match.entry for match in made.matches] == ["a", "b", "c"]
    assert (made.notable, made.trivial, made.conflict, made.status) == (True, True, True, Status.KNOWN)
    line = match_line(made, Matcher.open(store).lists)
    assert line == "notable (provisional): both.txt: made c, identical by sha256, and 2 more"
    case = tmp_path / "case"
    (tmp_path / "evidence").mkdir()
    matcher = Matcher.open(store)
    with open_case(case, CaseFacts(), key=tmp_path / "key") as log:
        load = entry("list.load", **matcher.lists[0].load_record())
        named = [{name: matcher.lists[0].load_record()[name] for name in ("name", "version", "digest")}]
        recorder = recorder_for(case, log, [load], lists=named)
        add(recorder, made)
        facts = recorder.close()
    assert (facts["notable"], facts["trivial"], facts["conflicts"]) == (1, 1, 1)
    assert "1 items notable (1 strong, 0 to be looked at, 0 weak), 3 matches" in scan_summary(facts)
    assert "(an empty file): not notable by that" in scan_summary(facts)
    with CaseReader(case) as reader:
        (of_scan,) = summarize(reader).scans
        table, html = rows(written(reader, "csv")), written(reader, "html").decode()
    assert (of_scan.notable, of_scan.trivial, of_scan.conflicts) == (1, 1, 1)
    assert [(row["entry"], row["disposition"], row["trivial"]) for row in table] == [
        ("a", "information", "true"),
        ("b", "known-good", "false"),
        ("c", "notable", "false"),
    ]
    assert "1 of 1 item matches notable entries." in html


def test_a_close_with_another_count_is_found_out(tmp_path: Path) -> None:
    assert recorded(tmp_path / "true", finding("a", EMPTY)) == ()
    (problem,) = recorded(tmp_path / "false", finding("a", EMPTY), lie=1)
    assert "its count of trivial items is not that of the items of its scan" in problem


def test_a_real_match_that_is_marked_trivial_is_found_out(tmp_path: Path) -> None:
    value = hashlib.md5(REAL).digest()
    (problem,) = recorded(tmp_path / "case", finding("a", replace(EMPTY, value=value, entry_value=value)))
    assert "it is marked trivial, and its digest is not that of a trivial content" in problem


def test_a_case_of_an_earlier_version_is_relooked_up_once(
    tmp_path: Path, evidence: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier version called the empty file notable: the next relookup says that this has changed."""
    kept: Any = Match.as_json
    with monkeypatch.context() as earlier:
        earlier.setattr(digests, "trivial_content", lambda _algorithm, _digest: None)
        earlier.setattr(Match, "as_json", lambda match: {k: v for k, v in kept(match).items() if k != "trivial"})
        scan(tmp_path / "case", evidence, store)
    assert verify_case(tmp_path / "case").problems == ()
    (result,) = run_relookup(tmp_path / "case", store)
    changed = result.changes_of("changed")
    assert {(change.path, change.was, change.notable) for change in changed} == {
        (name, "notable", False) for name in ("a.txt", "b.jpg", "c.bin")
    }
    assert len(changed) == len(result.changes) == 9
    assert all(change.match and change.match["trivial"] for change in changed)
    assert [current(tmp_path / "case")[name]["status"] for name in ("a.txt", "b.jpg", "d.bin")] == [
        *("skipped", "duplicate", "known")
    ]
    with CaseReader(tmp_path / "case") as case:
        assert summarize(case).scans[0].notable == 1
        assert summarize(case, as_scanned=True).scans[0].notable == 4
        notable = {row["path"] for row in rows(written(case, "csv")) if row["disposition"] == "notable"}
    assert notable == {"d.bin"}
    assert run_relookup(tmp_path / "case", store)[0].changes == []
    assert verify_case(tmp_path / "case").problems == ()
