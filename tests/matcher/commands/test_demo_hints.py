"""The commands that the demonstration prints can be pasted: they are quoted, exist, and have these options."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
import pytest

from matcher.commands import cli
from matcher.commands.demo import _next_steps, _tool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell's quoting is another one")


def commands(folder: Path) -> list[list[str]]:
    """The words of the commands that are printed for a folder."""
    lines = _next_steps(folder, folder / "report.html", 1.0).splitlines()
    start = len("  open the report            ")
    split = [shlex.split(line[start:]) for line in lines[3:] if "(then" not in line]
    return [words for words in split if words[0] in (_tool()[0], sys.executable)]


def test_every_printed_command_exists_with_its_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/__main__.py"])  # as python -m matcher has it
    folder = tmp_path / "it's a demo"
    printed = commands(folder)
    assert [words[:3] == [sys.executable, "-m", "matcher"] for words in printed].count(False) == 1  # verify.py
    names = []
    for words in printed:
        if words[1] != "-m":
            assert words == [sys.executable, str(folder / "for-the-other-side" / "verify.py")]
            continue
        command: click.Command | None = cli
        rest = words[3:]
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), rest.pop(0))
        assert command is not None, words
        names.append(command.name)
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options
    assert names == ["match", "findings", "decide", "export", "verify", "import", "scan"]


def test_a_script_that_the_shell_finds_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "matcher"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _tool() == ("matcher",)
    monkeypatch.setenv("PATH", "/nowhere")
    assert _tool() == (str(script),)
