"""Commands where the evidence is not there, or not what it was: a folder that is not mounted is no all-clear."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from matcher.commands import run
from matcher.record.case import CaseReader
from tests.shared.scan_cases import entries, fail

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02d}.txt").write_text(f"text {number}")
    return folder


@pytest.fixture
def store(make_store: object) -> Path:
    return make_store([{"id": "a", "algorithm": "md5", "value": "00" * 16}])  # type: ignore[operator, no-any-return]


def scan(folder: Path, store: Path, *more: str) -> int:
    fixed = ["--store", str(store), "--case", str(folder / "case"), "--key", str(folder / "key"), "--workers", "0"]
    return run(["scan", *more, *fixed, "--exhibit", "E1", "--quiet"])


def test_nothing_is_mounted(tmp_path: Path, disk: Path, store: Path, capsys: Capture) -> None:
    fail(tmp_path / "case", disk, store, 30)
    before = (tmp_path / "case/case.ledger").read_bytes()
    disk.rename(tmp_path / "away")
    disk.mkdir()
    assert scan(tmp_path, store, str(disk), "--resume") == 2
    err = capsys.readouterr().err
    assert "of the 30 recorded files of scan 1, 0 are there" in err
    assert "any more" not in err
    assert (tmp_path / "case/case.ledger").read_bytes() == before


def test_most_is_there(tmp_path: Path, disk: Path, store: Path, capsys: Capture) -> None:
    fail(tmp_path / "case", disk, store, 30)
    for number in range(12):
        (disk / f"{number:02d}.txt").unlink()
    assert scan(tmp_path, store, str(disk), "--resume") == 3
    captured = capsys.readouterr()
    assert "12 recorded items are not there any more" in captured.out
    assert captured.err.count("is not there any more") == 11
    assert "warning: 2 more: has a finding and is not there any more" in captured.err
    assert entries(tmp_path / "case", "anomaly")[-1]["vanished"] == 12


def test_the_files_of_a_list_are_gone(tmp_path: Path, disk: Path, store: Path, capsys: Capture) -> None:
    listed = tmp_path / "list"
    listed.write_text("".join(f"{file}\n" for file in sorted(disk.iterdir())))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matcher.scan.run.Recorder.close", _interrupted)
        assert scan(tmp_path, store, "--files-from", str(listed)) == 2
    before = (tmp_path / "case/case.ledger").read_bytes()
    disk.rename(tmp_path / "away")
    capsys.readouterr()
    assert scan(tmp_path, store, "--files-from", str(listed), "--resume") == 2
    assert "40 items are gone" in capsys.readouterr().err
    assert (tmp_path / "case/case.ledger").read_bytes() == before
    (tmp_path / "away").rename(disk)
    (disk / "00.txt").unlink()
    assert scan(tmp_path, store, "--files-from", str(listed), "--resume") == 3
    assert "1 recorded items are not there any more" in capsys.readouterr().out


def _interrupted(_recorder: object) -> None:
    raise KeyboardInterrupt


def test_a_source_without_items_is_no_all_clear(tmp_path: Path, store: Path, capsys: Capture) -> None:
    (tmp_path / "empty").mkdir()
    assert scan(tmp_path, store, str(tmp_path / "empty")) == 3
    assert "is it mounted?" in capsys.readouterr().err
    assert run(["report", "--case", str(tmp_path / "case"), "--format", "html", "-o", str(tmp_path / "r.html")]) == 0
    assert "No item was recorded: the source had no items at all. Was it mounted?" in (tmp_path / "r.html").read_text()


def test_one_file_under_two_names_is_one_item(
    tmp_path: Path, known_folder: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    shutil.copytree(known_folder, tmp_path / "pictures")
    (tmp_path / "other").symlink_to("pictures")
    (tmp_path / "pictures" / "link.png").symlink_to("1.png")
    monkeypatch.chdir(tmp_path)
    names = ["pictures/1.png", os.fspath(tmp_path / "pictures/1.png"), "other/1.png", "pictures/link.png"]
    (tmp_path / "list").write_text("".join(f"{name}\n" for name in names))
    assert scan(tmp_path, known_store, "--files-from", "list") == 1
    with CaseReader(tmp_path / "case") as reader:
        found = [(finding["path"], finding["status"]) for _scan, finding in reader.findings()]
    assert [status for _path, status in found] == ["known", "skipped"]
    assert "2 lines name a file of the list again: named twice, it is one item" in capsys.readouterr().err
