"""matcher lists: import, build, change, show, audit and export lists of known material. One file a command."""

from __future__ import annotations

import click

from matcher.commands.lazy import LazyGroup

_FILES = {
    "audit": "auditing",
    "build": "building",
    "compact": "compacting",
    "export": "exporting",
    "import": "importing",
    "remove": "removing",
    "show": "showing",
}


@click.group("lists", cls=LazyGroup, files={name: f"{__name__}.{file}" for name, file in _FILES.items()})
def command() -> None:
    """Import, build, change, show, audit and export lists of known material."""
