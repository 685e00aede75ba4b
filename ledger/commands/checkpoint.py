"""python -m ledger checkpoint"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.opening import ledger_or_case, ledger_path
from ledger.commands.signing import key_options, open_signing


@click.command(epilog="Example: python -m ledger checkpoint case.ledger --key examiner.pem")
@ledger_or_case
@key_options
def command(ledger: Path | None, case: Path | None, key: Path, passphrase_file: Path | None) -> None:
    """Sign the current size of a ledger and print the checkpoint."""
    with open_signing(ledger_path(ledger, case), key, passphrase_file) as log:
        click.echo(log.checkpoint(), nl=False)
