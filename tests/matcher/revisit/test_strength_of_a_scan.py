"""The strength of the items of a scan: counted at its close, verified, and the same in every reader of the case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import decode_item
from matcher.commands import run
from matcher.commands.scan_result import summary as printed_summary
from matcher.model import Finding, Status
from matcher.record import recorder as recording
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import entry
from matcher.record.hashes_file import NOTABLE
from matcher.record.recorder import Recorder
from matcher.record.strength import counts
from matcher.record.strength_now import profiles_of_scan
from matcher.reports import ReportOptions
from matcher.reports.summarizing import summarize
from matcher.revisit.verify import verify_case
from tests.shared.later_cases import near
from tests.shared.report_cases import finding, match, rows, scan, written
from tests.shared.scan_cases import entries

PLAIN = [finding(f"plain-{number}.jpg") for number in range(90)]
FINDINGS = (
    finding("weak.jpg", near(1, 30, chance="5.0e-02"), notable=True),
    finding("look.jpg", near(2, 20, chance="2.0e-03"), notable=True),
    finding("strong.jpg", near(3, 4, chance="3.0e-09"), near(4, 30, chance="5.0e-02"), notable=True),
    finding("same.jpg", match(5), notable=True, status=Status.KNOWN),
    finding("low.jpg", near(6, 4, chance="3.0e-09", doubtful=True), notable=True, doubtful=True),
    finding("unmeasured.jpg", near(7, 4), notable=True),
    finding("beyond.jpg", near(8, 4, category="2", chance="1.0e-09"), matches_total=240, notable=True),
    finding("information.jpg", near(9, 4, category="2", chance="1.0e-09")),
    finding("strong copy.jpg", near(3, 4, chance="3.0e-09"), content="strong.jpg", notable=True),
    *PLAIN,
    finding("broken.jpg", status=Status.UNREADABLE, width=None, height=None),
)
PICTURES = 8 + len(PLAIN)
STRENGTH = {"strong": 3, "look": 4, "weak": 1}
GROUPS = {
    "weak.jpg": ("weak", "4.9e+00"),
    "look.jpg": ("look", "2.0e-01"),
    "strong.jpg": ("strong", "3.0e-07"),
    "same.jpg": ("strong", ""),
    "low.jpg": ("look", "3.0e-07"),
    "unmeasured.jpg": ("look", ""),
    "beyond.jpg": ("", "9.8e-08"),
    "information.jpg": ("", "9.8e-08"),
    "strong copy.jpg": ("strong", "3.0e-07"),
}


def made_in(folder: Path, findings: tuple[Finding, ...] = FINDINGS, *, close: bool = True) -> Path:
    with open_case(folder / "case", CaseFacts(), key=folder / "key") as log:
        scan(folder / "case", log, findings, close=close)
    return folder / "case"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_in(tmp_path_factory.mktemp("strength"))


def of_each(case: Path, options: ReportOptions | None = None) -> dict[str, tuple[str, str]]:
    """The strength of each item with a match, and the expected number of its first match, from the CSV report."""
    with CaseReader(case) as reader:
        found = rows(written(reader, "csv", options or ReportOptions()))
    return {row["path"]: (row["strength"], row["expected"]) for row in reversed(found) if row["list"]}


def problems(case: Path) -> list[str]:
    return [problem for problem in verify_case(case).problems if "strength" in problem]


class TestClose:
    def test_states_the_counts_and_they_are_verified(self, case: Path) -> None:
        (closed,) = entries(case, "scan.close")
        assert (closed["pictures"], closed["strength"]) == (PICTURES, STRENGTH)
        assert sum(STRENGTH.values()) == closed["notable"]
        assert verify_case(case).problems == ()

    @pytest.mark.parametrize("stated", [{"strong": 4, "look": 3, "weak": 1}, {"strong": 3, "look": 4, "weak": 2}])
    def test_other_counts_are_a_problem(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated: dict[str, int]
    ) -> None:
        monkeypatch.setattr(recording, "counts", lambda *_arguments: stated)
        (problem,) = problems(made_in(tmp_path))
        assert problem.endswith("its counts of notable items by strength are not those of the items of its scan")

    def test_another_number_of_pictures_is_a_problem(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def close(kind: str, **fields: Any) -> bytes:
            return entry(kind, **fields | ({"pictures": 7} if kind == "scan.close" else {}))

        monkeypatch.setattr(recording, "entry", close)
        made = made_in(tmp_path)
        assert len(problems(made)) == 1
        with CaseReader(made) as reader:
            (summed,) = summarize(reader).scans
        assert summed.problems == ("its close states another number of compared pictures than it has",)

    def test_a_resumed_scan_counts_what_is_recorded(self, tmp_path: Path, case: Path) -> None:
        with open_case(case, CaseFacts(), key=case.parent / "key") as log:
            first = next(index for index, body in log.entries() if body.endswith(b'"type":"item","v":1}'))
            forms = [decode_item(body)[2] for _index, body in log.entries(first, first + len(FINDINGS))]
            again = Recorder(log, 1, _NoFile(tmp_path))  # type: ignore[arg-type]
            for place, (form, made) in enumerate(zip(forms, FINDINGS, strict=True)):
                again.restore(form, NOTABLE if made.notable else 0, {}, index=first + place)
        assert again.pictures == PICTURES
        assert counts(again.nearest, again.pictures) == STRENGTH

    def test_a_malformed_entry_of_a_list_stops_no_scan(self, tmp_path: Path) -> None:
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            log.append([entry("list.load", version=1)])
            scan(tmp_path / "case", log, FINDINGS[:3])
            assert set(profiles_of_scan(log, 1)) == {"national", "system"}
        (closed,) = entries(tmp_path / "case", "scan.close")
        assert closed["strength"] == {"strong": 2, "look": 1, "weak": 0}


class _NoFile:
    """The file of hashes of a recorder that writes nothing."""

    def __init__(self, folder: Path) -> None:
        self.path, self.groups = folder / "none", None


class TestReaders:
    def test_each_item(self, case: Path) -> None:
        assert of_each(case) == GROUPS

    def test_the_summary(self, case: Path) -> None:
        with CaseReader(case) as reader:
            (summed,) = summarize(reader).scans
        assert (summed.strength, summed.pictures, summed.problems) == (STRENGTH, PICTURES, ())

    def test_a_scan_that_is_open_has_what_is_counted_so_far(self, tmp_path: Path) -> None:
        made = made_in(tmp_path, (*FINDINGS[:2], *PLAIN[:8]), close=False)
        assert of_each(made) == {"weak.jpg": ("look", "5.0e-01"), "look.jpg": ("look", "2.0e-02")}

    def test_a_close_of_an_earlier_version_is_counted_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def close(kind: str, **fields: Any) -> bytes:
            return entry(
                kind, **{name: value for name, value in fields.items() if name not in ("pictures", "strength")}
            )

        monkeypatch.setattr(recording, "entry", close)
        made = made_in(tmp_path)
        assert verify_case(made).problems == ()
        assert of_each(made) == GROUPS
        with CaseReader(made) as reader:
            (summed,) = summarize(reader).scans
        assert summed.strength == STRENGTH
        (closed,) = entries(made, "scan.close")
        assert "8 items notable, " in printed_summary(closed)

    def test_the_html_has_a_table_for_each_group_the_nearest_first(self, case: Path) -> None:
        with CaseReader(case) as reader:
            page = written(reader, "html").decode()
        assert "3 strong, 4 to be looked at, 1 weak: 8 of 100 items match notable entries." in page
        similar = page.split('id="similar"')[1]
        tables = {part.split('"')[0]: part.split("</table>")[0] for part in similar.split(' similar" data-name="')[1:]}
        assert list(tables) == ["strong", "to be looked at", "weak", "without a notable match"]
        looked_at = tables["to be looked at"]
        places = [looked_at.index(f">{name}.jpg<") for name in ("low", "look", "unmeasured")]
        assert places == sorted(places)
        assert "not measured" in looked_at


class TestFindings:
    def chosen(self, case: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[list[str], str]:
        assert run(["findings", "--case", str(case), *options]) == 0
        captured = capsys.readouterr()
        return [json.loads(line)["path"] for line in captured.out.splitlines()], captured.err

    def test_max_chance(self, case: Path, capsys: pytest.CaptureFixture[str]) -> None:
        paths, told = self.chosen(case, capsys, "--max-chance", "0.01")
        assert paths == ["strong.jpg", "same.jpg", "low.jpg", "strong copy.jpg"]
        assert "note: 2 more items are left out although it is not known how near they are" in told
        assert self.chosen(case, capsys, "--max-chance", "0")[0] == ["same.jpg"]
        assert self.chosen(case, capsys, "--max-chance", "4.8")[0][0] == "look.jpg"
        assert self.chosen(case, capsys, "--max-chance", "4.9", "--status", "examined")[0][0] == "weak.jpg"

    @pytest.mark.parametrize("number", ["near", "-1", "nan", "inf"])
    def test_max_chance_is_a_number(self, case: Path, capsys: pytest.CaptureFixture[str], number: str) -> None:
        assert run(["findings", "--case", str(case), "--max-chance", number]) == 2
        assert "is not a number of matches" in capsys.readouterr().err

    def test_the_fields_are_added_when_a_finding_is_printed(
        self, case: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["findings", "--case", str(case), "--as-scanned"]) == 0
        found = {line["path"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
        assert [match["expected"] for match in found["strong.jpg"]["matches"]] == ["3.0e-07", "4.9e+00"]
        assert found["same.jpg"]["matches"][0]["expected"] is None
        assert "strength" not in found["information.jpg"]
        assert "strength" not in found["plain-1.jpg"]
        (item, *_others) = entries(case, "item")
        assert "expected" not in item["finding"]["matches"][0]

    def test_a_chance_that_is_no_number_is_a_malformed_entry(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = made_in(tmp_path, (finding("a.jpg", near(1, 4, chance="1e-999")),))
        assert self.chosen(made, capsys)[0] == ["a.jpg"]
        made = made_in(tmp_path / "other", (finding("a.jpg", near(1, 4, chance="near", category="2")),))
        assert run(["findings", "--case", str(made)]) == 2
        assert "is not as matcher writes it" in capsys.readouterr().err


def test_match_counts_its_files(
    tmp_path: Path, make_store: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.bin").write_bytes(b"only this file")
    digest = hashlib.sha256(b"only this file").hexdigest()
    store = make_store([{"id": "1", "algorithm": "sha256", "value": digest}])
    run(["match", "--store", str(store), str(tmp_path / "a.bin")])
    assert "1 file notable: 1 strong, 0 to be looked at, 0 weak" in capsys.readouterr().err
