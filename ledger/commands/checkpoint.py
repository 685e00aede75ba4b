"""python -m ledger checkpoint"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.opening import PATH, open_signing


@click.command(epilog="Example: python -m ledger checkpoint case.ledger --key examiner.pem")
@click.argument("ledger", type=PATH)
@click.option("--key", required=True, type=PATH, help="Private key file (PEM).")
def command(ledger: Path, key: Path) -> None:
    """Sign the current size of LEDGER and print the checkpoint."""
    with open_signing(ledger, key) as log:
        click.echo(log.checkpoint(), nl=False)
