"""Entries and algorithms that match an implausible share of a scan's pictures."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from matcher.model import CategoryProfile, Disposition, Match
from matcher.record import floods
from matcher.record.floods import Flood, Floods, FloodTally


def match(entry: str, algorithm: str = "pdq", category: str | None = "1") -> Match:
    return Match("known", entry, category, algorithm, b"\0", b"\0", 3, 31, 100, None, "none")


def add(tally: FloodTally, count: int, *matches: Match) -> None:
    for _ in range(count):
        tally.add(matches, is_compared=True)


def of_entries(tally: FloodTally) -> Sequence[tuple[str | None, int, int]]:
    return [(flood.entry, flood.items, flood.compared) for flood in tally.floods() if flood.entry]


def test_an_entry_floods_from_twenty_pictures_and_above_one_in_two_hundred() -> None:
    tally = FloodTally()
    add(tally, 19, match("icon"))
    assert not tally.untold()
    add(tally, 1, match("icon"))
    assert [(flood.entry, flood.items, flood.compared) for flood in tally.untold()] == [("icon", 20, 20)]
    add(tally, 5, match("icon"))
    assert not tally.untold()
    assert of_entries(tally) == [("icon", 25, 25)]
    rare = FloodTally()
    add(rare, 5000)
    add(rare, 25, match("icon"))
    assert not rare.floods()
    add(rare, 1, match("icon"))
    assert of_entries(rare) == [("icon", 26, 5026)]


def test_regions_of_one_picture_count_once_and_digests_and_harmless_entries_never() -> None:
    profile = CategoryProfile({"1": Disposition.NOTABLE}, Disposition.INFORMATION)
    tally = FloodTally({"known": profile})
    add(tally, 19, match("icon"), match("icon"), match("icon", "phash"))
    add(tally, 600, match("same", "sha256"), match("harmless", category="2"))
    assert not tally.floods()


def test_an_algorithm_floods_by_what_no_other_supports() -> None:
    tally = FloodTally()
    add(tally, 489)
    for number in range(11):
        add(tally, 1, match(f"a{number}", "phash"))
        add(tally, 1, match(f"b{number}", "pdq"), match(f"b{number}", "phash"))
    (flood,) = tally.untold()
    assert (flood.algorithm, flood.entry, flood.items, flood.compared) == ("phash", None, 11, 511)
    assert [each.algorithm for each in tally.floods()] == ["phash"]


def test_memory_is_bounded_and_the_error_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "MOST_ENTRIES", 10)
    tally = FloodTally()
    for number in range(300):
        add(tally, 1, match(f"once {number}"), match("icon"))
    (flood,) = [each for each in tally.floods() if each.entry]
    assert flood.entry == "icon"
    assert flood.items <= 300 <= flood.items + flood.undercount
    assert 0 < tally.undercount <= 600 // 11


def test_what_a_close_says_is_bounded_and_read_back() -> None:
    tally = FloodTally()
    for number in range(40):
        add(tally, 20 + number, match(f"{number:02d}" + "x" * 2000))
    facts = tally.facts()
    told = Floods.of_facts(facts)
    assert (len(told.told), told.total) == (floods.MOST_TOLD, 41)  # pdq alone is one more
    assert [each.items for each in told.told[:2]] == [1580, 59]
    assert len(str(facts)) < 60_000
    assert Floods.of_facts({}) == Floods()
    flood = Flood("known", "a", None, None, 20, 90, 2)
    assert Flood.from_json(flood.as_json()) == flood
    with pytest.raises(TypeError):
        Flood.from_json({**flood.as_json(), "algorithm": "pdq"})
    with pytest.raises(TypeError):
        Flood.from_json({**flood.as_json(), "items": "20"})
