"""Output files of commands, which never overwrite another file, and input files of vkeys; - is stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ledger.commands.opening import PATH
from ledger.errors import LedgerError
from ledger.notes.input_files import STREAM
from ledger.notes.key_files import read_vkeys
from ledger.notes.note import Verifier

OUTPUT = click.option("-o", "--output", type=PATH, default="-", help="New file to write to; stdout without it.")


def write_bytes(path: Path, data: bytes) -> None:
    """Writes to a new file, or to stdout as binary, since on Windows text would be changed. Raises LedgerError."""
    if path == STREAM:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from error


def read_verifiers(path: Path) -> Sequence[Verifier]:
    """The keys of a file of vkeys. Raises UsageError if it has none, KeyFileError if it cannot be read."""
    vkeys = read_vkeys(path)
    if not vkeys:
        raise click.UsageError(f"{path}: no vkey in it")
    return [Verifier(vkey) for vkey in vkeys]
