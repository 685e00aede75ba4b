"""Lists that change: updates, removals and merges give what a list of the same entries, imported anew, gives."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher import Matcher
from matcher.errors import ListError, StoreError
from matcher.lists import compacting, ids
from matcher.lists.compacting import Merge, compact_list
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from matcher.model import CategoryProfile, Disposition, ListEntry
from tests.shared.list_cases import NAME, Line, Model, bring, check, digested, exported, line, newest

IDS = st.sampled_from(["a", "b", "c", "d", "ä", "e f"])
LINES = st.builds(
    lambda entry_id, algorithm, number, category, quality: line(
        entry_id,
        algorithm,
        number,
        quality=quality if algorithm in ("pdq", "phash") else None,
        category=category,
        note=None,
    ),
    IDS,
    st.sampled_from(["pdq", "phash", "md5", "sha1", "vpdq"]),
    st.integers(0, 63),
    st.sampled_from([None, "1", "2"]),
    st.sampled_from([None, 49, 50, 100]),
)
SOME = st.lists(LINES, min_size=1, max_size=12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("import"), SOME),
        st.tuples(st.just("update"), SOME),
        st.tuples(st.just("update"), SOME),
        st.tuples(st.just("remove"), st.lists(IDS, min_size=1, max_size=4)),
        st.tuples(st.just("remove"), st.lists(IDS, min_size=1, max_size=4)),
        st.tuples(st.just("compact"), st.none()),
        st.tuples(st.just("merge updates"), st.none()),
    ),
    max_size=9,
)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(SOME, STEPS)
def test_any_sequence_of_changes_equals_a_dict(first: list[Line], steps: list[tuple[str, list[object] | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, model = Path(folder) / "s", Model()
        bring(store, *first)
        model.add(first)
        versions = [(newest(store), sorted(exported(newest(store))))]
        for step, what in steps:
            lines = [dict(one) for one in what or () if isinstance(one, dict)]
            if step == "import":
                bring(store, *lines, allow_shrink=True)
                model.entries.clear()
                model.add(lines)
            elif step == "update":
                bring(store, *lines, update=True, allow_shrink=True)
                model.add(lines)
            elif step == "remove":
                wanted = [one for one in what or () if isinstance(one, str)]
                remove_entries(Store(store), NAME, wanted, ignore_missing=True)
                for entry_id in wanted:
                    model.entries.pop(entry_id, None)
            elif step == "compact":
                assert compact_list(Store(store), NAME).base is None
            else:
                with Store(store).writing() as writer:
                    opened = writer.newest(NAME)
                    if len(opened.parts) > 1:
                        compacting._merged(writer, opened, Merge.UPDATES)
            check(newest(store), model)
            versions.append((newest(store), sorted(exported(newest(store)))))
        for opened, before in versions:  # readers of every version that there was
            assert sorted(exported(opened)) == before


def test_an_update_states_an_entry_anew(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "md5", 1, category="1"), line("b", "md5", 2), line("a", "pdq", 7))
    update = bring(tmp_path, line("a", "md5", 3, category="2"), update=True, allow_shrink=True)  # pdq is gone
    opened = newest(tmp_path)
    assert digested(opened, "md5", 1) == []
    assert digested(opened, "md5", 3) == [("a", "2")]
    assert digested(opened, "md5", 2) == [("b", None)]
    assert opened.algorithms == ("md5",)
    assert (update.holds["entries"], update.holds["removed"], update.holds["removed_records"]) == (1, 1, 2)
    assert update.counts["entries"] == 2


def test_an_update_keeps_the_profile_unless_one_is_given(tmp_path: Path) -> None:
    profile = CategoryProfile({"0": Disposition.KNOWN_GOOD}, Disposition.INFORMATION)
    bring(tmp_path, line("a", "md5", 1), profile=profile)
    assert bring(tmp_path, line("b", "md5", 2), update=True).profile == profile
    assert bring(tmp_path, line("c", "md5", 2), update=True, profile=CategoryProfile()).profile == CategoryProfile()
    assert newest(tmp_path).disposition(ListEntry("a", None)) is Disposition.NOTABLE


def test_there_must_be_a_list_to_update(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a store"):
        bring(tmp_path / "s", line("a", "md5", 1), update=True)
    bring(tmp_path / "s", line("a", "md5", 1), name="other")
    with pytest.raises(StoreError, match="no list 'made' is in use; in use: other"):
        bring(tmp_path / "s", line("a", "md5", 1), update=True)


def test_removing_what_is_not_there_changes_nothing(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "md5", 1), line("b", "md5", 2))
    with pytest.raises(ListError, match="made version 1 has no entry c, d: nothing was removed"):
        remove_entries(Store(tmp_path), NAME, ["d", "a", "c"])
    with pytest.raises(ListError, match="and 10 more: nothing"):
        remove_entries(Store(tmp_path), NAME, [f"{number}" for number in range(30)])
    assert remove_entries(Store(tmp_path), NAME, ["c"], ignore_missing=True).version == 1
    assert Store.open(tmp_path).current() == [(NAME, 1)]
    assert remove_entries(Store(tmp_path), NAME, ["c", "a"], ignore_missing=True).version == 2
    with pytest.raises(ListError, match="has no entry a"):
        remove_entries(Store(tmp_path), NAME, ["a"])


def test_everything_may_be_removed(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "md5", 1), line("b", "pdq", 2), line("b", "vpdq", 2))
    removed = remove_entries(Store(tmp_path), NAME, ["a", "b"])
    assert removed.counts == {"entries": 0, "records": 0, "hashes": {}, "kept": {}, "refused": 0}
    assert exported(newest(tmp_path)) == set()
    with pytest.raises(StoreError, match="no hash that can be looked up"):
        Matcher.open(tmp_path)
    assert compact_list(Store(tmp_path), NAME).counts == removed.counts
    bring(tmp_path, line("c", "md5", 5), update=True)
    assert digested(newest(tmp_path), "md5", 5) == [("c", None)]


def test_ids_with_one_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "id_hash", lambda _id: bytes(8))
    monkeypatch.setattr("matcher.lists.builder.id_hash", lambda _id: bytes(8))
    bring(tmp_path, *(line(f"e{number}", "md5", number) for number in range(9)))
    remove_entries(Store(tmp_path), NAME, ["e3", "e5"])
    assert {json.loads(text)["id"] for text in exported(newest(tmp_path))} == {f"e{n}" for n in (0, 1, 2, 4, 6, 7, 8)}
