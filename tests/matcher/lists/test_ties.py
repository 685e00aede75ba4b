"""A merged list gives the same answers, also where two hashes of one entry are as near as each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher import Hash, Matcher
from matcher.lists.compacting import compact_list
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from tests.shared.list_cases import NAME, bring, line, value


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(1, 2), (2, 1)])
def test_of_equally_near_hashes_the_same_one_is_named(tmp_path: Path, numbers: tuple[int, int]) -> None:
    one, other = numbers
    bring(tmp_path, line("a", "pdq", one), line("b", "md5", 9), line("a", "pdq", other))
    asked = Hash("pdq", bytes.fromhex(value(3, "pdq")), 100)
    before = Matcher.open(tmp_path).lookup(asked)
    assert [match.distance for match in before] == [1]
    remove_entries(Store(tmp_path), NAME, ["b"])
    assert Matcher.open(tmp_path).lookup(asked) == before
    compact_list(Store(tmp_path), NAME)  # the two records of `a` are one now
    assert Matcher.open(tmp_path).lookup(asked) == before
