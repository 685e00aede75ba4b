"""python -m ledger append"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from ledger.commands.opening import PATH
from ledger.commands.signing import key_options, open_signing
from ledger.entry import MAX_ENTRY, canonical, parse, read_json
from ledger.errors import EntryError


@click.command(epilog="Example: python -m ledger append case.ledger entries.jsonl --key examiner.pem")
@click.argument("ledger", type=PATH)
@click.argument("file", type=click.File("rb"), default="-")
@key_options
def command(ledger: Path, file: BinaryIO, key: Path, passphrase_file: Path | None) -> None:
    """Append the JSON lines of FILE (- is stdin) to LEDGER, all or none, with a signed checkpoint.

    Each line is an object with "v":1 and a "type"; it is stored in canonical form.
    """
    entries = []
    for number, line in enumerate(iter(lambda: file.readline(16 * MAX_ENTRY), b""), start=1):
        if line.strip():
            try:
                entries.append(_read_entry(line))
            except EntryError as error:
                raise EntryError(f"{file.name}: line {number}: {error}") from error
    with open_signing(ledger, key, passphrase_file) as log:
        first = log.append(entries, checkpoint=True)
        click.echo(f"entries {first} to {log.size - 1}" if entries else "no entries", err=True)
        click.echo(log.latest_checkpoint(), nl=False)


def _read_entry(line: bytes) -> bytes:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EntryError("not UTF-8") from error
    body = canonical(read_json(text))
    parse(body)
    return body
