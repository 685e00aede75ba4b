"""Findings as they are now: after relookups and decisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger import LaterEntries, match_identity
from matcher.commands import run
from matcher.errors import CaseError
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.current import CurrentState, findings_of
from matcher.record.entries import entry
from matcher.revisit.verify import verify_case
from tests.shared.later_cases import (
    FINDINGS,
    LISTS,
    NEW,
    change,
    decide,
    indexes,
    later_case_in,
    relookup,
)
from tests.shared.report_cases import finding, match, scan

Findings = dict[str, dict[str, Any]]


def now(case: Path, **more: Any) -> Findings:
    with CaseReader(case) as reader:
        found = findings_of(reader, CurrentState.read(reader), **more)
        return {placed.finding["path"]: placed.finding for placed in found}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return later_case_in(tmp_path_factory.mktemp("current"))


@pytest.fixture(scope="module")
def found(case: Path) -> Findings:
    return now(case)


class TestMatches:
    def test_new_ones_are_in_and_withdrawn_ones_out(self, found: Findings) -> None:
        matched = {path: [one["entry"] for one in form["matches"]] for path, form in found.items() if form["matches"]}
        assert matched == {
            "kept.jpg": ["entry-2"],
            "changed.jpg": ["entry-4"],
            "new.jpg": ["entry-5"],
            "identical.jpg": ["entry-6"],
            "again.jpg": ["entry-7"],
        }
        assert {path: form["matches_total"] for path, form in found.items()} == {
            path: int(path in matched) for path in found
        }

    def test_hashes_are_those_that_take_part(self, found: Findings) -> None:
        (made,) = found["new.jpg"]["hashes"]
        assert made["value"] == found["new.jpg"]["matches"][0]["value"]
        assert found["gone.jpg"]["hashes"] == []

    def test_status_is_that_of_a_new_scan(self, found: Findings) -> None:
        statuses = {path: form["status"] for path, form in found.items() if form["status"] != "examined"}
        assert statuses == {"identical.jpg": "known", "again.jpg": "duplicate"}
        assert found["known.jpg"]["relookup"]["status"] == "known"

    def test_a_finding_says_what_changed_it(self, case: Path, found: Findings) -> None:
        with CaseReader(case) as reader:
            (at,) = (index for index, form in reader.entries() if form["type"] == "relookup")
        assert found["new.jpg"]["relookup"] == {
            "entries": [at],
            "lists": [{"name": "national", "version": 2}, {"name": "system", "version": 1}],
            **{"new": 1, "withdrawn": 0, "changed": 0, "unconfirmed": []},
            **{"status": "examined", "total_is_exact": True},
        }
        assert found["unsure.jpg"]["relookup"]["unconfirmed"] == ["the evidence is not there"]
        assert [path for path, form in found.items() if "relookup" not in form] == ["kept.jpg", "plain.jpg"]

    def test_what_nothing_names_is_as_recorded(self, case: Path, found: Findings) -> None:
        with CaseReader(case) as reader:
            recorded = {form["path"]: form for _scan, form in reader.findings()}
        assert found["plain.jpg"] == recorded["plain.jpg"]
        assert recorded["gone.jpg"]["matches"]  # the ledger keeps what was scanned

    def test_the_record_still_verifies(self, case: Path) -> None:
        assert verify_case(case).problems == ()

    def test_matched_is_of_now(self, case: Path) -> None:
        assert [*now(case, matched=True)] == ["kept.jpg", "changed.jpg", "new.jpg", "identical.jpg", "again.jpg"]

    def test_a_second_relookup_goes_on_from_the_first(self, tmp_path: Path) -> None:
        case = later_case_in(tmp_path)
        with open_case(case, CaseFacts(), key=tmp_path / "later.key") as log:
            back = (change("new", "gone.jpg", FINDINGS[0].matches[0], notable=True),
                    change("withdrawn", "new.jpg", NEW))  # fmt: skip
            relookup(log, back, [LISTS[0] | {"version": 3, "digest": "cc" * 32}])
        found = now(case)
        assert [one["entry"] for one in found["gone.jpg"]["matches"]] == ["entry-1"]
        assert found["new.jpg"]["matches"] == []
        assert len(found["new.jpg"]["relookup"]["entries"]) == 2
        assert found["new.jpg"]["relookup"]["lists"] == [{"name": "national", "version": 3}]
        assert found["unsure.jpg"]["relookup"]["unconfirmed"] == []  # the second one had no doubt

    def test_a_finding_that_was_cut_counts_at_least_what_is_known(self, tmp_path: Path) -> None:
        many = finding("many.jpg", match(1, "pdq"), match(2, "pdq"), matches_total=5)
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            scan(tmp_path / "case", log, (many,))
            new = match(9, "pdq", distance=1).as_json()
            gone = match(1, "pdq").as_json()
            place = {"seq": 0, "path": "many.jpg"}
            changed: dict[str, Any] = {
                "new": [{**place, "match": new, "notable": True}],
                "withdrawn": [{**place, "match": gone}],
            }
            log.append([entry("relookup", scan=1, part=1, parts=1, lists=LISTS, **changed)], checkpoint=True)
        form = now(tmp_path / "case")["many.jpg"]
        assert [one["entry"] for one in form["matches"]] == ["entry-9", "entry-2"]
        assert (form["matches_total"], form["relookup"]["total_is_exact"]) == (4, False)

    def test_the_identity_is_not_of_what_follows_from_the_lists(self) -> None:
        made = match(1, "pdq").as_json()
        assert match_identity(made) == match_identity(made | {"threshold": 9, "chance": "1e-9", "doubtful": True})
        assert match_identity(made) != match_identity(made | {"distance": 13})


class TestDecisions:
    def test_the_newest_that_nothing_supersedes(self, case: Path, found: Findings) -> None:
        decision = found["kept.jpg"]["decision"]
        assert {name: decision[name] for name in ("verdict", "examiner", "note")} == {
            "verdict": "refuted", "examiner": "A. Keller", "note": "seen"
        }  # fmt: skip
        assert "decision" not in found["new.jpg"]  # the one on both was superseded by one on kept.jpg alone
        assert "decision" not in found["plain.jpg"]

    def test_one_from_before_a_relookup_says_so(self, found: Findings) -> None:
        assert found["gone.jpg"]["decision"]["before_relookup"] is True
        assert found["kept.jpg"]["decision"]["before_relookup"] is False

    def test_the_last_of_several_holds(self, tmp_path: Path) -> None:
        case = later_case_in(tmp_path)
        with open_case(case, CaseFacts(), key=tmp_path / "later.key") as log:
            at = indexes(case)["plain.jpg"]
            decide(log, "confirmed", at)
            last = decide(log, "refuted", at)
        assert (now(case)["plain.jpg"]["decision"]["entry"]) == last


class TestHostile:
    @pytest.mark.parametrize(
        "fields",
        [{"lists": 3}, {"lists": [], "new": [{"seq": 0}]}, {"lists": [], "new": 5}, {"scan": []}],
    )
    def test_a_malformed_relookup_is_named(self, tmp_path: Path, fields: dict[str, Any]) -> None:
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            log.append([entry("relookup", **({"scan": 1, "part": 1, "lists": []} | fields))], checkpoint=True)
        with CaseReader(tmp_path / "case") as reader, pytest.raises(CaseError, match=r"entry 2 of the ledger"):
            CurrentState.read(reader)

    def test_memory_grows_with_changes_only(self) -> None:
        later = LaterEntries()
        later.add(0, {"type": "scan.open", "scan": 1, "lists": []})
        assert later.changes(1, 0) is None
        assert later.decision(5) is None


class TestCommand:
    def lines(self, capfd: pytest.CaptureFixture[str], *arguments: str) -> Findings:
        assert run(["findings", *arguments]) == 0
        return {form["path"]: form for form in map(json.loads, capfd.readouterr().out.splitlines())}

    def test_findings_are_of_now_unless_as_scanned(self, case: Path, capfd: pytest.CaptureFixture[str]) -> None:
        matched = self.lines(capfd, "--case", str(case), "--matched")
        assert "new.jpg" in matched
        assert "gone.jpg" not in matched
        scanned = self.lines(capfd, "--case", str(case), "--matched", "--as-scanned")
        assert [*scanned] == ["gone.jpg", "known.jpg", "kept.jpg", "changed.jpg"]
        assert all("relookup" not in form and "decision" not in form for form in scanned.values())

    def test_status_is_of_now(self, case: Path, capfd: pytest.CaptureFixture[str]) -> None:
        assert [*self.lines(capfd, "--case", str(case), "--status", "known")] == ["identical.jpg"]
        scanned = self.lines(capfd, "--case", str(case), "--status", "known", "--as-scanned")
        assert [*scanned] == ["known.jpg"]
