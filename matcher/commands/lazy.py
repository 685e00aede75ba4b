"""Commands whose files are imported when they are run, so that the command line starts quickly."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of commands. `files`: the name of each command → the module that has it as `command`."""

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
    """The names of the installed entry points of a group, sorted. None of them is imported."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group=group)})
