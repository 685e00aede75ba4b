"""matcher lists: import, build, change, show, audit and export lists of known material. One file a command."""

from __future__ import annotations

import click

from matcher.commands.lists import auditing, building, compacting, exporting, importing, removing, showing


@click.group("lists")
def command() -> None:
    """Import, build, change, show, audit and export lists of known material."""


for part in (importing, building, showing, auditing, removing, exporting, compacting):
    command.add_command(part.command)
