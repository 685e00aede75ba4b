"""python -m ledger checkpoint"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.opening import PATH
from ledger.commands.signing import key_options, open_signing


@click.command(epilog="Example: python -m ledger checkpoint case.ledger --key examiner.pem")
@click.argument("ledger", type=PATH)
@key_options
def command(ledger: Path, key: Path, passphrase_file: Path | None) -> None:
    """Sign the current size of LEDGER and print the checkpoint."""
    with open_signing(ledger, key, passphrase_file) as log:
        click.echo(log.checkpoint(), nl=False)
