"""A finding's bytes are canonical however they were made, and it can be had again from them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import EntryError, canonical
from matcher.executors.messages import packed, unpacked
from matcher.model import Finding, Hash, Item, Match, Reason, Status
from matcher.record.finding_json import encode_finding, in_order

NUMBERS = st.none() | st.integers(0, 2**53 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
REGIONS = st.none() | st.tuples(*[st.integers(0, 9)] * 4)
MATCHES = st.builds(
    Match,
    list=TEXTS,
    entry=TEXTS,
    category=st.none() | TEXTS,
    algorithm=st.just("pdq"),
    value=st.binary(),
    entry_value=st.binary(),
    distance=st.integers(0, 40),
    threshold=st.just(31),
    quality=st.none() | st.integers(0, 100),
    region=REGIONS,
    transform=st.just("none"),
    chance=st.none() | st.just("3.2e-09"),
    trivial=st.booleans(),
)
HASHES = st.builds(Hash, st.sampled_from(["pdq", "md5"]), st.binary(), st.none() | st.integers(0, 100), REGIONS)
FINDINGS = st.builds(
    Finding,
    path=TEXTS,
    size=NUMBERS,
    sha256=st.none() | st.binary(min_size=32, max_size=32),
    status=st.sampled_from(Status),
    reason=st.none() | st.sampled_from(Reason),
    exhibit=st.none() | TEXTS,
    media_type=st.none() | TEXTS,
    width=NUMBERS,
    height=NUMBERS,
    hashes=st.just(()) | st.lists(HASHES, max_size=2).map(tuple),
    matches=st.just(()) | st.lists(MATCHES, max_size=2).map(tuple),
    matches_total=st.integers(0, 200),
    notable=st.booleans(),
    doubtful=st.booleans(),
    conflict=st.booleans(),
    digests=st.lists(HASHES, max_size=2).map(tuple),
)


@pytest.mark.slow
@given(FINDINGS)
def test_the_fast_form_is_the_canonical_one(finding: Finding) -> None:
    form = encode_finding(finding)
    assert form == canonical(finding.as_json())
    again = replace(
        Finding.from_json(json.loads(form)),
        notable=finding.notable,
        doubtful=finding.doubtful,
        conflict=finding.conflict,
        digests=finding.digests,
        pictures=finding.pictures,
    )
    assert again == finding


@pytest.mark.parametrize(
    "wrong", [{"path": "\ud800"}, {"size": 2**53}, {"size": -(2**53)}, {"width": 1.5}, {"path": b"bytes"}]
)
def test_what_no_ledger_holds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EntryError):
        encode_finding(replace(Finding("", 0, None, Status.EXAMINED), **wrong))  # type: ignore[arg-type]


def test_what_was_recorded_before_there_were_chances_is_still_read() -> None:
    match = Match("l", "e", None, "pdq", b"a", b"b", 0, 31, 100, None, "none")
    form = Finding("a", 1, None, Status.EXAMINED, matches=(match,), matches_total=1).as_json()
    del form["matches"][0]["chance"], form["matches"][0]["doubtful"], form["matches"][0]["trivial"]
    del form["not_compared"], form["skipped_parts"]
    assert Finding.from_json(form).matches == (match,)
    assert list(in_order(form)["matches"][0])[-1] == "transform"


def test_a_negative_size_is_a_number_too() -> None:
    finding = Finding("a", -1, None, Status.SKIPPED)
    assert encode_finding(finding) == canonical(finding.as_json())


@pytest.mark.slow
@given(st.lists(FINDINGS, max_size=3), TEXTS, st.binary(), NUMBERS)
def test_what_is_sent_arrives(findings: list[Finding], path: str, locator: bytes, size: int | None) -> None:
    sent = findings, Item(path, locator, size, Status.SKIPPED, Reason.EMPTY), [1, "a", None], OSError(5, "x").args
    assert unpacked(packed(sent)) == sent
