"""Cases and stores whose paths are too long for SQLite: said so, by every command, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ledger.commands import main as ledger_main
from matcher.commands import run
from tests.conftest import import_list

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SQLite's limit of 512 bytes is that of Unix")
LIMIT = 504


def of_length(folder: Path, length: int) -> Path:
    """A path in `folder` of exactly `length` bytes; its parents are made."""
    while length - len(str(folder)) > 200:
        folder = folder / ("d" * 100)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / ("n" * (length - len(str(folder)) - 1))


def test_a_store_opens_up_to_the_limit_and_says_it_beyond(known_list: Path, tmp_path: Path, capsys: Capture) -> None:
    fits = of_length(tmp_path.resolve(), LIMIT - len("/catalogue.db"))
    import_list(fits, known_list, "known")
    (tmp_path / "text").write_text("a text")
    assert run(["match", str(tmp_path / "text"), "--store", str(fits)]) == 0
    too_long = fits.with_name(fits.name + "n")
    capsys.readouterr()
    assert run(["lists", "import", str(known_list), "--store", str(too_long), "--name", "known"]) == 2
    assert "SQLite opens at most 504" in capsys.readouterr().err
    assert not too_long.exists()
    fits.rename(too_long)
    assert run(["lists", "show", "--store", str(too_long)]) == 2
    assert "SQLite opens at most 504" in capsys.readouterr().err


def test_a_case_opens_up_to_the_limit_and_says_it_beyond(
    known_store: Path, known_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    short = tmp_path / "case"
    scan = ["scan", str(known_folder / "1.png"), "--store", str(known_store), "--workers", "0", "--quiet", "--case"]
    assert run([*scan, str(short)]) == 1
    fits = of_length(tmp_path.resolve(), LIMIT - len("/case.ledger"))
    shutil.copytree(short, fits)
    assert run(["findings", "--case", str(fits)]) == 0
    assert run(["verify", "--case", str(fits)]) == 0
    too_long = fits.with_name(fits.name + "n")
    fits.rename(too_long)
    for command in (["findings"], ["verify"], ["decide", "--path", "1.png", "--verdict", "confirmed"]):
        capsys.readouterr()
        assert run([*command, "--case", str(too_long)]) == 2
        assert "SQLite opens at most 504" in capsys.readouterr().err
    for arguments in (["verify"], ["entries"]):
        with pytest.raises(SystemExit) as done:
            ledger_main([*arguments, "--case", str(too_long)])
        assert done.value.code == 2
        assert "SQLite opens at most 504" in capsys.readouterr().err
    shutil.rmtree(too_long)
    assert run([*scan, str(too_long)]) == 2
    assert "SQLite opens at most 504" in capsys.readouterr().err
    assert not too_long.exists()
