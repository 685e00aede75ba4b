"""Digests of opened lists: one or many at once, and what stands beside the table in its order."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from matcher import Hash
from matcher.errors import StoreError
from matcher.lists.opened import OpenList
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from matcher.lists.together import OpenLists
from matcher.lookup.digests import match_digests, match_each_digest
from tests.shared.list_cases import find_digest

MakeStore = Callable[..., Path]

LISTED = 300


def digest(number: int, name: str) -> bytes:
    return hashlib.new(name, str(number).encode(), usedforsecurity=False).digest()


@pytest.fixture
def lists(make_store: MakeStore) -> list[OpenList]:
    """One list with MD5 and SHA-256 digests in no order, every third of them in two entries."""
    lines = []
    for n in range(LISTED):
        for name in ("md5", "sha256"):
            value = digest(n // 2 if n % 3 == 0 else n, name).hex()
            lines.append({"id": f"e{n}", "algorithm": name, "value": value, "quality": n % 101, "category": str(n % 5)})
    store = Store.open(make_store(lines))
    return [store.open_list(name, version) for name, version in store.current()]


@pytest.mark.parametrize("name", ["md5", "sha256"])
def test_each_digest_leads_to_its_entries_in_the_order_of_the_list(lists: list[OpenList], name: str) -> None:
    expected: dict[bytes, list[str]] = {}
    for n in range(LISTED):
        expected.setdefault(digest(n // 2 if n % 3 == 0 else n, name), []).append(f"e{n}")
    (opened,) = lists
    asked = [digest(n, name) for n in range(-50, LISTED + 50)]
    queries, numbers = opened.find_digests(name, np.frombuffer(b"".join(asked), np.uint8).reshape(len(asked), -1))
    for place, value in enumerate(asked):
        found = numbers[queries == place].tolist()
        assert found == find_digest(opened, name, value)
        assert [opened.entry(number).id for number in found] == expected.get(value, [])
    assert max(map(len, expected.values())) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["md5", "sha256", "sha1"])
@pytest.mark.parametrize("count", [0, 1, 400])
def test_what_is_listed_is_what_has_an_entry(lists: list[OpenList], name: str, count: int) -> None:
    (opened,) = lists
    asked = np.frombuffer(b"".join(digest(n, name) for n in range(count)), np.uint8)
    asked = asked.reshape(count, len(digest(0, name)))
    listed = opened.has_digests(name, asked)
    assert listed.tolist() == [bool(find_digest(opened, name, row.tobytes())) for row in asked]
    assert listed.any() == (count > 0 and name != "sha1")
    queries, numbers = opened.find_digests(name, asked)
    assert np.unique(queries).tolist() == np.flatnonzero(listed).tolist()
    assert len(numbers) == len(queries)


def test_what_only_removed_entries_had_is_not_listed(make_store: MakeStore, lists: list[OpenList]) -> None:
    (opened,) = lists
    store = Store.open(opened.folder.parents[2])
    remove_entries(store, opened.name, [f"e{n}" for n in range(0, LISTED, 2)])
    (changed,) = [store.open_list(name, version) for name, version in store.current()]
    asked = np.frombuffer(b"".join(digest(n, "md5") for n in range(LISTED)), np.uint8).reshape(LISTED, -1)
    left = {digest(n // 2 if n % 3 == 0 else n, "md5") for n in range(1, LISTED, 2)}
    assert changed.has_digests("md5", asked).tolist() == [row.tobytes() in left for row in asked]
    assert OpenLists([opened, changed]).has_digests("md5", asked).tolist() == opened.has_digests("md5", asked).tolist()


@pytest.mark.slow
def test_what_many_removed_entries_share_is_looked_for_in_a_bounded_size(make_store: MakeStore) -> None:
    """Empty files: a case has thousands, and a list may have thousands of entries for them."""
    shared = digest(0, "md5")
    lines = [{"id": f"e{n}", "algorithm": "md5", "value": shared.hex()} for n in range(2000)]
    store = Store.open(make_store(lines))
    ((name, version),) = store.current()
    changed = store.open_list(name, remove_entries(store, name, ["e0", "e1"]).version)
    asked = np.frombuffer(shared * 2000, np.uint8).reshape(2000, -1)
    store.open_list(name, version).has_digests("md5", asked)  # compiled before it is measured
    tracemalloc.start()
    assert changed.has_digests("md5", asked).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    one_left = store.open_list(name, remove_entries(store, name, [f"e{n}" for n in range(2, 1999)]).version)
    assert one_left.has_digests("md5", asked).all()
    other = np.frombuffer(digest(1, "md5"), np.uint8)[None]
    assert one_left.has_digests("md5", np.vstack([asked[:1], other])).tolist() == [True, False]


def test_many_digests_match_as_each_does_alone(lists: list[OpenList]) -> None:
    asked = [Hash("md5", digest(n, "md5")) for n in range(2 * LISTED)]
    both = OpenLists([*lists, *lists])
    answers = match_each_digest(both, asked)
    assert answers == [match_digests(both, [value]) for value in asked]
    assert {len(answer) for answer in answers} == {0, 2, 4}
    assert match_each_digest(both, []) == []


def test_qualities_follow_their_digests(lists: list[OpenList]) -> None:
    (opened,) = lists
    folder = opened.folder / "hashes"
    digests = np.fromfile(folder / "md5.index" / "digests.bin", np.uint8).reshape(-1, 16)
    entries, quality = np.fromfile(folder / "md5.entries", "<u4"), np.fromfile(folder / "md5.quality", np.uint8)
    for row, entry, stated in zip(digests, entries.tolist(), quality.tolist(), strict=True):
        n = int(opened.entry(entry).id[1:])
        assert row.tobytes() == digest(n // 2 if n % 3 == 0 else n, "md5")
        assert stated == n % 101


def test_a_list_of_an_earlier_format_is_refused(lists: list[OpenList]) -> None:
    (opened,) = lists
    path = opened.folder / "list.json"
    body = json.loads(path.read_bytes())
    body["format"] -= 1
    path.write_text(json.dumps(body))
    with pytest.raises(StoreError, match="is not .: import the list again"):
        OpenList(opened.folder)
