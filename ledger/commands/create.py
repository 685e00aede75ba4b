"""python -m ledger create"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.opening import PATH
from ledger.commands.signing import open_signer, passphrase_option
from ledger.commands.terminal import say
from ledger.errors import StoreError
from ledger.log import Ledger
from ledger.notes.key_files import read_passphrase, write_key
from ledger.notes.signer import Signer


@click.command(epilog="Example: python -m ledger create case.ledger --origin lab.example/case-17 --key examiner.pem")
@click.argument("ledger", type=PATH)
@click.option("--origin", required=True, help="Name of the log, such as lab.example/case-17; names the key too.")
@click.option("--key", required=True, type=PATH, help="Private key file (PEM); created if it does not exist.")
@passphrase_option
def command(ledger: Path, origin: str, key: Path, passphrase_file: Path | None) -> None:
    """Create LEDGER and print the vkeys that verify it."""
    if ledger.exists():
        raise StoreError(f"{ledger}: exists already")
    if key.exists():
        signer = open_signer(key, passphrase_file, name=origin)
    else:
        signer = Signer.generate(origin)
        passphrase = read_passphrase(passphrase_file) if passphrase_file is not None else None
        write_key(key, signer, passphrase=passphrase)
        say(f"wrote a new private key to {key}")
    Ledger.create(ledger, origin=origin, signer=signer).close()
    for vkey in signer.vkeys:
        click.echo(vkey)
