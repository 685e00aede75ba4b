"""Several lists asked together give what each alone gives."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matcher import Hash, Matcher
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from matcher.lists.together import OpenLists
from matcher.model import Match
from tests.conftest import import_list
from tests.shared.list_cases import bring, line, value

LISTS = ("first", "second", "third")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three lists whose entries have the same numbers, one of them with updates, one without PDQ."""
    for place, name in enumerate(LISTS[:2]):
        bring(tmp_path, *(line(f"{name}{n}", "pdq", n + place) for n in range(12)), line("x", "md5", 1), name=name)
    bring(tmp_path, *(line(f"u{n}", "pdq", n + 3) for n in range(12)), name="second", update=True)
    remove_entries(Store(tmp_path), "second", ["second3", "u4"])
    bring(tmp_path, line("third", "md5", 1), name="third")
    return tmp_path


@pytest.mark.slow
def test_matches_are_those_of_each_list(store: Path) -> None:
    hashes = [Hash("pdq", bytes.fromhex(value(n, "pdq")), 90) for n in range(20)]
    hashes.append(Hash("md5", bytes.fromhex(value(1, "md5"))))
    together = Matcher.open(store).lookup_many(hashes)
    alone = [Matcher.open(store, lists=[pair]).lookup_many(hashes) for pair in Store.open(store).current()]
    for found, *single in zip(together, *alone, strict=True):
        each = sorted((match for matches in single for match in matches), key=Match.order)
        assert named(found) == named(each)
    assert {match.list for match in together[3]} == {"first", "second"}
    assert {match.list for match in together[-1]} == set(LISTS)


def named(matches: Iterable[Match]) -> list[Match]:
    """Without what depends on the lists' length: the chance of a match, and its threshold."""
    return [replace(match, chance=None, threshold=0) for match in sorted(matches, key=Match.order)]


@pytest.mark.slow
def test_codes_are_those_of_the_rows(store: Path) -> None:
    lists = OpenLists(Matcher.open(store).lists)
    queries = np.frombuffer(bytes.fromhex("".join(value(n, "pdq") for n in range(20))), np.uint8).reshape(20, 32)
    near = lists.find_near("pdq", queries, radius=3, minimum_quality=0)
    order = np.random.default_rng(1).permutation(len(near))
    shuffled = replace(near, **{name: getattr(near, name)[order] for name in near.__slots__})
    for found in (near, shuffled):
        distances = np.bitwise_count(lists.codes("pdq", found) ^ queries[found.queries]).sum(axis=1)
        assert distances.tolist() == found.distances.tolist()
    assert len(np.unique(near.lists)) == 2
    assert len(near) > 200


@pytest.mark.slow
def test_a_turned_picture_is_confirmed_in_every_list(known_list: Path, known_folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "s"
    bring(store, line("other", "phash", 2**63 + 12345), line("and", "pdq", 2**255 + 99), name="a first list")
    for name in LISTS:
        import_list(store, known_list, name)
    stream = io.BytesIO()
    with Image.open(known_folder / "2.png") as picture:
        picture.transpose(Image.Transpose.ROTATE_90).save(stream, "PNG")
    finding = Matcher.open(store).examine(stream.getvalue())
    found = {name: [replace(match, list="") for match in finding.matches if match.list == name] for name in LISTS}
    assert found["first"] == found["second"] == found["third"]
    assert {match.algorithm for match in found["first"]} == {"pdq", "phash"}
    (single,) = [Matcher.open(store, lists=[("first", 1)]).examine(stream.getvalue())]
    assert named(replace(match, list="") for match in single.matches) == named(found["first"])
    for match, other in zip(single.matches, found["first"], strict=True):
        if match.chance is not None and other.chance is not None:  # three lists are as much of the same again
            assert float(match.chance) < float(other.chance)


def test_no_list_finds_nothing() -> None:
    lists = OpenLists(())
    assert len(lists.find_near("pdq", np.zeros((2, 32), np.uint8), radius=31, minimum_quality=0)) == 0
    assert len(lists.find_digests("md5", np.zeros((2, 16), np.uint8)).queries) == 0
