"""The exhibit of a case's notable items after a relookup, and what its one-file verifier says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from matcher.record.case import LEDGER
from tests.shared.later_cases import NOTABLE_NOW, indexes, later_case_in


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return later_case_in(tmp_path_factory.mktemp("exhibits"))


def exported(later: Path, out: Path, *options: str) -> dict[int, dict[str, Any]]:
    """The entries of an exhibit that was made by the command and that its own verifier accepted."""
    python = [sys.executable, "-I"]
    command = [sys.executable, "-m", "ledger", "export", "--case", str(later), "-o", str(out), *options]
    subprocess.run(command, check=True, capture_output=True)
    verified = subprocess.run([*python, str(out / "verify.py"), str(out)], capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout
    entries = (json.loads(path.read_bytes()) for path in (out / "entries").iterdir())
    return dict(zip((int(path.stem) for path in (out / "entries").iterdir()), entries, strict=True))


@pytest.mark.process
def test_notable_items_are_those_of_now_with_what_made_them_so(later: Path, tmp_path: Path) -> None:
    entries = exported(later, tmp_path / "exhibit", "--notable")
    paths = [entry["finding"]["path"] for _at, entry in sorted(entries.items()) if entry["type"] == "item"]
    assert paths == NOTABLE_NOW
    (relookup,) = (entry for entry in entries.values() if entry["type"] == "relookup")
    assert [change["path"] for change in relookup["new"]] == ["new.jpg", "identical.jpg", "again.jpg"]
    loaded = {(entry["name"], entry["version"]) for entry in entries.values() if entry["type"] == "list.load"}
    assert loaded == {("national", 1), ("system", 1), ("national", 2)}
    verdicts = [entry["verdict"] for _at, entry in sorted(entries.items()) if entry["type"] == "decision"]
    assert verdicts == ["needs-review", "refuted"]


@pytest.mark.process
def test_one_item_brings_the_relookup_that_named_it_and_no_other_does(later: Path, tmp_path: Path) -> None:
    at = indexes(later)
    gone = exported(later, tmp_path / "gone", "--entries", str(at["gone.jpg"]))
    assert [entry["type"] for entry in gone.values()].count("relookup") == 1
    plain = exported(later, tmp_path / "plain", "--entries", str(at["plain.jpg"]))
    assert "relookup" not in {entry["type"] for entry in plain.values()}
    assert (later / LEDGER).is_file()
