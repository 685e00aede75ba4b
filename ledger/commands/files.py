"""Files that commands read and write: bounded, UTF-8, never overwritten; - is stdin or stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ledger.checkpoint import parse_checkpoint
from ledger.commands.opening import PATH
from ledger.durable import read_file
from ledger.errors import LedgerError
from ledger.keys import read_vkeys
from ledger.note import MAX_NOTE, Verifier, parse_note
from ledger.policy import MAX_POLICY, Policy, parse_policy

STREAM = Path("-")

OUTPUT = click.option("-o", "--output", type=PATH, default="-", help="New file to write to; stdout without it.")


class UnreadableError(LedgerError):
    """A file cannot be read, or not as what it is said to be; names the file."""


def read_bytes(path: Path, limit: int) -> bytes:
    """All of a file, or of stdin. Raises UnreadableError if it has more than `limit` bytes."""
    try:
        if path != STREAM:
            return read_file(path, limit)
        data = sys.stdin.buffer.read(limit + 1)
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise UnreadableError(f"{path}: longer than {limit} bytes")
    return data


def read_text(path: Path, limit: int) -> str:
    """All of a file, or of stdin, with its line ends as they are."""
    try:
        return read_bytes(path, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path}: not UTF-8") from error


def write_bytes(path: Path, data: bytes) -> None:
    """To a new file, or to stdout as it is, which on Windows text is not."""
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


def read_checkpoint(path: Path) -> str:
    """A signed checkpoint, whoever signed it."""
    text = read_text(path, MAX_NOTE)
    try:
        parse_checkpoint(parse_note(text).text)
    except LedgerError as error:
        raise UnreadableError(f"{path}: {error}") from error
    return text


def read_policy(path: Path) -> Policy:
    try:
        return parse_policy(read_bytes(path, MAX_POLICY))
    except UnreadableError:
        raise
    except LedgerError as error:
        raise UnreadableError(f"{path}: {error}") from error


def read_verifiers(path: Path) -> Sequence[Verifier]:
    """At least one key from a file of vkeys."""
    vkeys = read_vkeys(path)
    if not vkeys:
        raise click.UsageError(f"{path}: no vkey in it")
    return [Verifier(vkey) for vkey in vkeys]
