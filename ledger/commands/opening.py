"""Which ledger a command means, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger.commands.terminal import waiting
from ledger.keys import load_signer
from ledger.log import Ledger

CASE_LEDGER = "case.ledger"
CASE_KEYS = "verifier.keys"

PATH = click.Path(path_type=Path)

Command = TypeVar("Command", bound=Callable[..., Any])


def ledger_or_case(command: Command) -> Command:
    """Parameters `ledger` and `case`, of which `ledger_path` makes a path."""
    case = click.option("--case", type=PATH, help=f"Case folder, with {CASE_LEDGER} and {CASE_KEYS}.")
    ledger = click.argument("ledger", type=PATH, required=False, metavar="[LEDGER_OR_CASE]")
    return ledger(case(command))


def ledger_path(ledger: Path | None, case: Path | None) -> Path:
    """The ledger's file. Raises UsageError unless exactly one of both is given."""
    given = ledger if case is None else case
    if given is None or (ledger is not None and case is not None):
        raise click.UsageError("give one ledger or one case")
    return given / CASE_LEDGER if given.is_dir() or case is not None else given


def open_signing(ledger: Path, key: Path) -> Ledger:
    """The ledger for appending, with the private key in the file `key` under the name of its origin."""
    on_wait = waiting(ledger)
    with Ledger.open(ledger, on_wait=on_wait) as log:
        origin = log.origin
    return Ledger.open(ledger, signer=load_signer(key, name=origin), on_wait=on_wait)
