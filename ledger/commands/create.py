"""python -m ledger create"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.opening import PATH
from ledger.commands.terminal import say
from ledger.errors import StoreError
from ledger.keys import load_signer, write_key
from ledger.log import Ledger
from ledger.signer import Signer


@click.command(epilog="Example: python -m ledger create case.ledger --origin lab.example/case-17 --key examiner.pem")
@click.argument("ledger", type=PATH)
@click.option("--origin", required=True, help="Name of the log, such as lab.example/case-17; names the key too.")
@click.option("--key", required=True, type=PATH, help="Private key file (PEM); made if it is not there.")
def command(ledger: Path, origin: str, key: Path) -> None:
    """Create LEDGER and print the vkey that verifies it."""
    if ledger.exists():
        raise StoreError(f"{ledger}: exists already")
    if key.exists():
        signer = load_signer(key, name=origin)
    else:
        signer = Signer.generate(origin)
        write_key(key, signer)
        say(f"wrote a new private key to {key}")
    Ledger.create(ledger, origin=origin, signer=signer).close()
    click.echo(signer.vkey)
