"""The command that `matcher verify` prints for an open scan: `--resume` accepts it, whatever the scan began with."""

from __future__ import annotations

import json
import os
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import pytest

from matcher.commands import run
from matcher.commands.as_opened import as_opened, placeholders
from matcher.commands.options import settings_options
from matcher.imaging.drawing import landscape
from matcher.record.case import CaseReader
from tests.shared.scan_cases import entries

Capture = pytest.CaptureFixture[str]

OPTIONS = [
    (),
    ("--algorithms", "sha1,dhash", "--threshold", "pdq=20", "--threshold", "phash=9", "--exhibit", "it's -1"),
    ("--minimum-quality", "pdq=60", "--no-regions", "--seal-paths"),
    ("--minimum-quality", "pdq=50", "--exact", "--exclude-known-good"),
    ("--max-false-matches", "0.5", "--calibration", "CALIBRATION"),
    ("--published-thresholds",),
    ("--reframings",),
]


@pytest.fixture
def evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small pictures; the current folder is another one, in which the case and a calibration are."""
    folder = tmp_path / "100% of -it"
    folder.mkdir()
    for seed in (61, 62):
        landscape(seed, width=96, height=72).save(folder / f"{seed - 60}.png")
    (tmp_path / "CALIBRATION").write_bytes(
        files("matcher.calibration").joinpath("calibration.json").read_bytes() + b"\n"
    )
    monkeypatch.chdir(tmp_path)
    return folder


def begin(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Let a scan be interrupted after its first item."""
    from matcher.record.recorder import Recorder

    ordinary = Recorder.add

    def add(recorder: Recorder, *given: Any) -> Any:
        if recorder.items == 1:
            monkeypatch.setattr(Recorder, "add", ordinary)
            raise KeyboardInterrupt
        return ordinary(recorder, *given)

    monkeypatch.setattr(Recorder, "add", add)
    assert run(["scan", *arguments, "--case", "case", "--workers", "0", "--quiet"]) == 2


def printed(capsys: Capture) -> tuple[list[str], str]:
    """The words of the command that goes on, as `verify` prints it, and all that it prints."""
    capsys.readouterr()
    assert run(["verify", "--case", "case"]) == 1
    output = capsys.readouterr().out
    (line,) = (line for line in output.splitlines() if "go on with it: " in line)
    words = shlex.split(line.partition("go on with it: ")[2])
    assert words[:2] == ["matcher", "scan"]
    return words[1:], output


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_printed_command_goes_on(
    evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, options: tuple[str, ...]
) -> None:
    begin(monkeypatch, str(evidence), "--store", str(known_store), *options)
    words, output = printed(capsys)
    assert "STORE: the folder with the hash lists, which has to have known 1" in output
    assert words[:4] == ["scan", str(evidence), "--store", "STORE"]
    assert words[-7:] == ["--workers", "0", "--case", "case", "--resume", "--scan", "1"]
    assert sorted(words[4:-7]) == sorted(options), "each option that it began with, and no other"
    assert run([str(known_store) if word == "STORE" else word for word in words]) in (0, 1)
    assert [entry["what"] for entry in entries(Path("case"), "anomaly")] == ["interrupted", "resumed"]
    assert run(["verify", "--case", "case"]) == 0


def test_every_option_of_the_settings_is_tried() -> None:
    @settings_options
    def command(**_settings: Any) -> None:
        """Nothing."""

    made = click.command()(command)
    assert {name for option in made.params for name in option.opts} <= {word for each in OPTIONS for word in each}


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
def test_a_list_of_files(evidence: Path, known_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    Path("LIST").write_text(f"{evidence / '1.png'}\n{evidence / '2.png'}\n")
    begin(monkeypatch, "--files-from", "LIST", "--store", str(known_store))
    words, output = printed(capsys)
    assert f"LIST: the list of 2 files; the command is for the folder {Path.cwd()}" in output
    assert run([str(known_store) if word == "STORE" else word for word in words]) == 0
    assert run(["verify", "--case", "case"]) == 0


def opened_of(known_store: Path, evidence: Path) -> dict[str, Any]:
    run(["scan", str(evidence), "--store", str(known_store), "--case", "case", "--workers", "0", "--quiet"])
    with CaseReader(Path("case")) as reader:
        return next(entry for _index, entry in reader.entries() if entry["type"] == "scan.open")


def test_limits_of_the_workers(evidence: Path, known_store: Path) -> None:
    opened = opened_of(known_store, evidence)
    pool = {"kind": "pool", "workers": 2, "time_limit_ms": 120_000, "memory_limit": 5, "memory_limit_alone": 10}
    assert as_opened({**opened, "executor": pool})[3:] == []
    given = {**pool, "time_limit_ms": 7500, "memory_limit": 300 << 20, "memory_limit_alone": 300 << 20}
    assert as_opened({**opened, "executor": given})[3:] == ["--time-limit", "7.5", "--memory-limit", "300"]


@pytest.mark.parametrize("value", [None, 7, "x", [], [7], {}])
def test_a_malformed_entry_stops_nothing(evidence: Path, known_store: Path, value: Any) -> None:
    opened = json.loads(json.dumps(opened_of(known_store, evidence)))
    for name in ("source", "settings", "algorithms", "chances", "lists", "executor", "exhibit"):
        assert "--store" in as_opened({**opened, name: value})
        assert list(placeholders({**opened, name: value}))
    for name in ("threshold", "minimum_quality", "name"):
        assert as_opened({**opened, "algorithms": [{**one, name: value} for one in opened["algorithms"]]})
