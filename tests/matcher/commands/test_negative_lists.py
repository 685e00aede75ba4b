"""matcher lists import --as negative: what it says, and that a list keeps its kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.commands import run
from matcher.lists.store import Store
from matcher.model import Disposition
from tests.shared.list_cases import line, newest

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "s"


def bring(store: Path, name: str, *more: str) -> int:
    path = store.with_name("list.jsonl")
    path.write_text(json.dumps(line("a", "pdq", 1, category="1")) + "\n" + json.dumps(line("a", "md5", 1)) + "\n")
    return run(["lists", "import", str(path), "--store", str(store), "--name", name, *more])


def test_none_of_its_entries_is_notable(store: Path, capsys: Capture) -> None:
    assert bring(store, "wrong", "--as", "negative") == 0  # 3 for an ordinary list without a notable entry
    captured = capsys.readouterr()
    assert "0 notable, 0 known-good, 0 information, 2 negative entries" in captured.err
    opened = newest(store, "wrong")
    assert opened.is_negative
    assert opened.is_never_notable
    assert opened.facts.profile.disposition("1") is opened.facts.profile.disposition(None) is Disposition.NEGATIVE
    assert run(["lists", "show", "--store", str(store)]) == 0
    assert "others negative" in capsys.readouterr().out


def test_an_update_stays_negative(store: Path) -> None:
    assert bring(store, "wrong", "--as", "negative") == 0
    assert bring(store, "wrong", "--update") == 0
    assert bring(store, "wrong", "--update", "--as", "negative") == 0
    assert newest(store, "wrong").is_negative


def test_it_does_not_become_notable_unasked(store: Path, capsys: Capture) -> None:
    assert bring(store, "wrong", "--as", "negative") == 0
    assert bring(store, "wrong") == 2
    assert "its entries would become notable. Add --as negative" in capsys.readouterr().err
    assert newest(store, "wrong").is_negative
    assert bring(store, "wrong", "--map", "*=notable") == 0
    assert not newest(store, "wrong").is_negative


@pytest.mark.parametrize("more", [(), ("--update",), ("--allow-shrink",)])
def test_known_material_does_not_become_negative(store: Path, more: tuple[str, ...], capsys: Capture) -> None:
    assert bring(store, "known") == 0
    assert bring(store, "known", "--as", "negative", *more) == 2
    assert "Give the negative list another name" in capsys.readouterr().err
    assert Store.open(store).current() == [("known", 1)]


def test_a_category_of_that_name_means_nothing_special(store: Path) -> None:
    assert bring(store, "known", "--category", "negative") == 0
    opened = newest(store, "known")
    assert opened.facts.profile.disposition("negative") is Disposition.NOTABLE


@pytest.mark.parametrize("more", [("--as", "negative", "--map", "1=notable"), ("--as", "notable")])
def test_what_is_refused(store: Path, more: tuple[str, ...]) -> None:
    assert bring(store, "wrong", *more) == 2
    assert bring(store, "known", "--map", "1=negative") == 2
    assert not store.exists() or not Store.open(store).current()


@pytest.mark.parametrize("negative_first", [True, False])
def test_hashes_that_are_known_and_negative_are_told(store: Path, negative_first: bool, capsys: Capture) -> None:
    kinds = [("wrong", "--as", "negative"), ("known",)]
    first, second = kinds if negative_first else kinds[::-1]
    assert bring(store, *first) == 0
    capsys.readouterr()
    assert bring(store, *second) == 3
    said = capsys.readouterr().err
    assert "the negative list wrong has hashes that the list known has too: 1 md5, 1 pdq" in said


def test_known_good_and_negative_is_no_contradiction(store: Path) -> None:
    assert bring(store, "wrong", "--as", "negative") == 0
    assert bring(store, "good", "--map", "*=known-good", "--map", "1=known-good") == 0


def test_lists_that_share_nothing_are_not_told(store: Path, capsys: Capture) -> None:
    assert bring(store, "wrong", "--as", "negative") == 0
    path = store.with_name("other.jsonl")
    path.write_text(json.dumps(line("b", "pdq", 3)) + "\n" + json.dumps(line("b", "md5", 3)) + "\n")
    assert run(["lists", "import", str(path), "--store", str(store), "--name", "other"]) == 0
    assert "has too" not in capsys.readouterr().err
