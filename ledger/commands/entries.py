"""python -m ledger entries"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ledger.commands.opening import PATH
from ledger.entry import parse
from ledger.log import Ledger


@click.command(epilog="Example: python -m ledger entries case.ledger --type scan.close")
@click.argument("ledger", type=PATH)
@click.option("--type", "kind", help="Only entries of this type.")
@click.option("--from", "start", type=click.IntRange(min=0), default=0, help="Index of the first entry to print.")
def command(ledger: Path, kind: str | None, start: int) -> None:
    """Print the entries of LEDGER as JSON lines, exactly as they are stored."""
    out = sys.stdout.buffer
    with Ledger.open_readonly(ledger) as log:
        for _, body in log.entries(start):
            if kind is None or parse(body)["type"] == kind:
                out.write(body + b"\n")
    out.flush()
