"""The private key that a command signs with, and its passphrase, which is never a command-line argument."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger.commands.opening import PATH
from ledger.commands.terminal import waiting
from ledger.errors import PassphraseError
from ledger.log import Ledger
from ledger.notes.cosignature import Cosigner
from ledger.notes.key_files import load_cosigner, load_signer, read_passphrase
from ledger.notes.signer import Signer

Command = TypeVar("Command", bound=Callable[..., Any])
Loaded = TypeVar("Loaded")

_FILE = click.option("--passphrase-file", type=PATH, help="File with the private key's passphrase on its first line.")


def passphrase_option(command: Command) -> Command:
    """Adds the parameter `passphrase_file`."""
    return _FILE(command)


def key_options(command: Command) -> Command:
    """Adds the parameters `key` and `passphrase_file`."""
    key = click.option("--key", required=True, type=PATH, help="Private key file (PEM).")
    return key(_FILE(command))


def open_signing(ledger: Path, key: Path, passphrase_file: Path | None) -> Ledger:
    """Opens a ledger for appending, with the private keys in the file `key` under the name of its origin."""
    on_wait = waiting(ledger)
    with Ledger.open(ledger, on_wait=on_wait) as log:
        origin = log.origin
    return Ledger.open(ledger, signer=open_signer(key, passphrase_file, name=origin), on_wait=on_wait)


def open_signer(key: Path, passphrase_file: Path | None, *, name: str) -> Signer:
    """The private keys of a log; prompts for a passphrase at a terminal if they need one."""
    return _opened(lambda passphrase: load_signer(key, name=name, passphrase=passphrase), key, passphrase_file)


def open_cosigner(key: Path, passphrase_file: Path | None, *, name: str) -> Cosigner:
    """The private keys of a witness; prompts for a passphrase at a terminal if they need one."""
    return _opened(lambda passphrase: load_cosigner(key, name=name, passphrase=passphrase), key, passphrase_file)


def ask_passphrase(prompt: str, *, new: bool) -> bytes:
    """A passphrase from the terminal, not echoed; a new one must be typed twice. Raises PassphraseError."""
    if not sys.stdin.isatty():
        raise PassphraseError(f"{prompt}: there is no terminal to ask at; use --passphrase-file")
    answer: str = click.prompt(prompt, hide_input=True, confirmation_prompt=new, err=True)
    return answer.encode("utf-8", "surrogateescape")


def _opened(load: Callable[[bytes | None], Loaded], key: Path, passphrase_file: Path | None) -> Loaded:
    if passphrase_file is not None:
        return load(read_passphrase(passphrase_file))
    try:
        return load(None)
    except PassphraseError:
        if not sys.stdin.isatty():
            raise
    return load(ask_passphrase(f"Passphrase of {key}", new=False))
