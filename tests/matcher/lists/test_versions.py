"""Versions of a list that changes: chains of parts, merging, readers beside writers, lists that are retired."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher import Hash, Matcher
from matcher.errors import IndexFileError, StoreError
from matcher.lists import compacting, version
from matcher.lists.compacting import Merge, compact_list, due, merge_if_due, prune
from matcher.lists.exporting import exported_lines
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.opened import OpenList
from matcher.lists.removing import remove_entries, retire_list
from matcher.lists.store import Store
from matcher.system.files import sha256_of
from tests.shared.list_cases import NAME, bring, digested, exported, line, newest, value


def test_the_chain_is_pinned(tmp_path: Path) -> None:
    for number in range(3):
        bring(tmp_path, line(f"e{number}", "md5", number), update=number > 0)
    store = Store.open(tmp_path)
    header = store.folder_of(NAME, 2) / "list.json"
    original = header.read_bytes()
    header.write_bytes(original.replace(b'"refused": 0', b'"refused": 1'))
    with pytest.raises(StoreError, match=r"2.list\.json: is not the one of which version 3 is an update"):
        store.open_list(NAME, 3)
    header.write_bytes(original)
    store.open_list(NAME, 3)
    store.folder_of(NAME, 1).rename(tmp_path / "away")
    with pytest.raises(StoreError, match="1: is missing: version 2 of made is an update of it"):
        store.open_list(NAME, 3)


@pytest.mark.slow
def test_every_changed_byte_of_any_part_is_refused(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "pdq", 1), line("b", "md5", 2))
    bring(tmp_path, line("a", "pdq", 3), update=True)
    store = Store.open(tmp_path)
    for path in sorted((tmp_path / "lists").rglob("*")):
        if not path.is_file() or path == store.folder_of(NAME, 2) / "list.json":
            continue
        original = path.read_bytes()
        for place in range(0, len(original), 7):
            path.write_bytes(original[:place] + bytes([original[place] ^ 1]) + original[place + 1 :])
            with pytest.raises((StoreError, IndexFileError)):
                store.open_list(NAME, 2, check=True)
        path.write_bytes(original)
    store.open_list(NAME, 2, check=True)


def test_an_update_reads_nothing_of_its_base_but_what_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base's files may be as long as they like: no file of it is digested or read whole."""
    bring(tmp_path, *(line(f"e{number}", "md5", number) for number in range(500)))
    base = Store(tmp_path).folder_of(NAME, 1)
    parsed: list[object] = []
    read: list[Path] = []
    parse = json.loads

    def parsing(text: str) -> object:
        parsed.append(text)
        return parse(text)

    def digesting(path: Path) -> str:
        read.append(path)
        return sha256_of(path)

    monkeypatch.setattr(json, "loads", parsing)
    monkeypatch.setattr(version, "sha256_of", digesting)
    remove_entries(Store(tmp_path), NAME, ["e7", "e8"])
    assert len(parsed) < 20
    assert {path for path in read if base in path.parents} <= {base / "list.json"}


@pytest.mark.slow
def test_matches_are_those_of_a_list_that_was_imported_whole(tmp_path: Path) -> None:
    lines = [line(f"e{number}", "pdq", number, category="1", quality=90) for number in range(40)]
    bring(tmp_path / "whole", *lines)
    bring(tmp_path / "parts", *lines[:30], line("gone", "pdq", 3))
    bring(tmp_path / "parts", *lines[20:35], update=True)
    bring(tmp_path / "parts", *lines[35:], update=True)
    remove_entries(Store(tmp_path / "parts"), NAME, ["gone"])
    hashes = [Hash("pdq", bytes.fromhex(value(number, "pdq")), 100) for number in range(64)]
    whole = Matcher.open(tmp_path / "whole").lookup_many(hashes)
    assert sum(map(len, whole)) > 1000
    assert Matcher.open(tmp_path / "parts").lookup_many(hashes) == whole
    compact_list(Store(tmp_path / "parts"), NAME)
    assert Matcher.open(tmp_path / "parts").lookup_many(hashes) == whole


@pytest.mark.slow
def test_parts_are_merged_when_they_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacting, "SMALL", 5)
    told: list[OpenList] = []
    bring(tmp_path, *(line(f"e{number}", "md5", number) for number in range(100)))
    for number in range(8):
        bring(tmp_path, line(f"u{number}", "md5", number), line("e0", "md5", number + 50), update=True)
        assert (merge_if_due(Store(tmp_path), NAME, on_merge=told.append).version == number + 2) == (number < 7)
    (before,) = told
    after = newest(tmp_path)
    assert (len(before.parts), len(after.parts)) == (9, 2)
    assert (after.facts.digest, after.facts.counts["entries"]) == (before.facts.digest, 108)
    assert after.facts.base is not None
    assert after.facts.base.version == 1
    assert sorted(exported_lines(after)) == sorted(exported_lines(before))
    assert len(after.load_record()["sources"]) == 9
    remove_entries(Store(tmp_path), NAME, [f"e{number}" for number in range(20, 50)])
    assert due(newest(tmp_path)) is Merge.EVERYTHING
    merged = merge_if_due(Store(tmp_path), NAME, on_merge=told.append)
    assert (merged.base, merged.counts["entries"], len(newest(tmp_path).parts)) == (None, 78, 1)


def test_what_updates_removed_stays_removed_when_they_are_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "MAX_PARTS", 2)
    bring(tmp_path, *(line(f"e{number}", "md5", number) for number in range(5)))
    remove_entries(Store(tmp_path), NAME, ["e1"])
    bring(tmp_path, line("e2", "md5", 9), update=True)
    merged = merge_if_due(Store(tmp_path), NAME, on_merge=lambda _opened: None)
    assert (merged.version, len(newest(tmp_path).parts), merged.counts["entries"]) == (4, 2, 4)
    assert digested(newest(tmp_path), "md5", 1) == digested(newest(tmp_path), "md5", 2) == []
    assert digested(newest(tmp_path), "md5", 9) == [("e2", None)]


def test_a_part_removes_only_from_parts_before_it(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "md5", 1), line("b", "md5", 2))
    remove_entries(Store(tmp_path), NAME, ["b"])
    path = Store(tmp_path).folder_of(NAME, 2) / "removed.records"
    path.write_bytes((2).to_bytes(4, "little"))
    with pytest.raises(StoreError, match=r"removed\.records: removes record 2 of 2"):
        Store.open(tmp_path).open_list(NAME, 2)


def test_what_was_refused_stays_with_the_list(tmp_path: Path) -> None:
    store = tmp_path / "s"
    for number in range(2):
        (tmp_path / "l").write_text(json.dumps(line(f"{number}", "md5", number)) + f"\nbroken {number}\n")
        request = ImportRequest(NAME, [tmp_path / "l"], update=number > 0)
        import_lists(Store(store), request, on_refused=lambda _source, _line: None)
    assert newest(store).facts.counts["refused"] == 2
    compact_list(Store(store), NAME)
    assert newest(store).facts.counts["refused"] == 2
    assert len((newest(store).folder / "refused.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_a_reader_keeps_its_snapshot_while_others_publish(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "pdq", 0), line("b", "md5", 1))
    reader = Matcher.open(tmp_path)
    code, digest = Hash("pdq", bytes.fromhex(value(0, "pdq")), 100), Hash("md5", bytes.fromhex(value(1, "md5")))
    before = reader.lookup_many([code, digest])
    bring(tmp_path, line("a", "pdq", 2**200 - 1), update=True)
    remove_entries(Store(tmp_path), NAME, ["b"])
    compact_list(Store(tmp_path), NAME)
    assert reader.lookup_many([code, digest]) == before
    assert [len(found) for found in before] == [1, 1]
    assert Matcher.open(tmp_path).lookup_many([code, digest]) == [(), ()]
    assert Matcher.open(tmp_path, lists=[(NAME, 1)]).lookup_many([code, digest]) == before


def test_a_retired_list_is_not_used_until_it_is_imported_again(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "md5", 1))
    bring(tmp_path, line("a", "md5", 2), name="other")
    store = Store(tmp_path)
    assert retire_list(store, NAME) == [("other", 1)]
    assert store.current() == [("other", 1)]
    assert [opened.name for opened in Matcher.open(tmp_path).lists] == ["other"]
    assert store.open_list(NAME, 1, check=True).version == 1
    for change in (
        lambda: retire_list(store, NAME),
        lambda: remove_entries(store, NAME, ["a"]),
        lambda: bring(tmp_path, line("b", "md5", 1), update=True),
        lambda: compact_list(store, NAME),
    ):
        with pytest.raises(StoreError, match="no list 'made' is in use"):
            change()
    retire_list(store, "other")
    with pytest.raises(StoreError, match="no list that is in use"):
        Matcher.open(tmp_path)
    assert prune(store).versions == ((NAME, 1), ("other", 1))
    assert bring(tmp_path, line("a", "md5", 3)).version == 2, "a number is never given twice"
    assert store.current() == [(NAME, 2)]


@pytest.mark.slow
def test_prune_keeps_what_current_versions_need(tmp_path: Path) -> None:
    store = Store(tmp_path)
    bring(tmp_path, line("a", "md5", 1))
    bring(tmp_path, line("b", "md5", 1))
    bring(tmp_path, line("c", "md5", 2), update=True)
    bring(tmp_path, line("z", "md5", 2), name="other")
    assert prune(store).versions == ((NAME, 1),)
    assert sorted(path.name for path in (tmp_path / "lists" / NAME).iterdir()) == ["2", "3"]
    assert len(exported(newest(tmp_path))) == 2
    compact_list(store, NAME)
    assert prune(store).versions == ((NAME, 2), (NAME, 3))
    assert prune(store).versions == ()
    assert len(exported(newest(tmp_path))) == 2
    with pytest.raises(StoreError):
        store.open_list(NAME, 3)


@pytest.mark.slow
def test_same_changes_same_bytes(tmp_path: Path) -> None:
    """Whenever and wherever they are made."""
    made = []
    for store in (tmp_path / "1", tmp_path / "2"):
        bring(store, line("a", "md5", 1), line("b", "pdq", 2))
        bring(store, line("b", "pdq", 3), line("c", "vpdq", 3), update=True)
        remove_entries(Store(store), NAME, ["a"])
        compact_list(Store(store), NAME)
        files = sorted(path for path in (store / "lists").rglob("*") if path.is_file())
        made.append({path.relative_to(store).as_posix(): path.read_bytes() for path in files})
    assert made[0] == made[1]
    assert len(made[0]) > 30
