"""What the verifier asks of scans, decisions, openings and cosignatures: one thing wrong at a time."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shared.exhibit_cases import SALT, Case, build, finding, remake_manifest, scan_entries, verify
from ledger import leaf_hash
from ledger.exhibit.verifier.decisions import Decisions
from ledger.exhibit.verifier.openings import check_opening
from ledger.exhibit.verifier.report import Refused, Step
from ledger.exhibit.verifier.scans import Scans

Entry = dict[str, Any]
LOAD, OPEN, ITEM, CLOSE = 0, 1, 2, 5


def problems(entries: list[Entry], signed: int = 99) -> list[str]:
    scans, step = Scans(), Step(6, "")
    takers = {"list.load": scans.list_load, "scan.open": scans.scan_open, "item": scans.item}
    for index, entry in enumerate(entries):
        with step.refusing():
            {**takers, "scan.close": scans.scan_close}[entry["type"]](index, entry)
    scans.finish(signed, step)
    return step.problems


def scan() -> list[Entry]:
    return copy.deepcopy(scan_entries(1, [finding(f"{n}.jpg", "examined") for n in range(3)]))


def test_a_complete_scan() -> None:
    assert problems(scan()) == []
    assert problems(scan_entries(1, [])) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.pop(ITEM + 1), "it is item 2 of scan 1 where item 1 must be"),
        (lambda s: s.pop(CLOSE - 1), "closed with 3 items, but there are 2"),
        (lambda s: s.pop(CLOSE), "scan 1 was never closed"),
        (lambda s: s.pop(OPEN), "scan 1 was not opened before it"),
        (lambda s: s.pop(LOAD), "scan 1 used list national 3, not loaded before it"),
        (lambda s: s[LOAD].update(version=2), "scan 1 used list national 3, not loaded before it"),
        (lambda s: s[LOAD].update(digest="00" * 32), "scan 1 used list national 3, not loaded before it"),
        (lambda s: s.append(s[ITEM]), "scan 1 was closed before it"),
        (lambda s: s.append(s[CLOSE]), "scan 1 was closed before it"),
        (lambda s: s.append(s[OPEN]), "it opens scan 1 again"),
        (lambda s: s.insert(ITEM, s[ITEM]), "it is item 0 of scan 1 where item 1 must be"),
        (lambda s: s[OPEN].pop("settings"), "it does not tell the settings of scan 1"),
        (lambda s: s[OPEN].update(lists=None), '"lists" is not a list as it must be'),
        (lambda s: s[CLOSE].update(counts={"examined": 2, "known": 1}), "the counts of scan 1 are not"),
        (lambda s: s[CLOSE].update(counts=None), "scan 1 closed without counts"),
        (lambda s: s[CLOSE].update(findings_root="00" * 32), "the findings root of scan 1 is not"),
        (lambda s: s[ITEM]["finding"].update(path="other"), "the findings root of scan 1 is not"),
        (lambda s: s[ITEM].pop("finding"), "it has no finding"),
        (lambda s: s[ITEM].update(scan=True), '"scan" is not a number'),
    ],
)
def test_a_scan_that_is_not_complete(change: Callable[[list[Entry]], object], reason: str) -> None:
    entries = scan()
    change(entries)
    assert any(reason in problem for problem in problems(entries))


def test_a_close_that_nobody_signed() -> None:
    assert problems(scan(), signed=CLOSE + 1) == []
    assert problems(scan(), signed=CLOSE) == ["the close of scan 1, entry 5, is signed by no known key"]


LEAF = leaf_hash(b"entry")
CITED = {"index": 3, "leaf_hash": LEAF.hex()}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"cites": [{**CITED, "index": 7}]}, "does not stand before it"),
        ({"cites": [{**CITED, "index": 9}]}, "does not stand before it"),
        ({"cites": [{**CITED, "leaf_hash": "00"}]}, "not 32 bytes"),
        ({"cites": [3]}, "not a list as it must be"),
        ({"supersedes": 3}, "does not say what it supersedes"),
        ({"supersedes": {"index": 5, "leaf_hash": LEAF.hex()}}, "which entry 6 superseded already"),
    ],
)
def test_decisions_that_cannot_be(entry: Entry, reason: str) -> None:
    decisions = Decisions()
    decisions.add_entry(5, {"cites": [CITED]})
    decisions.add_entry(6, {"cites": None, "supersedes": {"index": 5, "leaf_hash": LEAF.hex()}})
    with pytest.raises(Refused, match=reason):
        decisions.add_entry(7, entry)


def test_what_is_superseded_must_be_a_decision() -> None:
    decisions, step = Decisions(), Step(6, "")
    decisions.add_entry(5, {"supersedes": CITED})
    decisions.check_cited(3, LEAF, step)
    decisions.finish(True, step)
    assert step.problems == ["entry 5 supersedes entry 3, which is no decision"]


def test_openings() -> None:
    digest = hashlib.sha256(b"ledger-commitment/v1\n" + SALT + b'"DCIM/1.jpg"').hexdigest()
    entry = {"finding": {"path": {"commitment": digest}}}
    opening = {"index": 5, "pointer": "/finding/path", "salt": SALT.hex(), "value": "DCIM/1.jpg"}
    check_opening(entry, opening)
    for changes, reason in (
        ({"value": "DCIM/2.jpg"}, "not the one that was committed to"),
        ({"salt": "00" * 32}, "not the one that was committed to"),
        ({"pointer": "/finding"}, "there is no commitment"),
        ({"pointer": "/finding/name"}, "nothing at that place"),
    ):
        with pytest.raises(Refused, match=reason):
            check_opening(entry, {**opening, **changes})
    with pytest.raises(Refused, match="there is no commitment"):
        check_opening({"finding": {"path": {"commitment": digest, "more": 1}}}, opening)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return build(tmp_path_factory.mktemp("case"))


@pytest.mark.process
def test_a_manifest_that_says_something_else(case: Case, tmp_path: Path) -> None:
    exhibit = case.export(tmp_path / "exhibit")
    for changes, reason in (
        ({"root": "00" * 32}, "the root of the manifest is not that of the entries"),
        ({"size": 13}, "not as many as the manifest says"),
        ({"origin": "other"}, "it is of another size or another log"),
        ({"complete": False}, "and it is not"),
        ({"format": 2}, "not of format 1"),
    ):
        kept = (exhibit / "manifest.json").read_bytes()
        remake_manifest(exhibit, **changes)
        code, out, _ = verify(exhibit / "verify.py", exhibit)
        assert (code, reason in out) == (1, True)
        (exhibit / "manifest.json").write_bytes(kept)


@pytest.mark.process
def test_a_cosignature_without_an_entry(case: Case, tmp_path: Path) -> None:
    exhibit = case.export(tmp_path / "exhibit")
    path = exhibit / "checkpoints" / "14.txt"
    note = path.read_text("utf-8")
    path.write_text(note + case.witnesses[0].line(note.partition("\n\n")[0] + "\n"), "utf-8")
    remake_manifest(exhibit)
    out = verify(exhibit / "verify.py", exhibit)[1]
    assert "NOT VERIFIED: the checkpoint of size 14 has a cosignature of which no entry tells" in out


@pytest.mark.process
def test_an_opening_of_an_exhibit_that_was_changed(case: Case, tmp_path: Path) -> None:
    exhibit = case.export(tmp_path / "exhibit", disclose=None)
    line = (exhibit / "openings.jsonl").read_bytes()
    for changed, reason in (
        (line.replace(b"1.jpg", b"2.jpg"), "the value is not the one that was committed to"),
        (line.replace(b'"index":5', b'"index":6'), "there is no commitment"),
        (line.replace(b'"index":5', b'"index":99'), "an opening is of entry 99, which is not here"),
        (line + line, "its lines are not in order"),
        (line.replace(b'"index":5', b'"index": 5'), "not in canonical form"),
    ):
        (exhibit / "openings.jsonl").write_bytes(changed)
        remake_manifest(exhibit)
        code, out, _ = verify(exhibit / "verify.py", exhibit)
        assert (code, reason in out) == (1, True)
