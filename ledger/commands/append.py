"""python -m ledger append"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import click

from ledger.commands.opening import PATH, ledger_path
from ledger.commands.signing import key_options, open_signing
from ledger.entries.disclosure import Opening, seal
from ledger.entries.entry import MAX_ENTRY, canonical, parse, read_json
from ledger.entries.secret import load_secret
from ledger.errors import EntryError, LedgerError


@click.command(epilog="Example: python -m ledger append case.ledger entries.jsonl --key examiner.pem")
@click.argument("ledger", type=PATH, metavar="LEDGER_OR_CASE")
@click.argument("file", type=click.File("rb"), default="-")
@key_options
@click.option("--seal", "pointers", multiple=True, metavar="POINTER", help="Write this value as a commitment: /path.")
@click.option("--secret", type=PATH, help="File with the secret that seals values; created if it does not exist.")
def command(
    ledger: Path,
    file: BinaryIO,
    *,
    key: Path,
    passphrase_file: Path | None,
    pointers: tuple[str, ...],
    secret: Path | None,
) -> None:
    """Append the JSON lines of FILE (- is stdin) to a ledger, all or none, with a signed checkpoint.

    Each line is an object with "v":1 and a "type"; it is stored in canonical form. With --seal, the values at these
    JSON pointers are stored as salted commitments, and their openings beside the entries.
    """
    if bool(pointers) != (secret is not None):
        raise click.UsageError("--seal and --secret go together")
    sealing = b"" if secret is None else load_secret(secret)
    entries: list[bytes] = []
    openings: list[list[Opening]] = []
    for number, line in enumerate(iter(lambda: file.readline(16 * MAX_ENTRY), b""), start=1):
        if line.strip():
            try:
                entry, opened = (
                    seal(_read_entry(line), pointers, secret=sealing) if pointers else (_read_entry(line), [])
                )
                body = canonical(entry)
                parse(body)
            except LedgerError as error:
                raise EntryError(f"{file.name}: line {number}: {error}") from error
            entries.append(body)
            openings.append(opened)
    with open_signing(ledger_path(ledger, None), key, passphrase_file) as log:
        first = log.append(entries, checkpoint=True, openings=openings if pointers else ())
        click.echo(f"entries {first} to {log.size - 1}" if entries else "no entries", err=True)
        click.echo(log.latest_checkpoint(), nl=False)


def _read_entry(line: bytes) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EntryError("not UTF-8") from error
    return parse(canonical(read_json(text)))
