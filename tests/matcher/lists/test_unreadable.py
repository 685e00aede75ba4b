"""Files of a store that cannot be read, of a failing disk or without the right to: named, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from matcher import Matcher
from matcher.commands import run
from matcher.errors import StoreError
from matcher.lists import version
from matcher.system.files import sha256_of
from tests.shared.list_cases import bring, line


def failing(name: str) -> Callable[[Path], str]:
    def read(path: Path) -> str:
        if path.parts[-3:-1] == ("made", "1") and path.name == name:
            raise OSError(5, "Input/output error", str(path))
        return sha256_of(path)

    return read


@pytest.mark.slow
@pytest.mark.parametrize("name", ["entries.jsonl", "list.json"])
def test_an_audit_names_it_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    bring(tmp_path, line("a", "pdq", 1))
    bring(tmp_path, line("b", "pdq", 2), update=True)
    bring(tmp_path, line("a", "pdq", 1), name="other")
    monkeypatch.setattr(version, "sha256_of", failing(name))
    assert run(["lists", "audit", "--store", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert f"{name}: Input/output error" in told.err
    assert "made version 2: NOT SOUND: " in told.err
    assert "other version 1: pdq: sound" in told.out
    with pytest.raises(StoreError, match="Input/output error"):
        Matcher.open(tmp_path, check=True)
