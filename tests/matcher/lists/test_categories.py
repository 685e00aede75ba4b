"""The categories of a list are counted by entries, whatever its parts, and the counts are those of a slow reading."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from matcher.lists import categories, compacting
from matcher.lists.compacting import compact_list
from matcher.lists.exporting import listed_hashes
from matcher.lists.opened import OpenList
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from matcher.model import CategoryProfile, Disposition
from tests.shared.list_cases import NAME, bring, line, newest

PROFILE = CategoryProfile({"1": Disposition.INFORMATION, "2": Disposition.KNOWN_GOOD})


def counted_slowly(opened: OpenList) -> dict[str | None, int]:
    return dict(Counter(category for _id, category in {(h.entry.id, h.entry.category) for h in listed_hashes(opened)}))


def without_counts(store: Path) -> None:
    """Make the headers of a store those of a version that did not count categories; bases are not checked here."""
    for header in store.rglob("list.json"):
        body = json.loads(header.read_text())
        del body["holds"]["categories"], body["holds"]["removed_categories"]
        header.write_text(json.dumps(body))


def test_entries_are_counted_and_not_their_hashes(tmp_path: Path) -> None:
    lines = [line("a", "md5", 1, category="1"), line("b", "md5", 2, category="1"), line("c", "md5", 3)]
    more = [line("a", "pdq", 1, category="1"), line("c", "pdq", 3, category="2"), line("c", "vpdq", 3, category="2")]
    bring(tmp_path, *lines, *more, profile=PROFILE)  # a, b and c have several records, c is in two categories
    opened = newest(tmp_path)
    assert opened.categories == [("1", 2), (None, 1), ("2", 1)]
    assert opened.meanings == {"notable": 1, "known-good": 1, "information": 2}
    assert opened.load_record()["counts"]["meanings"] == opened.meanings
    assert not list(tmp_path.rglob("entries.categories"))


def test_the_default_category_is_counted(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "md5", 1), line("b", "md5", 2, category="x"), default_category="1", profile=PROFILE)
    assert newest(tmp_path).meanings == {"notable": 1, "known-good": 0, "information": 1}


@pytest.mark.parametrize("seed", range(3))
def test_updates_removals_and_merges_keep_the_counts_right(tmp_path: Path, seed: int) -> None:
    random = Random(seed)

    def some() -> list[dict[str, object]]:
        ids = random.sample("abcdefghij", random.randrange(2, 6))
        return [line(name, "md5", ord(name), category=random.choice(["1", "2", "3", None])) for name in ids]

    bring(tmp_path, *some(), line("k", "md5", 1), profile=PROFILE)
    for _step in range(4):
        bring(tmp_path, *some(), update=True)
        present = sorted({listed.entry.id for listed in listed_hashes(newest(tmp_path))} - {"k"})
        remove_entries(Store(tmp_path), NAME, present[:1])
        opened = newest(tmp_path)
        assert dict(opened.categories or ()) == counted_slowly(opened)
    without = categories.categories_of(opened.parts, opened.not_removed)
    compact_list(Store(tmp_path), NAME)
    assert newest(tmp_path).categories == opened.categories == without
    assert len(newest(tmp_path).parts) == 1 < len(opened.parts) <= compacting.MAX_PARTS + 1


def test_a_list_of_an_earlier_version_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(tmp_path, line("a", "md5", 1, category="1"), line("a", "pdq", 1, category="1"), line("b", "md5", 2))
    without_counts(tmp_path)
    assert newest(tmp_path).categories == [(None, 1), ("1", 1)]
    bring(tmp_path, line("b", "md5", 3, category="2"), update=True)  # an update that counts, of a base that does not
    assert newest(tmp_path).categories == [("1", 1), ("2", 1)]
    monkeypatch.setattr(categories, "MAX_READ", 1)
    opened = newest(tmp_path)
    assert (opened.categories, opened.meanings) == (None, None)
    assert "meanings" not in opened.load_record()["counts"]


def test_too_many_categories_are_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "MAX_CATEGORIES", 2)
    lines = [line(str(place), "md5", place, category=str(place)) for place in range(4)]
    bring(tmp_path, *lines[:2])
    assert newest(tmp_path).categories == [("0", 1), ("1", 1)]
    bring(tmp_path, *lines)
    assert newest(tmp_path).categories is None
    monkeypatch.setattr(categories, "MAX_CATEGORIES", 3)
    bring(tmp_path, *lines)
    assert newest(tmp_path).categories is None


def test_very_long_categories_are_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "MAX_CHARACTERS", 5)
    bring(tmp_path, line("a", "md5", 1, category="123456"))
    assert newest(tmp_path).facts.holds["categories"] is None
