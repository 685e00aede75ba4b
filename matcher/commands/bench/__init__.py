"""matcher bench: measure this installation on the lab's own pictures. One file a command."""

from __future__ import annotations

import click

from matcher.commands.bench import calibrating


@click.group("bench")
def command() -> None:
    """Measure on the lab's own pictures."""


command.add_command(calibrating.command)
