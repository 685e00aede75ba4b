"""python -m ledger keygen"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.opening import PATH
from ledger.commands.signing import ask_passphrase, passphrase_option
from ledger.notes.cosignature import Cosigner
from ledger.notes.key_files import read_passphrase, write_key
from ledger.notes.signer import Signer


@click.command(epilog="Example: python -m ledger keygen -o examiner.pem --name lab.example/case-17 --passphrase")
@click.option("-o", "--output", required=True, type=PATH, help="New private key file (PEM).")
@click.option("--name", required=True, help="Name of the keys: the log's origin, or the witness' name.")
@click.option("--witness", is_flag=True, help="Keys that cosign for a witness, instead of a log's.")
@click.option("--passphrase", "ask", is_flag=True, help="Ask for a passphrase that encrypts the file.")
@passphrase_option
def command(output: Path, name: str, witness: bool, ask: bool, passphrase_file: Path | None) -> None:
    """Make new private keys, Ed25519 and ML-DSA-44, and print their vkeys, which verify their signatures."""
    if ask and passphrase_file is not None:
        raise click.UsageError("give --passphrase or --passphrase-file")
    signer = Cosigner.generate(name) if witness else Signer.generate(name)
    passphrase = read_passphrase(passphrase_file) if passphrase_file is not None else None
    if ask:
        passphrase = ask_passphrase(f"New passphrase of {output}", new=True)
    write_key(output, signer, passphrase=passphrase)
    for vkey in signer.vkeys:
        click.echo(vkey)
