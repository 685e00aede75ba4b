"""Decisions: what they cite and supersede, made and audited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import (
    Decision,
    DecisionError,
    Ledger,
    Signer,
    audit,
    canonical,
    decision_entries,
    decision_entry,
    encode_item,
    leaf_hash,
    parse,
)
from ledger.clock import Stamp
from ledger.decision import MOST_CHARACTERS, MOST_CITED

STAMP = Stamp(1_790_000_000_000, 5)


@pytest.fixture
def log(path: Path, signer: Signer) -> Iterator[Ledger]:
    """A ledger of ten items."""
    with Ledger.create(path, origin=signer.name, signer=signer) as created:
        created.append([encode_item(1, seq, b'{"path":"%d"}' % seq) for seq in range(10)], checkpoint=True)
        yield created


def problems_of(path: Path, signer: Signer) -> tuple[str, ...]:
    """What an audit finds, without that the ten items are of no scan."""
    return tuple(text for text in audit(path, keys=signer.vkeys).problems if not text.startswith("scan 1"))


def decide(log: Ledger, *cites: int, supersedes: int | None = None) -> int:
    decision = Decision("confirmed", "A. Keller", cites, supersedes=supersedes)
    return log.append([decision_entry(log, decision, STAMP)], checkpoint=True)


def test_a_decision_cites_by_index_and_leaf_hash(log: Ledger, signer: Signer, path: Path) -> None:
    bodies = dict(log.entries())
    first = decide(log, 3, 7)
    second = decide(log, 3, supersedes=first)
    entries = {index: parse(body) for index, body in log.entries(first)}
    assert entries[first]["cites"] == [{"index": at, "leaf_hash": leaf_hash(bodies[at]).hex()} for at in (3, 7)]
    assert entries[first]["supersedes"] is None
    assert entries[second]["supersedes"]["index"] == first
    assert (entries[first]["time"], entries[first]["monotonic_us"]) == ("2026-09-21T14:13:20.000+00:00", 5)
    assert problems_of(path, signer) == ()


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (Decision("refuted", "A", []), "cites 1 to 500 entries, not 0"),
        (Decision("refuted", "A", [3] * (MOST_CITED + 1)), "cites 1 to 500 entries"),
        (Decision("refuted", "A", [10]), "there is no entry 10"),
        (Decision("refuted", "A", [3], supersedes=99), "there is no entry 99"),
        (Decision("refuted", "A", [3], supersedes=4), "entry 4 is no decision"),
        (Decision("", "A", [3]), "'' is no verdict: confirmed, refuted, needs-review are"),
        (Decision("xx", "A", [3]), "'xx' is no verdict"),
        (Decision("confirmed", "", [3]), "examiner has 1 to"),
        (Decision("refuted", "A", [3], note="n" * (MOST_CHARACTERS + 1)), "note has 1 to"),
    ],
)
def test_what_cannot_be_decided(log: Ledger, decision: Decision, reason: str) -> None:
    with pytest.raises(DecisionError, match=reason):
        decision_entry(log, decision, STAMP)


def test_the_largest_decision_fits_an_entry(log: Ledger) -> None:
    long = "ä" * MOST_CHARACTERS
    log.append([decision_entry(log, Decision("needs-review", long, range(10), role=long, note=long), STAMP)])
    decision = Decision("confirmed", "y", [9] * MOST_CITED)
    log.append([decision_entry(log, decision, STAMP)])


def test_a_decision_is_superseded_once(log: Ledger) -> None:
    first = decide(log, 3)
    decide(log, 3, supersedes=first)
    with pytest.raises(DecisionError, match="entry 10 is superseded already, by entry 11"):
        decide(log, 3, supersedes=first)


def test_entries_behind_those_that_the_caller_has_read_are_read_for_it(log: Ledger) -> None:
    first = decide(log, 3)
    read = log.size
    decide(log, 3, supersedes=first)
    with pytest.raises(DecisionError, match="is superseded already"):
        decision_entries(log, [Decision("refuted", "A", [3], supersedes=first)], STAMP, standing_at=read)


def test_several_decisions_are_made_at_once_and_supersede_one_each(log: Ledger, path: Path, signer: Signer) -> None:
    first = decide(log, 3)
    again = [Decision("refuted", "A", [3], supersedes=first), Decision("refuted", "A", [4])]
    log.append(decision_entries(log, again, STAMP), checkpoint=True)
    assert problems_of(path, signer) == ()
    second = decide(log, 5)
    twice = [Decision("refuted", "A", [5], supersedes=second), Decision("confirmed", "A", [5], supersedes=second)]
    with pytest.raises(DecisionError, match=f"entry {second} is superseded already, by another of these"):
        decision_entries(log, twice, STAMP)


def test_only_items_can_be_decided(log: Ledger) -> None:
    first = decide(log, 3)
    with pytest.raises(DecisionError, match="entry 10 is no item, but of type 'decision': only items"):
        decide(log, first)


LEAF = "aa" * 32


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"cites": [{"index": 3, "leaf_hash": LEAF}]}, "entry 11 cites entry 3 by a leaf hash that it does not have"),
        ({"cites": [{"index": 11, "leaf_hash": LEAF}]}, "entry 11 cites what is no earlier entry"),
        ({"cites": [{"index": -1, "leaf_hash": LEAF}]}, "entry 11 cites what is no earlier entry"),
        ({"cites": [{"index": True, "leaf_hash": LEAF}]}, "entry 11 cites what is no earlier entry"),
        ({"cites": ["3"]}, "entry 11 cites what is no earlier entry"),
        ({"cites": []}, "entry 11 does not say what it judges"),
        ({"cites": 3}, "entry 11 does not say what it judges"),
        ({"supersedes": {"index": 10, "leaf_hash": LEAF}}, "entry 11 supersedes entry 10 by a leaf hash that"),
        ({"supersedes": {"index": 4}}, "entry 11 supersedes entry 4, which is no decision"),
        ({"supersedes": 4}, "entry 11 supersedes what is no earlier entry"),
    ],
)
def test_an_audit_finds_what_cannot_be(
    log: Ledger, path: Path, signer: Signer, fields: dict[str, Any], problem: str
) -> None:
    decide(log, 3)
    log.append([canonical({"v": 1, "type": "decision", **fields})], checkpoint=True)
    problems = problems_of(path, signer)
    assert any(found.startswith(problem) for found in problems), problems


def test_an_audit_finds_two_that_supersede_one(log: Ledger, path: Path, signer: Signer) -> None:
    first = decide(log, 3)
    second = decision_entry(log, Decision("confirmed", "A", [3], supersedes=first), STAMP)
    third = decision_entry(log, Decision("refuted", "A", [3], supersedes=first), STAMP)
    log.append([second, third], checkpoint=True)
    assert problems_of(path, signer) == ("entry 12 supersedes entry 10, as entry 11 does already",)


def test_a_decision_without_citation_is_noted(log: Ledger, path: Path, signer: Signer) -> None:
    log.append([canonical({"v": 1, "type": "decision"})], checkpoint=True)
    assert problems_of(path, signer) == ()
    assert audit(path, keys=signer.vkeys).notes == ("1 decisions do not say what they judge",)
