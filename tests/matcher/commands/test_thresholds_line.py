"""What a scan says of its thresholds before it begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from matcher import Matcher, Settings
from matcher.commands.thresholds_line import say_thresholds

MakeStore = Callable[..., Path]
BOTH: list[dict[str, object]] = [
    {"id": "a", "algorithm": "pdq", "value": "0f" * 32},
    {"id": "a", "algorithm": "phash", "value": "0f" * 8},
]


def said(capsys: pytest.CaptureFixture[str], store: Path, settings: Settings, *, quiet: bool) -> str:
    say_thresholds(Matcher.open(store, settings=settings), quiet=quiet)
    return capsys.readouterr().err


def test_the_chosen_ones_are_said(make_store: MakeStore, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, make_store(BOTH), Settings(), quiet=False)
    assert "at most 1 match by chance expected in 10,000 items" in text
    assert "decide together" in text
    fixed = said(capsys, make_store(BOTH), Settings(published_thresholds=True), quiet=False)
    assert "fixed, each algorithm alone (pdq 31, phash 8)" in fixed


def test_common_pictures_without_a_match_are_said(make_store: MakeStore, capsys: pytest.CaptureFixture[str]) -> None:
    store = make_store(BOTH)
    assert said(capsys, store, Settings(max_false_matches=1000.0), quiet=True) == ""
    warned = said(capsys, store, Settings(max_false_matches=1e-4), quiet=True)
    assert "not even with equal hashes" in warned
    assert said(capsys, store, Settings(published_thresholds=True), quiet=True) == ""
