"""python -m ledger key"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.commands.opening import PATH, ledger_or_case, ledger_path
from ledger.commands.signing import key_options, open_signer
from ledger.commands.terminal import printable, say, waiting
from ledger.entries.entry import parse
from ledger.errors import LedgerError, NoteError
from ledger.log import Ledger
from ledger.notes.key_files import read_vkeys
from ledger.notes.keyring import ADD, REVOKE, ROTATE, KeyChange, Keyring, format_change
from ledger.notes.signer import Signer

_LEDGER = click.argument("ledger", type=PATH)
_VKEYS = click.argument("vkeys", nargs=-1, required=True, metavar="VKEY...")


@click.group(epilog="Example: python -m ledger key rotate case.ledger --key old.pem --new-key new.pem")
def command() -> None:
    """Add, replace and revoke the keys of a ledger, by entries that an already trusted key signs."""


@command.command(epilog="Example: python -m ledger key add case.ledger lab.example/case-17+... --key examiner.pem")
@_LEDGER
@_VKEYS
@key_options
def add(ledger: Path, vkeys: tuple[str, ...], *, key: Path, passphrase_file: Path | None) -> None:
    """Let further keys sign too, such as another examiner's."""
    origin = _origin(ledger)
    _append(ledger, KeyChange(ADD, _of_this_log(vkeys, origin)), [open_signer(key, passphrase_file, name=origin)])


@command.command(epilog="Example: python -m ledger key rotate case.ledger --key old.pem --new-key new.pem")
@_LEDGER
@key_options
@click.option("--new-key", required=True, type=PATH, help="Private key file that replaces it (PEM; keygen makes one).")
@click.option("--new-passphrase-file", type=PATH, help="File with the passphrase of the new private key.")
def rotate(
    ledger: Path, *, key: Path, passphrase_file: Path | None, new_key: Path, new_passphrase_file: Path | None
) -> None:
    """Replace a key by a new one. Both sign the checkpoint of the replacement; the old key is not trusted after it."""
    origin = _origin(ledger)
    old = open_signer(key, passphrase_file, name=origin)
    new = open_signer(new_key, new_passphrase_file, name=origin)
    _append(ledger, KeyChange(ROTATE, new.vkeys, replaces=old.vkeys), [old, new])


@command.command(epilog="Example: python -m ledger key revoke case.ledger VKEY --key lab.pem --reason 'laptop lost'")
@_LEDGER
@_VKEYS
@key_options
@click.option("--reason", required=True, help="Reason, which is recorded.")
def revoke(ledger: Path, vkeys: tuple[str, ...], *, key: Path, passphrase_file: Path | None, reason: str) -> None:
    """Revoke keys: checkpoints that they sign from now on are not trusted; earlier ones still are."""
    signer = open_signer(key, passphrase_file, name=_origin(ledger))
    _append(ledger, KeyChange(REVOKE, vkeys, reason=reason), [signer])


@command.command("list", epilog="Example: python -m ledger key list case-17 --keys lab.keys")
@ledger_or_case
@click.option("--keys", type=PATH, help="File of vkeys that you trust: print also which changes they vouch for.")
def list_(ledger: Path | None, case: Path | None, keys: Path | None) -> None:
    """Print the changes of keys in a ledger, a line a key: index, action, vkey, and whether it is vouched for.

    The stored entries are not verified: `verify` detects whether they were changed.
    """
    with Ledger.open_readonly(ledger_path(ledger, case)) as log:
        keyring = _read(log, read_vkeys(keys) if keys is not None else ())
    for recorded in keyring.changes:
        change, size = recorded.change, recorded.believed_at
        state = "" if keys is None else " not vouched for" if size is None else f" counts from size {size}"
        for vkey in change.vkeys:
            click.echo(printable(f"{recorded.index} {change.action} {vkey}{state}"))
        for vkey in change.replaces:
            click.echo(printable(f"{recorded.index} replaced {vkey}{state}"))
    if keys is not None:
        for vkey in keyring.vkeys:
            click.echo(f"trusted {vkey}")


def _read(log: Ledger, trusted: Sequence[str]) -> Keyring:
    keyring = Keyring(trusted)
    start = 0
    for size, note in log.checkpoints():
        for index, body in log.entries(start, size):
            keyring.add_entry(index, parse(body))
        start = size
        if trusted:
            _open(keyring, note, size)
    for index, body in log.entries(start):
        keyring.add_entry(index, parse(body))
    return keyring


def _open(keyring: Keyring, note: str, size: int) -> None:
    try:
        keyring.open_checkpoint(note)
    except NoteError as error:
        say(f"checkpoint of size {size}: {error}")


def _origin(ledger: Path) -> str:
    with Ledger.open_readonly(ledger) as log:
        return log.origin


def _of_this_log(vkeys: tuple[str, ...], origin: str) -> tuple[str, ...]:
    for vkey in vkeys:
        if not vkey.startswith(f"{origin}+"):
            raise LedgerError(f"{vkey[:80]}: its name is not {origin!r}, so it cannot sign for this ledger")
    return vkeys


def _append(ledger: Path, change: KeyChange, signers: Sequence[Signer]) -> None:
    entry = format_change(change, time=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    with Ledger.open(ledger, signer=signers, on_wait=waiting(ledger)) as log:
        index = log.append([entry], checkpoint=True)
        note = log.latest_checkpoint()
    say(f"entry {index}: {change.action}")
    click.echo(note, nl=False)
