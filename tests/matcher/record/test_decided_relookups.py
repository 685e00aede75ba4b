"""Decisions on a relookup's entry are refused with the items to cite; those of earlier versions are shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger import Decision, DecisionError, Ledger, canonical, clock, decision_entry, leaf_hash
from ledger.commands import main as ledger_command
from matcher.commands import run
from matcher.record.case import LEDGER, CaseFacts, CaseReader, open_case
from matcher.reports.summarizing import summarize
from matcher.reports.wording import statement
from matcher.revisit.verify import verify_case
from tests.shared.later_cases import LISTS, NEW, change, indexes, later_case_in, relookup

Capture = pytest.CaptureFixture[str]


class Decided(NamedTuple):
    case: Path
    many: int
    """The leaf index of a relookup of seven items."""
    one: int
    """The leaf index of a relookup of `new.jpg` alone."""


@pytest.fixture
def decided(tmp_path: Path) -> Decided:
    case = later_case_in(tmp_path)
    with open_case(case, CaseFacts(), key=tmp_path / "later.key") as log:
        relookup(log, (change("withdrawn", "new.jpg", NEW),), [LISTS[0] | {"version": 3, "digest": "cc" * 32}])
    with CaseReader(case) as reader:
        many, one = (index for index, entry in reader.entries() if entry["type"] == "relookup")
    return Decided(case, many, one)


def decide_as_before(decided: Decided, verdict: str, *cites: int) -> int:
    """A decision that cites any entry, as earlier versions recorded it. Returns its leaf index."""
    with open_case(decided.case, CaseFacts(), key=decided.case.parent / "later.key") as log:
        citations = [
            {"index": index, "leaf_hash": leaf_hash(body).hex()}
            for cited in cites
            for index, body in log.entries(cited, cited + 1)
        ]
        form = {"v": 1, "type": "decision", **clock.now().fields(), "verdict": verdict, "examiner": "B. Roth"}
        more = {"role": None, "note": None, "cites": citations, "supersedes": None}
        return log.append([canonical({**form, **more})], checkpoint=True)


def test_a_relookup_is_refused_with_the_items_to_cite(decided: Decided, capsys: Capture) -> None:
    at = indexes(decided.case)
    about = f"the item that it is about is entry {at['new.jpg']}"
    with Ledger.open_readonly(decided.case / LEDGER) as log:
        with pytest.raises(DecisionError, match=f"entry {decided.one} is no item, but of type 'relookup'.*; {about}$"):
            decision_entry(log, Decision("confirmed", "B", [decided.one]), clock.now())
        with pytest.raises(DecisionError, match=f"about are entries {at['gone.jpg']}, {at['known.jpg']}, "):
            decision_entry(log, Decision("confirmed", "B", [decided.many]), clock.now())
        with pytest.raises(DecisionError, match="only items can be decided$"):
            decision_entry(log, Decision("confirmed", "B", [0]), clock.now())
    key = str(decided.case.parent / "later.key")
    before = (decided.case / LEDGER).read_bytes()
    arguments = ["--verdict", "confirmed", "--examiner", "B", "--key", key]
    assert run(["decide", "--case", str(decided.case), "--index", str(decided.one), *arguments]) == 2
    assert about in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        ledger_command(["decide", str(decided.case), "--cites", str(decided.one), *arguments])
    assert ended.value.code == 2
    assert about in capsys.readouterr().err
    assert (decided.case / LEDGER).read_bytes() == before


def test_one_of_an_earlier_version_belongs_to_the_only_item_of_its_relookup(decided: Decided, capsys: Capture) -> None:
    index = decide_as_before(decided, "refuted", decided.one)
    assert run(["findings", "--case", str(decided.case)]) == 0
    printed = capsys.readouterr()
    found = {finding["path"]: finding for finding in map(json.loads, printed.out.splitlines())}
    assert (found["new.jpg"]["decision"]["entry"], found["new.jpg"]["decision"]["verdict"]) == (index, "refuted")
    assert found["new.jpg"]["decision"]["before_relookup"] is False
    assert "belongs to no item" not in printed.err
    newer = decide_as_before(decided, "confirmed", indexes(decided.case)["new.jpg"])
    assert run(["findings", "--case", str(decided.case)]) == 0
    found = {finding["path"]: finding for finding in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found["new.jpg"]["decision"]["entry"] == newer
    assert verify_case(decided.case).problems == ()


@pytest.mark.parametrize("format_name", ["html", "csv", "jsonl"])
def test_one_on_several_items_or_none_is_named(decided: Decided, format_name: str, capsys: Capture) -> None:
    index = decide_as_before(decided, "confirmed", decided.many)
    other = decide_as_before(decided, "seen", 0)
    names = [
        f"entry {index}, confirmed by B. Roth, on entry {decided.many} (relookup)",
        f"entry {other}, seen by B. Roth, on entry 0 (case.open)",
    ]
    output = decided.case.parent / "report"
    for command in (
        ["findings", "--case", str(decided.case)],
        ["report", "--case", str(decided.case), "--format", format_name, "-o", str(output)],
    ):
        assert run(command) == 0
        said = capsys.readouterr().err
        assert all(f"belongs to no item, so no finding shows it: {name}" in said for name in names)
    assert run(["findings", "--case", str(decided.case), "--as-scanned"]) == 0
    assert "belongs to no item" not in capsys.readouterr().err
    with CaseReader(decided.case) as reader:
        sentences = statement(summarize(reader)).sentences
    (sentence,) = (sentence for sentence in sentences if "on no item" in sentence)
    assert sentence == (
        f"2 decisions of an examiner on no item, so on none of the matches here: {names[0]}; {names[1]}."
    )
    assert format_name != "html" or "on no item" in output.read_text(encoding="utf-8")
    assert verify_case(decided.case).problems == ()
