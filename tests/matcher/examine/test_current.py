"""A matcher that says whether its store has newer lists, opens them cheaply, and can be sent to another process."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
from pathlib import Path

import pytest

from matcher import Hash, IsolatedMatcher, Matcher, MatcherError, Settings, SettingsError, StoreError
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.opened import OpenList
from matcher.lists.store import Store
from matcher.model import CategoryProfile, Match


def add(store: Path, name: str, *values: int) -> None:
    """Import a new version of a list of MD5 digests, each of one byte sixteen times."""
    path = store.with_name(f"{name}.jsonl")
    lines = [{"id": f"{value}", "algorithm": "md5", "value": f"{value:02x}" * 16} for value in values]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_lists(Store(store), ImportRequest(name, [path], CategoryProfile()), on_refused=print)


def md5(value: int) -> Hash:
    return Hash("md5", bytes([value]) * 16)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "known.store"
    add(folder, "big", 1, 2)
    add(folder, "small", 3)
    return folder


def versions(matcher: Matcher) -> list[tuple[str, int]]:
    return [(opened.name, opened.version) for opened in matcher.lists]


def test_a_new_version_is_told_and_only_that_list_is_opened_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher.open(store, settings=Settings(regions=False))
    assert matcher.is_current()
    assert matcher.reopened() is matcher
    add(store, "big", 1, 2, 4)
    assert not matcher.is_current()
    opened: list[Path] = []
    original = OpenList.__init__

    def opening(self: OpenList, folder: Path) -> None:
        opened.append(folder)
        original(self, folder)

    monkeypatch.setattr(OpenList, "__init__", opening)
    newer = matcher.reopened()
    assert [path.parts[-2:] for path in opened] == [("big", "2")]
    assert versions(newer) == [("big", 2), ("small", 1)]
    assert newer.is_current()
    assert newer.settings == matcher.settings
    assert newer.lookup(md5(4))
    assert not matcher.lookup(md5(4))
    assert newer.reopened() is newer


def test_a_list_that_is_added_or_removed_counts_where_all_were_opened(store: Path) -> None:
    every, one = Matcher.open(store), Matcher.open(store, lists=["small"])
    add(store, "third", 5)
    assert not every.is_current()
    assert one.is_current()
    assert versions(every.reopened()) == [("big", 1), ("small", 1), ("third", 1)]
    with Store(store).writing() as writer:
        writer.retire("big")
        writer.retire("third")
    assert versions(every.reopened()) == [("small", 1)]
    with Store(store).writing() as writer:
        writer.retire("small")
    with pytest.raises(StoreError, match="nothing could match"):
        every.reopened()
    with pytest.raises(StoreError, match="no list 'small' is in use"):
        one.is_current()


def test_lists_are_named_with_or_without_a_version(store: Path) -> None:
    add(store, "big", 9)
    assert versions(Matcher.open(store, lists=["big"])) == [("big", 2)]
    assert versions(Matcher.open(store, lists=[("big", 1), "small"])) == [("big", 1), ("small", 1)]
    pinned = Matcher.open(store, lists=[("big", 1)])
    assert not pinned.is_current()
    assert versions(pinned.reopened()) == [("big", 2)]


@pytest.mark.parametrize(
    ("lists", "error", "reason"),
    [
        ("big", SettingsError, "the text 'big': put names"),
        ([], SettingsError, "lists names no list"),
        ([b"big"], SettingsError, "a name, or a pair of name and version"),
        ([("big",)], SettingsError, r"lists has \('big',\)"),
        ([("big", "1")], SettingsError, r"lists has \('big', '1'\)"),
        (["bigger"], StoreError, "no list 'bigger' is in use; in use: big, small"),
        ([("big", 7)], StoreError, "7"),
    ],
)
def test_other_lists_are_a_clear_error(store: Path, lists: object, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        Matcher.open(store, lists=lists)  # type: ignore[arg-type]


def test_lists_of_no_store_have_nothing_newer(store: Path) -> None:
    with pytest.raises(SettingsError, match="not opened from a store"):
        Matcher().is_current()
    loose = Matcher([Store.open(store).open_list("big", 1)])
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(loose)


def test_a_copy_shares_the_open_lists(store: Path) -> None:
    matcher = Matcher.open(store)
    assert copy.copy(matcher).lists is matcher.lists


def _look_up(matcher: Matcher) -> tuple[tuple[Match, ...], list[tuple[str, int]], Settings]:
    return matcher.lookup(md5(2)), versions(matcher), matcher.settings


@pytest.mark.slow
@pytest.mark.process
def test_another_process_opens_the_same_versions_with_the_same_settings(store: Path) -> None:
    matcher = Matcher.open(store, settings=Settings(max_pixels=12345))
    add(store, "big", 9)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_look_up, (matcher,)) == _look_up(matcher)
    assert len(pickle.dumps(matcher)) < 5000
    assert versions(pickle.loads(pickle.dumps(matcher)).reopened()) == [("big", 2), ("small", 1)]


@pytest.mark.slow
@pytest.mark.process
def test_an_isolated_matcher_is_reopened_with_the_same_settings_and_limits(store: Path) -> None:
    settings = Settings(max_pixels=12345)
    with IsolatedMatcher.open(store, lists=["big"], workers=1, seconds=77, settings=settings) as isolated:
        assert isolated.is_current()
        assert isolated.reopened() is isolated
        add(store, "big", 9)
        add(store, "third", 5)
        assert not isolated.is_current()
        with isolated.reopened(check=True) as newer:
            assert [(opened.name, opened.version) for opened in newer.lists] == [("big", 2)]
            assert newer.is_current()
            assert (newer.settings, newer._start) == (settings, isolated._start)
            given = {"md5": md5(9).value}
            assert newer.examine(b"text", digests=given).matches
            assert not isolated.examine(b"text", digests=given).matches  # the old one is as it was
        assert isolated.examine(b"text").sha256 is not None
        with pytest.raises(MatcherError, match="closed"):
            newer.reopened()


def test_a_matcher_without_lists_is_pickled_too() -> None:
    matcher = pickle.loads(pickle.dumps(Matcher(settings=Settings(regions=False))))
    assert matcher.settings == Settings(regions=False)
