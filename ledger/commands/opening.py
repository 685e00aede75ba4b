"""Which ledger a command means."""

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
