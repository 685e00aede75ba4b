"""docs/library.md: its example runs, prints what the page says, and type-checks; its tables name what there is."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import matcher
from matcher import IsolatedMatcher, Matcher, Settings
from matcher.model import FINDING_KEYS, MATCH_KEYS, TRANSFORMS, Hash, Reason, Status

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "example.py"
    path.write_text(block("python"), encoding="utf-8")
    return path


@pytest.mark.process
@pytest.mark.slow
def test_the_example_prints_what_the_page_says(script: Path) -> None:
    command: list[str | Path] = [sys.executable, "-W", "error", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # an installed copy would be compiled first
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=script.parent, env=environment
    )
    assert result.stderr == ""
    assert result.stdout == block("text")


@pytest.mark.slow
@pytest.mark.process
def test_the_example_type_checks_as_a_consumers_module(script: Path) -> None:
    pytest.importorskip("mypy", reason="mypy comes with the extra `dev`")
    options = ["--strict", "--follow-imports", "silent"]  # as with a package that is installed
    command: list[str | Path] = [sys.executable, "-m", "mypy", *options, "--cache-dir", script.parent / "cache", script]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=script.parent, env=environment
    )
    assert result.returncode == 0, result.stdout


def fields(table: str) -> list[str]:
    """The names in the first column of the table below a line."""
    rows = PAGE.split(table, 1)[1].split("\n\n")[1].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_every_field_of_a_finding_is_described() -> None:
    assert fields("reads from a ledger.") == list(FINDING_KEYS)
    assert fields("An element of `hashes`:") == list(Hash("md5", b"").as_json())
    assert fields("algorithm and category:") == list(MATCH_KEYS)
    for word in (*TRANSFORMS, *Status, *Reason):
        assert re.search(rf"[` ]{word}[` ]", PAGE), word


def test_every_setting_and_argument_is_described() -> None:
    assert fields("matcher match` with the same options.") == list(Settings.__dataclass_fields__)
    table = PAGE.split("## Example")[0]
    calls: dict[str, Callable[..., object]] = {
        "Matcher.open": Matcher.open,
        "IsolatedMatcher.open": IsolatedMatcher.open,
        "matcher.examine": Matcher.examine,
    }
    for name, call in calls.items():
        (shown,) = re.findall(rf"`{re.escape(name)}\((.*?)\)`", table)
        parameters = [name for name in inspect.signature(call).parameters if name != "self"]
        assert re.findall(r"\w+(?==)|\b(?:store|data)\b", shown) == parameters


def test_isolated_examine_takes_what_examine_takes() -> None:
    assert inspect.signature(IsolatedMatcher.examine) == inspect.signature(Matcher.examine)


def test_public_names() -> None:
    assert matcher.__all__ == [
        *(
            "CalibrationError",
            "CaseError",
            "DecodeError",
            "Disposition",
            "Finding",
            "Hash",
            "IndexFileError",
            "IsolatedMatcher",
        ),
        *("ListEntry", "ListError", "Match", "Matcher", "MatcherError", "Reason", "SelfTestError", "Settings"),
        *("SettingsError", "SourceError", "Status", "StoreError"),
    ]
    assert all(hasattr(matcher, name) for name in matcher.__all__)
