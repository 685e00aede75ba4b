"""Scans that are abandoned: the signed entry, and what every verifier says of it and of the other scans."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shared.exhibit_cases import verify
from ledger import Ledger, audit, canonical, load_signer
from ledger.exhibit.exporting import Choices, export
from ledger.exhibit.selecting import Selection
from ledger.exhibit.writing import ExhibitError
from matcher.commands import run
from matcher.errors import CaseError
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.hashes_file import path_of
from matcher.reports.summarizing import summarize
from matcher.reports.wording import incomplete
from matcher.revisit.verify import Verdict, verify_case
from matcher.scan.abandoning import Abandoned, abandon_scan
from tests.shared.scan_cases import entries, fail, scan

FACTS = CaseFacts(examiner="tester")


@pytest.fixture(scope="module")
def first_case(tmp_path_factory: pytest.TempPathFactory, drawn_evidence: Path, known_store: Path) -> Path:
    """What `case` is a copy of, with its key beside it."""
    folder = tmp_path_factory.mktemp("open")
    scan(folder / "case", drawn_evidence, known_store)
    fail(folder / "case", drawn_evidence, known_store, 6)
    return folder


@pytest.fixture
def case(tmp_path: Path, first_case: Path) -> Path:
    """A case with a complete first scan, and a second one that stopped after six items."""
    shutil.copytree(first_case, tmp_path, dirs_exist_ok=True)
    return tmp_path / "case"


def abandon(case: Path, number: int = 2, reason: str = "the wrong disk") -> Abandoned:
    with open_case(case, FACTS, key=case.parent / "key") as log:
        return abandon_scan(log, case, number, reason=reason, facts=FACTS)


def states(verdict: Verdict) -> list[tuple[bool, bool, int]]:
    return [(scan.check.complete, scan.check.is_open, scan.check.items) for scan in verdict.scans]


def test_an_open_scan_takes_nothing_from_a_complete_one(case: Path) -> None:
    verdict = verify_case(case)
    assert verdict.problems == ("scan 2 was never closed: incomplete",)
    first, second = verdict.scans
    assert (first.check.complete, first.problems) == (True, ())
    assert first.matches == sum(len(one["finding"]["matches"]) for one in entries(case, "item") if one["scan"] == 1) > 0
    assert second.check.is_open
    assert verdict.matches == first.matches + (second.matches or 0)


def test_every_scan_complete_or_abandoned_is_intact(case: Path) -> None:
    before = verify_case(case)
    facts = abandon(case).facts
    (entry,) = entries(case, "scan.abandon")
    assert {key: entry[key] for key in facts} == facts
    assert (entry["reason"], entry["items"], entry["examiner"]) == ("the wrong disk", 6, "tester")
    assert sum(entry["counts"].values()) == 6
    verdict = verify_case(case)
    assert verdict.problems == ()
    assert verdict.matches == before.matches
    assert states(verdict) == [(True, False, verdict.scans[0].check.items), (False, False, 6)]
    assert verdict.scans[1].check.reason == "the wrong disk"
    assert audit(
        case / "case.ledger", own_keys=load_signer(case.parent / "key", name=str(verdict.audit.origin)).vkeys
    ).intact


def test_the_entry_is_of_no_type_that_an_earlier_version_takes_for_a_close(case: Path) -> None:
    abandon(case)
    assert [entry["scan"] for entry in entries(case, "scan.close")] == [1]


def test_the_stored_hashes_of_an_abandoned_scan_are_vouched_for(case: Path) -> None:
    abandon(case)
    file = path_of(case, 2)
    file.write_bytes(file.read_bytes()[:-1])
    verdict = verify_case(case)
    assert verdict.problems == (
        "scan 2: case.hashes/2.hashes is not the file that was recorded when the scan was closed",
    )
    assert verdict.scans[0].problems == ()
    assert verdict.scans[0].matches


@pytest.mark.parametrize("left", [0, 100, None])
def test_a_scan_whose_hashes_are_lost_can_be_abandoned(case: Path, left: int | None) -> None:
    file = path_of(case, 2)
    if left is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:left])
    result = abandon(case)
    assert result.facts["hashes"] is None
    assert result.lost is not None
    assert "2.hashes" in result.lost
    assert verify_case(case).problems == ()


@pytest.mark.parametrize(
    ("number", "reason", "said"),
    [
        (1, "x", "scan 1 is complete"),
        (3, "x", r"has no scan 3 \(its scans: 1, 2\)"),
        (2, "  ", "say why"),
        (2, "x" * 1001, "at most 1000"),
        (2, "\udc80", "valid text"),
    ],
)
def test_what_cannot_be_abandoned(case: Path, number: int, reason: str, said: str) -> None:
    before = (case / "case.ledger").read_bytes()
    with pytest.raises(CaseError, match=said):
        abandon(case, number, reason)
    assert (case / "case.ledger").read_bytes() == before


def test_a_scan_is_abandoned_once_and_never_goes_on(case: Path, drawn_evidence: Path, known_store: Path) -> None:
    abandon(case)
    with pytest.raises(CaseError, match=r"was abandoned before \(the wrong disk\)"):
        abandon(case)
    facts, _listener = scan(case, drawn_evidence, known_store, resume=True)
    assert facts["scan"] == 1, "the newest scan of the source that was not abandoned: it is complete"


def test_a_source_whose_only_scan_was_abandoned_is_scanned_anew(
    tmp_path: Path, evidence: Path, known_store: Path
) -> None:
    fail(tmp_path / "case", evidence, known_store, 3)
    abandon(tmp_path / "case", 1)
    facts, listener = scan(tmp_path / "case", evidence, known_store, resume=True)
    assert (facts["scan"], listener.done) == (2, 0)
    assert verify_case(tmp_path / "case").problems == ()


def forged(case: Path, **changes: Any) -> tuple[str, ...]:
    """The problems of a case whose second scan was abandoned by an entry with these changes."""
    facts = abandon(case).facts
    with Ledger.open_readonly(case / "case.ledger") as log:
        (index,) = (at for at, body in log.entries() if b'"type":"scan.abandon"' in body)
        bodies = [body for _at, body in log.entries(0, index)]
        sizes = [size for size, _note in log.checkpoints(1) if size <= index]
        origin = log.origin
    signer = load_signer(case.parent / "key", name=origin)
    path = case.parent / "forged.ledger"
    with Ledger.create(path, origin=origin, signer=signer) as log:
        entry = {"v": 1, "type": "scan.abandon", "time": "2026-10-01T00:00:00.000+00:00", **facts, **changes}
        for start, stop in pairwise([0, *sizes]):
            log.append(bodies[start:stop], checkpoint=True)
        last = canonical({key: value for key, value in entry.items() if value is not ...})
        log.append([*bodies[max(sizes) :], last], checkpoint=True)
    return audit(path, own_keys=signer.vkeys).problems


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"items": 5}, "scan 2: abandoned with 5 items, but there are 6"),
        ({"counts": {"examined": 6}}, "scan 2: the counts by status of its abandonment are not those of its items"),
        ({"findings_root": "00" * 32}, "scan 2: the findings root of its abandonment is not that of its items"),
        ({"reason": ...}, "abandons it without a reason"),
        ({"scan": 1}, "abandons it after its close"),
    ],
)
def test_what_an_abandonment_states_is_checked(case: Path, changes: dict[str, Any], said: str | None) -> None:
    problems = forged(case, **changes)
    assert (problems == ()) if said is None else any(said in problem for problem in problems)


class TestExhibits:
    def export(self, case: Path, out: Path, *scans: int) -> tuple[int, str]:
        selection = Selection(scans=frozenset(scans)) if scans else None
        keys = tuple((case / "verifier.keys").read_text().split())
        export(case / "case.ledger", out, choices=Choices(vkeys=keys, selection=selection))
        code, printed, _errors = verify(out / "verify.py", out)
        return code, printed

    def test_of_a_complete_scan_while_another_is_open(self, case: Path, tmp_path: Path) -> None:
        code, printed = self.export(case, tmp_path / "out", 1)
        assert code == 0
        assert "scan 1 is complete: " in printed
        assert not (tmp_path / "out" / "entries.jsonl").exists()
        with pytest.raises(ExhibitError, match=r"scan 2 was never closed.*--abandon.*--scan"):
            self.export(case, tmp_path / "all")
        with pytest.raises(ExhibitError, match="scan 2 was never closed"):
            self.export(case, tmp_path / "second", 2)

    def test_with_an_abandoned_scan(self, case: Path, tmp_path: Path) -> None:
        abandon(case)
        code, printed = self.export(case, tmp_path / "all")
        assert code == 0
        assert "note: scan 2 was ABANDONED, so it is NOT complete: the wrong disk" in printed
        assert "ABANDONED" in (tmp_path / "all" / "certificate.txt").read_text()
        code, printed = self.export(case, tmp_path / "first", 1)
        assert (code, "scan 1 is complete: " in printed) == (0, True)
        code, printed = self.export(case, tmp_path / "second", 2)
        assert (code, "a part cannot show that a scan is complete" in printed) == (0, True)


def test_what_else_reads_a_case_says_so(case: Path, known_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    abandon(case)
    with CaseReader(case) as reader:
        summary = summarize(reader)
    assert list(incomplete(summary)) == [
        "Scan 2 was abandoned: the wrong disk. 6 items were recorded; whatever else its source holds was not examined "
        "by it."
    ]
    relookup = ["relookup", "--case", str(case), "--store", str(known_store), "--key", str(case.parent / "key")]
    assert run(relookup) == 0
    assert "note: scan 2 was abandoned" in capsys.readouterr().err
    assert run([*relookup, "--scan", "2"]) == 2
    assert "scan 2 was abandoned, so it is not looked up again" in capsys.readouterr().err
    assert run(["diff", str(case), str(case), "--scan-a", "1", "--scan-b", "2"]) == 0
    assert "scan 2: ABANDONED: what it had recorded by now is compared" in capsys.readouterr().err


def test_commands(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--case", str(case)]) == 1
    printed = capsys.readouterr().out
    assert "OPEN, never closed: 6 items" in printed
    assert f"--case {case} --resume --scan 2" in printed
    assert f"matcher scan --abandon 2 --reason TEXT --case {case}" in printed
    end = ["scan", "--case", str(case), "--key", str(case.parent / "key")]
    assert run([*end, "--abandon", "2"]) == 2
    assert run([*end, "--abandon", "2", "--reason", "x", "--resume"]) == 2
    assert run([*end, "--abandon", "1", "--reason", "x"]) == 2
    capsys.readouterr()
    assert run([*end, "--abandon", "2", "--reason", "a disk of somebody else"]) == 0
    assert "scan 2: ABANDONED with 6 items recorded" in capsys.readouterr().out
    assert run(["verify", "--case", str(case)]) == 0
    printed = capsys.readouterr().out
    assert "why: a disk of somebody else" in printed
    assert printed.endswith("intact\n")


@pytest.mark.parametrize("number", [[], {}, "2", True])
def test_an_entry_of_no_scan_stops_no_verification(case: Path, number: object) -> None:
    with open_case(case, FACTS, key=case.parent / "key") as log:
        log.append([canonical({"v": 1, "type": "anomaly", "scan": number, "time": "x"})], checkpoint=True)
    assert verify_case(case).problems == ("scan 2 was never closed: incomplete",)
