"""What every command says and how: talk on stderr, nothing that steers the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

_TELL_SECONDS = 5.0


def say(text: str) -> None:
    """One line on stderr."""
    click.echo(f"ledger: {printable(text)}", err=True)


def printable(line: str) -> str:
    """What a file says must not steer the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def close_stdout() -> None:
    """Whoever reads has read enough; without this Python complains when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def waiting(ledger: Path) -> Callable[[float], None]:
    """For `on_wait`: says now and then that somebody else holds the file."""
    told = 0.0

    def tell(seconds: float) -> None:
        nonlocal told
        if seconds < told:
            told = 0.0
        if seconds >= told + _TELL_SECONDS:
            told = seconds
            say(f"{ledger} is in use, waiting for {seconds:.0f} s")

    return tell
