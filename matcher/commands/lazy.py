"""What keeps the command line light: a command's file is imported when the command is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of commands, each the `command` of a module. `files` are those modules, by the commands' names."""

    def __init__(self, *arguments: Any, files: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._files = files

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return sorted(self._files)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._files:
            return None
        command: click.Command = import_module(self._files[cmd_name]).command
        return command


def installed(group: str) -> list[str]:
    """The names of what is installed as entry points of a group, sorted. Nothing of it is imported."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group=group)})
