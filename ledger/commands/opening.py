"""The arguments that name the ledger of a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

CASE_LEDGER = "case.ledger"
CASE_KEYS = "verifier.keys"

PATH = click.Path(path_type=Path)

Command = TypeVar("Command", bound=Callable[..., Any])


def ledger_or_case(command: Command) -> Command:
    """Adds the parameters `ledger` and `case`; `ledger_path` takes them."""
    case = click.option("--case", type=PATH, help=f"Case folder, with {CASE_LEDGER} and {CASE_KEYS}.")
    ledger = click.argument("ledger", type=PATH, required=False, metavar="[LEDGER_OR_CASE]")
    return ledger(case(command))


def ledger_path(ledger: Path | None, case: Path | None) -> Path:
    """The ledger's file. Raises UsageError unless exactly one of the arguments is not None."""
    path = ledger if case is None else case
    if path is None or (ledger is not None and case is not None):
        raise click.UsageError("give one ledger or one case")
    return path / CASE_LEDGER if path.is_dir() or case is not None else path
