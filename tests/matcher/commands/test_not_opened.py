"""Containers and videos at the command line: exit code 3, and what is printed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from matcher.commands import run
from matcher.commands.progress import Progress
from matcher.examine.engine import Matcher
from matcher.imaging.drawing import landscape
from matcher.model import Finding, Reason, Status
from matcher.record.shortfall import Shortfall

Capture = pytest.CaptureFixture[str]

SAID = "NOT opened: 1 container, 1 video: what is inside is NOT known to be free of known material"


@pytest.fixture
def exhibit(tmp_path: Path, known_folder: Path) -> Path:
    """A zip with a known picture, a video, a stranger and a text."""
    folder = tmp_path / "exhibit"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.jpg", "w") as archive:
        archive.write(known_folder / "1.png", "1.png")
    (folder / "b").write_bytes(b"RIFF\0\1\0\0AVI LIST" + bytes(400))
    landscape(70, width=120, height=90).save(folder / "c.jpg")
    (folder / "d.txt").write_text("text")
    return folder


def scan(store: Path, case: Path, *more: Path | str) -> int:
    return run(["scan", "--store", str(store), "--case", str(case), "--workers", "0", *map(str, more)])


def test_a_scan_ends_in_3_and_says_what_was_not_opened(
    exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture
) -> None:
    case = tmp_path / "case"
    assert scan(known_store, case, exhibit) == 3
    assert SAID in capsys.readouterr().out
    assert scan(known_store, case, exhibit, "--resume") == 3, "nothing is left to do, and it is still no all-clear"
    assert SAID in capsys.readouterr().out
    for options, paths in (
        (["--reason", "container-not-opened"], ["a.jpg"]),
        (["--reason", "container-not-opened", "--reason", "video-not-read"], ["a.jpg", "b"]),
        (["--reason", "video-not-read", "--status", "unreadable"], []),
    ):
        assert run(["findings", "--case", str(case), *options]) == 0
        assert [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()] == paths
    assert run(["findings", "--case", str(case), "--reason", "nonsense"]) == 2
    assert run(["verify", "--case", str(case)]) == 0
    capsys.readouterr()
    assert run(["relookup", "--case", str(case), "--store", str(known_store)]) == 0
    assert "NOT opened by scan 1: 1 container, 1 video: what is inside was not hashed" in capsys.readouterr().err


def test_notable_goes_before_not_opened(exhibit: Path, known_store: Path, known_folder: Path, tmp_path: Path) -> None:
    (exhibit / "e.png").write_bytes((known_folder / "1.png").read_bytes())
    assert scan(known_store, tmp_path / "case", exhibit) == 1


def test_a_complete_scan_of_an_earlier_version_is_no_all_clear(
    exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shortfall, "facts", lambda _self: {})
    assert scan(known_store, tmp_path / "case", exhibit) == 3
    assert "did NOT tell containers, videos and disk images from the other 3 items" in capsys.readouterr().out


def test_match_ends_in_3(exhibit: Path, known_store: Path, capsys: Capture) -> None:
    match = ["match", "--store", str(known_store)]
    assert run([*match, str(exhibit / "c.jpg"), str(exhibit / "d.txt")]) == 0
    assert "NOT" not in capsys.readouterr().err
    assert run([*match, str(exhibit / "a.jpg"), str(exhibit / "b")]) == 3
    captured = capsys.readouterr()
    assert SAID in captured.err
    assert [json.loads(line)["reason"] for line in captured.out.splitlines()] == [
        "container-not-opened",
        "video-not-read",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": Reason.SKIPPED_PARTS, "skipped_parts": ("video",)},
        {"not_compared": {"pdq": "quality", "phash": "quality"}, "is_compared": False},
    ],
)
def test_parts_and_pictures_that_were_not_compared_end_in_3_too(
    exhibit: Path, known_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]
) -> None:
    examine = Matcher.examine_content

    def examine_less(self: Matcher, *arguments: Any, **options: Any) -> Finding:
        finding = examine(self, *arguments, **options)
        return replace(finding, **fields) if finding.status is Status.EXAMINED else finding

    monkeypatch.setattr(Matcher, "examine_content", examine_less)
    assert run(["match", "--store", str(known_store), str(exhibit / "d.txt")]) == 0
    assert run(["match", "--store", str(known_store), str(exhibit / "c.jpg")]) == 3
    assert scan(known_store, tmp_path / "1", exhibit / "d.txt") == 0
    assert scan(known_store, tmp_path / "2", exhibit / "c.jpg") == 3


def test_a_scan_that_goes_on_counts_what_was_not_opened_before(
    exhibit: Path, known_store: Path, tmp_path: Path, capsys: Capture
) -> None:
    from tests.shared.scan_cases import fail

    fail(tmp_path / "case", exhibit, known_store, 1)
    key = ["--key", str(tmp_path / "key"), "--exhibit", "E1"]
    assert scan(known_store, tmp_path / "case", exhibit, "--resume", *key) == 3
    assert SAID in capsys.readouterr().out


def test_progress_names_them(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    progress = Progress(quiet=False, jsonl=False)
    monkeypatch.setattr(progress._shown, "_every", 0.0)
    monkeypatch.setattr(progress, "_census", SimpleNamespace(complete=False))
    progress.examined(Finding("a", 1, None, Status.SKIPPED, Reason.CONTAINER_NOT_OPENED), repeated=False)
    progress.examined(Finding("b", 1, None, Status.SKIPPED, Reason.ENCRYPTED), repeated=False)
    assert "2 skipped, NOT opened: 1 container, 1 encrypted file" in capsys.readouterr().err.splitlines()[-1]
