"""docs/ledger-commands.md has every command and option, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ledger.commands import commands

PAGE = (Path(__file__).parents[3] / "docs" / "ledger-commands.md").read_text("utf-8")


def options(name: str, command: click.Command, found: dict[str, set[str]]) -> dict[str, set[str]]:
    """By command, its options."""
    found[name] = {name for param in command.params if isinstance(param, click.Option) for name in param.opts}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            child = command.get_command(context, part)
            assert child is not None
            options(f"{name} {part}".strip(), child, found)
    return found


def test_the_page_has_what_the_program_has() -> None:
    found = options("", commands, {})
    del found[""]
    sections = re.split(r"^##+ ", PAGE, flags=re.MULTILINE)[1:]
    told = {}
    for section in sections:
        name, _, text = section.partition("\n")
        rows = [row for row in text.splitlines() if row.startswith("| `")]
        told[name] = {option for row in rows for option in re.findall(r"`(-[-\w]+)`", row.split(" | ")[0])}
    assert told == found
