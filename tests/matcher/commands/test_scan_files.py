"""matcher scan of a list of files, of several files, and the command that goes on after an interrupt."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from matcher.commands import run
from matcher.commands.going_on import quoted
from matcher.record.case import CaseReader
from tests.shared.scan_cases import entries

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, known_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the drawn pictures in `pictures/`."""
    shutil.copytree(known_folder, tmp_path / "pictures")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(store: Path, *more: str) -> int:
    return run(["scan", "--store", str(store), "--case", "case", "--workers", "0", "--quiet", *more])


def found(case: Path = Path("case")) -> list[tuple[int, str, str]]:
    with CaseReader(case) as reader:
        return [(number, finding["path"], finding["status"]) for number, finding in reader.findings()]


def give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.usefixtures("folder")
def test_a_list_is_one_scan(known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    give(monkeypatch, b"pictures/2.png\npictures/gone.png\n./pictures/1.png\npictures/1.png\n")
    assert scan(known_store, "--files-from", "-") == 1
    assert found() == [
        (1, "pictures/1.png", "known"),
        (1, "pictures/2.png", "known"),
        (1, "pictures/gone.png", "unreadable"),
    ]
    assert "1 lines name a file of the list again: named twice" in capsys.readouterr().err
    (opened,) = entries(Path("case"), "scan.open")
    assert (opened["source"]["kind"], opened["source"]["count"]) == ("files", 3)
    assert run(["verify", "--case", "case"]) == 0


def test_only_what_is_missing_is_no_all_clear(folder: Path, known_store: Path) -> None:
    (folder / "list").write_bytes(b"pictures/gone.png\0")
    assert scan(known_store, "--files-from", "list", "--null") == 3


@pytest.mark.skipif(os.name != "posix", reason="names are bytes only there")
def test_names_that_are_not_utf8(folder: Path, known_store: Path) -> None:
    name = os.fsdecode(b"\xff\n.png")
    shutil.copy("pictures/1.png", name)
    (folder / "list").write_bytes(os.fsencode(name) + b"\0")
    assert scan(known_store, "--files-from", "list", "--null") == 1
    assert found() == [(1, "%FF\n.png", "known")]


@pytest.mark.usefixtures("folder")
def test_several_files_are_one_scan_and_a_folder_is_its_own(known_store: Path) -> None:
    Path("more").mkdir()
    shutil.copy("pictures/3.png", "more")
    assert scan(known_store, "pictures/2.png", "more", "pictures/1.png") == 1
    assert found() == [
        (1, "pictures/1.png", "known"),
        (1, "pictures/2.png", "known"),
        (2, "3.png", "known"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument 'SOURCE…' (or --files-from)"),
        (("pictures", "--files-from", "list"), "takes the place of SOURCE"),
        (("pictures", "--null"), "--null is about the list"),
        (("pictures", "--scan", "1"), "--scan N names the scan that --resume"),
        (("pictures", "more", "--resume", "--scan", "1"), "name one source"),
        (("--files-from", "absent"), "absent: No such file"),
        (("--files-from", "case-list"), "lies inside the case"),
    ],
)
def test_what_does_not_go_together(
    folder: Path, known_store: Path, capsys: Capture, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "more").mkdir()
    (folder / "list").write_text("pictures/1.png\n")
    (folder / "case-list").write_text("pictures/1.png\n./case/case.ledger\n")
    assert scan(known_store, *arguments) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "case").exists()


def interrupt_after(monkeypatch: pytest.MonkeyPatch, items: int) -> None:
    """Let the next scan be interrupted once it has recorded so many items, and later ones go on."""
    from matcher.record.recorder import Recorder

    ordinary = Recorder.add

    def add(recorder: Recorder, *arguments: Any) -> Any:
        if recorder.items == items:
            monkeypatch.setattr(Recorder, "add", ordinary)
            raise KeyboardInterrupt
        return ordinary(recorder, *arguments)

    monkeypatch.setattr(Recorder, "add", add)


def test_the_printed_command_goes_on(
    folder: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (folder / "a list").write_text("".join(f"pictures/{number}.png\n" for number in range(1, 7)))
    interrupt_after(monkeypatch, 3)
    assert scan(known_store, "--files-from", "a list", "--exhibit", "it's 1") == 2
    printed = capsys.readouterr().err
    (line,) = (line for line in printed.splitlines() if line.startswith("to go on"))
    words = shlex.split(line.partition(": ")[2])
    assert words[:2] == ["matcher", "scan"]
    assert words[-1] == "--resume"
    assert ("a list" in words, "it's 1" in words) == (True, True)
    assert run(words[1:]) == 1
    assert [path for _scan, path, _status in found()] == [f"pictures/{number}.png" for number in range(1, 7)]
    assert [entry["what"] for entry in entries(Path("case"), "anomaly")] == ["interrupted", "resumed"]
    assert run(["verify", "--case", "case"]) == 0


@pytest.mark.usefixtures("folder")
def test_a_list_on_standard_input_is_needed_again(
    known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    interrupt_after(monkeypatch, 0)
    give(monkeypatch, b"pictures/1.png\n")
    assert scan(known_store, "--files-from", "-") == 2
    said = "to go on, from the same folder, with the same list on standard input: matcher scan"
    assert said in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize(
    ("word", "text"), [("a b", "'a b'"), ("é", "'é'"), (os.fsdecode(b"\xff'\n"), r"$'\xff\x27\x0a'")]
)
def test_words_for_the_shell(word: str, text: str) -> None:
    assert quoted(["matcher", word]) == f"matcher {text}"


@pytest.mark.usefixtures("folder")
def test_a_relookup_finds_the_files_again(known_store: Path, known_list: Path, tmp_path: Path, capsys: Capture) -> None:
    """Also from another folder that they were moved to."""
    listed = [json.loads(line) for line in known_list.read_text().splitlines()]
    half = [line for line in listed if line["algorithm"] in ("pdq", "phash")][:2]
    Path("half.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in half))
    assert run(["lists", "import", "half.jsonl", "--store", "small", "--name", "known"]) in (0, 3)
    assert scan(Path("small"), "pictures/1.png", "pictures/2.png", "pictures/3.png") == 1
    assert run(["lists", "import", str(known_list), "--store", "small", "--name", "known"]) in (0, 3)
    Path("away").mkdir()
    Path("pictures").rename("away/pictures")
    capsys.readouterr()
    assert run(["relookup", "--case", "case", "--store", "small", "--scan", "1", "--source", "away"]) == 0
    changes = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {change["path"] for change in changes if change["change"] == "new"} >= {"pictures/2.png", "pictures/3.png"}
    assert not [change for change in changes if change["change"] == "unconfirmed"]


@pytest.mark.usefixtures("folder")
def test_sealed_names_cannot_be_tested(known_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_after(monkeypatch, 1)
    sources = ["pictures/1.png", "pictures/2.png", "--seal-paths"]
    assert scan(known_store, *sources) == 2
    assert scan(known_store, *sources, "--resume") == 1
    assert found() == [(1, "pictures/1.png", "known"), (1, "pictures/2.png", "known")]
    assert run(["verify", "--case", "case"]) == 0
    (opened,) = entries(Path("case"), "scan.open")
    assert opened["sealed"] == ["/finding/path", "/source/path", "/source/names"]
    names = opened["source"]["names"]
    assert len(names) == 64, "the owner can read it"
    assert f'"names":"{names}"'.encode() not in Path("case/case.ledger").read_bytes()
