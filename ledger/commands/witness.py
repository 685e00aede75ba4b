"""python -m ledger witness: the commands of the witness. Those of the log are in witnessing.py."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.commands import witnessing
from ledger.commands.files import OUTPUT, write_bytes
from ledger.commands.opening import PATH
from ledger.commands.signing import open_cosigner, passphrase_option
from ledger.commands.terminal import printable, say
from ledger.errors import WitnessError
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.cosignature import Cosigner
from ledger.notes.input_files import STREAM, read_bytes
from ledger.notes.key_files import read_passphrase
from ledger.notes.note import Note, Verifier
from ledger.notes.vkey import Kind
from ledger.notes.witness_answer import OK, format_answer
from ledger.witness.cosigning import MAX_REQUEST, Witness
from ledger.witness.witness_folder import KEY, WitnessFolder

_KEY = click.option("--key", type=PATH, help=f"Private key file of the witness, if it is not {KEY} in FOLDER.")


@click.group(epilog="Example: python -m ledger witness sign FOLDER request -o answer")
def command() -> None:
    """Witnesses, which cosign a ledger's checkpoints: the commands of a witness and of a ledger.

    A witness cosigns only a checkpoint that extends the last one it cosigned. Request and answer are files, or go over
    HTTP.
    """


@command.command(epilog="Example: python -m ledger witness create FOLDER --name witness.example/w1")
@click.argument("folder", type=PATH)
@click.option("--name", required=True, help="Name of the witness, such as witness.example/w1.")
@_KEY
@passphrase_option
def create(folder: Path, name: str, key: Path | None, passphrase_file: Path | None) -> None:
    """Create a witness in FOLDER, with new keys or those in --key, and print its vkeys."""
    if key is not None:
        cosigner = open_cosigner(key, passphrase_file, name=name)
        Witness.create(folder, cosigner, keep_key=False)
    else:
        cosigner = Cosigner.generate(name)
        passphrase = read_passphrase(passphrase_file) if passphrase_file is not None else None
        Witness.create(folder, cosigner, passphrase=passphrase)
    for vkey in cosigner.vkeys:
        click.echo(vkey)


@command.command(epilog="Example: python -m ledger witness trust FOLDER lab.example/case-17+530d903a+Aek...")
@click.argument("folder", type=PATH)
@click.argument("vkeys", nargs=-1, required=True, metavar="VKEY...")
def trust(folder: Path, vkeys: tuple[str, ...]) -> None:
    """Add the logs with these vkeys to those that the witness cosigns."""
    known = WitnessFolder(folder)
    for vkey in vkeys:
        known.trust(vkey)


@command.command(epilog="Example: python -m ledger witness sign FOLDER request -o answer")
@click.argument("folder", type=PATH)
@click.argument("request", type=PATH)
@OUTPUT
@_KEY
@passphrase_option
def sign(folder: Path, request: Path, output: Path, key: Path | None, passphrase_file: Path | None) -> int:
    """Answer the file REQUEST with cosignatures, or with the reason for a refusal.

    Exit code 0: cosigned. 2: refused, or could not answer.
    """
    known = WitnessFolder(folder)
    if output != STREAM and output.exists():  # before anything is cosigned
        raise WitnessError(f"{output}: exists already")
    body = read_bytes(request, 4 * MAX_REQUEST)
    cosigner = open_cosigner(key or folder / KEY, passphrase_file, name=known.name)
    answer = Witness(known, cosigner).add_checkpoint(body, time=int(time.time()))
    write_bytes(output, format_answer(answer).encode())
    if answer.status == OK:
        return 0
    say(f"refused: {answer.reason}")
    return 2


@command.command(epilog="Example: python -m ledger witness show FOLDER --note lab.example/case-17")
@click.argument("folder", type=PATH)
@click.option("--note", "origin", help="Print the latest cosigned checkpoint of this origin instead.")
def show(folder: Path, origin: str | None) -> None:
    """Print the latest size and root that the witness has cosigned of each log, and when."""
    known = WitnessFolder(folder)
    if origin is not None:
        if known.latest(origin) is None:
            raise WitnessError(f"{folder}: has never cosigned for {origin!r}")
        write_bytes(STREAM, (known.stored(origin) or "").encode())
        return
    for _, note in known.all_latest():
        checkpoint = parse_checkpoint(note.text)
        line = f"{checkpoint.origin} {checkpoint.size} {checkpoint.root.hex()} {_cosigned_at(known, note)}"
        click.echo(printable(line))


def _cosigned_at(known: WitnessFolder, note: Note) -> str:
    own = next(verifier for verifier in map(Verifier, known.vkeys) if verifier.kind == Kind.ED25519_COSIGNATURE)
    times = [own.cosigned_at(each) for each in note.signatures if each.key_id == own.key_id]
    return datetime.fromtimestamp(max(times), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


for each in (witnessing.request, witnessing.add, witnessing.send):
    command.add_command(each)
