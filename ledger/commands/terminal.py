"""Messages of commands: on stderr, without control characters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

_REPORT_SECONDS = 5.0


def say(text: str) -> None:
    """Writes one line to stderr. The work continues where stderr cannot be written to."""
    with suppress(OSError, ValueError):
        click.echo(f"ledger: {printable(text)}", err=True)


def printable(line: str) -> str:
    """The line with control characters escaped, so that text of a file cannot control the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def waiting(ledger: Path) -> Callable[[float], None]:
    """An `on_wait` that says every five seconds that another process holds the file."""
    reported = 0.0

    def report(seconds: float) -> None:
        nonlocal reported
        if seconds < reported:
            reported = 0.0
        if seconds >= reported + _REPORT_SECONDS:
            reported = seconds
            say(f"{ledger} is in use, waiting for {seconds:.0f} s")

    return report
