"""matcher bench: measure this installation on the lab's own pictures. One file a command."""

from __future__ import annotations

import click

from matcher.commands.lazy import LazyGroup


@click.group("bench", cls=LazyGroup, files={"calibration": f"{__name__}.calibrating"})
def command() -> None:
    """Measure on the lab's own pictures."""
